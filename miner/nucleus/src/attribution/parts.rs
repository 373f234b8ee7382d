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

/// What a component and its network save, in nats per target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
	/// ΔL_ii: by the own encoder.
	pub own: f64,
	/// By all inputs together.
	pub network: f64,
}

impl Parts {
	/// From the losses with neither, with the own encoder alone, with the inputs alone, and with both.
	///
	/// ```
	/// use bittensor_nucleus::attribution::parts::Parts;
	///
	/// // The inputs know all that the own encoder knows, and more.
	/// let parts = Parts::of(6.0, 5.5, 5.0, 5.0);
	/// assert_eq!(parts, Parts { own: 0.25, network: 0.75 });
	/// ```
	pub fn of(neither: f64, own: f64, inputs: f64, both: f64) -> Self {
		Self {
			own: 0.5 * ((neither - own) + (inputs - both)),
			network: 0.5 * ((neither - inputs) + (own - both)),
		}
	}
}
