//! Both contenders: the component, and the process with the same model in JAX.

use anyhow::{anyhow, ensure, Context};
use bench_report::{field, Child};
use bittensor_nucleus::{Batch, Component, Model};
use rustix::time::{clock_gettime, ClockId};
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeMap, path::Path, process::Command};

use crate::task::Task;

/// Some training steps.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Ran {
	/// Processor time.
	pub(crate) seconds: f64,
	/// The loss of each step, before it.
	pub(crate) losses: Vec<f64>,
	/// The most memory that the process has held.
	pub(crate) peak_bytes: Option<f64>,
}

impl Ran {
	/// Processor time of a step.
	pub(crate) fn step_seconds(&self) -> f64 {
		self.seconds / self.losses.len().max(1) as f64
	}
}

/// Processor time of this process, all threads.
pub(crate) fn processor_seconds() -> f64 {
	let time = clock_gettime(ClockId::ProcessCPUTime);
	time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The most memory that this process has held.
pub(crate) fn peak_bytes() -> Option<f64> {
	let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
	let size = field(&status, "VmHWM")?;
	size.split(' ').next()?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

/// The component.
pub(crate) struct Ours<'t> {
	component: Component,
	batches: std::iter::Cycle<std::slice::Iter<'t, Batch>>,
}

impl<'t> Ours<'t> {
	pub(crate) fn new(task: &'t Task) -> anyhow::Result<Self> {
		Ok(Self { component: task.component()?, batches: task.batches.iter().cycle() })
	}

	/// So many steps on the next batches.
	pub(crate) fn run(&mut self, steps: usize) -> anyhow::Result<Ran> {
		let mut losses = Vec::with_capacity(steps);
		let start = processor_seconds();
		for batch in self.batches.by_ref().take(steps) {
			losses.push(self.component.train_step(batch, &[])?.loss);
		}
		Ok(Ran { seconds: processor_seconds() - start, losses, peak_bytes: None })
	}
}

/// The process with JAX.
pub(crate) struct Jax {
	process: Child,
	/// The next batch.
	next: usize,
	/// Of its libraries.
	pub(crate) versions: BTreeMap<String, String>,
	/// Seconds of compilation.
	pub(crate) compiled: f64,
}

#[derive(Deserialize)]
struct Hello {
	versions: BTreeMap<String, String>,
}

/// An answer of it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
	/// Seconds of compilation.
	Compiled(f64),
	/// Steps.
	Ran(Ran),
	/// Why there is none.
	Error(String),
}

impl Answer {
	/// That it is not what was asked for.
	fn refused(self) -> anyhow::Error {
		match self {
			Self::Error(error) => anyhow!("learning.py: {error}"),
			_ => anyhow!("learning.py: an answer to another request"),
		}
	}
}

impl Jax {
	/// Starts it with the task of this folder.
	pub(crate) fn start(python: &Path, folder: &Path) -> anyhow::Result<Self> {
		let mut command = Command::new(python);
		command.args(["-B", "bench/miner/contenders/learning.py"]);
		let (mut process, Hello { versions }) = Child::start("learning.py", command)
			.context("JAX: run this program from the folder of the repository")?;
		let compiled = match process.ask(&json!({ "folder": folder }))? {
			Answer::Compiled(seconds) => seconds,
			other => return Err(other.refused()),
		};
		Ok(Self { process, next: 0, versions, compiled })
	}

	/// So many steps on the next batches.
	pub(crate) fn run(&mut self, steps: usize) -> anyhow::Result<Ran> {
		let request = json!({ "first": self.next, "steps": steps });
		let ran = match self.process.ask(&request)? {
			Answer::Ran(ran) => ran,
			other => return Err(other.refused()),
		};
		ensure!(ran.losses.len() == steps, "{} losses of {steps} steps", ran.losses.len());
		self.next += steps;
		Ok(ran)
	}
}
