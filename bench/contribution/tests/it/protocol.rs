use bench_graphs::{generate, Shape, SEED};
use bench_native::serve;
use bittensor_bench_contribution::child::Child;
use serde_json::{json, Value};
use std::{fs, path::PathBuf, process::Command};

/// A file of this test program, away from those of other tests.
fn file(name: &str) -> PathBuf {
	PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The answers of bench-native to these lines.
fn answers(lines: &[Value]) -> Vec<Value> {
	let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
	let mut output = Vec::new();
	serve(input.as_bytes(), &mut output).unwrap();
	let output = String::from_utf8(output).unwrap();
	output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A process that answers each request with `answer`.
fn always(answer: &str) -> Child {
	let mut command = Command::new("sh");
	command.args(["-c", &format!("while read -r line; do echo '{answer}'; done")]);
	Child::start("stub", command).unwrap()
}

#[test]
fn native_answers_each_request() {
	let (graph, vector) = (file("protocol.graph"), file("protocol.f64"));
	let case = generate(Shape::U, 40, 8, SEED);
	fs::write(&graph, case.to_bytes()).unwrap();
	let answers = answers(&[
		json!({"cmd": "contenders"}),
		json!({"cmd": "load", "graph": graph}),
		json!({"cmd": "can", "contender": "csr"}),
		json!({"cmd": "run", "contender": "csr", "residual": 1e-6, "sweeps": null, "vector": vector}),
		json!({"cmd": "run", "contender": "ours", "residual": null, "sweeps": 3, "vector": null}),
		json!({"cmd": "versions"}),
		json!({"cmd": "quit"}),
		json!({"cmd": "contenders"}),
	]);
	assert_eq!(answers.len(), 6, "nothing is answered after quit");
	assert_eq!(
		answers[0]["contenders"],
		json!(["ours", "csr", "csr-push", "eigentrust", "fixed128"])
	);
	assert_eq!(answers[1], json!({"ok": true}));
	assert_eq!(answers[2], json!({"can": true, "why": ""}));
	let sweeps = answers[3]["sweeps"].as_u64().unwrap();
	// d = 1/2: 2^-20 is the first power below 1e-6.
	assert_eq!(sweeps, 20);
	assert_eq!(answers[3]["visits"], json!(sweeps * 320));
	assert!(answers[3]["solve_seconds"].as_f64().unwrap() > 0.0);
	assert_eq!(fs::read(&vector).unwrap().len(), 40 * 8);
	assert_eq!(answers[4]["sweeps"], json!(3));
	assert_eq!(answers[4]["digest"].as_str().unwrap().len(), 16);
	assert_eq!(answers[5]["eigentrust"], json!("0.2.0"));
}

#[test]
fn native_goes_on_after_a_bad_request() {
	let graph = file("malformed.graph");
	fs::write(&graph, b"BTGRAPH1 and no more").unwrap();
	let answers = answers(&[
		json!({"cmd": "run", "contender": "csr", "residual": 1e-6}),
		json!({"cmd": "load", "graph": graph}),
		json!({"cmd": "load", "graph": file("missing.graph")}),
		json!({"cmd": "can", "contender": "abacus"}),
		json!({"cmd": "dance"}),
		json!("run"),
		json!({"cmd": "contenders"}),
	]);
	for (at, says) in
		["load a graph", "malformed.graph", "missing.graph", "abacus", "not a request", "request"]
			.into_iter()
			.enumerate()
	{
		let error = answers[at]["error"].as_str().unwrap();
		assert!(error.contains(says), "{at}: {error}");
	}
	assert!(answers[6]["contenders"].is_array());
}

#[test]
fn the_other_side_reads_answers_and_errors() {
	let mut child = always(r#"{"contenders":["a","b"]}"#);
	assert_eq!(child.contenders().unwrap(), ["a", "b"]);
	assert!(child.load("x".as_ref()).is_err(), "an answer to something else");
	let mut child = always(r#"{"error":"out of beads"}"#);
	let error = child.solve("abacus", 1e-6, None).unwrap_err();
	assert_eq!(error.to_string(), "stub: out of beads");
	let mut child = always(r#"{"can":false,"why":"no"}"#);
	assert_eq!(child.refuses("abacus").unwrap(), Some("no".into()));
	let mut child = always(
		r#"{"solve_seconds":1.5,"convert_seconds":0.5,"sweeps":null,"visits":null,"solver":"x"}"#,
	);
	let ran = child.solve("igraph", 1e-6, None).unwrap();
	assert_eq!((ran.solve_seconds, ran.sweeps, ran.digest), (1.5, None, None));
}

#[test]
fn a_process_that_ends_is_an_error() {
	let mut command = Command::new("sh");
	command.args(["-c", "exit 3"]);
	let mut child = Child::start("stub", command).unwrap();
	let error = child.contenders().unwrap_err().to_string();
	assert!(error.contains("stub has ended") && error.contains('3'), "{error}");
	let error = Child::start("stub", Command::new("/no/such/program")).unwrap_err();
	assert!(format!("{error:#}").contains("/no/such/program"), "{error:#}");
}
