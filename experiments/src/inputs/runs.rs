//! Finished runs: one JSON object a line, and the results that follow from them.

use crate::summary::Inputs;
use anyhow::{Context, Result};
use bittensor_nucleus::{
	files,
	simulation::{Measured, Pair},
	Weighting,
};
use serde::{Deserialize, Serialize};
use std::{
	fs::{self, OpenOptions},
	io::Write,
	path::Path,
};

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

/// Finished runs; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Vec<InputRun>> {
	match fs::read_to_string(path) {
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
		text => text
			.with_context(|| path.display().to_string())?
			.lines()
			.map(|line| serde_json::from_str(line).with_context(|| path.display().to_string()))
			.collect(),
	}
}

/// Adds a run to the file.
pub(super) fn append(path: &Path, run: &InputRun) -> Result<()> {
	let mut file = OpenOptions::new().create(true).append(true).open(path)?;
	file.write_all((serde_json::to_string(run)? + "\n").as_bytes())?;
	Ok(())
}

/// Writes a file of these runs, each once.
pub(super) fn replace(path: &Path, runs: &[InputRun]) -> Result<()> {
	let mut kept: Vec<&InputRun> = Vec::new();
	for run in runs {
		if !kept.iter().any(|other| other.key() == run.key()) {
			kept.push(run);
		}
	}
	let lines = kept
		.into_iter()
		.map(|run| Ok(serde_json::to_string(run)? + "\n"))
		.collect::<Result<String>>()?;
	files::replace(path, lines.as_bytes()).with_context(|| path.display().to_string())
}

/// The results that follow from the finished runs of a folder.
///
/// # Errors
/// If the file of finished runs cannot be read.
pub fn results(folder: &Path) -> Result<Vec<Inputs>> {
	let runs = read(&folder.join(RUNS))?;
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
