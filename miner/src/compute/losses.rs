//! Losses and scores on text that is not trained on, in jobs short enough that Spikes do not wait for
//! them.

use super::{vectors::failed, Brain, Compute};
use crate::axon::{ComputeError, DownstreamAnswer};
use bittensor_nucleus::{Batch, Example, ExampleLosses, Perplexity, ScoreReport};
use bittensor_wire::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Examples in one job, and in one Spike of an evaluation.
pub const CHUNK: usize = 64;

/// The losses of some examples under a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
	/// Training steps that it had made.
	pub steps: u64,
	/// With the vectors of other components.
	pub with: ExampleLosses,
	/// With every input at its mean.
	pub without: ExampleLosses,
}

impl Losses {
	/// The perplexity on the examples that they are of.
	pub fn perplexity(&self) -> Perplexity {
		Perplexity::of(&self.with, &self.without)
	}

	/// Whether all of them are finite, as a file must hold them.
	pub fn are_finite(&self) -> bool {
		self.with.are_finite() && self.without.are_finite()
	}
}

impl Brain {
	/// The losses of examples; `answers` are those to their texts, none without a network.
	fn losses(
		&self,
		examples: &[Example],
		answers: &[DownstreamAnswer],
	) -> Result<Losses, ComputeError> {
		let d = self.vectors(answers)?;
		let with = self.model.example_losses(examples, &d).map_err(failed)?;
		let without = match d.iter().all(Option::is_none) {
			true => with.clone(),
			false => self.model.example_losses(examples, &[]).map_err(failed)?,
		};
		let (with, without) = (ExampleLosses(with), ExampleLosses(without));
		Ok(Losses { steps: self.model.steps(), with, without })
	}
}

impl Compute {
	/// The losses of held-out examples. `answers` are those to each [`CHUNK`] of their texts; a
	/// component that missed one counts as missing in all, so that no figure mixes both.
	///
	/// Between two chunks Spikes are answered. Hold the [turn](Compute::turn), so that all are of the
	/// same parameters.
	pub async fn losses(
		&self,
		examples: &[Example],
		answers: &[Vec<DownstreamAnswer>],
	) -> Result<Losses, ComputeError> {
		let present = in_all(answers);
		let mut all = Losses::default();
		for (i, chunk) in examples.chunks(CHUNK).enumerate() {
			let mut of_chunk = answers.get(i).cloned().unwrap_or_default();
			of_chunk.retain(|answer| present.contains(&answer.account));
			let chunk = chunk.to_vec();
			let losses = self.own(move |brain| brain.losses(&chunk, &of_chunk)).await??;
			all.steps = losses.steps;
			all.with.0.extend(losses.with.0);
			all.without.0.extend(losses.without.0);
		}
		Ok(all)
	}
}

impl Compute {
	/// Measures ΔL of the inputs on a batch that the component does not train on. `refused` are the
	/// components that did not answer for want of a bid.
	pub async fn score(
		&self,
		batch: Batch,
		answers: Vec<DownstreamAnswer>,
		refused: Vec<AccountId>,
	) -> Result<ScoreReport, ComputeError> {
		self.own(move |brain| brain.score(&batch, &answers, &refused)).await?
	}
}

impl Brain {
	fn score(
		&mut self,
		batch: &Batch,
		answers: &[DownstreamAnswer],
		refused: &[AccountId],
	) -> Result<ScoreReport, ComputeError> {
		let d = self.vectors(answers)?;
		let is_refused =
			|input: &usize| self.inputs()[*input].is_some_and(|account| refused.contains(&account));
		let refused: Vec<usize> = (0..self.inputs().len()).filter(is_refused).collect();
		self.model.score(batch, &d, &refused).map_err(failed)
	}
}

/// The components that answered every chunk.
pub fn in_all(answers: &[Vec<DownstreamAnswer>]) -> BTreeSet<AccountId> {
	let accounts = |chunk: &Vec<DownstreamAnswer>| -> BTreeSet<AccountId> {
		let answered = chunk.iter().filter(|answer| answer.vectors.is_some());
		answered.map(|answer| answer.account).collect()
	};
	answers.iter().map(accounts).reduce(|a, b| &a & &b).unwrap_or_default()
}
