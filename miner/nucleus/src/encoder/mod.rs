//! Encoders: text in, vector out.
//!
//! ```text
//!   texts ─► forward ─► Encoded ─┬─► vectors: e(x), [B, m] ─► own input of the joiner
//!                                └─► backward(∂L/∂e) ─► gradients of the encoder's parameters
//! ```
//! An encoder owns its tokenizer, the handles of its weights, and its backward pass. The vectors
//! leave candle's graph between encoder and joiner, because centring is not part of the graph; so
//! an encoder may write its backward pass by hand ([`Cbow`]) or let candle do it ([`Transformer`]).
//!
//! Passages and words in one space: a text of exactly one token is a word, which the objective
//! answers ([`Encoder::word`]). An objective that ties its output table to the encoder clones the
//! handle of the encoder's word table when the kind builds both; gradients add up in
//! [`Gradient::add`].

mod cbow;
mod layers;
mod reader;
mod transformer;

use candle_core::Tensor;

use crate::{config::Config, dropout::Dropout, error::Result, learning::Gradient};

pub use cbow::Cbow;
pub use transformer::Transformer;

/// Text in, vector out.
pub trait Encoder: std::fmt::Debug + Send + Sync {
	/// Name of shape and vocabulary, such as `cbow:2048:1a2b…`. A checkpoint names it: parameters
	/// of another encoder do not fit.
	fn id(&self) -> String;

	/// Adopts those settings that may change between runs.
	fn configure(&mut self, config: &Config);

	/// Typical deviation of the entries of a fresh encoder's vectors. It starts the scale of the
	/// own input.
	fn deviation(&self) -> f64;

	/// The id of a text that is exactly one token, of the words that the objective predicts;
	/// [`UNKNOWN_ID`](crate::tokenizer::UNKNOWN_ID) for an unknown word. `None` for passages.
	///
	/// # Errors
	/// [`NucleusError::Tokenizer`](crate::NucleusError::Tokenizer) if the text cannot be read.
	fn word(&self, text: &str) -> Result<Option<u32>>;

	/// e(x) of B texts; with `dropout`, of a training step.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`](crate::NucleusError::EmptyBatch) without texts. Every text is
	/// answered, also an empty one.
	fn forward(&self, texts: &[String], dropout: Option<&mut Dropout>) -> Result<Box<dyn Encoded>>;
}

/// The vectors of a batch, and the way back to the encoder's parameters.
pub trait Encoded {
	/// e(x), `[B, m]`, outside of any graph.
	fn vectors(&self) -> &Tensor;

	/// Adds the gradients of the encoder's parameters, from ∂L/∂e (`[B, m]` row-major) times
	/// `scale`.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	fn backward(&self, error: &[f32], scale: f32, gradient: &mut Gradient) -> Result<()>;
}
