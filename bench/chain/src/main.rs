//! A real node over a state of many components: the cost of whole epochs, block by block.
//!
//! ```text
//!  bench-graphs ──► state ──► spec ──► lab: validator ──blocks──► importer
//!   U Z D8 C R     native     JSON            │                       │
//!                  calls                      └──── log, Prometheus ──┴── /proc, RPC
//!                                                           │
//!      poster ──► posting, sustain                       blocks ──► epochs ──► case ──► report
//!      signed posts        │                           events and times  costs    figures   tables
//!                          └───────────────────────────────▲
//!      soak: four validators instead, under load
//! ```
//!
//! # Declared and measured
//!
//! Declared is the block's own account (`System::BlockWeight`), measured are the node's own histograms;
//! both minus an idle block of the same run. The node runs with its default settings and metrics.
//!
//! The weights were measured on one machine at one time. So an edge visit is measured during the run,
//! between blocks ([`pace`]), and stands beside each ratio: a ratio of 0.7 on a machine that takes twice
//! as long per visit means that the machine is slow, not that the weights are wrong.
//!
//! # Invariants
//!
//! - A second node imported every block that is measured.
//! - An unknown number is `null`; the time of one block is never taken for that of another.
//! - No process and no database is left behind.

mod blocks;
mod case;
mod costs;
mod epochs;
mod lab;
mod measure;
mod pace;
mod pages;
mod plan;
mod poster;
mod posting;
mod report;
mod soak;
mod spec;
mod state;
mod sustain;
#[cfg(test)]
mod tests;

use anyhow::{bail, ensure, Context};
use bench_graphs::{generate, Shape, MAX_COMPONENTS, SEED};
use bench_report::Machine;
use clap::Parser;
use std::{
	future::Future,
	path::{Path, PathBuf},
	sync::Arc,
};
use tokio::signal::unix::{signal, SignalKind};

use crate::{pace::Probe, plan::Plan, report::Report, spec::Template, state::State};

/// Edges of each row, and of each post that is not about fewer edges.
const EDGES: usize = 64;
/// Accounts that post.
const ACCOUNTS: usize = 1_000;

/// Measure whole epochs of the emission on a real node.
#[derive(Debug, Parser)]
#[command(
	name = "bench-chain",
	version,
	after_help = "Examples:\n  \
		bench-chain --quick\n  \
		bench-chain --graphs Z,R --components 4096 --epochs 3 --no-posting --sustain 0\n  \
		bench-chain --soak 600 --components 4096 --out target/bench/soak.json\n  \
		bench-chain --write-chain target/chain --components 8192"
)]
struct Options {
	/// Graphs, by name; the first one is posted to, too
	#[arg(long, value_delimiter = ',', default_value = "Z,U,D8,C,R,RS,R8")]
	graphs: Vec<Shape>,

	/// Numbers of components, up to 65,536
	#[arg(long, value_delimiter = ',', default_value = "256,4096,65536")]
	components: Vec<usize>,

	/// Epochs to measure after the first one, which merges all rows
	#[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
	epochs: u32,

	/// Leave out merging 1 and 1,000 rows and blocks full of posts
	#[arg(long)]
	no_posting: bool,

	/// Post for this many seconds on a chain with slots of 1 s; 0: leave that out
	#[arg(long, default_value_t = 300, value_name = "SECONDS")]
	sustain: u64,

	/// One small case at 1 s slots, in less than a minute; fails if a solve takes more than a block or a
	/// slot is missed
	#[arg(long)]
	quick: bool,

	/// Instead of all this, run four validators with 6 s slots: for this many seconds without load, and
	/// then with rows and transfers up to the block limit; fails if a slot is missed or finality is more
	/// than 3 blocks behind without load, or if anything is lost
	#[arg(long, value_name = "SECONDS", conflicts_with = "quick")]
	soak: Option<u64>,

	/// Only write the specification full.json of a chain of four validators to this folder: rows of 8
	/// edges, all pending, slots of 1 s, epochs of 20 blocks
	#[arg(long, value_name = "FOLDER", conflicts_with_all = ["quick", "soak"])]
	write_chain: Option<PathBuf>,

	/// Report, as JSON; the tables are written beside it, as Markdown
	#[arg(long, default_value = "target/bench/chain.json", value_name = "FILE")]
	out: PathBuf,

	/// Keep the other cases of an earlier report
	#[arg(long)]
	keep: bool,

	/// Folder for specifications, databases (removed) and logs
	#[arg(long, default_value = "target/bench/chain", value_name = "FOLDER")]
	work: PathBuf,
}

fn main() -> anyhow::Result<()> {
	let mut options = Options::parse();
	if options.quick {
		options.graphs = vec![Shape::Z];
		(options.components, options.epochs) = (vec![256], 2);
		(options.no_posting, options.sustain) = (true, 0);
	}
	let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
	if let Some(folder) = &options.write_chain {
		return write_chain(&options, folder);
	}
	let failures = match options.soak {
		Some(seconds) => runtime.block_on(until_stopped(soak(&options, seconds)))?,
		None => runtime.block_on(until_stopped(run(&options)))?,
	};
	ensure!(failures.is_empty(), "{}", failures.join("; "));
	Ok(())
}

/// The result of `work`, or an error when this program is asked to stop. Then `work` is dropped, and
/// with it the nodes and their databases.
async fn until_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
	let mut terminate = signal(SignalKind::terminate())?;
	tokio::select! {
		done = work => done,
		_ = terminate.recv() => bail!("stopped"),
		_ = tokio::signal::ctrl_c() => bail!("interrupted"),
	}
}

/// The one number of components.
fn only_components(options: &Options) -> anyhow::Result<usize> {
	let [components] = options.components[..] else { bail!("choose one --components") };
	ensure!(components <= MAX_COMPONENTS, "a chain has at most {MAX_COMPONENTS} components");
	Ok(components)
}

/// Writes a chain whose first epoch merges many rows.
fn write_chain(options: &Options, folder: &Path) -> anyhow::Result<()> {
	let graph = generate(Shape::R, only_components(options)?, 8, SEED);
	let state = State::build_on("testnet", &graph, 1_000, 20)?;
	Template::of_node(folder)?.write(&state, folder)?;
	Ok(())
}

/// Runs four validators; returns the failures.
async fn soak(options: &Options, seconds: u64) -> anyhow::Result<Vec<String>> {
	let components = only_components(options)?;
	let length = std::time::Duration::from_secs(seconds);
	let soak = soak::run(components, length, options.work.clone()).await?;
	soak.write(&options.out)?;
	println!("{}", soak.markdown());
	eprintln!("{} is written", options.out.display());
	Ok(soak.failures())
}

/// Runs everything; returns the failures.
async fn run(options: &Options) -> anyhow::Result<Vec<String>> {
	let most = options.components.iter().max().copied().unwrap_or(0);
	ensure!(most <= MAX_COMPONENTS, "a chain has at most {MAX_COMPONENTS} components");
	let mut report = if options.keep { Report::read(&options.out)? } else { Report::default() };
	report.machine = Machine::this();
	let template = Template::of_node(&options.work)?;
	let probe = Arc::new(Probe::new()?);
	let mut failures = Vec::new();
	let folder = options.work.clone();
	let (slot_ms, epoch_length) = if options.quick { (1_000, 5) } else { (6_000, 4) };
	let plan = Plan { slot_ms, epoch_length, epochs: options.epochs, folder };
	for &components in &options.components {
		for &shape in &options.graphs {
			let first = options.graphs.first() == Some(&shape);
			let with_posts = !options.no_posting && first && components > ACCOUNTS;
			let (case, posting) = plan
				.case(&template, &probe, shape, components, with_posts)
				.await
				.with_context(|| format!("{shape} with {components} components"))?;
			if options.quick {
				failures.extend(case.failures());
			}
			report.add(case, posting);
			report.write(&options.out)?;
		}
	}
	if options.sustain > 0 {
		let plan = Plan { slot_ms: 1_000, epoch_length: 10, ..plan };
		let sustained = plan.sustain(&template, options.sustain).await.context("posting")?;
		if let Some(why) = &sustained.first_failure {
			failures.push(format!("{} posts failed, the first: {why}", sustained.failures));
		}
		report.sustained = Some(sustained);
		report.write(&options.out)?;
	}
	println!("{}", report.markdown());
	eprintln!("{} is written", options.out.display());
	Ok(failures)
}
