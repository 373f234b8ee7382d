//! How a component learns: from its own loss and from the gradients of those who bid for it.
//!
//! ```text
//!   own loss ──► g_own ─► moments ─► a_own ─ 1 − Σ s ─┐
//!   Grad of u ─► Σ g_u ─► moments ─► a_u ─── s_u ─────┼─► Δθ (eq. 3, 12)
//!   Grad of v    absent at this step         s_v ► own ┘
//! ```
//! `push` turns bids into s_u, `sources` holds what upstreams send, `guard` measures it in units of
//! its usual length, `moments` turns it into a direction and moves the parameters.
//!
//! Invariants: a source without a bid has no effect at all; a bid buys its part of every step at
//! which its source is present, however large or many the gradients are; s_u is at most a quarter,
//! all together are at most a half, and the own loss has the rest. Words come beside passages, and move
//! a vocabulary once in [`WORD_EVERY`] steps at most, however often they are sent. Upstreams step the parameters of
//! f only; those of the decoder follow the own loss. The state of every source is part of a
//! checkpoint.

mod gradient;
pub mod guard;
mod mixing;
mod moments;
pub mod push;
mod saved;
mod sources;

use crate::{config::Config, error::Result, parameters::Parameters, state::State};

pub use gradient::{Gradient, Values};
pub(crate) use mixing::function_part;
pub use mixing::{StepMixing, WORD_STEP};
pub use push::{BidWeight, Market};
pub use sources::{Account, Message, WORD_EVERY};

/// Sources of gradients, and the optimizer that mixes their steps.
pub trait Learner: std::fmt::Debug + Send + Sync {
	/// Whether a gradient of this source, with this s_u, would be held until the next step.
	fn admits(&self, source: &Account, push: f64, config: &Config) -> bool;

	/// Holds the gradients of one message until the next step. `false`: they are 0, or far fainter
	/// than the source's usual gradients, and have no effect.
	fn add(&mut self, message: &Message, config: &Config) -> bool;

	/// One step on the own gradient, of all parameters, and on all that is held. `false`: the step
	/// on the own gradient was not finite, and no step was made.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	fn step(&mut self, parameters: &Parameters, own: Gradient, config: &Config) -> Result<bool>;

	/// One step on all that is held, without an own loss. `false`: there was nothing to use.
	///
	/// # Errors
	/// As [`Learner::step`].
	fn upstream_step(&mut self, parameters: &Parameters, config: &Config) -> Result<bool>;

	/// The upstreams that it knows.
	fn sources(&self) -> Vec<Account>;

	/// What each upstream that it knows has bought: the sum of s_u over the steps at which it was
	/// present.
	fn bought(&self) -> Vec<(Account, f64)>;

	/// Moves the parameters along the present direction of a source, as so many of its steps would.
	///
	/// # Errors
	/// As [`Learner::step`].
	fn repeat(
		&self,
		source: &Account,
		parameters: &Parameters,
		config: &Config,
		times: f64,
	) -> Result<()>;

	/// Forgets a source.
	fn remove(&mut self, source: &Account);

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
	fn load(&mut self, parameters: &Parameters, state: &State, config: &Config) -> Result<()>;

	/// Takes over what [`Learner::save`] wrote of the own loss. Upstreams stay as they are: what they
	/// sent and bought since, and who is heard, does not go back.
	///
	/// # Errors
	/// As [`Learner::load`]; then nothing has changed.
	fn rewind(&mut self, parameters: &Parameters, state: &State, config: &Config) -> Result<()>;
}
