//! One JSON object per line each way; the harness asks, a contender's process answers.
//!
//! ```text
//!   {"cmd":"contenders"}                           {"contenders":["csr",…]}
//!   {"cmd":"versions"}                             {"eigentrust":"0.2.0",…}
//!   {"cmd":"load","graph":PATH}                    {"ok":true}
//!   {"cmd":"can","contender":C}                    {"can":false,"why":"…"}
//!   {"cmd":"run","contender":C,"residual":ε,       {"solve_seconds":…,"convert_seconds":…,
//!      "sweeps":null,"vector":PATH}                   "sweeps":…,"visits":…}
//!   {"cmd":"quit"}                                 (the process ends)
//! ```
//!
//! Any request may be answered `{"error":"…"}` instead. A vector is written to its file as
//! little-endian `f64`, one per component, normalised to a sum of 1.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the harness asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase", try_from = "Line")]
pub enum Request {
	/// The names of the contenders.
	Contenders,
	/// The versions of what the process is made of.
	Versions,
	/// Reads a graph file; the requests that follow are about it.
	Load {
		/// The graph file.
		graph: PathBuf,
	},
	/// Whether a contender can express the graph.
	Can {
		/// The contender.
		contender: String,
	},
	/// One solve.
	Run {
		/// The contender.
		contender: String,
		/// The residual mass to reach, as a part of all mass.
		residual: Option<f64>,
		/// The sweeps to make, instead.
		sweeps: Option<u32>,
		/// Where to write the result.
		vector: Option<PathBuf>,
	},
	/// The end.
	Quit,
}

/// A request as it is read. Reading a tagged enum would go through a value of any type, and that
/// is one that JSON's numbers do not survive in every build of `serde_json`.
#[derive(Deserialize)]
struct Line {
	cmd: String,
	graph: Option<PathBuf>,
	contender: Option<String>,
	residual: Option<f64>,
	sweeps: Option<u32>,
	vector: Option<PathBuf>,
}

impl TryFrom<Line> for Request {
	type Error = String;

	fn try_from(line: Line) -> Result<Self, String> {
		let Line { cmd, graph, contender, residual, sweeps, vector } = line;
		let contender = contender.ok_or_else(|| format!("{cmd} is of which contender?"));
		Ok(match cmd.as_str() {
			"contenders" => Self::Contenders,
			"versions" => Self::Versions,
			"load" => Self::Load { graph: graph.ok_or("load which graph?")? },
			"can" => Self::Can { contender: contender? },
			"run" => Self::Run { contender: contender?, residual, sweeps, vector },
			"quit" => Self::Quit,
			_ => return Err(format!("there is no command {cmd}")),
		})
	}
}

/// The answer to [`Request::Contenders`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contenders {
	/// Their names.
	pub contenders: Vec<String>,
}

/// The answer to [`Request::Load`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
	/// Always true: a failure is a [`Failed`].
	pub ok: bool,
}

/// The answer to [`Request::Can`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Can {
	/// Whether it can.
	pub can: bool,
	/// Why not; empty if it can.
	pub why: String,
}

/// The answer to [`Request::Run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
	/// Seconds of the sweeps.
	pub solve_seconds: f64,
	/// Seconds of turning the graph into the contender's own form.
	pub convert_seconds: f64,
	/// Sweeps made; null where a tool does not tell.
	pub sweeps: Option<u32>,
	/// Edge visits that the seconds are of, sweeps × edges.
	pub visits: Option<u64>,
	/// The digest of the payouts, of a contender that has payouts.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub digest: Option<String>,
}

/// The answer to a request that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
	/// What went wrong.
	pub error: String,
}
