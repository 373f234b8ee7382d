//! Targets and tables.

use super::account::a_case;
use crate::{
	case::Case,
	epochs::Ratios,
	pace::Pace,
	posting::{FullBlock, Posting},
	report::Report,
	sustain::Sustained,
};
use bench_report::Target;

fn case(graph: &str, n: usize, change: impl FnOnce(&mut Case)) -> Case {
	let mut case = Case { graph: graph.into(), n, missed_slots: 0, ..a_case() };
	change(&mut case);
	case
}

fn over(median: f64) -> Option<Ratios> {
	Some(Ratios { least: 0.9, median, most: 2.5 })
}

fn find<'a>(targets: &'a [Target], figure: &str) -> &'a Target {
	targets.iter().find(|target| target.figure.contains(figure)).expect(figure)
}

#[test]
fn nothing_measured_is_nothing_met() {
	for target in Report::default().targets() {
		assert_eq!((target.measured, target.met), (None, [false; 2]), "{}", target.figure);
	}
	assert!(Report::default().markdown().contains("not measured"));
}

#[test]
fn targets_are_judged_by_the_worst_case() {
	let mut report = Report::default();
	report.add(case("Z", 65_536, |case| case.page_ms[2] = 9.0), None);
	report.add(
		case("R", 65_536, |case| {
			case.blocks_per_solve = 4;
			case.page_ms[2] = 20.0;
			case.declared_over_measured = Some(1.2);
			case.declared_over_author = over(1.2);
		}),
		None,
	);
	// Too small to count.
	report.add(case("Z", 256, |case| case.declared_over_measured = Some(0.1)), None);
	let targets = report.targets();
	let met = |figure| find(&targets, figure).met;
	assert_eq!(met("Begin–Sweep–Emit"), [true, true]);
	assert_eq!(met("worst graph"), [true, false]);
	assert_eq!(met("least declared"), [true, true]);
	assert_eq!(met("most declared"), [true, false]);
	assert_eq!(met("page of 256"), [true, false]);
	assert_eq!(met("slots missed"), [true, true]);
	assert_eq!(met("`post_row`"), [false, false]);
	assert_eq!(find(&targets, "least declared").measured.as_deref(), Some("1.20 (R 65536)"));
	assert_eq!(find(&targets, "worst graph").measured.as_deref(), Some("4 (R)"));
}

#[test]
fn targets_are_missed_where_they_are() {
	let mut report = Report::default();
	let missing = |case: &mut Case| {
		case.blocks_per_solve = 7;
		case.declared_over_measured = Some(0.99);
		case.declared_over_import = over(2.1);
		case.page_ms[2] = 51.0;
		case.discarded = 1;
	};
	report.add(case("Z", 65_536, missing), None);
	report.sustained = Some(Sustained { failures: 1, posts: 10, ..Sustained::default() });
	for target in report.targets().iter().filter(|target| target.measured.is_some()) {
		assert_eq!(target.met, [false; 2], "{}", target.figure);
	}
	let text = report.markdown();
	assert_eq!(text.lines().filter(|line| line.contains("| **missed**")).count(), 7, "{text}");
}

#[test]
fn one_block_with_too_little_left_misses_the_aim_only() {
	let mut report = Report::default();
	report.add(case("Z", 65_536, |case| case.declared_share_of_service = 0.71), None);
	assert_eq!(find(&report.targets(), "Begin–Sweep–Emit").met, [true, false]);
}

#[test]
fn a_ratio_stands_beside_the_pace_that_it_was_measured_at() {
	let mut report = Report::default();
	let slow = Pace { visit_ns: 3.0, weights_ns: 1.5 };
	let half = |case: &mut Case| {
		case.declared_over_measured = Some(0.7);
		case.pace = Some(slow);
		case.declared_over_import = over(0.7);
	};
	report.add(case("C", 65_536, half), None);
	report.add(case("U", 65_536, |_| ()), None);
	let least = &report.targets()[2];
	// The must is about what was measured, at whatever pace.
	assert_eq!(least.met, [false; 2]);
	assert_eq!(least.measured.as_deref(), Some("0.70 (C 65536, machine slowdown 2.00)"));
	let text = report.markdown();
	let row = |graph: &str| -> Vec<String> {
		let line = text.lines().find(|line| line.starts_with(graph)).expect(graph);
		line.split('|').map(|cell| cell.trim().into()).collect()
	};
	let column = |name: &str| row("| graph").iter().position(|cell| cell == name).expect(name);
	let (visit, adjusted) = (column("machine slowdown"), column("lower ratio, speed-adjusted"));
	assert_eq!((&*row("| C ")[visit], &*row("| C ")[adjusted]), ("2.00", "1.40"));
	assert_eq!((&*row("| U ")[visit], &*row("| U ")[adjusted]), ("–", "–"));
	assert_eq!(row("| C ")[column("declared ÷ imported")], "0.70 (0.90–2.50)");
}

#[test]
fn no_post_at_all_is_no_sustained_run() {
	let report = Report { sustained: Some(Sustained::default()), ..Report::default() };
	assert_eq!(find(&report.targets(), "sustained").met, [false; 2]);
}

#[test]
fn a_case_takes_the_place_of_its_older_self() {
	let mut report = Report::default();
	report.add(case("Z", 256, |case| case.blocks_per_solve = 5), None);
	report.add(case("U", 256, |_| ()), None);
	report.add(case("Z", 256, |_| ()), None);
	assert_eq!(report.cases.iter().map(|case| case.blocks_per_solve).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_report_reads_as_it_was_written() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let path = folder.path().join("bench/chain.json");
	assert!(Report::read(&path)?.cases.is_empty(), "no file is no report yet");
	let full = FullBlock {
		n: 4_096,
		slot_ms: 6_000,
		edges: 64,
		call_declared_ms: 0.9,
		declared_ms: 1.1,
		author_ms: Some(0.4),
		import_ms: None,
		rows_declared: 1_363,
		rows_measured: Some(3_750),
		rows_seen: 1_363,
		longest_author_ms: Some(900.0),
		missed_slots: 0,
		discarded: 0,
	};
	let posting =
		Posting { graph: "Z".into(), n: 4_096, merges: vec![a_case().merge], full: vec![full] };
	let mut report = Report::default();
	report.add(case("Z", 4_096, |_| ()), Some(posting));
	report.write(&path)?;
	let read = Report::read(&path)?;
	assert_eq!((&read.cases, &read.posting), (&report.cases, &report.posting));
	assert_eq!(find(&read.targets(), "`post_row`").met, [true, true]);
	let text = read.markdown();
	assert!(text.contains("| 64 edges       | 4096 | 6000 ms | 0.900 ms      | 1.100 ms      | 0.400 ms | –        | 1363 "), "{text}");
	assert!(
		text.contains(
			"| 40            | Z     | 4096 | 3      | 300.0 ms | 180.0 ms | 240.0 ms | 1.25 "
		),
		"{text}"
	);

	std::fs::write(&path, "{}")?;
	Report::read(&path).expect_err("another file");
	Ok(())
}
