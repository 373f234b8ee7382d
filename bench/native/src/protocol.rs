//! The line protocol, and the process's side of it.
//!
//! A contenders' process first prints a [`Hello`], then answers each [`Request`] with an [`Answer`],
//! one JSON object per line, until its input ends. A vector is written to its file as little-endian
//! `f64`, one per component, normalised to a sum of 1.

use crate::{Contender, Until, CONTENDERS};
use anyhow::{ensure, Context};
use bench_graphs::Case;
use serde::{Deserialize, Serialize};
use std::{
	collections::{btree_map::Entry, BTreeMap},
	fs,
	io::{BufRead, Write},
	path::PathBuf,
};

/// The first line of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
	/// The names of its contenders.
	pub contenders: Vec<String>,
	/// The versions of its libraries; `null`: not installed.
	pub versions: BTreeMap<String, Option<String>>,
}

/// One solve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
	/// The graph file. It stays loaded until another one is named.
	pub graph: PathBuf,
	/// The contender.
	pub contender: String,
	/// The residual mass to reach, as a part of all mass.
	pub residual: f64,
	/// The file for the result.
	pub vector: Option<PathBuf>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
	/// It was solved.
	Ran(Ran),
	/// Why it was not. The process goes on.
	Error(String),
}

/// A solve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
	/// Processor seconds of the sweeps.
	pub seconds: f64,
	/// Sweeps made; `null`: the library does not report them.
	pub sweeps: Option<u32>,
	/// The digest of the payouts, of a contender that has payouts.
	#[serde(default)]
	pub digest: Option<String>,
}

/// Serves the native contenders.
///
/// # Errors
/// Only those of reading and writing: a request that fails is answered with the reason.
pub fn serve(input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
	let mut say = |line: String| writeln!(output, "{line}").and_then(|()| output.flush());
	let versions = [("contribution", env!("CARGO_PKG_VERSION")), ("eigentrust", "0.2.0")];
	say(serde_json::to_string(&Hello {
		contenders: CONTENDERS.map(|(name, _)| name.into()).into(),
		versions: versions.map(|(name, version)| (name.into(), Some(version.into()))).into(),
	})?)?;
	let mut server = Server::default();
	for line in input.lines() {
		let request = serde_json::from_str(&line?).context("not a request");
		let answer = request.and_then(|request| server.solve(request));
		let answer = answer.map_or_else(|error| Answer::Error(format!("{error:#}")), Answer::Ran);
		say(serde_json::to_string(&answer)?)?;
	}
	Ok(())
}

/// A graph, and the contenders that were asked for since it was loaded.
#[derive(Default)]
struct Server {
	path: Option<PathBuf>,
	case: Case,
	contenders: BTreeMap<String, Box<dyn Contender>>,
}

impl Server {
	fn solve(&mut self, request: Request) -> anyhow::Result<Ran> {
		let Request { graph, contender, residual, vector } = request;
		let make = CONTENDERS.into_iter().find(|(name, _)| *name == contender);
		let (_, make) = make.with_context(|| format!("there is no contender {contender}"))?;
		ensure!(residual > 0.0, "a residual of {residual} is out of reach");
		if self.path.as_ref() != Some(&graph) {
			*self = Self::default();
			let name = || format!("the graph file {}", graph.display());
			self.case =
				Case::from_bytes(&fs::read(&graph).with_context(name)?).with_context(name)?;
			self.path = Some(graph);
		}
		let contender = match self.contenders.entry(contender) {
			Entry::Occupied(made) => made.into_mut(),
			Entry::Vacant(place) => place.insert(make(&self.case)?),
		};
		let run = contender.run(Until::Residual(residual))?;
		if let Some(path) = vector {
			let bytes: Vec<u8> = run.vector.iter().flat_map(|part| part.to_le_bytes()).collect();
			fs::write(&path, bytes)
				.with_context(|| format!("cannot write the vector {}", path.display()))?;
		}
		let digest = run.digest.map(|digest| format!("{digest:016x}"));
		Ok(Ran { seconds: run.seconds, sweeps: Some(run.sweeps), digest })
	}
}
