//! Training of the default component, beside the same model in JAX on the same core, and what attribution
//! costs.
//!
//! ```text
//!   corpus ─► Task: component, batches ──► initial.safetensors, batches.safetensors, settings.json
//!                │                                      │
//!                ▼                                      ▼
//!   bench-miner: train_step                     learning.py: the same step in JAX
//!                └─────────── round by round, in turn ──┘
//!                                  │
//!                                  ├─► miner.json   figures
//!                                  └─► miner.md     targets and tables
//! ```
//!
//! # Figures
//!
//! - *Parity* is the largest difference between the losses of both over the first 100 steps, in nats per
//!   weighted target, from the same weights on the same batches. Nothing is left out at random. The
//!   gradients of one side are written by hand and those of the other are JAX's, so that each is a check
//!   of the other. The run fails above [`report::MOST_DIFFERENCE`].
//! - *Tokens per second* are tokens of text (batch × context) by processor time: medians of the rounds. Our
//!   step includes reading the text; JAX is given token ids.
//! - *Ratios* are medians of the ratios within a round, so that a slow phase of the machine affects both.
//! - *Attribution overhead* is the time of scoring a batch, over that of the training steps between two
//!   scored batches, with 8 inputs that are features and experts and the settings that ship.
//! - *Memory* is the most that a process has held: of ours with the corpus and all batches.

mod attribution;
mod contenders;
mod report;
mod task;
#[cfg(test)]
mod tests;

use bench_report::{median, pin_to_one_core, Machine};
use bittensor_nucleus::{threads, Corpus};
use clap::Parser;
use std::path::PathBuf;

use crate::{
	contenders::{peak_bytes, Jax, Ours, Ran},
	report::{Report, Side},
	task::Task,
};

/// Measures training of the default component, on one core: beside the same model in JAX, and the overhead
/// of attribution.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench-miner", version)]
struct Options {
	/// Rounds that count; in each, both train in turn
	#[arg(long, default_value_t = 15)]
	rounds: usize,

	/// Training steps of a round
	#[arg(long, default_value_t = 100)]
	steps: usize,

	/// Folder with the corpus
	#[arg(long, default_value = "corpus")]
	corpus: PathBuf,

	/// Report, as JSON; the tables are written beside it, as Markdown
	#[arg(long, default_value = "target/bench/miner.json")]
	out: PathBuf,

	/// Python interpreter with the libraries of bench/miner/contenders/requirements.txt; without it JAX is
	/// not measured
	#[arg(long)]
	python: Option<PathBuf>,

	/// Less than half a minute: 3 rounds of 20 steps
	#[arg(long, conflicts_with_all = ["rounds", "steps"])]
	quick: bool,
}

impl Options {
	/// The options of this command line.
	fn read(
		arguments: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
	) -> Result<Self, clap::Error> {
		let mut options = Self::try_parse_from(arguments)?;
		if options.quick {
			(options.rounds, options.steps) = (3, 20);
		}
		Ok(options)
	}
}

fn main() -> anyhow::Result<()> {
	let options = Options::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
	// As in a miner.
	threads::default_to_one();
	let report = measure(&options)?;
	let tables = report.markdown();
	bench_report::write(&options.out, &report, &tables)?;
	println!("{tables}");
	// So few rounds as those of a quick run say little about speed.
	report.check(!options.quick)
}

/// Measures everything that `options` ask for.
fn measure(options: &Options) -> anyhow::Result<Report> {
	let machine = Machine::this();
	// Before anything is started, so that all threads and processes inherit it.
	let core = pin_to_one_core();
	let corpus = Corpus::load(&options.corpus)?;
	let task = Task::new(&corpus)?;
	let mut ours = Ours::new(&task)?;
	let mut jax = match &options.python {
		Some(python) => {
			let folder = options.out.with_extension("task");
			task.write(&folder)?;
			Some(Jax::start(python, &folder)?)
		}
		None => None,
	};

	let parity = task::PARITY_STEPS;
	let own_losses = ours.run(parity)?.losses;
	let losses = match &mut jax {
		Some(jax) => Some(jax.run(parity)?.losses),
		None => None,
	};
	let (mut own, mut other) = (Vec::new(), Vec::new());
	for round in 0..options.rounds {
		own.push(ours.run(options.steps)?);
		if let Some(jax) = &mut jax {
			other.push(jax.run(options.steps)?);
		}
		eprintln!("round {} of {}", round + 1, options.rounds);
	}
	let peak = peak_bytes();
	let attribution = attribution::measure(&corpus, options.rounds, options.steps)?;

	let tokens = task.tokens_per_step();
	let side = |name: &str, rounds: &[Ran], peak: Option<f64>| Side {
		name: name.into(),
		step_seconds: median(rounds.iter().map(Ran::step_seconds)),
		tokens_per_second: median(rounds.iter().map(|ran| tokens / ran.step_seconds())),
		peak_bytes: peak,
		round_step_seconds: rounds.iter().map(Ran::step_seconds).collect(),
	};
	let mut sides = vec![side("ours", &own, peak)];
	let (mut versions, mut compiled) = (Default::default(), None);
	if let Some(jax) = &jax {
		let peak = other
			.iter()
			.filter_map(|ran| ran.peak_bytes)
			.fold(None, |most, peak| Some(most.map_or(peak, |most: f64| most.max(peak))));
		sides.push(side("jax", &other, peak));
		(versions, compiled) = (jax.versions.clone(), Some(jax.compiled));
	}
	Ok(Report {
		machine,
		core,
		versions,
		compiled,
		parity: losses.map(|losses| report::Parity::new(&own_losses, &losses)),
		ratio: median(own.iter().zip(&other).map(|(a, b)| b.step_seconds() / a.step_seconds())),
		sides,
		attribution,
	})
}
