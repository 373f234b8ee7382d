//! A process with contenders: it prints a first line, then answers requests, one JSON value per line.
//!
//! Invariants: a request is answered before the next is sent, so only one contender works at a time; the
//! process ends with the value, because its input ends.

use anyhow::{bail, Context};
use serde::{de::DeserializeOwned, Serialize};
use std::{
	io::{BufRead, BufReader, Write},
	process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
};

/// A running process. Its stderr is ours.
#[derive(Debug)]
pub struct Child {
	name: String,
	process: Process,
	input: Option<ChildStdin>,
	output: BufReader<ChildStdout>,
}

impl Child {
	/// Starts `command`, and reads its first line; errors call it `name`.
	///
	/// # Errors
	/// If it cannot be started, ends at once, or its first line is something else.
	pub fn start<T: DeserializeOwned>(
		name: &str,
		mut command: Command,
	) -> anyhow::Result<(Self, T)> {
		let mut process = command
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.spawn()
			.with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
		let input = process.stdin.take();
		let output = process.stdout.take().context("a process without output")?;
		let mut child = Self { name: name.into(), process, input, output: BufReader::new(output) };
		let hello = child.read().context("its first line")?;
		Ok((child, hello))
	}

	/// The answer to a request.
	///
	/// # Errors
	/// If the process has ended, or its answer is something else.
	pub fn ask<T: DeserializeOwned>(&mut self, request: &impl Serialize) -> anyhow::Result<T> {
		let line = serde_json::to_string(request)?;
		let input = self.input.as_mut().context("the process was stopped")?;
		// If it has ended, reading says so.
		let _ = writeln!(input, "{line}").and_then(|()| input.flush());
		self.read().context(line)
	}

	fn read<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
		let mut line = String::new();
		if !matches!(self.output.read_line(&mut line), Ok(1..)) {
			bail!("{} has ended ({}) instead of answering", self.name, self.process.wait()?);
		}
		serde_json::from_str(&line)
			.with_context(|| format!("{} answered {}", self.name, line.trim_end()))
	}
}

impl Drop for Child {
	fn drop(&mut self) {
		drop(self.input.take());
		let _ = self.process.wait();
	}
}
