//! What a training step leaves out at random, so that no part of a component relies on another one
//! alone, and a missing input costs only what it is worth.
//!
//! Invariant: the choices depend on the seed and the step only.

use candle_core::{Device, Tensor};
use rand::{Rng, RngCore};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	config::{Config, DropoutConfig, DIM},
	error::Result,
	joiner::Centred,
	tensors,
};

/// The choices of one step, in the order in which they are asked for.
#[derive(Debug)]
pub struct Dropout {
	rng: ChaCha8Rng,
	rates: DropoutConfig,
	device: Device,
}

impl Dropout {
	pub(crate) fn of_step(config: &Config, step: u64, device: &Device) -> Self {
		let mut rng = ChaCha8Rng::seed_from_u64(config.seed.wrapping_add(2));
		rng.set_stream(step);
		Self { rng, rates: config.dropout.clone(), device: device.clone() }
	}

	/// Leaves tokens out, but not all of them.
	pub fn words(&mut self, tokens: &mut Vec<u32>) {
		if self.rates.words <= 0.0 || tokens.len() < 2 {
			return;
		}
		let one = self.rng.random_range(0..tokens.len());
		let mut place = 0;
		tokens.retain(|_| {
			let kept = place == one || self.rng.random::<f64>() >= self.rates.words;
			place += 1;
			kept
		});
	}

	/// Leaves each downstream input out of some of the examples, as if it had not answered.
	pub(crate) fn inputs(&mut self, z: Centred) -> Result<Centred> {
		if self.rates.inputs <= 0.0 {
			return Ok(z);
		}
		let mut downstream = Vec::with_capacity(z.downstream.len());
		for z in z.downstream {
			downstream.push(z.map(|z| self.rows(&z, self.rates.inputs)).transpose()?);
		}
		Ok(Centred { downstream, ..z })
	}

	/// Leaves a downstream input out of the joiner in some of the examples.
	pub(crate) fn feature(&mut self, z: &Tensor) -> Result<Tensor> {
		let z = match self.rates.features > 0.0 {
			true => self.rows(z, self.rates.features)?,
			false => z.clone(),
		};
		self.entries(&z)
	}

	/// Sets rows to 0.
	fn rows(&mut self, z: &Tensor, rate: f64) -> Result<Tensor> {
		let mask: Vec<f32> = (0..z.dim(0)?)
			.flat_map(|_| {
				let kept = self.rng.random::<f64>() >= rate;
				[if kept { 1.0 } else { 0.0 }; DIM]
			})
			.collect();
		Ok((z * tensors::from_rows(mask, &self.device)?)?)
	}

	/// Sets entries to 0 and scales the others, so that the mean stays.
	pub(crate) fn entries(&mut self, x: &Tensor) -> Result<Tensor> {
		if self.rates.entries <= 0.0 {
			return Ok(x.clone());
		}
		// A byte for each entry.
		let least = (self.rates.entries * 256.0).round();
		let kept = (256.0 / (256.0 - least)) as f32;
		let mut bytes = vec![0_u8; x.elem_count()];
		self.rng.fill_bytes(&mut bytes);
		let mask: Vec<f32> =
			bytes.into_iter().map(|b| if f64::from(b) < least { 0.0 } else { kept }).collect();
		Ok((x * Tensor::from_vec(mask, x.shape(), &self.device)?)?)
	}
}
