//! Centred slots: what a downstream vector becomes before the joiner sees it.
//!
//! ```text
//!   z = (d − mean(d)) / scale(d), each entry cut at ±8
//! ```
//! Mean and scale are running values through which no gradient flows. So removing a component
//! means z = 0 under any convention: a constant answer is worth nothing, the length of an answer
//! does not matter, and a component that dies leaves its mean behind.

use serde::{Deserialize, Serialize};

use crate::config::DIM;

/// Entries of z are cut here, so that one wild answer cannot throw the component.
const CUT: f32 = 8.0;
/// Least scale, relative to the mean's size: below it, variation is rounding.
const RELATIVE_FLOOR: f64 = 1e-3;

/// Running mean and scale of one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
	/// Running mean per entry, before bias correction.
	mean: Vec<f64>,
	/// Running mean squared distance from the mean, before bias correction.
	variance: f64,
	/// Weight of what has been seen: 1 − decay^batches.
	weight: f64,
	/// Batches seen.
	pub(crate) batches: u64,
}

impl Default for Slot {
	fn default() -> Self {
		Self { mean: vec![0.0; DIM], variance: 0.0, weight: 0.0, batches: 0 }
	}
}

impl Slot {
	/// As after one batch around 0 with the given scale.
	pub(crate) fn around_zero(scale: f64, decay: f64) -> Self {
		let weight = 1.0 - decay;
		Self { variance: weight * scale * scale, weight, batches: 1, ..Self::default() }
	}

	/// Takes in one batch of raw vectors, `[B, m]` row-major.
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
			.map(|(&x, mean)| (((f64::from(x) - mean) / scale) as f32).clamp(-CUT, CUT))
			.collect()
	}

	/// ∂L/∂d from ∂L/∂z and z: divides by the scale; an entry that was cut passes nothing.
	pub(crate) fn error(&self, gradient: &[f32], z: &[f32]) -> Vec<f32> {
		let inverse = (1.0 / self.scale()) as f32;
		let pass = |(&g, &z): (&f32, &f32)| if z.abs() < CUT { g * inverse } else { 0.0 };
		gradient.iter().zip(z).map(pass).collect()
	}
}
