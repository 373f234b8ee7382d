//! The contribution engine and its contenders, side by side: the same graphs, one run, one core.
//!
//! ```text
//!                       graphs: U to R8 × 256, 4,096, 65,536 × 64 edges, one file each
//!                          │
//!   bench-contribution ────┼──────────────┬──────────────────────┐
//!    (this process)        ▼              ▼                      ▼
//!                      bench-native    the executor           contenders.py
//!                      (a release)      of the node           (optional)
//!                      ours, csr,       wasm                  scipy, networkx,
//!                      csr-push, …                            igraph, …
//!                          └──────────────┴──────────────────────┘
//!                       round by round, in turn, one at a time
//!                          │
//!                          ├─► contribution.json   one row per graph and contender
//!                          └─► contribution.md     targets and tables
//! ```
//!
//! # Figures
//!
//! - *Solve time* is processor time of the sweeps: the median of the rounds after one that does not
//!   count. For `wasm` it is the time of a call minus that of a call without sweeps in the same round;
//!   `wasm-call` is the whole call, with handing over and packing the graph.
//! - *Ratios* are medians of the ratios within a round, so that a slow phase of the machine affects
//!   both.
//! - *Nanoseconds per edge* are solve time ÷ (sweeps × edges). The engine and `csr-push` skip rows
//!   below the threshold.
//! - *Errors* are those of the result, normalised to a sum of 1, against Algorithm 1 in `f64` to a
//!   residual of 1e-15. The largest relative error is that of a component above 2^-24 of the sum.
//! - A *digest* is [`bench_graphs::digest`]: of the payouts of 10^12 units for `ours` and `wasm`, of
//!   the bits of the normalised `f64` for others. The run fails if `ours` and `wasm` differ from each
//!   other or from the pinned digest.

mod measure;
mod report;
#[cfg(test)]
mod tests;

use bench_graphs::Shape;
use clap::Parser;
use std::path::PathBuf;

/// The residual at which the engine stops.
const RESIDUAL: f64 = 1.0 / (1u64 << contribution::RESIDUAL_BITS) as f64;

/// Edges of a row in every graph.
const EDGES_PER_ROW: usize = 64;

/// Measures the contribution engine and its contenders on the same graphs, in one run, on one core.
#[derive(Clone, Debug, Parser)]
#[command(
	name = "bench-contribution",
	version,
	after_help = "Examples:\n  \
		bench-contribution --quick\n  \
		bench-contribution --shapes Z --components 4096 --rounds 3 --python target/bench/venv/bin/python"
)]
struct Options {
	/// Shapes of graphs
	#[arg(long, value_delimiter = ',', default_values_t = Shape::ALL)]
	shapes: Vec<Shape>,

	/// Components of the graphs; each has 64 edges
	#[arg(long, value_delimiter = ',', default_value = "256,4096,65536")]
	components: Vec<usize>,

	/// Rounds that count, after one that does not; fewer for slow contenders
	#[arg(long, default_value_t = 7)]
	rounds: u32,

	/// Contenders by name [default: all]
	#[arg(long, value_delimiter = ',')]
	contenders: Vec<String>,

	/// Report, as JSON; the tables are written beside it, as Markdown
	#[arg(long, default_value = "target/bench/contribution.json")]
	out: PathBuf,

	/// Python interpreter that bench/contribution/contenders/setup.sh printed; without it there are no
	/// Python contenders
	#[arg(long)]
	python: Option<PathBuf>,

	/// Less than a minute: graphs U and Z of up to 4,096 components, 3 rounds
	#[arg(long, conflicts_with_all = ["shapes", "components", "rounds"])]
	quick: bool,
}

impl Options {
	/// The options of this command line.
	fn read(
		arguments: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
	) -> Result<Self, clap::Error> {
		let mut options = Self::try_parse_from(arguments)?;
		if options.quick {
			options.shapes = vec![Shape::U, Shape::Z];
			options.components = vec![256, 4_096];
			options.rounds = 3;
		}
		Ok(options)
	}
}

fn main() -> anyhow::Result<()> {
	let options = Options::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
	let report = measure::measure(&options)?;
	let tables = report.markdown();
	bench_report::write(&options.out, &report, &tables)?;
	println!("{tables}");
	let wrong = report.wrong_digests();
	anyhow::ensure!(
		wrong.is_empty(),
		"wrong digests of the engine's results: {}",
		wrong.join(", ")
	);
	Ok(())
}
