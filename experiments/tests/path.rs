//! The whole path on a tiny setting: run, stop, go on, write.

use bittensor_experiments::{
	claims, figure, page, plan::Plan, runner, store::Store, summary::Results,
};
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
	runner::run(&mut store, &jobs[..2], 1).expect("two runs");
	let finished = fs::read_to_string(&path).expect("read");
	fs::write(&path, format!("{finished}{{\"experiment\":")).expect("written");
	let mut store = Store::open(&path).expect("the cut line is dropped");
	assert_eq!(store.runs.len(), 2);
	runner::run(&mut store, &jobs, 2).expect("the others");
	let all = fs::read_to_string(&path).expect("read");
	assert!(all.starts_with(&finished) && all.lines().count() == 7, "none is run twice");
	runner::run(&mut store, &jobs, 2).expect("nothing to do");
	assert_eq!(fs::read_to_string(&path).expect("read"), all);

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
