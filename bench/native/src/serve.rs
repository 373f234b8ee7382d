//! The process's side of the protocol.

use crate::{
	protocol::{Can, Contenders, Failed, Loaded, Ran, Request},
	Contender, Csr, CsrPush, Fixed128, Ours, Run, Timer, Trust, Until,
};
use anyhow::{bail, Context};
use bench_graphs::Case;
use serde::Serialize;
use std::{
	collections::BTreeMap,
	fs,
	io::{BufRead, Write},
	path::Path,
};

/// As pinned in the manifest; the crate does not tell.
const EIGENTRUST_VERSION: &str = "0.2.0";

/// A contender's name and how it is made from a graph.
type Entry = (&'static str, fn(&Case) -> Result<Box<dyn Contender>, String>);

const CONTENDERS: [Entry; 5] = [
	("ours", |case| Ok(Box::new(Ours::new(case)))),
	("csr", |case| Ok(Box::new(Csr::new(case)))),
	("csr-push", |case| Ok(Box::new(CsrPush::new(case)))),
	("eigentrust", |case| Ok(Box::new(Trust::new(case)?))),
	("fixed128", |case| Ok(Box::new(Fixed128::new(case)))),
];

/// A contender with the graph that is loaded, and the seconds of converting it; or why not.
type Made = Result<(Box<dyn Contender>, f64), String>;

/// Answers requests, one after the other.
#[derive(Default)]
pub struct Server {
	case: Option<Case>,
	/// The contenders that were asked for since the graph was loaded.
	made: BTreeMap<&'static str, Made>,
}

impl Server {
	/// The answer to a request, as JSON.
	///
	/// # Errors
	/// If it cannot be met; what follows may still be.
	pub fn answer(&mut self, request: Request) -> anyhow::Result<serde_json::Value> {
		match request {
			Request::Contenders => {
				json(&Contenders { contenders: CONTENDERS.map(|(name, _)| name.into()).into() })
			}
			Request::Versions => json(&BTreeMap::from([
				("contribution", env!("CARGO_PKG_VERSION")),
				("eigentrust", EIGENTRUST_VERSION),
			])),
			Request::Load { graph } => {
				self.made.clear();
				self.case = None;
				let bytes = fs::read(&graph)
					.with_context(|| format!("cannot read the graph file {}", graph.display()))?;
				self.case =
					Some(Case::from_bytes(&bytes).with_context(|| graph.display().to_string())?);
				json(&Loaded { ok: true })
			}
			Request::Can { contender } => {
				let why = self.made(&contender)?.as_ref().err().cloned();
				json(&Can { can: why.is_none(), why: why.unwrap_or_default() })
			}
			Request::Run { contender, residual, sweeps, vector } => {
				let until = match (residual, sweeps) {
					(_, Some(sweeps)) => Until::Sweeps(sweeps),
					(Some(residual), None) if residual > 0.0 => Until::Residual(residual),
					_ => bail!("give a residual above 0, or a number of sweeps"),
				};
				let (made, convert_seconds) = match self.made(&contender)? {
					Ok((made, seconds)) => (made, *seconds),
					Err(why) => bail!("{contender} cannot solve this graph: {why}"),
				};
				let run = made.run(until).with_context(|| contender.clone())?;
				if let Some(path) = vector {
					write_vector(&path, &run)?;
				}
				json(&Ran {
					solve_seconds: run.seconds,
					convert_seconds,
					sweeps: Some(run.sweeps),
					visits: Some(run.visits),
					digest: run.digest.map(|digest| format!("{digest:016x}")),
				})
			}
			Request::Quit => json(&Loaded { ok: true }),
		}
	}

	/// The contender of this name with the graph that is loaded.
	fn made(&mut self, contender: &str) -> anyhow::Result<&mut Made> {
		let Some((name, make)) = CONTENDERS.into_iter().find(|(name, _)| *name == contender) else {
			bail!("there is no contender {contender:?} here");
		};
		let case = self.case.as_ref().context("load a graph first")?;
		Ok(self.made.entry(name).or_insert_with(|| {
			let timer = Timer::start();
			make(case).map(|made| (made, timer.seconds()))
		}))
	}
}

/// Answers the requests of `input`, a line each, on `output`, until it ends or asks to quit.
///
/// # Errors
/// Only those of reading and writing: a request that cannot be met is answered with what is wrong.
pub fn serve(input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
	let mut server = Server::default();
	for line in input.lines() {
		let line = line.context("cannot read the next request")?;
		let request = serde_json::from_str(&line).context("not a request");
		if matches!(request, Ok(Request::Quit)) {
			return Ok(());
		}
		let answer = request.and_then(|request| server.answer(request));
		let answer = match answer {
			Ok(answer) => answer,
			Err(error) => json(&Failed { error: format!("{error:#}") })?,
		};
		writeln!(output, "{answer}").and_then(|()| output.flush()).context("cannot answer")?;
	}
	Ok(())
}

fn json(answer: &impl Serialize) -> anyhow::Result<serde_json::Value> {
	serde_json::to_value(answer).context("cannot write the answer as JSON")
}

fn write_vector(path: &Path, run: &Run) -> anyhow::Result<()> {
	let bytes: Vec<u8> = run.vector.iter().flat_map(|part| part.to_le_bytes()).collect();
	fs::write(path, bytes).with_context(|| format!("cannot write the vector {}", path.display()))
}
