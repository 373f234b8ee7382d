//! The result of a run over real processes is read from the report that `localnet` writes.

use bittensor_client::Edge;
use bittensor_e2e::{
	curve::Point,
	economy::Economy,
	miner::Gain,
	report::{ChainReport, ComponentReport, Report},
};
use bittensor_experiments::{claims, figure, network::NetworkRun, page};
use std::fs;

fn component(uid: u32, name: &str, kind: &str, row: &[(u32, u16)]) -> ComponentReport {
	let row: Vec<Edge> = row.iter().map(|&(target, share)| Edge { target, share }).collect();
	let learns = kind == "query";
	let curve = [(30, 900.0), (60, 700.0)].map(|(seconds, perplexity)| Point {
		seconds,
		steps: seconds * 5,
		perplexity,
	});
	ComponentReport {
		uid,
		name: name.into(),
		kind: kind.into(),
		model: Some(if learns { "cbow" } else { "use" }.into()),
		ended: false,
		stake: 1_000_000_000_000,
		economy: Economy { paid: 2_500_000_000, alone: 2_000_000_000, ..Economy::default() },
		self_share: Some(65_536 - row.iter().map(|edge| u32::from(edge.share)).sum::<u32>()),
		row,
		row_age: Some(1),
		row_live: true,
		perplexity_start: Some(1_000.0),
		perplexity: Some(700.0),
		perplexity_without_inputs: None,
		perplexity_unigram: Some(1_000.0),
		tokens: learns.then_some(20_500),
		unknown: learns.then_some(0.125),
		curve: if learns { curve.to_vec() } else { Vec::new() },
		twin: learns,
		gain: learns.then_some(Gain {
			gain: 0.1,
			low: 0.05,
			high: 0.15,
			documents: 20,
			perplexity: 700.0,
			twin_perplexity: 777.8,
			steps: 300,
			twin_steps: 300,
			last: None,
		}),
		spikes_served: 1,
		grads_served: 0,
		batches_sent: 10,
		answered: Some(1.0),
	}
}

#[test]
fn a_report_and_similarities_become_a_result_with_tables_and_figures() {
	let folder = tempfile::tempdir().expect("a folder");
	let cast = folder.path().join("network.toml");
	fs::write(&cast, "[[miner]]\nname = \"USE\"\n").expect("written");
	NetworkRun::of_folder(folder.path(), &cast).expect_err("there is no report");
	let report = Report {
		chain: ChainReport { blocks: 60, epochs: 6, minted: "1".into(), ..ChainReport::default() },
		components: vec![
			component(0, "USE", "frozen", &[]),
			component(1, "query-1", "query", &[(0, 32_768), (2, 300)]),
			component(2, "noise", "noise", &[]),
		],
	};
	report.write(&folder.path().join("report.json")).expect("written");
	let similarity = folder.path().join("similarity");
	fs::create_dir(&similarity).expect("a folder");
	let sets = r#"[{"set":"men","measure":"spearman","correlation":0.5,"known":40,"pairs":3000}]"#;
	fs::write(similarity.join("query-1.json"), sets).expect("written");
	fs::write(similarity.join("query-1-twin.json"), sets.replace("0.5", "0.25")).expect("written");

	let run = NetworkRun::of_folder(folder.path(), &cast).expect("a run");
	assert_eq!(run.cast["miner"][0]["name"], "USE");
	let query = &run.components[1];
	assert_eq!((query.profile.as_str(), query.model.as_deref()), ("query", Some("cbow")));
	assert_eq!(run.part_to(query, "frozen"), 0.5);
	assert!((run.part_to(query, "noise") - 300.0 / 65_536.0).abs() < 1e-9);
	assert_eq!(run.gains().count(), 1);
	assert!(claims::of_network(&run).iter().all(|claim| claim.holds));
	let mut harmed = run.clone();
	harmed.components[1].gain = query.gain.map(|gain| Gain { low: -0.2, high: -0.1, ..gain });
	harmed.components[1].row[1].share = 656;
	assert!(claims::of_network(&harmed).iter().all(|claim| !claim.holds));
	assert_eq!(query.similarity[0].known, 40);
	run.write(folder.path()).expect("written");
	assert_eq!(NetworkRun::read(folder.path()).expect("read"), Some(run.clone()));

	let tables = page::network(&run);
	for part in [
		"| query-1 | query | 2.50 | 2.00 |",
		"USE 50.0 %",
		"0.50 (40)",
		"| twin of query-1 | 0.25 (40) |",
		"10.0 % [5.0, 15.0] | 20500 | 12.5 % | 300 | 100.0 %",
	] {
		assert!(tables.contains(part), "{part} is not in\n{tables}");
	}
	let figures = figure::of_network(&run);
	let of = |name: &str| &figures.iter().find(|(file, _)| file == name).expect("a figure").1;
	assert_eq!(of("rows.svg").matches("marker-end").count(), 1, "exploring bids are not drawn");
	assert_eq!(of("curves.svg").matches("<polyline").count(), 1, "one component learns");
}
