//! Inputs: the vectors of downstream components, centred before the joiner sees them.
//!
//! ```text
//!   z = (d − mean(d)) / scale(d), each entry cut at ±8
//! ```
//! Mean and scale are running values; no gradient flows through them. Invariants: removing a
//! component means z = 0; a constant answer is z = 0 and therefore worth exactly 0; the length of
//! an answer does not matter; a component that stops answering counts as its mean.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::{
	config::DIM,
	error::{NucleusError, Result},
	tensors,
};

/// Limit of the entries of z: one extreme answer cannot dominate the component.
const CUT: f32 = 8.0;
/// Least scale, relative to the size of the mean: variation below it is rounding.
const RELATIVE_FLOOR: f64 = 1e-3;
/// Entries of z below this are rounding of the running mean, and count as 0.
const ROUNDING: f64 = 1e-9;

/// Running mean and scale of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
	/// Running mean per entry, before bias correction.
	mean: Vec<f64>,
	/// Running mean squared distance from the mean, before bias correction.
	variance: f64,
	/// Weight of all observed batches: 1 − decay^batches.
	weight: f64,
	/// Batches observed.
	pub(crate) batches: u64,
}

impl Default for Input {
	fn default() -> Self {
		Self { mean: vec![0.0; DIM], variance: 0.0, weight: 0.0, batches: 0 }
	}
}

impl Input {
	/// The state after one batch around 0 with the given scale.
	pub(crate) fn around_zero(scale: f64, decay: f64) -> Self {
		let weight = 1.0 - decay;
		Self { variance: weight * scale * scale, weight, batches: 1, ..Self::default() }
	}

	/// Adds one batch of raw vectors, `[B, m]` row-major.
	pub(crate) fn observe(&mut self, d: &[f32], decay: f64) {
		let rows = d.len() / DIM;
		if rows == 0 {
			return;
		}
		let gain = 1.0 - decay;
		let mut batch = vec![0.0_f64; DIM];
		for row in d.chunks_exact(DIM) {
			for (sum, &x) in batch.iter_mut().zip(row) {
				*sum += f64::from(x);
			}
		}
		self.weight = decay * self.weight + gain;
		for (mean, sum) in self.mean.iter_mut().zip(&batch) {
			*mean = decay * *mean + gain * sum / rows as f64;
		}
		let mean = self.centre();
		let mut squares = 0.0;
		for row in d.chunks_exact(DIM) {
			for (&x, &mean) in row.iter().zip(&mean) {
				squares += (f64::from(x) - mean).powi(2);
			}
		}
		self.variance = decay * self.variance + gain * squares / d.len() as f64;
		self.batches += 1;
	}

	/// mean(d), per entry; 0 before the first batch.
	fn centre(&self) -> Vec<f64> {
		let weight = self.weight.max(f64::MIN_POSITIVE);
		self.mean.iter().map(|mean| mean / weight).collect()
	}

	/// scale(d), the root of the mean squared distance from the mean.
	fn scale(&self) -> f64 {
		let weight = self.weight.max(f64::MIN_POSITIVE);
		let mean =
			(self.mean.iter().map(|m| (m / weight).powi(2)).sum::<f64>() / DIM as f64).sqrt();
		(self.variance / weight).sqrt().max(RELATIVE_FLOOR * mean).max(1e-12)
	}

	/// z of raw vectors, `[B, m]` row-major; all 0 before the first batch.
	pub(crate) fn centred(&self, d: &[f32]) -> Vec<f32> {
		if self.batches == 0 {
			return vec![0.0; d.len()];
		}
		let (mean, scale) = (self.centre(), self.scale());
		d.chunks_exact(DIM)
			.flat_map(|row| row.iter().zip(&mean))
			.map(|(&x, mean)| {
				let z = (f64::from(x) - mean) / scale;
				if z.abs() < ROUNDING {
					0.0
				} else {
					(z as f32).clamp(-CUT, CUT)
				}
			})
			.collect()
	}

	/// ∂L/∂d from ∂L/∂z and z: divides by the scale; an entry that was cut has error 0.
	pub(crate) fn error(&self, gradient: &[f32], z: &[f32]) -> Vec<f32> {
		let inverse = (1.0 / self.scale()) as f32;
		let pass = |(&g, &z): (&f32, &f32)| if z.abs() < CUT { g * inverse } else { 0.0 };
		gradient.iter().zip(z).map(pass).collect()
	}
}

/// Vectors as they came, per input: `[B, m]` row-major, or `None`.
pub(crate) type Raw = Vec<Option<Vec<f32>>>;

/// Running statistics of all inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputTable {
	/// The component's own encoder (input 0 of §5).
	pub(crate) own: Input,
	/// One for each downstream component.
	pub(crate) downstream: Vec<Input>,
}

impl InputTable {
	pub(crate) fn new(inputs: usize, own: Input) -> Self {
		Self { own, downstream: vec![Input::default(); inputs] }
	}

	/// Raw vectors per input, and the inputs whose vectors cannot be used.
	pub(crate) fn read(&self, d: &[Option<Tensor>], rows: usize) -> Result<(Raw, Vec<usize>)> {
		let inputs = self.downstream.len();
		if d.len() > inputs {
			return Err(NucleusError::NoSuchInput { input: d.len() - 1, inputs });
		}
		let mut refused = Vec::new();
		let mut raw = vec![None; inputs];
		for (input, d) in d.iter().enumerate() {
			let Some(d) = d else { continue };
			match tensors::rows(d, rows, "downstream vectors") {
				Ok(data) => raw[input] = Some(data),
				Err(_) => refused.push(input),
			}
		}
		Ok((raw, refused))
	}

	/// Moves the running means and scales.
	pub(crate) fn observe(&mut self, own: &Tensor, raw: &Raw, decay: f64) -> Result<()> {
		tensors::with_slice(own, |e| self.own.observe(e, decay))?;
		for (input, raw) in self.downstream.iter_mut().zip(raw) {
			if let Some(raw) = raw {
				input.observe(raw, decay);
			}
		}
		Ok(())
	}
}
