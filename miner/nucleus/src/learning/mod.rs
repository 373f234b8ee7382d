//! How a component learns: from its own loss and from the gradients of those who bid for it.
//!
//! ```text
//!   own loss ──► g_own ─┐
//!   Grad of u ─► Σ g_u ─┼─► Learner: mixture (eq. 3, 12), guard, optimizer ─► θ
//!   Grad of v ─► Σ g_v ─┘
//! ```
//! Invariants: a source without a bid has no effect at all; a bid buys its part of the step,
//! however large or many the gradients are; the own loss always keeps its part. Upstreams step the
//! parameters of f only; those of the decoder follow the own loss.
//!
//! [`GradientMixing`] adds scaled gradients and gives the sum to one optimizer. A learner that
//! mixes *steps* instead holds one optimizer state per source: [`Learner::add`] updates the
//! source's moments, [`Learner::step`] adds the weighted directions of the sources that are
//! present and gives the rest to the own loss, and [`Learner::save`] writes every source's state.
//! Gradients of word vectors, which arrive once per refresh, are further sources with a state of
//! their own. Nothing outside of the learner changes for that.

mod gradient;
pub mod guard;
mod mixing;
pub mod optimizer;
mod sources;

use crate::{config::Config, error::Result, parameters::Parameters, state::State};

pub use gradient::{Gradient, Values};
pub(crate) use mixing::function_part;
pub use mixing::GradientMixing;
pub use optimizer::Optimizer;
pub use sources::{combine, Account, Bid};

/// Sources of gradients, their mixture, and the optimizer.
pub trait Learner: std::fmt::Debug + Send + Sync {
	/// Whether a gradient of this source and weight would be held until the next step.
	fn admits(&self, source: &Account, weight: f64, config: &Config) -> bool;

	/// Holds the gradient of one message, times `scale`, until the next step. `false`: it is 0, or
	/// far fainter than the source's usual gradients, and has no effect.
	fn add(
		&mut self,
		source: Account,
		weight: f64,
		gradient: &Gradient,
		scale: f64,
		config: &Config,
	) -> bool;

	/// One step on the own gradient, of all parameters, and on all that is held. `false`: the step
	/// was not finite and therefore not made.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	fn step(&mut self, parameters: &Parameters, own: Gradient, config: &Config) -> Result<bool>;

	/// One step on all that is held, without an own loss. `false`: there was nothing to use.
	///
	/// # Errors
	/// As [`Learner::step`].
	fn upstream_step(&mut self, parameters: &Parameters, config: &Config) -> Result<bool>;

	/// Forgets what it knows about one parameter, which has new values.
	fn forget(&mut self, parameter: usize);

	/// Adds all of its state to a state.
	///
	/// # Errors
	/// [`NucleusError::State`](crate::NucleusError::State).
	fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()>;

	/// Takes over all that [`Learner::save`] wrote.
	///
	/// # Errors
	/// [`NucleusError::State`](crate::NucleusError::State) if it is missing or does not fit.
	fn load(&mut self, parameters: &Parameters, state: &State) -> Result<()>;
}
