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

	/// Leaves each downstream input out of some of the examples, and all of them out of others, as if
	/// they had not answered.
	pub(crate) fn inputs(&mut self, z: Centred) -> Result<Centred> {
		let z = self.network(z)?;
		if self.rates.inputs <= 0.0 {
			return Ok(z);
		}
		let mut downstream = Vec::with_capacity(z.downstream.len());
		for z in z.downstream {
			downstream.push(z.map(|z| self.rows(&z, self.rates.inputs)).transpose()?);
		}
		Ok(Centred { downstream, ..z })
	}

	/// Leaves all downstream inputs out of some of the examples.
	fn network(&mut self, z: Centred) -> Result<Centred> {
		if self.rates.network <= 0.0 || z.downstream.iter().all(Option::is_none) {
			return Ok(z);
		}
		let mask = self.mask(z.own.dim(0)?, self.rates.network)?;
		let downstream = z
			.downstream
			.into_iter()
			.map(|z| z.map(|z| z * &mask).transpose())
			.collect::<candle_core::Result<_>>()?;
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
		Ok((z * self.mask(z.dim(0)?, rate)?)?)
	}

	/// 1, or 0 in rows that are left out, `[rows, m]`.
	fn mask(&mut self, rows: usize, rate: f64) -> Result<Tensor> {
		let mask: Vec<f32> = (0..rows)
			.flat_map(|_| {
				let kept = self.rng.random::<f64>() >= rate;
				[if kept { 1.0 } else { 0.0 }; DIM]
			})
			.collect();
		tensors::from_rows(mask, &self.device)
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

#[cfg(test)]
mod tests {
	use super::*;

	fn kept(z: &Tensor) -> Vec<bool> {
		let rows = z.to_vec2::<f32>().expect("rows");
		let whole = |row: &Vec<f32>| row.iter().all(|x| *x == row[0]);
		assert!(rows.iter().all(whole), "a row is kept or left out as a whole");
		rows.iter().map(|row| row[0] == 1.0).collect()
	}

	#[test]
	fn the_network_is_left_out_as_a_whole() {
		let dropout =
			DropoutConfig { entries: 0.0, inputs: 0.0, network: 0.2, ..DropoutConfig::default() };
		let config = Config { dropout, ..Config::default() };
		let mut dropout = Dropout::of_step(&config, 1, &Device::Cpu);
		let ones = tensors::from_rows(vec![1.0; 4_000 * DIM], &Device::Cpu).expect("ones");
		let downstream = vec![Some(ones.clone()), None, Some(ones.clone())];
		let all = Centred { own: ones, downstream, null: None, strengths: Vec::new() };
		let left = dropout.inputs(all).expect("masked");
		assert!(kept(&left.own).iter().all(|kept| *kept));
		let inputs: Vec<Vec<bool>> = left.downstream.iter().flatten().map(kept).collect();
		assert_eq!(inputs[0], inputs[1], "all inputs together");
		let part = inputs[0].iter().filter(|kept| !**kept).count() as f64 / 4_000.0;
		assert!((part - 0.2).abs() < 0.03, "{part}");
	}
}
