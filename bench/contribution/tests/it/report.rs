use bench_graphs::{Shape, PINNED};
use bittensor_bench_contribution::{
	compare::{median, Distance},
	markdown::render,
	options::{Options, ENGINE_EPSILON},
	report::{LeftOut, Report, Row},
};
use clap::Parser;

fn row(contender: &str, solve_seconds: f64, sweeps: u32) -> Row {
	let pinned =
		PINNED.iter().find(|pinned| pinned.shape == Shape::Z && pinned.components == 4_096);
	Row {
		graph: "Z".into(),
		n: 4_096,
		edges: 262_144,
		epsilon: ENGINE_EPSILON,
		contender: contender.into(),
		ns_per_edge: Some(solve_seconds * 1e9 / f64::from(sweeps) / 262_144.0),
		sweeps: Some(sweeps),
		solve_seconds,
		convert_seconds: None,
		ratio_scipy: None,
		ratio_csr: None,
		sweep_ratio_csr: None,
		distance: Distance { max_relative_error: 2e-8, l1: 1e-9, positions_moved: 2 },
		digest: format!("{:016x}", pinned.unwrap().digest),
		rounds: 7,
		round_seconds: vec![],
	}
}

fn report() -> Report {
	let rows = vec![
		row("ours", 0.003, 15),
		row("wasm", 0.005, 15),
		row("csr", 0.006, 30),
		row("scipy", 0.010, 30),
	];
	let mut report = Report { machine: "a processor".into(), rows, ..Report::default() };
	report.relate();
	report
}

#[test]
fn distances_of_known_vectors() {
	let reference = [0.5, 0.3, 0.2 - 1e-9, 1e-9];
	assert_eq!(Distance::between(&reference, &reference), Some(Distance::default()));
	let result = [0.5, 0.2 - 1e-9, 0.3, 1e-9];
	let distance = Distance::between(&result, &reference).unwrap();
	assert!((distance.l1 - 0.2).abs() < 1e-8);
	assert!((distance.max_relative_error - 0.5).abs() < 1e-7, "{distance:?}");
	assert_eq!(distance.positions_moved, 2);
	// The last component is below 2^-24 of the sum: twice too much is no relative error.
	let result = [0.5, 0.3, 0.2 - 2e-9, 2e-9];
	let distance = Distance::between(&result, &reference).unwrap();
	assert!(distance.max_relative_error < 1e-8, "{distance:?}");
	assert_eq!(Distance::between(&[1.0], &reference), None);
	assert_eq!(Distance::between(&[], &[]), Some(Distance::default()));
}

#[test]
fn equal_components_rank_by_uid() {
	let distance = Distance::between(&[0.25; 4], &[0.25; 4]).unwrap();
	assert_eq!(distance.positions_moved, 0);
	// The last moves to the front, and all others by one.
	let distance = Distance::between(&[0.2, 0.2, 0.2, 0.4], &[0.25; 4]).unwrap();
	assert_eq!(distance.positions_moved, 4);
}

#[test]
fn medians() {
	assert_eq!(median(&[]), None);
	assert_eq!(median(&[3.0]), Some(3.0));
	assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
	assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
}

#[test]
fn ratios_are_of_the_same_graph_and_residual() {
	let report = report();
	let wasm = report.row("wasm", "Z", 4_096, ENGINE_EPSILON).unwrap();
	let close = |ratio: Option<f64>, to: f64| (ratio.unwrap() - to).abs() < 1e-12;
	assert!(close(wasm.ratio_scipy, 0.5), "{wasm:?}");
	assert!(close(wasm.ratio_csr, 5.0 / 6.0), "{wasm:?}");
	assert!(close(wasm.sweep_ratio_csr, 5.0 / 3.0), "{wasm:?}");
	// Nothing to compare with.
	let mut other = Report { rows: vec![row("wasm", 0.005, 15)], ..Report::default() };
	other.rows.push(Row { n: 256, ..row("csr", 0.006, 30) });
	other.rows.push(Row { epsilon: 1e-6, ..row("scipy", 0.006, 30) });
	other.relate();
	assert_eq!((other.rows[0].ratio_scipy, other.rows[0].ratio_csr), (None, None));
	assert_eq!(other.rows[0].sweep_ratio_csr, None);
}

#[test]
fn a_machine_that_is_slow_for_a_round_changes_no_ratio() {
	let rounds = |contender, sweeps, round_seconds: [f64; 3]| Row {
		round_seconds: round_seconds.into(),
		..row(contender, median(&round_seconds).unwrap(), sweeps)
	};
	let mut report = Report {
		rows: vec![rounds("wasm", 15, [1.0, 10.0, 1.0]), rounds("csr", 30, [2.0, 20.0, 4.0])],
		..Report::default()
	};
	report.relate();
	// The medians alone would say 1/4.
	assert_eq!(report.rows[0].ratio_csr, Some(0.5));
	assert_eq!(report.rows[0].sweep_ratio_csr, Some(1.0));
	// Of different rounds there are only the medians.
	report.rows[0].round_seconds.pop();
	report.relate();
	assert_eq!(report.rows[0].ratio_csr, Some(0.25));
}

#[test]
fn wrong_bits_are_found() {
	assert_eq!(report().wrong_digests(), Vec::<String>::new());
	let mut report = report();
	report.rows[1].digest = "0123456789abcdef".into();
	assert_eq!(report.wrong_digests(), ["wasm on Z of 4096 to 2^-30"]);
	// Both alike, and both not what is pinned.
	report.rows[0].digest = "0123456789abcdef".into();
	assert_eq!(report.wrong_digests().len(), 2);
	// Nothing is pinned for this residual, but they must agree.
	for row in &mut report.rows {
		row.epsilon = 1e-6;
	}
	assert_eq!(report.wrong_digests(), Vec::<String>::new());
	report.rows[1].digest = "other".into();
	assert_eq!(report.wrong_digests().len(), 1);
	// Others have bits of their own.
	report.rows[2].digest = "other".into();
	assert_eq!(report.wrong_digests().len(), 1);
}

#[test]
fn the_tables_say_what_was_measured() {
	let mut report = report();
	report.left_out.push(LeftOut {
		graph: "Z".into(),
		n: 4_096,
		contender: "igraph".into(),
		why: "its self-share is the same for all components".into(),
	});
	let text = render(&report);
	for expected in [
		"Machine: a processor, any core.",
		"| wasm sweep ÷ native f64 CSR, N = 4096 | ≤ 2 | ≤ 1.5 | 1.67 (Z) | must met |",
		"| wasm solve ÷ SciPy loop, N = 4096 | ≤ 1 | ≤ 0.6 | 0.5 (Z) | aim met |",
		"| largest relative error, N = 4096 | ≤ 1.0e-6 | ≤ 5.0e-8 | 2.0e-8 (Z) | aim met |",
		"|  | Z |\n|---|---:|\n| ours |",
		"| csr | 0.76 × 30 = 6; 0.6 |",
		"| ours | 2.0e-8; 1.0e-9; 2 |",
		"- Not measured: igraph on Z-4096: its self-share is the same for all components.",
	] {
		assert!(text.contains(expected), "{expected}\n\n{text}");
	}
	// Nothing was measured at this size, so nothing is claimed.
	assert!(!text.contains("65536"), "{text}");
	report.rows[1].solve_seconds = 0.02;
	report.relate();
	assert!(render(&report).contains("| 2 (Z) | missed |"), "{}", render(&report));
}

#[test]
fn the_worst_graph_counts() {
	let mut report = report();
	let worse = report.rows.iter().map(|row| Row { graph: "D8".into(), ..row.clone() });
	report.rows.extend(worse.collect::<Vec<_>>());
	let last = report.rows.len() - 3;
	report.rows[last].solve_seconds = 0.009;
	report.relate();
	assert!(render(&report).contains("| 0.9 (D8) | must met |"), "{}", render(&report));
}

#[test]
fn an_empty_report_has_no_tables() {
	let text = render(&Report::default());
	assert!(!text.contains('|'), "{text}");
}

#[test]
fn the_report_has_the_fields_that_others_read() {
	let json = serde_json::to_value(report()).unwrap();
	let row = &json["rows"][1];
	for field in [
		"graph",
		"n",
		"edges",
		"epsilon",
		"contender",
		"ns_per_edge",
		"sweeps",
		"solve_seconds",
		"ratio_scipy",
		"ratio_csr",
		"max_relative_error",
		"l1",
		"positions_moved",
		"digest",
		"rounds",
	] {
		assert!(!row[field].is_null(), "{field}: {row}");
	}
}

#[test]
fn options_read() {
	let parse = |arguments: &[&str]| {
		Options::try_parse_from(std::iter::once(&"bench-contribution").chain(arguments))
	};
	let options = parse(&[]).unwrap();
	assert_eq!(options.shapes(), Shape::ALL);
	assert_eq!(options.components(), [256, 4_096, 65_536]);
	assert_eq!(options.epsilons(), [1e-6, ENGINE_EPSILON]);
	assert_eq!(options.markdown_path().to_str(), Some("target/bench/contribution.md"));
	assert!(options.wants("anything"));
	let options = parse(&["--shapes", "z,D8", "--contenders", "ours,csr", "--out", "x/y.json"]);
	let options = options.unwrap();
	assert_eq!(options.shapes(), [Shape::Z, Shape::D8]);
	assert!(options.wants("csr") && !options.wants("scipy"));
	assert_eq!(options.graphs_path().to_str(), Some("x/graphs"));
	assert_eq!(parse(&["--quick"]).unwrap().components(), [256, 4_096]);
	for wrong in [
		&["--shapes", "Q"][..],
		&["--epsilons", "0"],
		&["--epsilons", "2^3"],
		&["--epsilons", "nan"],
		&["--quick", "--rounds", "2"],
	] {
		assert!(parse(wrong).is_err(), "{wrong:?}");
	}
}

#[test]
fn slow_contenders_get_fewer_rounds() {
	let options = Options::try_parse_from(["bench-contribution"]).unwrap();
	let rounds = |epsilon, seconds| options.rounds(epsilon, seconds);
	assert_eq!(rounds(ENGINE_EPSILON, 0.1), 7);
	assert_eq!(rounds(1e-6, 0.1), 3);
	assert_eq!(rounds(ENGINE_EPSILON, 2.0), 3);
	assert_eq!(rounds(ENGINE_EPSILON, 60.0), 1);
	assert_eq!(rounds(1e-6, 60.0), 1);
}
