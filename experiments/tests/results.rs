//! The committed results bear out what the documents say, and follow from the committed runs.

use bittensor_experiments::{
	claims, figure, network::NetworkRun, page, store::Store, summary::Results,
};
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
	assert_eq!(Results::of(&store, results.inputs.clone()), results);
	let committed = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
	assert_eq!(committed("summary.md"), page::summary(&store, &results));
	for (name, svg) in figure::all(&results) {
		assert!(committed(&name) == svg, "{name} is old: run `experiments write`");
	}
}

#[test]
fn the_run_over_real_processes_bears_out_its_page() {
	let committed = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
	let run = NetworkRun::read(&folder()).expect("a result").expect("it is committed");
	let wrong: Vec<_> = claims::of_network(&run).into_iter().filter(|c| !c.holds).collect();
	assert!(wrong.is_empty(), "{wrong:#?}");
	assert!(run.gains().count() == 4 && run.gains().all(|(_, gain)| gain.low > 0.05), "{run:#?}");
	assert_eq!(committed("network.md"), page::network(&run));
	for (name, svg) in figure::of_network(&run) {
		assert!(committed(&name) == svg, "{name} is old: run `experiments network`");
	}
}
