//! The failures of a run, and the contents of its report.

use bittensor_client::{Edge, LastPayout, Row};
use bittensor_e2e::{
	economy::{of_epoch, Economy, Totals},
	ledger::{replay, Epoch, Inputs, Paid},
	miner::{Gain, LastGain},
	report::{ChainReport, ComponentReport, Report},
	table::render,
};

use crate::support::edge;

fn edges(row: &[(u32, u16)]) -> Vec<Edge> {
	row.iter().map(|&(target, share)| edge(target, share)).collect()
}

fn component(uid: u32, kind: &str, row: &[(u32, u16)]) -> ComponentReport {
	let row = edges(row);
	ComponentReport {
		uid,
		name: ["Alice", "Bob", "Eve", "Ferdie"][uid as usize].into(),
		kind: kind.into(),
		model: None,
		curve: Vec::new(),
		ended: false,
		stake: 1_001_250_000_000,
		economy: Economy {
			paid: 1_250_000_000,
			through_edges: 50_000_000,
			alone: 1_500_000_000,
			received: 60_000_000,
			given: 310_000_000,
		},
		self_share: Some(contribution::self_share(&row)),
		row,
		row_age: Some(2),
		row_live: true,
		perplexity_start: Some(310.0),
		perplexity: Some(180.5),
		perplexity_without_inputs: Some(190.25),
		perplexity_unigram: Some(300.0),
		tokens: Some(22_000),
		unknown: Some(0.125),
		twin: false,
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
	let unpaid = fault(|report, _| report.components[0].economy.through_edges = 0);
	assert_eq!(unpaid, ["nothing was minted through edges to component 0 (trainable)"]);
	// Noise may earn nothing.
	assert!(fault(|report, _| report.components[2].economy.through_edges = 0).is_empty());
	let off_schedule = fault(|report, _| report.chain.minted = "9999999999".into());
	assert!(off_schedule[0].contains("9999999999") && off_schedule.len() == 1, "{off_schedule:?}");
	assert_eq!(fault(|_, epoch| epoch.last.minted -= 1).len(), 1);
	assert_eq!(fault(|_, epoch| epoch.reproduced = false).len(), 1);
	assert_eq!(report().failures(&[]), ["no epoch was paid"]);
	let dead_twin = fault(|report, _| report.components[1].twin = true);
	assert_eq!(dead_twin, ["component 1 has a twin, and its gain was not measured"]);
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
fn the_noise_part_is_that_of_a_row_of_a_trainable_component() {
	let part = report().noise_part(&[epoch(1, 1, true)]);
	assert_eq!(part, Some(300.0 / 65_536.0));
	assert_eq!(report().noise_part(&[]), None);
}

/// A gain with its interval.
fn gain(gain: f64, error: f64) -> Gain {
	Gain {
		gain,
		low: gain - error,
		high: gain + error,
		documents: 8,
		perplexity: 100.0 * (1.0 - gain),
		twin_perplexity: 100.0,
		steps: 900,
		twin_steps: 880,
		last: None,
	}
}

#[test]
fn a_component_that_is_worse_than_its_twin_fails_the_run() {
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
	// A selfish one is judged by where it ends: at its best, it was served as a newcomer.
	for (low, reached) in [(-0.01, true), (0.01, false)] {
		let perplexity = 120.0;
		let last = LastGain {
			gain: low + 0.02,
			low,
			high: low + 0.04,
			perplexity,
			twin_perplexity: 121.0,
		};
		let mut report = with(2, Gain { last: Some(last), ..gain(0.1, 0.01) });
		report.components[2].kind = "selfish".into();
		let targets = measured(report);
		assert_eq!((targets.len(), targets[0].reached), (1, reached), "{targets:?}");
		let text = "ends at perplexity 120.0, no better than its twin after the same step (121.0)";
		assert!(targets[0].text.contains(text), "{targets:?}");
	}
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
	let component =
		"uid name kind model ended stake minted minted_through_edges stake_alone received \
	                 given self_share row row_age row_live curve twin gain perplexity_start perplexity \
	                 perplexity_without_inputs perplexity_unigram tokens unknown spikes_served grads_served \
	                 batches_sent answered";
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
fn paid_is_stake_alone_and_received_less_given() {
	let row = |row: &[(u32, u16)]| {
		let edges = edges(row);
		Some(Row { self_share: contribution::self_share(&edges), edges, ..Row::default() })
	};
	// A cycle of two, a third that both give to, and one without stake and row.
	let inputs = Inputs {
		stakes: vec![5_000, 3_000, 2_000, 0],
		rows: vec![
			row(&[(1, 20_000), (2, 10_000)]),
			row(&[(0, 30_000), (3, 8_000)]),
			row(&[]),
			None,
		],
	};
	let minted = 10_000_000_000;
	let paid = replay(&inputs, minted);
	let mut epoch = epoch(minted, minted, true);
	(epoch.inputs, epoch.paid) = (inputs, paid);
	let economies = of_epoch(&epoch);
	for (uid, economy) in economies.iter().enumerate() {
		let expected = i128::from(economy.alone) + economy.net();
		assert!((expected - i128::from(economy.paid)).abs() <= 30, "{uid}: {economy:?}");
	}
	assert_eq!(economies[0].alone, minted / 2);
	assert_eq!((economies[2].given, economies[3].given), (0, 0));
	assert!(economies[3].received.abs_diff(economies[3].paid) <= 1);
	assert!(economies[0].received > 0 && economies[2].received > 0);

	let mut totals = Totals::default();
	totals.follow(&[epoch.clone()]);
	totals.follow(&[epoch.clone(), epoch]);
	assert_eq!(totals.of(2).received, 2 * economies[2].received);
	assert_eq!(totals.of(9), Economy::default());
}

#[test]
fn the_table_fits_and_says_more_where_there_is_room() {
	let mut components = report().components;
	components[0].gain = Some(gain(0.049, 0.02));
	components[1].gain = Some(gain(0.01, 0.02));
	components[1].row_live = false;
	components[2] = ComponentReport { row_age: None, ended: true, ..components[2].clone() };
	components[0].stake = 123_456_780_000_000;
	// As it ends, and not at its best.
	let last = LastGain {
		gain: -0.115,
		low: -0.13,
		high: -0.1,
		perplexity: 1_029.0,
		twin_perplexity: 923.0,
	};
	components.push(ComponentReport {
		name: "Charlie".into(),
		gain: Some(Gain { last: Some(last), ..gain(0.1, 0.01) }),
		stake: 1_024_200_000_000,
		row_age: Some(10),
		economy: Economy {
			alone: 21_730_000_000,
			received: 103_560_000_000,
			given: 217_160_000_000,
			..Economy::default()
		},
		..component(3, "selfish", &[])
	});
	for columns in [80, 100, 120] {
		let table = render(&components, columns);
		let widest = table.lines().map(|line| line.chars().count()).max();
		assert!(widest <= Some(columns), "{widest:?} > {columns}:\n{table}");
		let parts = [
			"Alice", " 123456 ", "1001.2 ", "1.50", "0.06", "0.31", "−0.25", "live 2", "4.9 %",
			"−12 %", "−113.6",
		];
		for part in parts.into_iter().chain(["none", "old 2", "ended"]) {
			assert!(table.contains(part), "{part} is missing in\n{table}");
		}
		assert_eq!(table.contains("95 %"), columns > 80, "{table}");
		assert_eq!(table.contains("unigram"), columns > 100, "{table}");
	}
}

#[test]
fn a_run_ends_with_two_sentences() {
	let mut report = report();
	report.components.push(component(3, "selfish", &[]));
	report.components[3].economy.given = 0;
	report.components[3].answered = Some(0.1);
	let [first, second] = report.story();
	assert_eq!(
		first,
		"In 1 epoch the chain paid 5.00 BIT, and components gave 0.93 BIT of it to others that \
		 lowered their loss."
	);
	assert!(
		second.starts_with(
			"Alice and Bob (trainable) gave 0.62 BIT and received 0.12 BIT, and 95 % of the queries \
			 were answered; Ferdie (selfish) gave nothing and received 0.06 BIT, and 10 %"
		),
		"{second}"
	);
	report.components[1].gain = Some(gain(0.049, 0.02));
	assert!(
		report.story()[1].contains("the gain of Bob over its twin is 4.9 % [2.9, 6.9]"),
		"{:?}",
		report.story()
	);
}
