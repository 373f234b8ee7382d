//! Objectives: the decoder and the loss, from y to L(x) = −log P(T'|y) (§8).
//!
//! ```text
//!   y, z ─► forward ─► Decoded ─┬─► losses: L(x) of each example, in nats, summed over its tokens
//!                               ├─► root: scalar from which candle goes back to y and z
//!                               └─► gradient(): of the parameters that are differentiated by hand
//! ```
//! Losses are *summed* over a batch: row x of ∂L/∂z is then exactly g_x of eq. 6.
//!
//! An input enters twice: as a feature it reaches y through the joiner; as an expert it is a term
//! of the objective. [`Joined`] therefore carries the centred inputs z beside y. A term that uses
//! z_j puts it into `root`, and both paths meet in the gradient of the same leaf: attribution and
//! Grads need no change, and removing an input (`None` in z) removes both. What such a term needs
//! beside z (the input's vectors of words) is state of the objective.

mod bag;
mod experts;
mod loss;
mod targets;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::{
	corpus::Batch,
	dropout::Dropout,
	error::Result,
	joiner::{Centred, Joined},
	learning::Gradient,
	state::State,
};

pub use bag::Bag;
pub use targets::Targets;
pub(crate) use targets::WordWeights;

/// Loss of one example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExampleLoss {
	/// L(x): the weighted sum of the NLL of its targets, in nats.
	pub loss: f32,
	/// Sum of the weights.
	pub weight: f32,
	/// Sum of the NLL of its known targets, each with weight 1.
	pub plain: f32,
	/// Number of its known targets.
	pub tokens: u32,
}

/// Loss of a batch and its gradients.
#[derive(Debug)]
pub struct Decoded {
	/// Of each example.
	pub losses: Vec<ExampleLoss>,
	/// A scalar whose gradient with respect to y and z, and to the decoder parameters in candle's
	/// graph, is that of ΣL.
	pub root: Tensor,
	/// ∂ΣL/∂bias, `[V]`.
	pub bias: Vec<f32>,
	/// What the vectors of words are multiplied by in the own term of the logits, `[B, m]`, outside of any
	/// graph.
	pub(crate) own: Tensor,
	/// What the errors of words are computed from: ∂ΣL/∂logits, `[B, V]`.
	pub logits: Tensor,
	/// The term of all inputs in the logits, `[B, V]`, outside of any graph; `None` if it is 0.
	pub others: Option<Tensor>,
	/// ∂ΣL/∂logits times the vectors of words of all inputs; `None` if there are none.
	pub(crate) inputs: Option<Tensor>,
}

/// The decoder and its loss.
pub trait Objective: std::fmt::Debug + Send + Sync {
	/// Checks the targets of a batch, and weights them.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`](crate::NucleusError::EmptyBatch) or
	/// [`NucleusError::Shape`](crate::NucleusError::Shape).
	fn targets(&self, batch: &Batch) -> Result<Targets>;

	/// The loss of each example.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	fn losses(&self, joined: &Joined, targets: &Targets) -> Result<Vec<ExampleLoss>>;

	/// The loss of each example from y and the term of the inputs, which is most of the work.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn losses_beside(
		&self,
		y: &Tensor,
		others: Option<&Tensor>,
		targets: &Targets,
	) -> Result<Vec<ExampleLoss>>;

	/// The logits of each example, `[B, V]`, and what is added to those of all examples, `[1, V]`: their
	/// sum is log P(w|y) up to a constant of the example.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn logits(&self, joined: &Joined) -> Result<(Tensor, Tensor)>;

	/// The loss of each example from what [`Objective::logits`] gave.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn losses_from(
		&self,
		logits: &Tensor,
		bias: &Tensor,
		targets: &Targets,
	) -> Result<Vec<ExampleLoss>>;

	/// The term of the inputs without those in `removed`, from that of all present ones, `others`.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn others_without(
		&self,
		others: Option<&Tensor>,
		z: &Centred,
		removed: &[usize],
	) -> Result<Option<Tensor>>;

	/// The loss of each example, and the gradients. With `dropout`, of a training step.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn forward(
		&self,
		joined: &Joined,
		targets: &Targets,
		dropout: Option<&mut Dropout>,
	) -> Result<Decoded>;

	/// ∂ΣL of the parameters outside of the graph.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn gradient(&self, decoded: &Decoded) -> Result<Gradient>;

	/// Of each input and example: the derivative of L(x) by the strength of the input's term.
	/// `None` for inputs without a term.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn products(&self, z: &Centred, decoded: &Decoded) -> Result<Vec<Option<Vec<f64>>>>;

	/// Observes the inputs of a training step before its forward pass.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn observe(&mut self, joined: &Joined) -> Result<()>;

	/// Takes in the errors of words of a training step.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn keep_errors(&mut self, joined: &Joined, decoded: &Decoded) -> Result<()>;

	/// The words that are predicted, in the order of their ids.
	fn vocabulary(&self) -> &[String];

	/// Vectors of words by id, `[B, m]`: what a text of one word is answered with.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn words(&self, ids: &[u32]) -> Result<Tensor>;

	/// The gradient of f from ∂L/∂v of words by id, `[B, m]` row-major.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn words_backward(&self, ids: &[u32], error: &[f32]) -> Result<Gradient>;

	/// [`Model::set_words`](crate::Model::set_words), for an input that exists.
	///
	/// # Errors
	/// Those of [`Model::set_words`](crate::Model::set_words).
	fn set_words(&mut self, input: usize, words: Option<&Tensor>) -> Result<()>;

	/// [`Model::take_word_errors`](crate::Model::take_word_errors), for an input that exists.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn take_word_errors(&mut self, input: usize) -> Result<Option<Tensor>>;

	/// Another component is behind an input: starts its terms again. Returns the places of the
	/// parameters that changed.
	///
	/// # Errors
	/// As [`Objective::losses`].
	fn connect(&mut self, input: usize) -> Result<Vec<usize>>;

	/// Adds its state, apart from parameters, to a state.
	///
	/// # Errors
	/// [`NucleusError::State`](crate::NucleusError::State).
	fn save(&self, state: &mut State) -> Result<()>;

	/// Takes over what [`Objective::save`] wrote.
	///
	/// # Errors
	/// [`NucleusError::State`](crate::NucleusError::State) if it is missing or does not fit.
	fn load(&mut self, state: &State) -> Result<()>;
}
