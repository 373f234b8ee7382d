//! The `solve` example on CSV files: its results, its comparison and its errors.

#[path = "../../examples/solve/command.rs"]
mod command;
#[path = "../../examples/solve/solution.rs"]
mod solution;
#[path = "../../examples/solve/tables.rs"]
mod tables;

use clap::Parser;
use std::{fs, path::PathBuf};

const STAKES: &str = "uid,stake\n0,600\n1,400\n";
// 0 gives half to 1, and 1 gives a quarter to 2. 2 has no stake.
const EDGES: &str = "uid,target,share\n0,1,32768\n1,2,16384\n";
const TABLE: &str = "\
uid,contribution,payout
0,0.300000000000000000,300
1,0.525000000000000000,525
2,0.175000000000000000,175
";

struct Outcome {
	status: u8,
	out: String,
	err: String,
}

/// Runs the command on files with the given contents, in a folder named after the test.
fn solve(test: &str, stakes: &str, edges: &str, payouts: Option<&str>) -> Outcome {
	let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
	fs::create_dir_all(&folder).unwrap();
	let file = |name: &str, content: &str| {
		let path = folder.join(name);
		fs::write(&path, content).unwrap();
		path.display().to_string()
	};
	let stakes = file("stakes.csv", stakes);
	let edges = file("edges.csv", edges);
	let mut arguments = vec!["solve", "--stakes", &stakes, "--edges", &edges, "--sigma", "1000"];
	let payouts = payouts.map(|payouts| file("payouts.csv", payouts));
	if let Some(payouts) = &payouts {
		arguments.extend(["--payouts", payouts]);
	}
	run(&arguments)
}

fn run(arguments: &[&str]) -> Outcome {
	let arguments = command::Arguments::try_parse_from(arguments).unwrap();
	let (mut out, mut err) = (Vec::new(), Vec::new());
	let status = command::run(&arguments, &mut out, &mut err);
	Outcome { status, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// The error message for bad input. No table is printed.
fn refused(test: &str, stakes: &str, edges: &str) -> String {
	let Outcome { status, out, err } = solve(test, stakes, edges, None);
	assert_eq!((status, out.as_str()), (2, ""), "{err}");
	err
}

#[test]
fn prints_contributions_and_payouts() {
	let Outcome { status, out, err } = solve("prints", STAKES, EDGES, None);
	assert_eq!((status, out.as_str()), (0, TABLE), "{err}");
	assert!(err.starts_with("converged, sweeps: 1, ") && err.contains("1000 units paid"), "{err}");
}

#[test]
fn columns_are_found_by_name_and_rows_in_any_order() {
	let stakes = "owner, stake ,uid\nx,400, 1\ny,600,0\n";
	let edges = "share,target,uid\n16384,2,1\n32768,1,0\n";
	assert_eq!(solve("columns", stakes, edges, None).out, TABLE);
}

#[test]
fn without_stake_nobody_is_paid() {
	let Outcome { status, out, err } = solve("nobody", "uid,stake\n", EDGES, None);
	assert_eq!(status, 0);
	assert!(out.ends_with("2,0.000000000000000000,0\n"), "{out}");
	assert!(err.contains("nothing is payable"), "{err}");
	assert_eq!(solve("nothing", "uid,stake\n", "uid,target,share\n", None).status, 0);
}

#[test]
fn all_of_the_contribution_is_one() {
	let out = solve("one", "uid,stake\n0,5\n", "uid,target,share\n", None).out;
	assert_eq!(out, "uid,contribution,payout\n0,1.000000000000000000,1000\n");
}

#[test]
fn equal_payouts_agree() {
	// The output table is also a valid payouts file. Uids that were paid 0 may be missing.
	let Outcome { status, err, .. } = solve("agree", STAKES, EDGES, Some(TABLE));
	assert_eq!(status, 0, "{err}");
	assert!(err.ends_with("all 3 payouts agree\n"), "{err}");
	let longer = "uid,payout\n2,175\n1,525\n0,300\n7,0\n";
	let Outcome { status, err, .. } = solve("longer", STAKES, EDGES, Some(longer));
	assert_eq!(status, 0, "{err}");
	assert!(err.ends_with("all 8 payouts agree\n"), "{err}");
}

#[test]
fn the_first_difference_is_named() {
	for (test, payouts, message) in [
		("off", "uid,payout\n0,300\n1,524\n2,176\n", "uid 1: computed 525, paid 524 units"),
		("missing", "uid,payout\n0,300\n1,525\n", "uid 2: computed 175, paid 0 units"),
		("extra", "uid,payout\n0,300\n1,525\n2,175\n9,1\n", "uid 9: computed 0, paid 1 units"),
	] {
		let Outcome { status, out, err } = solve(test, STAKES, EDGES, Some(payouts));
		assert_eq!((status, out.as_str()), (1, TABLE));
		assert!(err.trim_end().ends_with(message), "{err}");
		assert!(!err.contains("agree"), "{err}");
	}
}

#[test]
fn bad_stakes_are_named_by_line() {
	for (test, stakes, message) in [
		("stake-twice", "uid,stake\n0,5\n1,6\n0,7\n", "stakes.csv:4: uid 0 comes twice"),
		("stake-uid", "uid,stake\n65536,5\n", "stakes.csv:2: unknown uid `65536`"),
		("stake-minus", "uid,stake\n0,5\n-1,5\n", "stakes.csv:3: unknown uid `-1`"),
		("stake-point", "uid,stake\n0,1.5\n", "stakes.csv:2: stake `1.5` is not a whole number"),
		("stake-big", "uid,stake\n0,18446744073709551616\n", "stakes.csv:2: stake `1844"),
		("stake-fields", "uid,stake\n0,5\n1\n", "stakes.csv:3: 1 fields where the header has 2"),
		("stake-header", "0,5\n1,6\n", "stakes.csv:1: no column `uid`; the header is `0,5`"),
		("stake-empty", "", "stakes.csv:1: no column `uid`"),
	] {
		let err = refused(test, stakes, EDGES);
		assert!(err.contains(message), "{err}");
	}
}

#[test]
fn bad_rows_are_named_by_line() {
	let long: String = (1..=65).map(|target| format!("0,{target},1\n")).collect();
	for (test, edges, message) in [
		("edge-self", "1,2,5\n0,3,5\n0,0,5\n", "edges.csv:4: row of uid 0: a row has no edge to"),
		("edge-twice", "0,1,5\n0,2,5\n0,1,6\n", "edges.csv:4: row of uid 0: target 1 comes twice"),
		("edge-zero", "0,1,5\n0,2,0\n", "edges.csv:3: row of uid 0: the share for target 2 is 0"),
		(
			"edge-sum",
			"0,1,40000\n1,2,5\n0,2,20000\n",
			"edges.csv:4: row of uid 0: the shares sum to 60000",
		),
		(
			"edge-big",
			"0,1,65536\n",
			"edges.csv:2: share `65536` is not a whole number from 1 to 57344",
		),
		("edge-uid", "0,1,5\n0,70000,5\n", "edges.csv:3: unknown uid `70000`"),
		("edge-from", "x,1,5\n", "edges.csv:2: unknown uid `x`"),
		("edge-fields", "0,1,5\n0,1,5,9\n", "edges.csv:3: 4 fields where the header has 3"),
		("edge-many", &long, "edges.csv:66: row of uid 0: 65 edges, at most 64"),
	] {
		let err = refused(test, STAKES, &format!("uid,target,share\n{edges}"));
		assert!(err.contains(message), "{err}");
	}
}

#[test]
fn a_file_that_is_not_there_is_named() {
	let Outcome { status, err, .. } =
		run(&["solve", "--stakes", "no-such-file", "--edges", "neither", "--sigma", "1"]);
	assert_eq!(status, 2);
	assert!(err.contains("cannot open no-such-file"), "{err}");
}

#[test]
fn sigma_is_whole_units() {
	let arguments = ["solve", "--stakes", "s", "--edges", "e", "--sigma", "0.5"];
	assert!(command::Arguments::try_parse_from(arguments).is_err());
}
