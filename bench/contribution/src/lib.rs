//! The contribution engine and its peers, side by side: the same graphs, one run, one core.
//!
//! ```text
//!                       graphs: U to R8 × 256, 4,096, 65,536 × 64 edges, one file each
//!                          │
//!   bench-contribution ────┼──────────────┬──────────────────────┐
//!    (this process)        ▼              ▼                      ▼
//!                      bench-native    the executor           peers.py
//!                      (a release)      of the node           (optional)
//!                      ours, csr,       wasm                  scipy, networkx,
//!                      csr-push, …                            igraph, …
//!                          └──────────────┴──────────────────────┘
//!                       round by round, in turn, never two at once
//!                          │
//!                          ├─► contribution.json   one row per graph, ε and contender
//!                          └─► contribution.md     tables, and what was aimed for
//! ```
//!
//! | module | |
//! |---|---|
//! | [`options`] | what to measure |
//! | [`machine`] | one core, and its name |
//! | [`child`] | the other side of the line protocol of [`bench_native::protocol`] |
//! | [`wasm`] | the engine in the node's executor |
//! | [`measure`] | the rounds |
//! | [`compare`] | how far a result is from the reference |
//! | [`report`], [`markdown`] | what is written |
//!
//! # What the figures mean
//!
//! - *Solve time* is processor time of the sweeps, median of the rounds after one that does not
//!   count. Of `wasm` it is the time of a whole call less that of a call which makes no sweep, both
//!   in the same round; `wasm-call` is the whole call, with handing over and packing the graph.
//! - *Ratios* are medians too, of the ratios within a round: a machine that is slower for a while is
//!   so for both.
//! - *Nanoseconds per edge* are solve time ÷ (sweeps × edges): a sweep's time, by the size of the
//!   graph. The engine and `csr-push` pass over rows that hold next to nothing.
//! - *ε* is the residual mass at which a solve stops, as a part of all mass.
//! - *Errors* are those of the result, normalised to a sum of 1, against Algorithm 1 in `f64` to a
//!   residual of 1e-15. The largest relative error is that of a component above 2^-24 of the sum.
//! - A *digest* is [`bench_graphs::digest`]: of the payouts of 10^12 units for `ours` and `wasm`, of
//!   the bits of the normalised `f64` for others. The run fails if those two differ from each other
//!   or from the pinned ones.

pub mod child;
pub mod compare;
pub mod machine;
pub mod markdown;
pub mod measure;
pub mod options;
pub mod report;
pub mod wasm;

use anyhow::{bail, Context};
use options::Options;
use std::{fs, path::Path};

/// Measures, writes both files and prints the tables.
///
/// # Errors
/// If something cannot be started, read or written, or if a result of the engine has other bits
/// than it must have. The files are written in the last case too.
pub fn run(options: &Options) -> anyhow::Result<()> {
	let report = measure::measure(options)?;
	let tables = markdown::render(&report);
	let json = serde_json::to_string_pretty(&report).context("cannot write the report as JSON")?;
	write(&options.out, &json)?;
	write(&options.markdown_path(), &tables)?;
	println!("{tables}");
	let wrong = report.wrong_digests();
	if !wrong.is_empty() {
		bail!("results of the engine have other bits than they must have: {}", wrong.join(", "));
	}
	Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
	if let Some(folder) = path.parent() {
		fs::create_dir_all(folder)
			.with_context(|| format!("cannot make the folder {}", folder.display()))?;
	}
	fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
