use crate::{
	measure::rounds_of,
	report::{Distance, LeftOut, Report, Row},
	Options,
};
use bench_graphs::{Shape, PINNED};
use bench_report::{median, Machine};
use clap::CommandFactory;

fn row(contender: &str, solve_seconds: f64, sweeps: u32) -> Row {
	let pinned =
		PINNED.iter().find(|pinned| pinned.shape == Shape::Z && pinned.components == 4_096);
	Row {
		graph: "Z".into(),
		n: 4_096,
		contender: contender.into(),
		ns_per_edge: Some(solve_seconds * 1e9 / f64::from(sweeps) / 262_144.0),
		sweeps: Some(sweeps),
		solve_seconds,
		distance: Distance { max_relative_error: 2e-8, l1: 1e-9, positions_moved: 2 },
		digest: format!("{:016x}", pinned.unwrap().digest),
		..Row::default()
	}
}

fn report() -> Report {
	let rows = vec![
		row("ours", 0.003, 15),
		row("wasm", 0.005, 15),
		row("csr", 0.006, 30),
		row("scipy", 0.010, 30),
	];
	let machine = Machine { cpu: "a processor".into(), ..Machine::default() };
	let mut report = Report { machine, rows, ..Report::default() };
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
fn ratios_are_of_the_same_graph() {
	let report = report();
	let wasm = report.row("wasm", "Z", 4_096).unwrap();
	let close = |ratio: Option<f64>, to: f64| (ratio.unwrap() - to).abs() < 1e-12;
	assert!(close(wasm.ratio_scipy, 0.5), "{wasm:?}");
	assert!(close(wasm.ratio_csr, 5.0 / 6.0), "{wasm:?}");
	assert!(close(wasm.sweep_ratio_csr, 5.0 / 3.0), "{wasm:?}");
	// Nothing to compare with.
	let mut other = Report { rows: vec![row("wasm", 0.005, 15)], ..Report::default() };
	other.rows.push(Row { n: 256, ..row("csr", 0.006, 30) });
	other.rows.push(Row { graph: "U".into(), ..row("scipy", 0.006, 30) });
	other.relate();
	assert_eq!((other.rows[0].ratio_scipy, other.rows[0].ratio_csr), (None, None));
	assert_eq!(other.rows[0].sweep_ratio_csr, None);
}

#[test]
fn a_machine_that_is_slow_for_a_round_changes_no_ratio() {
	let rounds = |contender, sweeps, round_seconds: [f64; 3]| Row {
		round_seconds: round_seconds.into(),
		..row(contender, median(round_seconds).unwrap(), sweeps)
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
	assert_eq!(report.wrong_digests(), ["wasm on Z of 4096"]);
	// Both alike, and both not what is pinned.
	report.rows[0].digest = "0123456789abcdef".into();
	assert_eq!(report.wrong_digests().len(), 2);
	// Nothing is pinned for this size, but they must agree.
	for row in &mut report.rows {
		row.n = 100;
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
	report.left_out = ["Z-4096", "C-4096"]
		.map(|graph| LeftOut {
			graph: graph.into(),
			contender: "igraph".into(),
			why: "its self-share is the same for all components".into(),
		})
		.into();
	report.rows.push(Row { graph: "U".into(), ..row("ours", 0.004, 17) });
	let expected = "\
Machine: a processor, any core.

Versions: .

**Targets**, each on its worst graph

| figure                                  | must     | aim      | measured   |          |
|-----------------------------------------|----------|----------|------------|----------|
| native sweep ÷ native f64 CSR, N = 4096 | ≤ 1.5    | ≤ 1.1    | 1 (Z)      | aim met  |
| wasm sweep ÷ native f64 CSR, N = 4096   | ≤ 2      | ≤ 1.5    | 1.67 (Z)   | must met |
| wasm solve ÷ SciPy loop, N = 4096       | ≤ 1      | ≤ 0.6    | 0.5 (Z)    | aim met  |
| largest relative error, N = 4096        | ≤ 1.0e-6 | ≤ 5.0e-8 | 2.0e-8 (Z) | aim met  |

**Solve to a residual of 2^-30, 4096 components**

|       | Z                  | U            |
|-------|--------------------|--------------|
| ours  | 0.76 × 15 = 3; 0.3 | 0.9 × 17 = 4 |
| wasm  | 1.27 × 15 = 5; 0.5 | –            |
| csr   | 0.76 × 30 = 6; 0.6 | –            |
| scipy | 1.27 × 30 = 10; 1  | –            |
";
	let text = report.markdown();
	assert!(text.starts_with(expected), "{text}");
	for expected in [
		"**Errors against f64, 4096 components**",
		"| ours  | 2.0e-8; 1.0e-9; 2 |",
		"- Not measured: igraph on Z-4096, C-4096: its self-share is the same for all components.\n",
	] {
		assert!(text.contains(expected), "{expected}\n\n{text}");
	}
	// Nothing was measured at this size, so nothing is claimed.
	assert!(!text.contains("65536"), "{text}");
	report.rows[1].solve_seconds = 0.02;
	report.relate();
	assert!(report.markdown().contains("| 2 (Z)      | **missed** |"), "{}", report.markdown());
}

#[test]
fn the_worst_graph_counts() {
	let mut report = report();
	let worse = report.rows.iter().map(|row| Row { graph: "D8".into(), ..row.clone() });
	report.rows.extend(worse.collect::<Vec<_>>());
	let last = report.rows.len() - 3;
	report.rows[last].solve_seconds = 0.009;
	report.relate();
	assert!(report.markdown().contains("| 0.9 (D8)    | must met "), "{}", report.markdown());
}

#[test]
fn an_empty_report_has_no_tables() {
	let text = Report::default().markdown();
	assert!(!text.contains('|'), "{text}");
}

#[test]
fn the_report_has_the_fields_that_others_read() {
	let json = serde_json::to_value(report()).unwrap();
	let row = &json["rows"][1];
	for field in [
		"graph",
		"n",
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
	] {
		assert!(!row[field].is_null(), "{field}: {row}");
	}
}

#[test]
fn options_read() {
	let parse =
		|arguments: &[&str]| Options::read(std::iter::once(&"bench-contribution").chain(arguments));
	let options = parse(&[]).unwrap();
	assert_eq!(options.shapes, Shape::ALL);
	assert_eq!((options.components, options.rounds), (vec![256, 4_096, 65_536], 7));
	let options = parse(&["--shapes", "z,D8", "--contenders", "ours,csr"]).unwrap();
	assert_eq!(options.shapes, [Shape::Z, Shape::D8]);
	assert_eq!(options.contenders, ["ours", "csr"]);
	assert_eq!(parse(&["--quick"]).unwrap().components, [256, 4_096]);
	assert!(parse(&["--shapes", "Q"]).is_err());
	assert!(parse(&["--quick", "--rounds", "2"]).is_err());
}

#[test]
fn slow_contenders_get_fewer_rounds() {
	assert_eq!([0.1, 2.0, 60.0].map(|seconds| rounds_of(7, seconds)), [7, 3, 1]);
	assert_eq!([0.1, 2.0].map(|seconds| rounds_of(0, seconds)), [1, 1]);
}

#[test]
fn the_examples_of_the_help_are_taken() {
	let help = Options::command().render_long_help().to_string();
	let (_, examples) = help.split_once("Examples:").expect("examples");
	let examples: Vec<&str> =
		examples.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
	assert!(examples.len() > 1, "{help}");
	for example in examples {
		Options::read(example.split_whitespace()).expect(example);
	}
}
