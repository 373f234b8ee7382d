//! `experiments`: runs configurations, and writes results, figures and tables.

use anyhow::{bail, Context, Result};
use bittensor_experiments::{
	claims,
	compare::{Comparison, MOST},
	figure,
	inputs::{self, InputsPlan},
	network::NetworkRun,
	page,
	plan::{Job, Plan},
	pool::Pool,
	prose::{self, Stated},
	runner,
	store::Store,
	summary::Results,
};
use bittensor_nucleus::{threads, ModelFiles};
use clap::{Args, Parser, Subcommand};
use std::{
	fs,
	path::{Path, PathBuf},
};

/// What a network is worth to its members.
#[derive(Debug, Parser)]
#[command(
	name = "experiments",
	after_help = "Examples:\n  \
		experiments run experiments/configs/quick.toml --results target/experiment\n  \
		experiments write --results target/experiment"
)]
struct Cli {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
	/// Run the experiments of configuration files; finished runs are skipped.
	#[command(after_help = "Examples:\n  \
			experiments run experiments/configs/members.toml --corpus corpora --only main --seeds 2")]
	Run(RunArgs),
	/// Measure frozen encoders as inputs; finished runs are skipped.
	#[command(after_help = "Examples:\n  \
			experiments inputs experiments/configs/inputs.toml --corpus corpora --models models")]
	Inputs(InputsArgs),
	/// Write the result of a run over real processes, from the folder that `localnet` wrote.
	#[command(after_help = "Examples:\n  experiments network target/run/network")]
	Network(NetworkArgs),
	/// Write results, figures and tables from the finished runs.
	#[command(after_help = "Examples:\n  experiments write")]
	Write(Folder),
	/// Check the claims of the documents against the results.
	#[command(after_help = "Examples:\n  experiments check")]
	Check(Folder),
	/// Compare the results of this machine with the committed ones.
	#[command(after_help = "Examples:\n  experiments compare --results target/run/experiments")]
	Compare(CompareArgs),
}

#[derive(Debug, Args)]
struct CompareArgs {
	/// Folder of the committed results.
	#[arg(long, value_name = "DIR", default_value = "experiments/results")]
	with: PathBuf,
	#[command(flatten)]
	folder: Folder,
}

#[derive(Debug, Args)]
struct Folder {
	/// Folder of runs.jsonl and of all that is written.
	#[arg(long, value_name = "DIR", default_value = "experiments/results")]
	results: PathBuf,
}

#[derive(Debug, Args)]
struct AtOnce {
	/// Runs at the same time.
	#[arg(long, default_value_t = 2)]
	jobs: usize,
}

impl AtOnce {
	fn pool(&self) -> Pool {
		Pool { threads: self.jobs }
	}
}

#[derive(Debug, Args)]
struct RunArgs {
	/// Configuration files.
	#[arg(required = true)]
	configs: Vec<PathBuf>,
	/// Folder of the corpus of experiments that name none.
	#[arg(long, value_name = "DIR")]
	corpus: Option<PathBuf>,
	#[command(flatten)]
	at_once: AtOnce,
	/// Only experiments with this name (can be given several times).
	#[arg(long)]
	only: Vec<String>,
	/// Only the first seeds of every experiment.
	#[arg(long)]
	seeds: Option<usize>,
	/// Drop runs of other configurations from the file when all are finished.
	#[arg(long)]
	prune: bool,
	#[command(flatten)]
	folder: Folder,
}

#[derive(Debug, Args)]
struct InputsArgs {
	/// Configuration file.
	config: PathBuf,
	/// Folder of the corpus.
	#[arg(long, value_name = "DIR")]
	corpus: PathBuf,
	/// Folder with a folder for each model, as `bittensor-miner fetch models` makes it.
	#[arg(long, value_name = "DIR")]
	models: PathBuf,
	#[command(flatten)]
	at_once: AtOnce,
	#[command(flatten)]
	folder: Folder,
}

#[derive(Debug, Args)]
struct NetworkArgs {
	/// Folder of the run.
	run: PathBuf,
	/// The configuration that it was run with.
	#[arg(long, value_name = "FILE", default_value = "experiments/configs/network.toml")]
	cast: PathBuf,
	#[command(flatten)]
	folder: Folder,
}

fn main() -> Result<()> {
	threads::default_to_one();
	match Cli::parse().command {
		Command::Run(args) => run(&args),
		Command::Inputs(args) => inputs(&args),
		Command::Network(args) => network(&args),
		Command::Write(folder) => write(&folder),
		Command::Check(folder) => check(&folder),
		Command::Compare(args) => compare(&args),
	}
}

fn open(folder: &Folder) -> Result<Store> {
	Store::open(&folder.results.join("runs.jsonl"))
}

fn run(args: &RunArgs) -> Result<()> {
	let mut jobs: Vec<Job> = Vec::new();
	for config in &args.configs {
		let mut plan = Plan::read(config, args.corpus.as_deref())?;
		for name in &args.only {
			if !plan.experiments.iter().any(|experiment| experiment.name == *name) {
				eprintln!("{} has no experiment `{name}`", config.display());
			}
		}
		plan.experiments.retain(|e| args.only.is_empty() || args.only.contains(&e.name));
		if let Some(seeds) = args.seeds {
			plan.experiments.iter_mut().for_each(|experiment| experiment.seeds.truncate(seeds));
		}
		jobs.extend(plan.jobs());
	}
	let mut store = open(&args.folder)?;
	runner::run(&mut store, &jobs, args.at_once.pool())?;
	if args.prune {
		store.keep(&jobs)?;
	}
	Ok(())
}

fn inputs(args: &InputsArgs) -> Result<()> {
	let plan = InputsPlan::read(&args.config, Some(&args.corpus))?;
	let files = ModelFiles::below(args.models.clone());
	inputs::run(&plan, &files, &args.folder.results, args.at_once.pool())
}

fn network(args: &NetworkArgs) -> Result<()> {
	let results = &args.folder.results;
	let run = NetworkRun::of_folder(&args.run, &args.cast)?;
	run.write(results)?;
	write_network(&run, results)
}

/// Tables and figures of a run over real processes.
fn write_network(run: &NetworkRun, results: &Path) -> Result<()> {
	let tables = page::network(run);
	for (name, text) in figure::of_network(run).iter().chain([&("network.md".to_owned(), tables)]) {
		let path = results.join(name);
		fs::write(&path, text).with_context(|| path.display().to_string())?;
	}
	Ok(())
}

fn write(folder: &Folder) -> Result<()> {
	let store = open(folder)?;
	let results = Results::of(&store, inputs::results(&folder.results)?);
	results.write(&folder.results)?;
	let figures = figure::write(&results, &folder.results)?;
	let tables = page::summary(&store, &results);
	let path = folder.results.join("summary.md");
	fs::write(&path, &tables).with_context(|| path.display().to_string())?;
	let network = NetworkRun::read(&folder.results)?;
	if let Some(run) = &network {
		write_network(run, &folder.results)?;
	}
	println!("{tables}");
	println!("figures: {}\n\nstated in sentences:", figures.join(", "));
	for Stated { name, text, .. } in prose::all(&store, &results, network.as_ref()) {
		println!("  {name}: {text}");
	}
	Ok(())
}

fn check(folder: &Folder) -> Result<()> {
	let store = open(folder)?;
	let mut claims = claims::all(&store, &Results::read(&folder.results)?);
	if let Some(run) = NetworkRun::read(&folder.results)? {
		claims.extend(claims::of_network(&run));
	}
	for claim in &claims {
		let holds = if claim.holds { "yes" } else { "no " };
		let stated = if claim.stated { "stated" } else { "      " };
		println!("{holds} {stated} {} ({})", claim.text, claim.figure);
	}
	let wrong = claims.iter().filter(|claim| claim.stated && !claim.holds).count();
	if wrong > 0 {
		bail!("{wrong} claims that the documents state do not hold");
	}
	Ok(())
}

fn compare(args: &CompareArgs) -> Result<()> {
	let [ours, committed] = [&args.folder.results, &args.with].map(|folder| Results::read(folder));
	let compared = Comparison::of(&ours?, &committed?);
	let Comparison { equal, compared: all, largest, missing } = &compared;
	println!("{equal} of {all} losses equal those of {}", args.with.display());
	if let Some((name, nats)) = largest.as_ref().filter(|(_, nats)| *nats > 0.0) {
		println!("the largest difference is {nats:.1e} nats ({name}); {MOST} is allowed");
	}
	missing.iter().for_each(|name| println!("{name}"));
	if !compared.is_reproduced() {
		bail!("the committed results are not reproduced");
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::Cli;
	use clap::{CommandFactory, Parser};

	#[test]
	fn the_examples_of_every_help_are_taken() {
		let commands = Cli::command();
		let of_commands = commands.get_subcommands().cloned();
		for mut command in std::iter::once(commands.clone()).chain(of_commands) {
			let help = command.render_long_help().to_string();
			let (_, examples) = help.split_once("Examples:").expect(&help);
			for example in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
				Cli::try_parse_from(example.split_whitespace()).expect(example);
			}
		}
	}
}
