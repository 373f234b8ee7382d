//! The failures of a run, and the contents of its report.

use bittensor_client::{Edge, LastPayout, Row};
use bittensor_e2e::{
	ledger::{Epoch, Inputs, Paid},
	miner::Gain,
	report::{ChainReport, ComponentReport, Report},
	table::{render, Line},
};

use crate::support::edge;

fn edges(row: &[(u32, u16)]) -> Vec<Edge> {
	row.iter().map(|&(target, share)| edge(target, share)).collect()
}

fn component(uid: u32, kind: &str, row: &[(u32, u16)]) -> ComponentReport {
	let row = edges(row);
	ComponentReport {
		uid,
		kind: kind.into(),
		stake: "1001250000000".into(),
		minted: "1250000000".into(),
		minted_through_edges: "50000000".into(),
		self_share: Some(contribution::self_share(&row)),
		row,
		perplexity_start: Some(310.0),
		perplexity: Some(180.5),
		perplexity_without_inputs: Some(190.25),
		perplexity_unigram: Some(300.0),
		gain: None,
		spikes_served: 12,
		grads_served: 7,
		batches_sent: 1_200,
		answered: Some(0.95),
	}
}

fn report() -> Report {
	Report {
		chain: ChainReport {
			blocks: 180,
			finalized: 178,
			missed_slots: 3,
			epochs: 1,
			minted: "10000000000".into(),
			scheduled: "10000000000".into(),
			residual: "12".into(),
			seconds_to_first_mint: Some(48.5),
		},
		components: vec![
			component(0, "trainable", &[(1, 6_000), (2, 300)]),
			component(1, "trainable", &[(0, 3_000)]),
			component(2, "noise", &[]),
		],
	}
}

fn epoch(minted: u64, scheduled: u64, reproduced: bool) -> Epoch {
	let row = |row: &[(u32, u16)]| Some(Row { edges: edges(row), ..Row::default() });
	Epoch {
		last: LastPayout {
			epoch: 3,
			minted,
			components: 3,
			sweeps: 9,
			residual: 12,
			paid_at: 31,
			parent: [0; 32],
			started_at: 31,
		},
		scheduled,
		inputs: Inputs {
			stakes: vec![1, 1, 1],
			rows: vec![row(&[(1, 6_000), (2, 300)]), row(&[(0, 3_000)]), row(&[])],
		},
		paid: vec![Paid { minted: minted / 2, through_edges: 5 }; 2],
		reproduced,
	}
}

#[test]
fn a_healthy_run_has_no_failures() {
	let epochs = [epoch(10_000_000_000, 10_000_000_000, true)];
	assert_eq!(report().failures(&epochs), Vec::<String>::new());
	let missed: Vec<_> =
		report().targets(&epochs, 2).into_iter().filter(|target| !target.reached).collect();
	// One epoch is too few; all other targets are reached.
	assert_eq!(missed.len(), 1, "{missed:?}");
	assert!(missed[0].text.contains("epochs"), "{missed:?}");
}

/// Applies one fault and returns what the report says about it.
fn fault(change: impl FnOnce(&mut Report, &mut Epoch)) -> Vec<String> {
	let mut report = report();
	let mut epoch = epoch(10_000_000_000, 10_000_000_000, true);
	change(&mut report, &mut epoch);
	report.failures(&[epoch])
}

#[test]
fn each_fault_is_a_failure_of_its_own() {
	let never_posted = fault(|report, _| report.components[1].self_share = None);
	assert_eq!(never_posted, ["component 1 (trainable) never posted"]);
	let unpaid = fault(|report, _| report.components[0].minted_through_edges = "0".into());
	assert_eq!(unpaid, ["nothing was minted through edges to component 0 (trainable)"]);
	// Noise may earn nothing.
	assert!(fault(|report, _| report.components[2].minted_through_edges = "0".into()).is_empty());
	let off_schedule = fault(|report, _| report.chain.minted = "9999999999".into());
	assert!(off_schedule[0].contains("9999999999") && off_schedule.len() == 1, "{off_schedule:?}");
	assert_eq!(fault(|_, epoch| epoch.last.minted -= 1).len(), 1);
	assert_eq!(fault(|_, epoch| epoch.reproduced = false).len(), 1);
	assert_eq!(report().failures(&[]), ["no epoch was paid"]);
}

#[test]
fn a_selfish_component_that_is_served_like_the_others_is_a_failure() {
	let selfish = |answered, batches_sent| {
		fault(|report, _| {
			let selfish = component(3, "selfish", &[]);
			report.components[1].answered = Some(0.8);
			report.components.push(ComponentReport {
				answered: Some(answered),
				batches_sent,
				..selfish
			});
		})
	};
	assert_eq!(
		selfish(0.79, 1_200),
		["component 3 (selfish) bids for nobody and got 79 % of its answers; those that bid got 80 % \
		  or more"]
	);
	assert!(selfish(0.5, 1_200).is_empty());
	// Within the grace of a newcomer it is served like all.
	assert!(selfish(0.99, 500).is_empty());
}

#[test]
fn the_noise_part_counts_what_trainable_components_give() {
	let part = report().noise_part(&[epoch(1, 1, true)]);
	assert_eq!(part, Some(300.0 / 9_300.0));
	assert_eq!(report().noise_part(&[]), None);
}

#[test]
fn a_component_that_is_worse_than_its_twin_fails_the_run() {
	let gain = |gain: f64, error: f64| Gain {
		gain,
		low: gain - error,
		high: gain + error,
		documents: 8,
		perplexity: 100.0 * (1.0 - gain),
		twin_perplexity: 100.0,
		steps: 900,
		twin_steps: 880,
	};
	let with = |uid: usize, gain: Gain| {
		let mut report = report();
		report.components[uid].gain = Some(gain);
		report
	};
	let epochs = [epoch(10_000_000_000, 10_000_000_000, true)];
	let worse = with(0, gain(-0.05, 0.02)).failures(&epochs);
	assert_eq!(worse.len(), 1);
	assert!(worse[0].contains("gain -5.0 % [-7.0, -3.0]"), "{worse:?}");
	for harmless in [gain(-0.05, 0.06), gain(0.05, 0.02)] {
		assert_eq!(with(0, harmless).failures(&epochs), Vec::<String>::new());
	}
	assert_eq!(with(2, gain(-0.5, 0.01)).failures(&epochs), Vec::<String>::new(), "the noise");
	let measured = |report: Report| {
		let targets = report.targets(&epochs, 2);
		targets.into_iter().filter(|t| t.text.contains("its twin")).collect::<Vec<_>>()
	};
	let targets = measured(with(1, gain(0.01, 0.02)));
	assert_eq!(targets.len(), 1);
	assert!(!targets[0].reached && targets[0].text.contains("none measured"), "{targets:?}");
	assert!(measured(with(1, gain(0.03, 0.02)))[0].reached);
}

#[test]
fn amounts_are_decimal_strings_and_the_keys_are_fixed() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let path = folder.path().join("report.json");
	report().write(&path)?;
	let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
	let keys = |value: &serde_json::Value| {
		let object = value.as_object().expect("an object");
		object.keys().cloned().collect::<std::collections::BTreeSet<_>>()
	};
	let set = |names: &str| names.split(' ').map(String::from).collect();
	assert_eq!(keys(&json), set("chain components"));
	let chain = "blocks finalized missed_slots epochs minted scheduled residual \
	             seconds_to_first_mint";
	assert_eq!(keys(&json["chain"]), set(chain));
	let component = "uid kind stake minted minted_through_edges self_share row perplexity_start \
	                 perplexity perplexity_without_inputs perplexity_unigram gain spikes_served \
	                 grads_served batches_sent answered";
	assert_eq!(keys(&json["components"][0]), set(component));
	assert_eq!(json["components"][0]["minted"], "1250000000");
	assert_eq!(
		json["components"][0]["row"],
		serde_json::json!([
			{ "target": 1, "share": 6_000 },
			{ "target": 2, "share": 300 },
		])
	);
	Ok(())
}

#[test]
fn the_table_shows_the_strongest_bid_for_each() {
	let report = report();
	let lines = report.components.into_iter().map(|component| Line {
		component,
		minted: 1_000_000_000,
		through_edges: 250_000_000,
	});
	let table = render(&lines.collect::<Vec<_>>()).to_string();
	// 1's bid is the only one for 0; 0 bids for 1 and for 2.
	for expected in ["← 1: 4.6 %", "← 0: 9.2 %", "← 0: 0.5 %", "0.2500", "1001.2500", "180.5"]
	{
		assert!(table.contains(expected), "{expected} is missing in\n{table}");
	}
}
