//! The best parameters so far, and the way back to them.
//!
//! ```text
//!   validation perplexity ─┬─ lower than ever ─► kept, and written to best.safetensors
//!                          ├─ clearly higher, PATIENCE times in a row ─► back to the kept ones,
//!                          │                                             at half the learning rate
//!                          └─ else: training goes on
//! ```
//! *Clearly higher* means higher with the network and without it: a peer that does not answer is no
//! reason to go back. Nor are parameters with other components at the inputs: after a change of inputs
//! the first measurement is the one to go back to. The file and the reported losses are those of the
//! best measurement of all; what was not written in time is written at the stop.
//!
//! Invariants: the examples that decide are not those whose perplexity is reported; steps, scores and
//! the version only count up, also when parameters go back.

use super::{inputs::Inputs, vectors::failed, Brain, Losses, Notes};
use crate::axon::ComputeError;
use bittensor_nucleus::{Model, Perplexity, State};
use std::{
	path::PathBuf,
	sync::Arc,
	time::{Duration, Instant},
};

/// Measurements in a row that must be clearly worse before parameters go back.
pub const PATIENCE: u32 = 5;
/// A perplexity this many times the best one is clearly worse.
const CLEARLY: f64 = 1.02;

/// The result of one comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judgement {
	/// The parameters are the best so far, and were kept.
	Kept,
	/// Nothing changed.
	Same,
	/// The parameters went back to those with this perplexity.
	WentBack(Perplexity),
}

/// The best parameters with the components that are at the inputs.
struct Kept {
	perplexity: Perplexity,
	inputs: Inputs,
	state: Arc<State>,
}

/// The best measurement of all.
struct Lowest {
	perplexity: f64,
	/// Losses of the reported examples.
	reported: Option<Losses>,
	/// Its parameters and notes, until they are written.
	unwritten: Option<(Arc<State>, Notes)>,
}

/// The best parameters so far.
pub struct Best {
	path: PathBuf,
	/// Time between two files, at least.
	every: Duration,
	written: Option<Instant>,
	kept: Option<Kept>,
	lowest: Option<Lowest>,
	worse: u32,
	warned: bool,
}

impl Best {
	/// Nothing is kept yet. Files go to `path`, at most one in `every`.
	pub fn new(path: PathBuf, every: Duration) -> Self {
		Self { path, every, written: None, kept: None, lowest: None, worse: 0, warned: false }
	}

	/// Takes over what an earlier run kept.
	pub fn resume(&mut self, model: &dyn Model, notes: &Notes) -> bittensor_nucleus::Result<()> {
		let Some(perplexity) = notes.validation else { return Ok(()) };
		let mut inputs = notes.accounts();
		inputs.resize(model.inputs(), None);
		self.kept = Some(Kept { perplexity, inputs, state: Arc::new(model.state()?) });
		let reported = notes.reported.clone();
		let perplexity = perplexity.with_network;
		self.lowest = Some(Lowest { perplexity, reported, unwritten: None });
		Ok(())
	}

	/// Compares a measurement of the validation perplexity with the best one, and keeps the
	/// parameters or goes back.
	pub(super) fn judge(
		&mut self,
		brain: &mut Brain,
		now: Perplexity,
		notes: Notes,
	) -> Result<Judgement, ComputeError> {
		let kept = self.kept.as_ref().filter(|kept| kept.inputs == *brain.inputs());
		let Some(kept) = kept.filter(|kept| now.with_network >= kept.perplexity.with_network)
		else {
			if now.with_network.is_finite() {
				self.keep(brain, now, notes)?;
				return Ok(Judgement::Kept);
			}
			return Ok(Judgement::Same);
		};
		let best = kept.perplexity;
		let clearly = now.with_network > CLEARLY * best.with_network
			&& now.without_inputs > CLEARLY * best.without_inputs;
		self.worse = if clearly { self.worse + 1 } else { 0 };
		if self.worse < PATIENCE {
			return Ok(Judgement::Same);
		}
		self.worse = 0;
		brain.model.rewind(&kept.state).map_err(failed)?;
		Ok(Judgement::WentBack(best))
	}

	fn keep(
		&mut self,
		brain: &Brain,
		perplexity: Perplexity,
		notes: Notes,
	) -> Result<(), ComputeError> {
		let state = Arc::new(brain.model.state().map_err(failed)?);
		self.kept = Some(Kept { perplexity, inputs: brain.inputs().clone(), state: state.clone() });
		self.worse = 0;
		let now = perplexity.with_network;
		if self.lowest.as_ref().is_some_and(|lowest| lowest.perplexity <= now) {
			return Ok(());
		}
		let reported = notes.reported.clone().filter(Losses::are_finite);
		let notes = Notes { validation: Some(perplexity), reported: reported.clone(), ..notes };
		let unwritten = Some((state, notes.with_accounts(brain.inputs())));
		self.lowest = Some(Lowest { perplexity: now, reported, unwritten });
		if self.written.is_none_or(|written| written.elapsed() >= self.every) {
			self.flush(brain).map_err(failed)?;
		}
		Ok(())
	}

	/// Writes the best parameters, unless the file has them. `brain` is that of the component.
	///
	/// # Errors
	/// If the file cannot be written. The parameters wait for the next call.
	pub fn flush(&mut self, brain: &Brain) -> bittensor_nucleus::Result<()> {
		let Some(lowest) = &mut self.lowest else { return Ok(()) };
		if let Some((state, notes)) = &lowest.unwritten {
			brain.save_state(state, &self.path, notes.clone())?;
			lowest.unwritten = None;
			self.written = Some(Instant::now());
		}
		Ok(())
	}

	/// Losses of the reported examples at the best measurement, as the notes said then.
	pub fn reported(&self) -> Option<&Losses> {
		self.lowest.as_ref()?.reported.as_ref()
	}

	/// Whether to warn that a perplexity is above that of the unigram model: once.
	pub fn warns(&mut self, perplexity: f64, unigram: f64) -> bool {
		!self.warned && perplexity > CLEARLY * unigram && {
			self.warned = true;
			true
		}
	}
}
