//! The run itself: start, watch, stop, judge.
//!
//! ```text
//!  start node ─► start miners ─► watch ─────────────────────────► stop ─► report, summary
//!                                 │ each half second: heads, deaths    ▲
//!                                 └ each epoch: ledger, table          │
//!                           time is up, Ctrl-C, SIGTERM, the node ended┘
//! ```
//!
//! Invariants: all processes are stopped before the run returns, for whatever reason it ends; the
//! report is written if the chain was read at least once.

mod metrics;
mod signals;
mod start;
mod validators;
mod watch;

use std::{
	path::PathBuf,
	process::ExitCode,
	time::{Duration, Instant},
};

use bittensor_client::bit;
use clap::Parser;

use crate::{
	cast::Cast, network::NetworkOptions, node::NodeOptions, report::Report, screen::Screen,
};
use signals::Signals;
use start::{apps_port, prepare_folder, start};
use watch::Watch;

/// Time between two looks at the chain and the processes.
const TICK: Duration = Duration::from_millis(500);

/// A local chain and a small network of miners that learn on real text.
#[derive(Clone, Debug, Parser)]
#[command(
	name = "localnet",
	version,
	after_help = "Examples:\n  \
		localnet --corpus corpus --out target/run\n  \
		localnet --seconds 120"
)]
pub struct Options {
	/// Stop after this many seconds and judge the run. Without it: run until Ctrl-C.
	#[arg(long, value_name = "N")]
	pub seconds: Option<u64>,
	/// Folder for the report, the logs, the chain's database and the checkpoints.
	#[arg(long, value_name = "DIR", default_value = "target/run")]
	pub out: PathBuf,
	/// Folder of text documents; one file is one document.
	#[arg(long, value_name = "DIR", default_value = "corpus")]
	pub corpus: PathBuf,
	/// A file that says which miners run [default: four members, noise and a selfish one].
	#[arg(long, value_name = "FILE")]
	pub cast: Option<PathBuf>,
	/// Run four validators at fixed ports, without miners, and print the line that joins a fifth node.
	#[arg(long, conflicts_with_all = ["corpus", "cast"])]
	pub validators: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// It ran for its time and passed, or ran without a limit and was stopped.
	Passed,
	/// It ended by itself, with a failure.
	Failed,
	/// It was stopped before its time.
	Interrupted,
}

impl Outcome {
	/// 0 if it passed, 1 if it failed, 130 (as a shell counts Ctrl-C) if it was interrupted.
	pub fn exit_code(self) -> ExitCode {
		match self {
			Self::Passed => ExitCode::SUCCESS,
			Self::Failed => ExitCode::FAILURE,
			Self::Interrupted => ExitCode::from(130),
		}
	}
}

/// Why watching ended.
enum End {
	TimeIsUp,
	Signal,
	NodeEnded(String),
}

/// Runs the network as `options` say; returns after every process has ended.
pub async fn run(options: Options) -> anyhow::Result<Outcome> {
	if options.validators {
		return validators::run(&options).await;
	}
	let mut screen = Screen::default();
	let mut signals = Signals::new()?;
	let started = Instant::now();
	let cast = match &options.cast {
		Some(path) => Cast::read(path)?,
		None => Cast::of_make_run()?,
	};
	let (out, _lock) = prepare_folder(&options.out)?;
	let corpus = std::path::absolute(&options.corpus)?;
	anyhow::ensure!(
		corpus.is_dir(),
		"{} is no folder: give the folder of text documents with --corpus DIR",
		corpus.display()
	);

	let network_options = NetworkOptions {
		node: NodeOptions {
			base_path: out.join("node"),
			log: out.join("logs/node.log"),
			rpc_port: apps_port(),
			extra: Vec::new(),
		},
		corpus,
		folder: out.clone(),
	};
	screen.line(&format!("Logs and report: {}", out.display()));
	let started_network = tokio::select! {
		network = start(&mut screen, network_options, cast.miners) => network,
		() = signals.next() => {
			screen.line("Stopped while starting: nothing was paid yet.");
			return Ok(stopped(&options));
		},
	};
	let (mut network, chain) = started_network?;

	let mut watch = Watch::new(started, &chain).await?;
	let deadline = options.seconds.map(|seconds| started + Duration::from_secs(seconds));
	let end = watch.until(deadline, &mut network, &chain, &mut screen, &mut signals).await;
	let end = match end {
		Ok(end) => end,
		Err(error) => {
			network.stop().await;
			return Err(error);
		}
	};

	// The chain is read a last time while the node still answers.
	let mut failures = Vec::new();
	if let End::NodeEnded(what) = &end {
		failures.push(what.clone());
	} else if let Err(error) = watch.observe(&chain).await {
		failures.push(format!("the last look at the chain failed: {error:#}"));
	}
	failures.append(&mut watch.deaths);
	screen.line("Stopping: miners write their checkpoints, then the node.");
	let reports = watch.components(&mut network);
	let unclean = tokio::select! {
		unclean = network.stop() => unclean,
		() = signals.next() => {
			network.kill();
			Vec::new()
		},
	};
	failures.extend(unclean);

	let report = Report { chain: watch.chain_report(), components: reports };
	report.write(&out.join("report.json"))?;
	let unmet = report.failures(watch.ledger.epochs());
	summary(&mut screen, &report, &watch, matches!(end, End::Signal));
	match end {
		// A run that is stopped early is not judged.
		End::Signal => unmet.iter().for_each(|text| screen.line(&format!("not yet: {text}"))),
		_ => failures.extend(unmet),
	}
	failures.iter().for_each(|text| screen.line(&format!("FAILED: {text}")));
	screen.line(&format!("Report: {}", out.join("report.json").display()));
	Ok(match end {
		End::Signal if failures.is_empty() || options.seconds.is_some() => stopped(&options),
		_ if failures.is_empty() => Outcome::Passed,
		_ => Outcome::Failed,
	})
}

/// The outcome of a run that a signal stopped.
fn stopped(options: &Options) -> Outcome {
	match options.seconds {
		Some(_) => Outcome::Interrupted,
		None => Outcome::Passed,
	}
}

/// Prints the figures, the targets, and what happened in two sentences. A target that was not reached
/// is no failure of a run that was stopped `early`.
fn summary(screen: &mut Screen, report: &Report, watch: &Watch, early: bool) {
	let chain = &report.chain;
	let units = |amount: &str| bit(amount.parse().unwrap_or(0));
	screen.line("");
	screen.line(&format!(
		"{} blocks in {:.0} s, {} epochs; minted {} BIT, scheduled {} BIT.",
		chain.blocks,
		watch.started.elapsed().as_secs_f64(),
		chain.epochs,
		units(&chain.minted),
		units(&chain.scheduled),
	));
	for target in report.targets(watch.ledger.epochs(), watch.finality_lag) {
		let mark = match (target.reached, early) {
			(true, _) => "✓",
			(false, true) => "–",
			(false, false) => "✗",
		};
		screen.sentence(&format!("  {mark} {}", target.text));
	}
	screen.line("");
	report.story().iter().for_each(|sentence| screen.sentence(sentence));
}

#[cfg(test)]
mod tests {
	use super::Options;
	use clap::{CommandFactory, Parser};

	#[test]
	fn the_examples_of_the_help_are_taken() {
		let help = Options::command().render_long_help().to_string();
		let (_, examples) = help.split_once("Examples:").expect("examples");
		let examples: Vec<&str> =
			examples.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
		assert!(examples.len() > 1, "{help}");
		for example in examples {
			Options::try_parse_from(example.split_whitespace()).expect(example);
		}
	}
}
