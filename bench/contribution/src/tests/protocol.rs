use crate::measure::solve;
use bench_graphs::{generate, Shape, SEED};
use bench_native::{serve, Hello, Request};
use bench_report::Child;
use serde_json::{json, Value};
use std::{fs, process::Command};

/// The first line of bench-native, and its answers to these lines.
fn answers(lines: &[Value]) -> Vec<Value> {
	let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
	let mut output = Vec::new();
	serve(input.as_bytes(), &mut output).unwrap();
	let output = String::from_utf8(output).unwrap();
	output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A process that prints these lines, the second after a request.
fn stub(hello: &str, answer: &str) -> anyhow::Result<Child> {
	let mut command = Command::new("sh");
	command.args(["-c", &format!("echo '{hello}'; read -r line; echo '{answer}'")]);
	Child::start::<Hello>("stub", command).map(|(child, _)| child)
}

fn request() -> Request {
	Request { graph: "x".into(), contender: "abacus".into(), residual: 1e-6, vector: None }
}

#[test]
fn native_answers_each_request() {
	let folder = tempfile::tempdir().unwrap();
	let file = |name| folder.path().join(name);
	fs::write(file("graph"), generate(Shape::U, 40, 8, SEED).to_bytes()).unwrap();
	fs::write(file("cut"), b"BTGRAPH1 and no more").unwrap();
	let run = |graph, contender, residual| {
		json!({"graph": file(graph), "contender": contender, "residual": residual,
			"vector": file("vector")})
	};
	let answers = answers(&[
		run("graph", "csr", 1e-6),
		run("graph", "ours", 2f64.powi(-30)),
		run("cut", "csr", 1e-6),
		run("missing", "csr", 1e-6),
		run("graph", "abacus", 1e-6),
		run("graph", "csr", 0.0),
		json!({"cmd": "dance"}),
		json!("run"),
		run("graph", "csr-push", 1e-6),
	]);
	let names = ["ours", "csr", "csr-push", "eigentrust", "fixed128"];
	assert_eq!(answers[0]["contenders"], json!(names));
	assert_eq!(answers[0]["versions"]["eigentrust"], "0.2.0");
	// d = 1/2: 2^-20 is the first power below 1e-6.
	assert_eq!(answers[1]["ran"]["sweeps"], 20);
	assert!(answers[1]["ran"]["seconds"].as_f64().unwrap() > 0.0);
	assert_eq!(fs::read(file("vector")).unwrap().len(), 40 * 8);
	assert_eq!(answers[2]["ran"]["digest"].as_str().unwrap().len(), 16);
	let wrong = ["cut", "missing", "abacus", "out of reach", "not a request", "not a request"];
	for (answer, says) in answers[3..].iter().zip(wrong) {
		let error = answer["error"].as_str().unwrap();
		assert!(error.contains(says), "{says}: {error}");
	}
	// A bad request does not end it.
	assert!(answers[9]["ran"].is_object() && answers.len() == 10);
}

#[test]
fn the_other_side_reads_answers_and_errors() {
	let hello = r#"{"contenders": ["a", "b"], "versions": {"x": null, "y": "1"}}"#;
	let solve = |answer| solve(&mut stub(hello, answer).unwrap(), &request());
	assert_eq!(solve(r#"{"error": "out of beads"}"#).unwrap_err().to_string(), "out of beads");
	let ran = solve(r#"{"ran": {"seconds": 1.5, "sweeps": null, "solver": "x"}}"#).unwrap();
	assert_eq!((ran.seconds, ran.sweeps, ran.digest), (1.5, None, None));
	assert!(solve(r#"{"contenders": []}"#).is_err(), "not an answer");
	assert!(stub(r#"{"ok": true}"#, "").is_err(), "not a first line");
}

#[test]
fn a_process_that_ends_is_an_error() {
	let start = |program, arguments: &[&str]| {
		let mut command = Command::new(program);
		command.args(arguments);
		Child::start::<Hello>("stub", command)
	};
	let error = format!("{:#}", start("sh", &["-c", "exit 3"]).unwrap_err());
	assert!(error.contains("stub has ended") && error.contains('3'), "{error}");
	let hello = r#"echo '{"contenders": [], "versions": {}}'; exit 4"#;
	let (mut child, _) = start("sh", &["-c", hello]).unwrap();
	let error = format!("{:#}", solve(&mut child, &request()).unwrap_err());
	assert!(error.contains("abacus") && error.contains('4'), "{error}");
	let error = format!("{:#}", start("/no/such/program", &[]).unwrap_err());
	assert!(error.contains("/no/such/program"), "{error}");
}
