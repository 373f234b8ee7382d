//! Finished runs, and the jobs that they are of.

use crate::{
	lines,
	plan::{Job, Purpose},
};
use anyhow::Result;
use bittensor_nucleus::simulation::{Mode, Outcome, Settings};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
	/// Name of the experiment.
	pub experiment: String,
	/// Its purpose.
	pub purpose: Purpose,
	/// The experiment that it varies.
	pub base: Option<String>,
	/// The mode.
	pub mode: Mode,
	/// The seed.
	pub seed: u64,
	/// All settings, as they were when it ran: later versions may have others.
	pub settings: Value,
	/// Seconds that it took.
	pub seconds: f64,
	/// One of each component.
	pub outcomes: Vec<Outcome>,
}

impl Run {
	/// A run of a job.
	///
	/// # Errors
	/// If its settings cannot be written as JSON.
	pub fn new(job: &Job, seconds: f64, outcomes: Vec<Outcome>) -> Result<Self> {
		Ok(Self {
			experiment: job.experiment.clone(),
			purpose: job.purpose,
			base: job.base.clone(),
			mode: job.mode,
			seed: job.settings.seed,
			settings: settings(job)?,
			seconds,
			outcomes,
		})
	}

	/// Whether the job would give this run.
	pub fn is_of(&self, job: &Job) -> bool {
		self.experiment == job.experiment
			&& self.mode == job.mode
			&& settings(job).is_ok_and(|of_job| of_run(self).is_ok_and(|of_run| of_run == of_job))
	}

	/// Part of each step of every other member that member 0 buys.
	pub fn share(&self) -> f64 {
		self.settings["shares"][0].as_f64().unwrap_or(0.0)
	}

	/// Whether the errors of a member point the wrong way.
	pub fn is_hostile(&self) -> bool {
		self.settings["hostile"].as_array().is_some_and(|hostile| !hostile.is_empty())
	}
}

/// The settings of a job on which its outcome depends, without the folder of the corpus, whose name
/// depends on the machine.
fn settings(job: &Job) -> Result<Value> {
	let settings = Settings { corpus: PathBuf::new(), ..job.settings.clone() };
	// As a reader of the file sees them.
	Ok(relevant(job.mode, serde_json::from_str(&serde_json::to_string(&settings)?)?))
}

/// Those of a finished run. A setting that is younger than the run has its default.
fn of_run(run: &Run) -> Result<Value> {
	let settings: Settings = serde_json::from_value(run.settings.clone())?;
	Ok(relevant(run.mode, serde_json::to_value(settings)?))
}

/// Settings without those of inputs, for components that have none.
fn relevant(mode: Mode, mut settings: Value) -> Value {
	if matches!(mode, Mode::Without | Mode::With) {
		return settings;
	}
	if let Some(config) = settings["config"].as_object_mut() {
		config.remove("attribution");
		if let Some(dropout) = config.get_mut("dropout").and_then(Value::as_object_mut) {
			for name in ["inputs", "features", "network"] {
				dropout.remove(name);
			}
		}
	}
	settings
}

/// A file of finished runs.
#[derive(Debug)]
pub struct Store {
	path: PathBuf,
	/// All runs of the file.
	pub runs: Vec<Run>,
}

impl Store {
	/// Reads the file, if it is there. A last line that was cut off by a kill is dropped.
	///
	/// # Errors
	/// If the file cannot be read, or has another line that is no run.
	pub fn open(path: &Path) -> Result<Self> {
		Ok(Self { path: path.into(), runs: lines::read(path)? })
	}

	/// The run of a job, if it is finished.
	pub fn find(&self, job: &Job) -> Option<&Run> {
		self.runs.iter().find(|run| run.is_of(job))
	}

	/// Adds a finished run, to the file first.
	///
	/// # Errors
	/// If the file cannot be written.
	pub fn add(&mut self, run: Run) -> Result<()> {
		lines::append(&self.path, &run)?;
		self.runs.push(run);
		Ok(())
	}

	/// Keeps the runs of these jobs only, each once, in their order.
	///
	/// # Errors
	/// If the file cannot be written.
	pub fn keep(&mut self, jobs: &[Job]) -> Result<()> {
		let mut places: Vec<usize> = Vec::new();
		for job in jobs {
			let place = self.runs.iter().position(|run| run.is_of(job));
			places.extend(place.filter(|place| !places.contains(place)));
		}
		let kept: Vec<Run> = places.into_iter().map(|place| self.runs[place].clone()).collect();
		lines::replace(&self.path, &kept)?;
		self.runs = kept;
		Ok(())
	}
}
