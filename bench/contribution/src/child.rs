//! A process with contenders in it: a request and an answer, a line of JSON each.
//!
//! Invariants: one request is answered before the next is sent, so no two are ever at work; the
//! process ends with the value, for its input does.

use anyhow::{bail, ensure, Context};
use bench_native::protocol::{Can, Contenders, Failed, Loaded, Ran, Request};
use serde::de::DeserializeOwned;
use std::{
	collections::BTreeMap,
	io::{BufRead, BufReader, Write},
	path::Path,
	process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
};

/// A running process. What it says on stderr goes to ours.
#[derive(Debug)]
pub struct Child {
	name: String,
	process: Process,
	input: Option<ChildStdin>,
	output: BufReader<ChildStdout>,
}

impl Child {
	/// Starts `command`; `name` is what errors call it.
	///
	/// # Errors
	/// If it cannot be started.
	pub fn start(name: &str, mut command: Command) -> anyhow::Result<Self> {
		let mut process = command
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.spawn()
			.with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
		let input = process.stdin.take();
		let output = process.stdout.take().context("a process without output")?;
		Ok(Self { name: name.into(), process, input, output: BufReader::new(output) })
	}

	/// The names of its contenders.
	///
	/// # Errors
	/// If it has ended or answers something else.
	pub fn contenders(&mut self) -> anyhow::Result<Vec<String>> {
		Ok(self.ask::<Contenders>(&Request::Contenders)?.contenders)
	}

	/// The versions of what it is made of; `null` is what is not installed.
	///
	/// # Errors
	/// As [`Child::contenders`].
	pub fn versions(&mut self) -> anyhow::Result<BTreeMap<String, Option<String>>> {
		self.ask(&Request::Versions)
	}

	/// Loads a graph file.
	///
	/// # Errors
	/// As [`Child::contenders`], and if it cannot read the file.
	pub fn load(&mut self, graph: &Path) -> anyhow::Result<()> {
		let loaded: Loaded = self.ask(&Request::Load { graph: graph.into() })?;
		ensure!(loaded.ok, "{} did not load {}", self.name, graph.display());
		Ok(())
	}

	/// Why a contender cannot solve the graph; `None` if it can.
	///
	/// # Errors
	/// As [`Child::contenders`].
	pub fn refuses(&mut self, contender: &str) -> anyhow::Result<Option<String>> {
		let can: Can = self.ask(&Request::Can { contender: contender.into() })?;
		Ok((!can.can).then_some(can.why))
	}

	/// Solves the graph to a residual, and writes the result to `vector`.
	///
	/// # Errors
	/// As [`Child::contenders`], and if the contender fails.
	pub fn solve(
		&mut self,
		contender: &str,
		residual: f64,
		vector: Option<&Path>,
	) -> anyhow::Result<Ran> {
		self.ask(&Request::Run {
			contender: contender.into(),
			residual: Some(residual),
			sweeps: None,
			vector: vector.map(Into::into),
		})
	}

	fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> anyhow::Result<T> {
		let line = serde_json::to_string(request).context("cannot write a request as JSON")?;
		let sent = match &mut self.input {
			Some(input) => writeln!(input, "{line}").and_then(|()| input.flush()),
			None => bail!("{} has been stopped", self.name),
		};
		let mut answer = String::new();
		let read = match sent {
			Ok(()) => self.output.read_line(&mut answer),
			Err(error) => Err(error),
		};
		if !matches!(read, Ok(1..)) {
			let status = self.process.wait();
			let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
			bail!("{} has ended ({status}) instead of answering {line}", self.name);
		}
		if let Ok(failed) = serde_json::from_str::<Failed>(&answer) {
			bail!("{}: {}", self.name, failed.error);
		}
		serde_json::from_str(&answer)
			.with_context(|| format!("{} answered {line} with {}", self.name, answer.trim_end()))
	}
}

impl Drop for Child {
	fn drop(&mut self) {
		// The end of its input is the end of its work.
		drop(self.input.take());
		let _ = self.process.wait();
	}
}
