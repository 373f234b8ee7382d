//! The losses of held-out examples, in jobs short enough that Spikes do not wait for them.

use super::{vectors::failed, Brain, Compute};
use crate::axon::{ComputeError, DownstreamAnswer};
use bittensor_nucleus::{Example, Perplexity};
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
	/// Of each example with the vectors of other components, in nats, the sum over its targets.
	pub with: Vec<f32>,
	/// The same with every input at its mean.
	pub without: Vec<f32>,
	/// Weight of each example: the sum of its targets' weights.
	pub weights: Vec<f64>,
}

impl Losses {
	/// Whether all of them are finite, as a file must hold them.
	pub fn are_finite(&self) -> bool {
		self.with.iter().chain(&self.without).all(|loss| loss.is_finite())
	}

	/// The perplexity on the examples that they are of.
	pub fn perplexity(&self, examples: &[Example]) -> Perplexity {
		Perplexity::of(examples, &self.weights, &self.with, &self.without)
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
		let with = self.model.losses(examples, &d).map_err(failed)?;
		let without = match d.iter().all(Option::is_none) {
			true => with.clone(),
			false => self.model.losses(examples, &[]).map_err(failed)?,
		};
		let weights = self.model.weights(examples);
		Ok(Losses { steps: self.model.steps(), with, without, weights })
	}
}

impl Compute {
	/// The losses of held-out examples. `answers` are those to each [`CHUNK`] of their texts; a
	/// component that missed one counts as missing in all, so that no figure mixes both.
	///
	/// Between two chunks the component may make a few training steps.
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
			all.with.extend(losses.with);
			all.without.extend(losses.without);
			all.weights.extend(losses.weights);
		}
		Ok(all)
	}
}

/// The components that answered every chunk.
fn in_all(answers: &[Vec<DownstreamAnswer>]) -> BTreeSet<AccountId> {
	let accounts = |chunk: &Vec<DownstreamAnswer>| -> BTreeSet<AccountId> {
		let answered = chunk.iter().filter(|answer| answer.vectors.is_some());
		answered.map(|answer| answer.account).collect()
	};
	answers.iter().map(accounts).reduce(|a, b| &a & &b).unwrap_or_default()
}
