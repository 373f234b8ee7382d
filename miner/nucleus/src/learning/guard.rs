//! Limits to the effect of one bad message or batch.

use serde::{Deserialize, Serialize};

use crate::learning::Gradient;

/// Decay of the running length of a source's gradient.
const DECAY: f64 = 0.98;

/// Running length of the gradients of one source: the unit in which they are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guard {
	sum: f64,
	weight: f64,
}

impl Guard {
	/// Adds the length of one gradient.
	pub fn observe(&mut self, norm: f64) {
		if norm.is_finite() {
			self.sum = DECAY * self.sum + (1.0 - DECAY) * norm;
			self.weight = DECAY * self.weight + (1.0 - DECAY);
		}
	}

	/// The usual length, or 1 before the first.
	pub fn usual(&self) -> f64 {
		self.usual_or(1.0)
	}

	/// The usual length, or this one before the first.
	pub fn usual_or(&self, first: f64) -> f64 {
		if self.weight > 0.0 && self.sum > 0.0 {
			self.sum / self.weight
		} else {
			first
		}
	}

	/// Brings the sum of `messages` gradients, of length `norm`, to their mean in units of the usual
	/// length, at most `limit` of them. `false`: it is not finite and must not be used.
	pub fn unit(&self, sum: &mut Gradient, norm: f64, messages: f64, limit: f64) -> bool {
		let unit = messages * self.usual();
		let scale = 1.0 / unit.max(norm / limit);
		// No entry is then longer than `limit`.
		let usable = norm.is_finite() && (scale as f32).is_finite();
		if usable {
			sum.scale(scale);
		}
		usable
	}
}

/// Weight of a Grad for parameters that are `lag` versions old: 1 / (1 + lag / limit), and 0 beyond
/// `limit`.
pub fn staleness(lag: u64, limit: u64) -> f64 {
	if lag > limit {
		0.0
	} else {
		1.0 / (1.0 + lag as f64 / limit.max(1) as f64)
	}
}
