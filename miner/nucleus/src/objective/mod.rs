//! Objectives: the decoder and the loss, from y to L(x) = −log P(T'|y) (§8).
//!
//! ```text
//!   y, z ─► forward ─► Decoded ─┬─► losses: L(x) of each example, in nats, summed over its tokens
//!                               ├─► root: scalar from which candle goes back to y and z
//!                               └─► gradient: of the parameters that are differentiated by hand
//! ```
//! Losses are *summed* over a batch: row x of ∂L/∂z is then exactly g_x of eq. 6.
//!
//! An input enters twice: as a feature it reaches y through the joiner; as an expert it is a term
//! of the objective. [`Joined`] therefore carries the centred inputs z beside y. A term that uses
//! z_j puts it into `root`, and both paths meet in the gradient of the same leaf: attribution and
//! Grads need no change, and removing an input (`None` in z) removes both. What such a term needs
//! beside z (the input's vectors of words) is state of the objective.

mod heads;
mod loss;

use candle_core::Tensor;

use crate::{corpus::Batch, error::Result, joiner::Joined, learning::Gradient};

pub use heads::Heads;

/// Loss of a batch and its gradients.
#[derive(Debug)]
pub struct Decoded {
	/// L(x) of each example.
	pub losses: Vec<f32>,
	/// A scalar whose gradient with respect to y and z, and to the decoder parameters in candle's
	/// graph, is that of ΣL.
	pub root: Tensor,
	/// ∂ΣL of the parameters outside of the graph.
	pub gradient: Gradient,
}

/// The decoder and its loss.
pub trait Objective: std::fmt::Debug + Send + Sync {
	/// Checks the targets of a batch and puts them into one list: `[B · T]`.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`](crate::NucleusError::EmptyBatch) or
	/// [`NucleusError::Shape`](crate::NucleusError::Shape).
	fn targets(&self, batch: &Batch) -> Result<Vec<u32>>;

	/// L(x) of each example.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	fn losses(&self, joined: &Joined, targets: &[u32]) -> Result<Vec<f32>>;

	/// L(x) of each example, and the gradients.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn forward(&self, joined: &Joined, targets: &[u32]) -> Result<Decoded>;
}
