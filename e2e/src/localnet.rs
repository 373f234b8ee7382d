//! The run itself: start, watch, stop, judge.
//!
//! ```text
//!  start node ─► start miners ─► watch ─────────────────────────► stop ─► report, summary
//!                                 │ each half second: heads, deaths    ▲
//!                                 └ each epoch: ledger, table          │
//!                            time is up, Ctrl-C, SIGTERM, the node died┘
//! ```
//!
//! Invariants: whatever ends the run, all processes are stopped before it returns; the report is
//! written whenever the chain was ever read.

use std::{
	path::{Path, PathBuf},
	process::ExitCode,
	time::{Duration, Instant},
};

use clap::Parser;
use tokio::signal::unix::{signal, Signal, SignalKind};

use crate::{
	bit,
	chain::{Chain, Head},
	ledger::{Epoch, Ledger},
	network::{self, Network, NetworkOptions},
	node::NodeOptions,
	process::free_port,
	report::{ChainReport, ComponentReport, Report},
	table::{render, Line, Screen},
};

/// How often the chain and the processes are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Longest wait for one answer of the node.
const ANSWER: Duration = Duration::from_secs(20);
/// The port that polkadot-js apps looks at first.
const APPS_PORT: u16 = 9944;

/// A local chain and a small network of miners that learn on real text.
#[derive(Clone, Debug, Parser)]
#[command(name = "localnet", version)]
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
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// It ran as long as it should and passed, or ran without a limit and was stopped.
	Passed,
	/// It ended by itself and something was wrong.
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
	NodeDied(String),
}

/// Runs the network as `options` say; returns after every process has ended.
pub async fn run(options: Options) -> anyhow::Result<Outcome> {
	let mut screen = Screen::default();
	let mut signals = Signals::new()?;
	let started = Instant::now();
	let out = prepare_folder(&options.out)?;
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
		network = start(&mut screen, network_options) => network,
		() = signals.next() => {
			screen.line("Stopped while starting.");
			return Ok(Outcome::Interrupted);
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
	if let End::NodeDied(what) = &end {
		failures.push(what.clone());
	} else if let Err(error) = watch.observe(&chain).await {
		failures.push(format!("the last look at the chain failed: {error:#}"));
	}
	failures.append(&mut watch.deaths);
	screen.line("Stopping: miners write their checkpoints, then the node.");
	let reports = watch.components(&network);
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
	summary(&mut screen, &report, &watch);
	match end {
		// Who stops a run early does not want it judged.
		End::Signal => unmet.iter().for_each(|text| screen.line(&format!("not yet: {text}"))),
		_ => failures.extend(unmet),
	}
	failures.iter().for_each(|text| screen.line(&format!("FAILED: {text}")));
	screen.line(&format!("Report: {}", out.join("report.json").display()));
	Ok(match end {
		End::Signal if options.seconds.is_some() => Outcome::Interrupted,
		_ if failures.is_empty() => Outcome::Passed,
		_ => Outcome::Failed,
	})
}

/// Creates the folder of the run, without what an earlier run left in it.
fn prepare_folder(out: &Path) -> anyhow::Result<PathBuf> {
	let out = std::path::absolute(out)?;
	for old in ["node", "miners", "logs"] {
		match std::fs::remove_dir_all(out.join(old)) {
			Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
			_ => (),
		}
	}
	std::fs::create_dir_all(out.join("logs"))?;
	match std::fs::remove_file(out.join("report.json")) {
		Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
		_ => Ok(out),
	}
}

/// Port 9944 if it is free, so that polkadot-js apps finds the node by itself; else any.
fn apps_port() -> u16 {
	match std::net::TcpListener::bind(("127.0.0.1", APPS_PORT)) {
		Ok(_) => APPS_PORT,
		Err(_) => free_port().unwrap_or(0),
	}
}

async fn start(screen: &mut Screen, options: NetworkOptions) -> anyhow::Result<(Network, Chain)> {
	screen.line("Starting the validator; waiting for its RPC server …");
	let mut network = Network::start_node(options).await?;
	let url = network.node.url();
	let chain = Chain::connect(&url).await?;
	screen.line(&format!(
		"Node at {url}: open https://polkadot.js.org/apps/?rpc={url} to look inside."
	));
	screen.line("Waiting for the first block …");
	network::wait_for_block(&mut network.node, &chain, 1).await?;
	screen.line("Starting six miners; waiting until each serves and is registered …");
	for spec in network::specs() {
		network.start_miner(spec)?;
	}
	let mut shown = Vec::new();
	while let Some(waiting) = network.not_ready()? {
		if waiting != shown {
			screen.block(&format!("  waiting for {}", waiting.join(", ")));
			shown = waiting;
		}
		tokio::time::sleep(TICK).await;
	}
	screen.block("  all registered");
	screen.line("Waiting for the first epoch to be paid …");
	Ok((network, chain))
}

/// What is known about the running network.
struct Watch {
	started: Instant,
	first: Option<Head>,
	best: Option<Head>,
	finalized: u32,
	/// Largest distance between head and last finalised block, after the first minute's start.
	finality_lag: u32,
	ledger: Ledger,
	seconds_to_first_mint: Option<f64>,
	stakes: Vec<(u32, String, u64)>,
	deaths: Vec<String>,
}

impl Watch {
	async fn new(started: Instant, chain: &Chain) -> anyhow::Result<Self> {
		let ledger = Ledger::new(chain.parameters().await?);
		Ok(Self {
			started,
			first: None,
			best: None,
			finalized: 0,
			finality_lag: 0,
			ledger,
			seconds_to_first_mint: None,
			stakes: Vec::new(),
			deaths: Vec::new(),
		})
	}

	/// Looks again and again, prints the table of each epoch, until something ends the run.
	async fn until(
		&mut self,
		deadline: Option<Instant>,
		network: &mut Network,
		chain: &Chain,
		screen: &mut Screen,
		signals: &mut Signals,
	) -> anyhow::Result<End> {
		loop {
			let new_epochs = tokio::select! {
				new = tokio::time::timeout(ANSWER, self.observe(chain)) => new,
				() = signals.next() => return Ok(End::Signal),
			};
			for death in network.deaths() {
				screen.line(&death);
				self.deaths.push(death);
			}
			if let Some(death) = network.node_death() {
				return Ok(End::NodeDied(death));
			}
			match new_epochs {
				Ok(Ok(0)) => (),
				Ok(Ok(_)) => screen.block(&self.table(network)),
				Ok(Err(error)) => return Err(error),
				Err(_) => anyhow::bail!("the node gave no answer for {} s", ANSWER.as_secs()),
			}
			if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
				return Ok(End::TimeIsUp);
			}
			tokio::select! {
				() = tokio::time::sleep(TICK) => (),
				() = signals.next() => return Ok(End::Signal),
			}
		}
	}

	/// Reads heads, stakes and new epochs; returns how many epochs are new.
	async fn observe(&mut self, chain: &Chain) -> anyhow::Result<usize> {
		let best = chain.best().await?;
		self.finalized = chain.finalized().await?.number;
		// Finality starts with the first voting round, not with block 1.
		if self.finalized > 0 {
			let lag = best.number.saturating_sub(self.finalized);
			self.finality_lag = self.finality_lag.max(lag);
		}
		if self.first.is_none() && best.slot.is_some() {
			let first = chain.hash(1).await?;
			self.first = Some(chain.head(&first).await?);
		}
		let components = chain.components(&best.hash).await?;
		self.stakes = components.into_iter().map(|c| (c.uid, c.owner, c.stake)).collect();
		let new = self.ledger.follow(chain, &best.hash).await?;
		self.best = Some(best);
		let with_edges = |epoch: &Epoch| epoch.has_edges() && epoch.last.minted > 0;
		if self.seconds_to_first_mint.is_none() && self.ledger.epochs().iter().any(with_edges) {
			self.seconds_to_first_mint = Some(self.started.elapsed().as_secs_f64());
		}
		Ok(new)
	}

	fn components(&self, network: &Network) -> Vec<ComponentReport> {
		let reports = self.stakes.iter().filter_map(|(uid, owner, stake)| {
			let miner = network.miners.iter().find(|miner| miner.owner() == owner)?;
			let status = miner.status().unwrap_or_default();
			let epochs = self.ledger.epochs();
			let paid = epochs.iter().map(|epoch| epoch.paid_to(*uid));
			let (minted, through) = paid.fold((0u64, 0u64), |(minted, through), paid| {
				(minted + paid.minted, through + paid.through_edges)
			});
			let row = epochs.last().and_then(|epoch| epoch.row(*uid));
			Some(ComponentReport {
				uid: *uid,
				kind: miner.spec().kind.name().into(),
				stake: stake.to_string(),
				minted: minted.to_string(),
				minted_through_edges: through.to_string(),
				self_share: row.map(|row| row.self_share),
				row: row.map(|row| row.edges.clone()).unwrap_or_default(),
				perplexity_start: status.perplexity.start,
				perplexity: status.perplexity.now,
				perplexity_without_network: status.perplexity.without_network,
				perplexity_unigram: status.perplexity.unigram,
				spikes_served: status.spikes_served,
				grads_served: status.grads_served,
			})
		});
		reports.collect()
	}

	fn chain_report(&self) -> ChainReport {
		let epochs = self.ledger.epochs();
		let blocks = self.best.as_ref().map_or(0, |head| head.number);
		ChainReport {
			blocks,
			finalized: self.finalized,
			missed_slots: self.missed_slots(),
			epochs: epochs.len() as u32,
			minted: epochs.iter().map(|epoch| epoch.last.minted).sum::<u64>().to_string(),
			scheduled: epochs.iter().map(|epoch| epoch.scheduled).sum::<u64>().to_string(),
			residual: epochs.last().map_or(0, |epoch| epoch.last.residual).to_string(),
			seconds_to_first_mint: self.seconds_to_first_mint,
		}
	}

	/// Slots from the first block's to the best block's, less the blocks in them.
	fn missed_slots(&self) -> u64 {
		let slots = self.first.as_ref().and_then(|head| head.slot);
		let slots = slots.zip(self.best.as_ref().and_then(|head| head.slot));
		let (Some((first, last)), Some(best)) = (slots, &self.best) else { return 0 };
		(last - first).saturating_sub(u64::from(best.number.saturating_sub(1)))
	}

	fn table(&self, network: &Network) -> String {
		let Some(epoch) = self.ledger.epochs().last() else { return String::new() };
		let lines: Vec<Line> = self
			.components(network)
			.into_iter()
			.map(|component| {
				let paid = epoch.paid_to(component.uid);
				Line { component, minted: paid.minted, through_edges: paid.through_edges }
			})
			.collect();
		let best = self.best.as_ref().map_or(0, |head| head.number);
		format!(
			"\n{:.0} s · block {best}, {} finalised, {} slots missed · epoch {} paid {} BIT in {} \
			 sweeps{}\n{}",
			self.started.elapsed().as_secs_f64(),
			self.finalized,
			self.missed_slots(),
			epoch.last.epoch,
			bit(epoch.last.minted),
			epoch.last.sweeps,
			if epoch.reproduced { ", reproduced to the unit" } else { ", NOT REPRODUCED" },
			render(&lines),
		)
	}
}

fn summary(screen: &mut Screen, report: &Report, watch: &Watch) {
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
		screen.line(&format!("  {} {}", if target.reached { "✓" } else { "✗" }, target.text));
	}
}

/// Ctrl-C and the signal of `kill`.
struct Signals {
	interrupt: Signal,
	terminate: Signal,
	hangup: Signal,
}

impl Signals {
	fn new() -> std::io::Result<Self> {
		Ok(Self {
			interrupt: signal(SignalKind::interrupt())?,
			terminate: signal(SignalKind::terminate())?,
			hangup: signal(SignalKind::hangup())?,
		})
	}

	async fn next(&mut self) {
		tokio::select! {
			_ = self.interrupt.recv() => (),
			_ = self.terminate.recv() => (),
			_ = self.hangup.recv() => (),
		}
	}
}
