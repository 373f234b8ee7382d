//! The own part of a component, and the part of its network.
//!
//! ```text
//!   loss with     neither      own encoder     all inputs     both
//!                    │              │              │            │
//!   own part   = ½ [ (neither − own) + (inputs − both) ]
//!   network's  = ½ [ (neither − inputs) + (own − both) ]      sum = neither − both
//! ```
//! Removing the own encoder alone, or one input alone, shows what the others cannot replace. That is
//! less than what it is worth: with sentence encoders as inputs, the single removals sum to a fifth of
//! what all inputs are worth together. So the own encoder and the *group* of all inputs are each
//! measured in both orders, with and without the other: the Shapley values of two players. The rule is
//! the same for both, and nothing is lost or counted twice.

use serde::{Deserialize, Serialize};

/// Losses of one batch, in nats per target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Removals {
	/// With neither the own encoder nor an input.
	pub neither: f64,
	/// With the own encoder alone.
	pub own: f64,
	/// With the inputs alone.
	pub inputs: f64,
	/// With both.
	pub both: f64,
}

/// What a component and its network save, in nats per target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
	/// ΔL_ii: by the own encoder.
	pub own: f64,
	/// By all inputs together.
	pub network: f64,
}

impl Removals {
	/// The Shapley values.
	///
	/// ```
	/// use bittensor_nucleus::attribution::parts::{Parts, Removals};
	///
	/// // The inputs know all that the own encoder knows, and more.
	/// let parts = Removals { neither: 6.0, own: 5.5, inputs: 5.0, both: 5.0 }.parts();
	/// assert_eq!(parts, Parts { own: 0.25, network: 0.75 });
	/// ```
	pub fn parts(&self) -> Parts {
		let Self { neither, own, inputs, both } = *self;
		Parts {
			own: 0.5 * ((neither - own) + (inputs - both)),
			network: 0.5 * ((neither - inputs) + (own - both)),
		}
	}
}
