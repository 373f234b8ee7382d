//! `bench-chain`: epochs on a real node, see the [crate](bittensor_bench_chain).

use std::{future::Future, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{bail, Context};
use bench_graphs::Shape;
use bittensor_bench_chain::{
	measure::{machine::Machine, pace::Probe},
	report::Report,
	run::{say, Plan},
	spec::Template,
};
use clap::Parser;
use tokio::signal::unix::{signal, SignalKind};

/// Measure whole epochs of the emission on a real node.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
	/// Graphs, by name; the first one is posted to, too
	#[arg(long, value_delimiter = ',', default_value = "Z,U,D8,C,R,RS,R8")]
	graphs: Vec<String>,

	/// Numbers of components, up to 65,536
	#[arg(long, value_delimiter = ',', default_value = "256,4096,65536")]
	components: Vec<usize>,

	/// Edges of each row
	#[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u8).range(1..=64))]
	edges: u8,

	/// Length of a slot in milliseconds; a block may take a third of it
	#[arg(long, default_value_t = 6_000, value_name = "MS")]
	slot: u64,

	/// Blocks of an epoch
	#[arg(long, default_value_t = 4, value_name = "BLOCKS",
		value_parser = clap::value_parser!(u32).range(2..))]
	epoch: u32,

	/// Epochs to measure after the first one, which merges all rows
	#[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
	epochs: u32,

	/// Accounts that post
	#[arg(long, default_value_t = 1_000)]
	accounts: usize,

	/// Leave out merging 1 and 1,000 rows and blocks full of posts
	#[arg(long)]
	no_posting: bool,

	/// Post for so many seconds on a chain of its own; 0: leave that out
	#[arg(long, default_value_t = 300, value_name = "SECONDS")]
	sustain: u64,

	/// Length of a slot of that chain in milliseconds
	#[arg(long, default_value_t = 1_000, value_name = "MS")]
	sustain_slot: u64,

	/// One small case at 1 s slots, below a minute; fails if a solve takes more than a block or a
	/// slot is missed
	#[arg(long)]
	quick: bool,

	/// The report; with --keep, what it has of other cases stays in it
	#[arg(long, default_value = "target/bench/chain.json", value_name = "FILE")]
	out: PathBuf,

	/// Keep the other cases of an earlier report
	#[arg(long)]
	keep: bool,

	/// Write the tables as Markdown, too
	#[arg(long, value_name = "FILE")]
	markdown: Option<PathBuf>,

	/// Folder for specifications, databases (removed) and logs
	#[arg(long, default_value = "target/bench/chain", value_name = "FOLDER")]
	work: PathBuf,
}

fn main() -> ExitCode {
	let mut options = Options::parse();
	if options.quick {
		options = options.made_quick();
	}
	let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
		Ok(runtime) => runtime,
		Err(error) => {
			eprintln!("bench-chain: no async runtime: {error}");
			return ExitCode::FAILURE;
		}
	};
	match runtime.block_on(until_stopped(run(&options))) {
		Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
		Ok(failures) => {
			for failure in failures {
				eprintln!("bench-chain: {failure}");
			}
			ExitCode::FAILURE
		}
		Err(error) => {
			eprintln!("bench-chain: {error:#}");
			ExitCode::FAILURE
		}
	}
}

impl Options {
	fn made_quick(self) -> Self {
		Self {
			graphs: vec!["Z".into()],
			components: vec![256],
			slot: 1_000,
			epoch: 5,
			epochs: 2,
			no_posting: true,
			sustain: 0,
			..self
		}
	}

	fn plan(&self, slot_ms: u64, epoch_length: u32) -> Plan {
		Plan {
			edges: self.edges.into(),
			slot_ms,
			epoch_length,
			epochs: self.epochs,
			accounts: self.accounts,
			folder: self.work.clone(),
		}
	}
}

/// What `work` gives, unless somebody asks this program to stop. Then `work` is dropped, and with it
/// the nodes and their databases.
async fn until_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
	let mut terminate = signal(SignalKind::terminate())?;
	tokio::select! {
		done = work => done,
		_ = terminate.recv() => bail!("stopped"),
		interrupted = tokio::signal::ctrl_c() => {
			interrupted?;
			bail!("interrupted")
		}
	}
}

/// Runs everything; returns what must not have happened.
async fn run(options: &Options) -> anyhow::Result<Vec<String>> {
	let mut shapes = Vec::new();
	for name in &options.graphs {
		let shape: Result<Shape, _> = name.parse();
		let Ok(shape) = shape else {
			let known: Vec<&str> = Shape::ALL.iter().map(|shape| shape.name()).collect();
			bail!("there is no graph {name}; choose from {}", known.join(", "));
		};
		shapes.push(shape);
	}
	if let Some(&most) = options.components.iter().max() {
		anyhow::ensure!(
			most <= bench_graphs::MAX_COMPONENTS,
			"{most} components are more than a chain can have: {}",
			bench_graphs::MAX_COMPONENTS
		);
	}
	let mut report = if options.keep { Report::read(&options.out)? } else { Report::default() };
	report.machine = Machine::this();
	let template = Template::of_node(&options.work)?;
	let probe = Arc::new(Probe::new()?);
	let mut failures = Vec::new();

	let plan = options.plan(options.slot, options.epoch);
	for &components in &options.components {
		for &shape in &shapes {
			let with_posts = !options.no_posting
				&& shapes.first() == Some(&shape)
				&& components > options.accounts;
			let (case, posting) = plan
				.case(&template, &probe, shape, components, with_posts)
				.await
				.with_context(|| format!("{shape} with {components} components"))?;
			if options.quick {
				failures.extend(case.failures());
			}
			report.add(case, posting);
			write(&report, options)?;
		}
	}
	if options.sustain > 0 {
		let plan = options.plan(options.sustain_slot, 10);
		let sustained = plan.sustain(&template, options.sustain).await.context("posting")?;
		if let Some(why) = &sustained.first_failure {
			failures.push(format!("{} of the posts failed, first: {why}", sustained.failures));
		}
		report.sustained = Some(sustained);
		write(&report, options)?;
	}
	println!("{}", report.markdown());
	say(&format!("{} is written", options.out.display()));
	Ok(failures)
}

fn write(report: &Report, options: &Options) -> anyhow::Result<()> {
	report.write(&options.out)?;
	if let Some(path) = &options.markdown {
		std::fs::write(path, report.markdown())
			.with_context(|| format!("could not write {}", path.display()))?;
	}
	Ok(())
}
