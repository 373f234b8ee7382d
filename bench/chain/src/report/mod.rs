//! `chain.json` and the table of targets.
//!
//! ```text
//!   { machine, cases: [ { graph, n, …, blocks: […] } ], posting: […], sustained: {…} }
//!        │                                  every block as it was measured
//!        └─► targets(): figure, what was measured, must, aim, met     ─► Markdown, exit status
//! ```
//!
//! | module | |
//! |---|---|
//! | [`case`] | whole epochs over one graph |
//! | [`targets`] | what each figure must be, and whether it is |
//! | `tables` | Markdown |
//!
//! Invariants: a figure that was not measured is `null` here and "not measured" there, never 0 and
//! never met; every figure follows from the blocks in the same file.

pub mod case;
mod tables;
pub mod targets;

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{measure::machine::Machine, posting::Posting, sustain::Sustained};

pub use case::Case;
pub use targets::Target;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
	/// What it ran on.
	pub machine: Machine,
	/// One entry per graph and size.
	pub cases: Vec<Case>,
	/// What posting costs, by size.
	pub posting: Vec<Posting>,
	/// Minutes of posts.
	pub sustained: Option<Sustained>,
}

impl Report {
	/// Reads a report; an empty one if there is no such file.
	pub fn read(path: &Path) -> anyhow::Result<Self> {
		if !path.exists() {
			return Ok(Self::default());
		}
		let text = std::fs::read_to_string(path)
			.with_context(|| format!("could not read {}", path.display()))?;
		serde_json::from_str(&text)
			.with_context(|| format!("{} is no report of this version: remove it", path.display()))
	}

	/// Writes the report as JSON, through a temporary file so that a reader never sees half.
	pub fn write(&self, path: &Path) -> anyhow::Result<()> {
		let text = serde_json::to_string_pretty(self)? + "\n";
		let partial = path.with_extension("json.partial");
		path.parent()
			.map_or(Ok(()), std::fs::create_dir_all)
			.and_then(|()| std::fs::write(&partial, text))
			.and_then(|()| std::fs::rename(&partial, path))
			.with_context(|| format!("could not write {}", path.display()))
	}

	/// Takes a case in, in place of an earlier one of the same graph and size.
	pub fn add(&mut self, case: Case, posting: Option<Posting>) {
		let key = |case: &Case| (case.n, case.graph.clone(), case.slot_ms);
		self.cases.retain(|other| key(other) != key(&case));
		self.cases.push(case);
		self.cases.sort_by_key(key);
		if let Some(posting) = posting {
			self.posting.retain(|other| other.n != posting.n);
			self.posting.push(posting);
			self.posting.sort_by_key(|posting| posting.n);
		}
	}
}
