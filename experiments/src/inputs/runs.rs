//! Finished runs, and the results that follow from them.

use crate::{lines, summary::Inputs};
use anyhow::Result;
use bittensor_nucleus::{
	simulation::{Measured, Pair},
	Weighting,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file.
pub(super) const RUNS: &str = "input-runs.jsonl";

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InputRun {
	/// The plan, without what other runs vary.
	pub(super) plan: serde_json::Value,
	pub(super) inputs: Vec<String>,
	pub(super) target: String,
	pub(super) variant: String,
	pub(super) seed: u64,
	pub(super) step: usize,
	pub(super) validation: f64,
	pub(super) test: Measured,
	pub(super) seconds: f64,
}

impl InputRun {
	/// What tells it from other runs.
	pub(super) fn key(&self) -> (&serde_json::Value, &[String], &str, u64) {
		(&self.plan, &self.inputs, &self.target, self.seed)
	}

	/// Examples of whole batches, which a component trains on in one pass.
	fn examples(&self) -> usize {
		let number = |value: &serde_json::Value| value.as_u64().unwrap_or(0) as usize;
		let batch = number(&self.plan["config"]["batch"]).max(1);
		number(&self.plan["examples"]) / batch * batch
	}
}

/// Each of these runs once.
pub(super) fn once(runs: Vec<InputRun>) -> Vec<InputRun> {
	let mut kept: Vec<InputRun> = Vec::new();
	for run in runs {
		if !kept.iter().any(|other| other.key() == run.key()) {
			kept.push(run);
		}
	}
	kept
}

/// The results that follow from the finished runs of a folder.
///
/// # Errors
/// If the file of finished runs cannot be read.
pub fn results(folder: &Path) -> Result<Vec<Inputs>> {
	let runs: Vec<InputRun> = lines::read(&folder.join(RUNS))?;
	let twin_of = |run: &InputRun| {
		runs.iter().find(|twin| {
			twin.inputs.is_empty()
				&& (&twin.target, &twin.variant, twin.seed) == (&run.target, &run.variant, run.seed)
		})
	};
	let mut all: Vec<Inputs> = Vec::new();
	for first in runs.iter().filter(|run| !run.inputs.is_empty()) {
		if all.iter().any(|one| (&one.inputs, &one.target) == (&first.inputs, &first.target)) {
			continue;
		}
		let pairs: Vec<(&InputRun, &InputRun)> = runs
			.iter()
			.filter(|run| (&run.inputs, &run.target) == (&first.inputs, &first.target))
			.filter_map(|run| Some((run, twin_of(run)?)))
			.collect();
		all.extend(Inputs::of(&pairs));
	}
	Ok(all)
}

impl Inputs {
	/// What inputs gain over the twin, over all seeds; `None` without a run.
	fn of(pairs: &[(&InputRun, &InputRun)]) -> Option<Self> {
		let (first, _) = pairs.first()?;
		let both: Vec<Pair> = pairs
			.iter()
			.map(|(ours, twin)| Pair { seed: ours.seed, ours: &ours.test, other: &twin.test })
			.collect();
		// Both are measured as they are trained.
		let gain = Measured::gain(&both, Weighting::AsTrained);
		let mean = |of: fn(&(&InputRun, &InputRun)) -> f64| {
			(pairs.iter().map(of).sum::<f64>() / pairs.len() as f64).exp()
		};
		let [low, high] = gain.gain_interval();
		Some(Self {
			inputs: first.inputs.clone(),
			target: first.target.clone(),
			examples: first.examples(),
			twin_perplexity: mean(|(_, twin)| twin.test.loss),
			perplexity: mean(|(ours, _)| ours.test.loss),
			gain: gain.gain(),
			low,
			high,
			tokens: first.test.tokens,
			unknown: first.test.unknown_part(),
		})
	}
}
