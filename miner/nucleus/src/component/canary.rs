//! The canary: the own loss on text that is not trained on, without inputs, checked at intervals.
//!
//! ```text
//!   every n steps:  loss > best + bound?  ── no ──► remember the parameters
//!                      │ yes
//!                      ▼ for each source: what would more of its steps do to the loss?
//!                   it rises ──► parameters of the last good check; the source is suspended
//!                   no source does it ──► the loss is what it is: remember
//! ```
//! A step on a Grad serves its sender and may cost the own loss a little; a source that spoils it is
//! hostile or broken, whatever it pays. Its moments are dropped and it is not heard for a while. The
//! own steps since the last check are lost with it. What a component knows by itself is watched here;
//! its loss with its inputs is watched by the way back to the best parameters.
//!
//! Memory is one copy of the parameters and at most [`REMEMBERED`] suspended accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
	component::{average::Average, step::mean, Component},
	corpus::{Batch, Example},
	error::Result,
	learning::Account,
	parameters::{Parameters, Snapshot},
	state::State,
};

/// Suspended accounts that are remembered; the one that is free again first gives way.
const REMEMBERED: usize = 256;
/// Part of the bound by which a source alone has to raise the loss.
const SUSPECT: f64 = 0.25;

/// What is watched.
#[derive(Debug, Default)]
pub(super) struct Canary {
	examples: Vec<Example>,
	notes: Notes,
	/// Parameters at the last good check.
	good: Option<Snapshot>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Notes {
	/// Steps in all, own and upstream, and calls for an upstream step for which there was nothing.
	#[serde(default)]
	steps: u64,
	/// Steps since the last check.
	since: u64,
	/// Lowest loss of all checks.
	best: Option<f64>,
	/// Until which of these steps an account is not heard.
	suspended: BTreeMap<String, u64>,
	/// Times that steps were taken back.
	rollbacks: u64,
}

impl Canary {
	pub(super) fn suspends(&self, source: &Account) -> bool {
		self.notes.suspended.get(&name(source)).is_some_and(|until| *until > self.notes.steps)
	}

	/// Counts a step that could not be made.
	pub(super) fn pass(&mut self) {
		self.notes.steps += 1;
	}

	/// A parameter has new values, which are those to return to as well.
	pub(super) fn replace(&mut self, parameters: &Parameters, index: usize) -> Result<()> {
		self.good.as_mut().map_or(Ok(()), |good| good.replace(parameters, index))
	}

	fn suspend(&mut self, source: &Account, until: u64) {
		let all = &mut self.notes.suspended;
		while all.len() >= REMEMBERED {
			let Some(first) = all.iter().min_by_key(|(_, until)| **until) else { break };
			let first = first.0.clone();
			all.remove(&first);
		}
		all.insert(name(source), until);
	}

	pub(super) fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()> {
		if let Some(good) = &self.good {
			good.save("canary", parameters, state);
		}
		state.put("canary", &self.notes)?;
		state.put("canary_examples", &self.examples)
	}

	pub(super) fn load(parameters: &Parameters, state: &State) -> Result<Self> {
		Ok(Self {
			examples: state.get("canary_examples")?,
			notes: state.get("canary")?,
			good: Snapshot::load("canary", parameters, state)?,
		})
	}
}

/// An account as a key of JSON.
fn name(account: &Account) -> String {
	account.iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}"))
}

impl Component {
	/// Accounts that are not heard, because they spoiled the own loss.
	pub fn suspended(&self) -> usize {
		self.canary
			.notes
			.suspended
			.values()
			.filter(|until| **until > self.canary.notes.steps)
			.count()
	}

	pub(super) fn set_canary(&mut self, examples: &[Example]) -> Result<()> {
		if !examples.is_empty() {
			self.shape.objective.targets(&Batch::from_examples(examples))?;
		}
		if self.canary.examples != examples {
			let Notes { steps, suspended, .. } = std::mem::take(&mut self.canary.notes);
			let notes = Notes { steps, suspended, ..Notes::default() };
			self.canary = Canary { examples: examples.to_vec(), notes, good: None };
		}
		Ok(())
	}

	/// Counts a step, and checks the loss when it is time.
	pub(super) fn watch(&mut self) -> Result<()> {
		let settings = self.config.canary.clone();
		self.canary.notes.steps += 1;
		self.canary.notes.since += 1;
		let due = settings.every > 0 && self.canary.notes.since >= settings.every;
		if self.canary.examples.is_empty() || !due {
			return Ok(());
		}
		self.canary.notes.since = 0;
		let loss = self.canary_loss()?;
		let best = self.canary.notes.best.unwrap_or(loss);
		let rises = !loss.is_finite() || loss > best + settings.bound;
		if rises {
			let guilty = self.suspects(loss, SUSPECT * settings.bound, settings.every)?;
			if !guilty.is_empty() {
				let until = self.canary.notes.steps + settings.suspension;
				for source in guilty {
					self.learner.remove(&source);
					self.canary.suspend(&source, until);
				}
				// Before the first good check there is nothing to return to.
				if let Some(good) = &self.canary.good {
					good.write(&self.parameters)?;
					// It has the steps in it that were taken back.
					*self.average.lock() = Average::default();
					self.version += 1;
				}
				self.canary.notes.rollbacks += 1;
				tracing::warn!(
					"the loss on the canary rose from {best:.3} to {loss:.3}: steps on Grads were \
					 taken back, and {} senders are suspended",
					self.suspended()
				);
				return Ok(());
			}
		}
		// Without a culprit the component's own learning has raised it.
		self.canary.notes.best = Some(if rises { loss } else { best.min(loss) });
		self.canary.good = Some(Snapshot::of(&self.parameters)?);
		Ok(())
	}

	/// From now on, steps are taken back to the present parameters.
	pub(super) fn return_here(&mut self) -> Result<()> {
		if !self.canary.examples.is_empty() {
			self.canary.good = Some(Snapshot::of(&self.parameters)?);
		}
		Ok(())
	}

	fn canary_loss(&self) -> Result<f64> {
		Ok(mean(&self.losses_now(&self.canary.examples, &[])?))
	}

	/// Sources whose direction raises the loss by so much within `steps`.
	fn suspects(&mut self, loss: f64, rise: f64, steps: u64) -> Result<Vec<Account>> {
		let here = Snapshot::of(&self.parameters)?;
		let mut suspects = Vec::new();
		for source in self.learner.sources() {
			self.learner.repeat(&source, &self.parameters, &self.config, steps as f64)?;
			let then = self.canary_loss()?;
			// A loss that is not finite cannot rise: then all are suspect.
			if !(then.is_finite() && then <= loss + rise) {
				suspects.push(source);
			}
			here.write(&self.parameters)?;
		}
		Ok(suspects)
	}
}
