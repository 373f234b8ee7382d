//! The committed results bear out what the documents say, and follow from the committed runs.

use bittensor_e2e::{cast::Cast, miner::Gain};
use bittensor_experiments::{
	claims, figure, inputs,
	network::{read_cast, Member, NetworkRun},
	page,
	plan::Plan,
	prose::{self, Stated},
	store::{Run, Store},
	summary::Results,
};
use bittensor_nucleus::{Config, AVERAGING};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results")
}

fn read() -> (Store, Results) {
	let path = folder().join("runs.jsonl");
	assert!(path.is_file(), "{} is missing: run `make experiment`", path.display());
	let store = Store::open(&path).expect("runs");
	let results = Results::read(&folder()).expect("the results are committed");
	(store, results)
}

#[test]
fn every_claim_of_the_documents_holds() {
	let (store, results) = read();
	let claims = claims::all(&store, &results);
	for stated in claims::STATED {
		assert!(claims.iter().any(|claim| claim.text == *stated), "unknown: {stated}");
	}
	let wrong: Vec<_> = claims.iter().filter(|claim| claim.stated && !claim.holds).collect();
	assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn results_figures_and_tables_follow_from_the_runs() {
	let (store, results) = read();
	let inputs = inputs::results(&folder()).expect("runs of inputs");
	assert_eq!(Results::of(&store, inputs), results);
	let committed = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
	assert_eq!(committed("summary.md"), page::summary(&store, &results));
	for (name, svg) in figure::all(&results) {
		assert!(committed(&name) == svg, "{name} is old: run `experiments write`");
	}
}

/// White space and minus signs are written in several ways.
fn plain(text: &str) -> String {
	text.split_whitespace().collect::<Vec<_>>().join(" ").replace('−', "-")
}

#[test]
fn the_figures_of_the_documents_are_those_of_the_results() {
	let (store, results) = read();
	let run = NetworkRun::read(&folder()).expect("a result");
	let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
	let mut missing = Vec::new();
	for Stated { name, text, documents } in prose::all(&store, &results, run.as_ref()) {
		for document in documents {
			let content = fs::read_to_string(root.join(document)).expect("a document");
			if !plain(&content).contains(&plain(&text)) {
				missing.push(format!("{document} does not say {name}: {text}"));
			}
		}
	}
	assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_committed_runs_are_those_of_the_configurations() {
	let (store, _) = read();
	let configs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs");
	let mut found = Vec::new();
	for name in ["members", "sweep", "bids", "run"] {
		let path = configs.join(name).with_extension("toml");
		let plan = Plan::read(&path, None).expect("a configuration");
		for job in plan.jobs() {
			let of_job = |run: &Run| run.is_of(&job);
			let at = store.runs.iter().position(of_job).unwrap_or_else(|| {
				panic!(
					"no run of {} at seed {}: run `make experiment`",
					job.experiment, job.settings.seed
				)
			});
			found.push(at);
		}
	}
	found.sort_unstable();
	found.dedup();
	assert_eq!(found.len(), store.runs.len(), "runs of no configuration: run `make experiment`");
}

#[test]
fn make_run_has_the_settings_of_its_experiment() {
	let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs/run.toml");
	let plan = Plan::read(&path, None).expect("a configuration");
	let config = &plan.experiments[0].settings.config;
	let cast = Cast::of_make_run().expect("a cast");
	let expected = [
		format!("--learning-rate={}", config.learning_rate),
		format!("--weight-decay={}", config.weight_decay),
		format!("--averaging={}", config.averaging),
	];
	assert_eq!(cast.learning, expected);
	let named = plan.experiments.iter().find(|one| one.name == "run, defaults");
	let (config, defaults) = (&named.expect("it").settings.config, Config::default());
	let of = |config: &Config| (config.learning_rate, config.weight_decay);
	assert_eq!(of(config), of(&defaults));
	assert_eq!(config.averaging, AVERAGING);
}

#[test]
fn the_run_over_real_processes_bears_out_its_page() {
	let committed = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
	let run = NetworkRun::read(&folder()).expect("a result").expect("it is committed");
	let wrong: Vec<_> = claims::of_network(&run).into_iter().filter(|c| !c.holds).collect();
	assert!(wrong.is_empty(), "{wrong:#?}");
	// What reaches the one in the chain comes through a component that learns itself.
	let least = |name: &str| if name == prose::CHAIN { 0.01 } else { 0.05 };
	let gains = |(member, gain): (&Member, Gain)| gain.low > least(&member.name);
	assert!(run.gains().count() == 4 && run.gains().all(gains), "{run:#?}");
	let measured = |member: &Member| member.tokens.is_some_and(|tokens| tokens >= 20_000);
	assert!(run.gains().all(|(member, _)| measured(member)), "{run:#?}");
	let cast = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs/network.toml");
	let cast = read_cast(&cast).expect("a configuration");
	assert_eq!(
		run.cast, cast,
		"the run is of another configuration: run `make experiment-network`"
	);
	assert_eq!(committed("network.md"), page::network(&run));
	for (name, svg) in figure::of_network(&run) {
		assert!(committed(&name) == svg, "{name} is old: run `experiments network`");
	}
}
