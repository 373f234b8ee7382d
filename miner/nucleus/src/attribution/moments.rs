//! Running mean and variance of a score over batches.
//!
//! The score of one batch has a rank correlation of about 0.5 with the truth; the mean over fifty or
//! more batches is reliable. Bids for single inputs are made of lower bounds.

use serde::{Deserialize, Serialize};

/// Exponentially weighted mean and variance, corrected for their start at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
	sum: f64,
	squares: f64,
	/// Sum of the weights: 1 − decay^n.
	weight: f64,
	/// Sum of the squared weights, for the effective number of batches.
	weight_squares: f64,
	samples: u64,
}

impl Moments {
	/// Adds the score of one batch; a number that is not finite is left out.
	pub fn observe(&mut self, value: f64, decay: f64) {
		if !value.is_finite() {
			return;
		}
		let gain = 1.0 - decay;
		self.sum = decay * self.sum + gain * value;
		self.squares = decay * self.squares + gain * value * value;
		self.weight = decay * self.weight + gain;
		self.weight_squares = decay * decay * self.weight_squares + gain * gain;
		self.samples += 1;
	}

	/// Batches observed.
	pub fn samples(&self) -> u64 {
		self.samples
	}

	/// Mean; 0 before the first batch.
	pub fn mean(&self) -> f64 {
		if self.samples == 0 {
			0.0
		} else {
			self.sum / self.weight
		}
	}

	/// Standard error of the mean: the deviation over the root of the effective number of
	/// batches; infinite before the second batch.
	pub fn standard_error(&self) -> f64 {
		if self.samples < 2 {
			return f64::INFINITY;
		}
		let variance = (self.squares / self.weight - self.mean().powi(2)).max(0.0);
		let effective = self.weight.powi(2) / self.weight_squares;
		(variance / (effective - 1.0).max(f64::MIN_POSITIVE)).sqrt()
	}

	/// `mean − z · standard error`.
	pub fn lower(&self, z: f64) -> f64 {
		self.mean() - z * self.standard_error()
	}

	/// `mean + z · standard error`.
	pub fn upper(&self, z: f64) -> f64 {
		self.mean() + z * self.standard_error()
	}
}
