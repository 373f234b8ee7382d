//! The weight of the own encoder beside the inputs, fitted on text that is not trained on.
//!
//! ```text
//!   training:  h = z_0 · A_0 + …             answers with inputs:  h = w · z_0 · A_0 + …
//!   each scored batch:  w ← w − rate · ∂L/∂w, within [1/16, 1]
//! ```
//! The own encoder has seen its own text, and the vectors of others are those of components that have
//! not. On training text it therefore looks better than it is, training trusts it too much, and on
//! other text a component with little text of its own would lose by it what its inputs know. One number
//! that is fitted on other text puts this right. Without inputs there is nothing to weigh it against,
//! and w does not count.

use serde::{Deserialize, Serialize};

use crate::{component::Component, error::Result, joiner::Centred};

/// Part of the gradient by which w moves: it follows the last ten scored batches or so.
const RATE: f64 = 0.3;
/// The farthest that one batch moves it.
const LARGEST_STEP: f64 = 0.1;
/// Least w: at 0 it would have no gradient.
const LEAST: f64 = 1.0 / 16.0;

/// w.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance(f64);

impl Default for Balance {
	fn default() -> Self {
		Self(1.0)
	}
}

impl Balance {
	/// Takes in Σ_x g_x · z_x of the own encoder, in nats per target, with g = ∂L/∂z = w · ∂L/∂(w·z).
	pub(crate) fn observe(&mut self, product: f64) {
		let step = (RATE * product / self.0).clamp(-LARGEST_STEP, LARGEST_STEP);
		if step.is_finite() {
			self.0 = (self.0 - step).clamp(LEAST, 1.0);
		}
	}
}

impl Component {
	/// Inputs as an answer has them: the own encoder at its weight, if any input is present.
	pub(super) fn weighed(&self, z: Centred) -> Result<Centred> {
		if z.downstream.iter().all(Option::is_none) {
			return Ok(z);
		}
		Ok(Centred { own: (z.own * self.balance.0)?, ..z })
	}
}
