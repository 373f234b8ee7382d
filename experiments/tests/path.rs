//! The whole path on a tiny setting: run, stop, go on, write.

use bittensor_experiments::{
	claims, figure,
	inputs::{self, InputsPlan},
	page,
	plan::Plan,
	pool::Pool,
	runner,
	store::Store,
	summary::{Inputs, Results},
};
use bittensor_nucleus::ModelFiles;
use std::{fs, path::Path};

const TEXT: &str = r#"
	[[experiment]]
	name = "S"
	modes = ["solo", "without", "with", "joint"]

	[experiment.settings]
	groups = ["kjv", "moby-dick"]
	members = 2
	steps = 6
	refresh = 3
	validate = 3
	validation = 16
	test = 16
	config = { vocab = 256, batch = 8, context = 8, horizon = 4, hidden = 16 }

	[[experiment]]
	name = "rate × 2"
	base = "S"
	purpose = "sweep"
	modes = ["solo"]
	settings.config = { learning_rate = 6e-3 }

	[[experiment]]
	name = "no bid"
	base = "S"
	purpose = "bids"
	modes = ["with"]
	settings.shares = [0.0, 0.0]

	[[experiment]]
	name = "a quarter"
	base = "no bid"
	settings.shares = [0.25, 0.0]
"#;

#[test]
fn finished_runs_are_kept_and_become_results() {
	let folder = tempfile::tempdir().expect("a folder");
	let config = folder.path().join("plan.toml");
	fs::write(&config, TEXT).expect("written");
	let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
	let jobs = Plan::read(&config, Some(&corpus)).expect("a plan").jobs();
	assert_eq!(jobs.len(), 7);
	let path = folder.path().join("runs.jsonl");

	// Two runs, and a line that a kill cut off.
	let mut store = Store::open(&path).expect("new");
	runner::run(&mut store, &jobs[..2], Pool { threads: 1 }).expect("two runs");
	let finished = fs::read_to_string(&path).expect("read");
	fs::write(&path, format!("{finished}{{\"experiment\":")).expect("written");
	let mut store = Store::open(&path).expect("the cut line is dropped");
	assert_eq!(store.runs.len(), 2);
	runner::run(&mut store, &jobs, Pool { threads: 2 }).expect("the others");
	let all = fs::read_to_string(&path).expect("read");
	assert!(all.starts_with(&finished) && all.lines().count() == 7, "none is run twice");
	runner::run(&mut store, &jobs, Pool { threads: 2 }).expect("nothing to do");
	assert_eq!(fs::read_to_string(&path).expect("read"), all);
	// Twins have no inputs: how an earlier version dealt with them makes no other run.
	for (n, same) in [(0, true), (1, false), (2, false), (3, true)] {
		let mut old = store.runs.iter().find(|run| run.is_of(&jobs[n])).expect("finished").clone();
		old.settings["config"]["attribution"] = serde_json::json!({ "exploring": 1 });
		old.settings["config"]["dropout"]["network"] = serde_json::json!(0.1);
		assert_eq!(old.is_of(&jobs[n]), same, "run {n}");
	}

	// Another setting is another run.
	let other = TEXT.replace("steps = 6", "steps = 7");
	fs::write(&config, other).expect("written");
	let other = Plan::read(&config, Some(&corpus)).expect("a plan").jobs();
	assert!(other.iter().all(|job| store.find(job).is_none()));

	// Two threads finish runs in any order; results are in the order of the plan.
	store.keep(&jobs).expect("kept");
	let results = Results::of(&store, Vec::new());
	assert_eq!((results.members.len(), results.sweep.len(), results.bids.len()), (2, 2, 2));
	let twin = &results.members[0];
	assert!(twin.twin_loss > 0.0 && twin.joint_loss.is_some() && twin.standard_error > 0.0);
	assert_eq!(results.bids[0].payer_gain, 0.0, "the share of nothing");
	assert_ne!(results.bids[1].others_change, 0.0, "a bid moves others");
	results.write(folder.path()).expect("written");
	assert_eq!(Results::read(folder.path()).expect("read"), results);
	let figures = figure::write(&results, folder.path()).expect("figures");
	assert_eq!(figures, ["members.svg", "sweep.svg", "bids.svg"]);
	assert!(page::summary(&store, &results).contains("| S | 1 |"));

	// A claim that is not measured does not hold.
	let claims = claims::all(&store, &results);
	let control = claims.iter().find(|claim| claim.text.starts_with("Control")).expect("a claim");
	assert!(!control.holds && control.figure == "not measured");
	fs::remove_file(folder.path().join("bids.json")).expect("removed");
	Results::read(folder.path()).expect_err("a file is missing");
}

const INPUTS: &str = r#"
	examples = 64
	epochs = 2
	validate = 5
	validation = 16
	test = 16
	seeds = [0, 1]
	sets = [["constant"]]
	targets = { subsampled = 1e-3 }

	[chain]
	examples = 32
	sets = [[], ["constant"]]

	[variants]
	"rate 1e-3" = { learning_rate = 1e-3 }
	"rate 4e-3" = { learning_rate = 4e-3 }

	[config]
	vocab = 256
	batch = 8
	context = 8
	horizon = 4
	hidden = 16
"#;

#[test]
fn encoders_and_chains_are_measured_against_the_best_twin() {
	let folder = tempfile::tempdir().expect("a folder");
	let config = folder.path().join("inputs.toml");
	let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
	let run = |text: &str| {
		fs::write(&config, text).expect("written");
		let plan = InputsPlan::read(&config, Some(&corpus)).expect("a plan");
		inputs::run(&plan, &ModelFiles::default(), folder.path(), Pool { threads: 2 })
			.expect("runs");
		inputs::results(folder.path()).expect("results")
	};
	let lines = || -> Vec<serde_json::Value> {
		let text = fs::read_to_string(folder.path().join("input-runs.jsonl")).expect("read");
		text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
	};
	let results = run(INPUTS);
	let names: Vec<&str> = results.iter().map(|one| &*one.inputs[0]).collect();
	assert_eq!(names, ["constant", "trainable", "trainable ← constant"]);
	// Two variants of the twin at the first seed, one at the second; three others at both.
	assert_eq!(lines().len(), 9);
	let best = |variant: &str| {
		let twin = |run: &&serde_json::Value| {
			run["inputs"] == serde_json::json!([]) && run["seed"] == 0 && run["variant"] == variant
		};
		lines().iter().find(twin).and_then(|run| run["validation"].as_f64()).expect("a twin")
	};
	let used = lines().last().expect("a run")["variant"].clone();
	let other = if used == "rate 1e-3" { "rate 4e-3" } else { "rate 1e-3" };
	assert!(best(used.as_str().expect("a name")) <= best(other), "validation text decides");
	for one in &results {
		assert!(one.low < one.gain && one.gain < one.high, "{one:?}");
		assert!((one.gain - (1.0 - one.perplexity / one.twin_perplexity)).abs() < 1e-6, "{one:?}");
	}
	// Vectors that never vary are no input: those of the middle component are what is worth something.
	assert!(results[0].gain.abs() < results[1].gain.abs(), "{results:?}");

	assert_eq!(run(INPUTS), results);
	assert_eq!(lines().len(), 9, "none is run twice");
	// A line that a kill cut off is run again.
	let path = folder.path().join("input-runs.jsonl");
	let text = fs::read_to_string(&path).expect("read");
	fs::write(&path, &text[..text.len() - 9]).expect("written");
	assert_eq!(run(INPUTS), results);
	assert_eq!(lines().len(), 9);
	// Other examples of the middle component are other chains, which take the place of the old ones, and
	// the same of all else.
	let before = lines();
	let others = run(&INPUTS.replace("examples = 32", "examples = 40"));
	let kept = lines();
	assert_eq!(kept.len(), 9);
	assert_eq!(kept.iter().filter(|run| before.contains(run)).count(), 5);
	assert!(others[0] == results[0] && others[1] != results[1], "{others:?}");
}

#[test]
fn a_chain_is_compared_with_the_encoders_that_it_ends_in() {
	let one = |names: &[&str], gain: f64| Inputs {
		inputs: names.iter().map(|name| (*name).to_owned()).collect(),
		target: "plain".into(),
		examples: 100,
		twin_perplexity: 100.0,
		perplexity: 100.0 * (1.0 - gain),
		gain,
		low: gain - 0.01,
		high: gain + 0.01,
		tokens: 20_000,
		unknown: 0.1,
	};
	let folder = tempfile::tempdir().expect("a folder");
	let store = Store::open(&folder.path().join("runs.jsonl")).expect("new");
	let claim = |chain: f64| {
		let inputs = vec![
			one(&["use"], 0.2),
			one(&["use", "minilm", "glove"], 0.25),
			one(&["trainable"], 0.01),
			one(&["trainable ← use"], chain),
		];
		let results = Results { inputs, ..Results::default() };
		let table = page::summary(&store, &results);
		assert!(table.contains(&format!("| {:.1} % |", 100.0 * chain / 0.2)), "{table}");
		let claims = claims::all(&store, &results);
		let part = |text: &str| {
			let found = claims.iter().find(|claim| claim.text.contains(text)).expect("a claim");
			(found.holds, found.figure.clone())
		};
		assert!(part("at least 5 %, all words").0);
		assert_eq!(part("at least 10 %").1, "not measured", "the subsampled target");
		part("A chain to USE")
	};
	assert_eq!(claim(0.13), (false, "0.6500".into()));
	assert_eq!(claim(0.15), (true, "0.7500".into()));
}
