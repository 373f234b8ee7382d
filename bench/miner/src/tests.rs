//! Options, parity, tables, and the process with JAX.

use crate::{
	attribution::{measure, Attribution},
	contenders::{Jax, Ran},
	report::{Parity, Report, Side},
	Options,
};
use bittensor_nucleus::Corpus;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn report(theirs: &[f64]) -> Report {
	let side = |name: &str, step: f64| Side {
		name: name.into(),
		step_seconds: Some(step),
		tokens_per_second: Some(1024.0 / step),
		peak_bytes: Some(1_048_576.0),
		round_step_seconds: vec![step],
	};
	let attribution = Attribution {
		inputs: 8,
		score_every: 8,
		step_seconds: Some(0.004),
		score_seconds: Some(0.0016),
		overhead: Some(0.05),
		peak_bytes: Some(2_097_152.0),
	};
	Report {
		parity: Some(Parity::new(&[7.0, 6.5], theirs)),
		ratio: Some(0.8),
		sides: vec![side("ours", 0.002), side("jax", 0.0016)],
		attribution,
		..Report::default()
	}
}

#[test]
fn losses_that_differ_fail_the_run() {
	assert!(report(&[7.0005, 6.5]).check(true).is_ok());
	for theirs in [&[7.0, 6.502][..], &[7.0], &[7.0, f64::NAN]] {
		let error = report(theirs).check(false).unwrap_err().to_string();
		assert!(error.contains("the same model"), "{error}");
	}
	assert!(Report::default().check(true).is_ok(), "without JAX there is nothing to compare");
}

#[test]
fn a_whole_run_that_misses_a_must_fails() {
	let slow = Report { ratio: Some(0.4), ..report(&[7.0005, 6.5]) };
	assert!(slow.check(false).is_ok(), "a quick one says little about speed");
	let error = slow.check(true).unwrap_err().to_string();
	assert_eq!(error, "tokens per second ÷ JAX's: 0.4, which must be ≥ 0.5");
	let mut dear = report(&[7.0005, 6.5]);
	dear.attribution.overhead = Some(0.06);
	assert!(dear.check(true).unwrap_err().to_string().contains("attribution overhead"));
}

#[test]
fn tables_say_what_was_measured() {
	let text = report(&[7.0005, 6.5]).markdown();
	let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
	for line in [
		"| tokens per second ÷ JAX's | ≥ 0.5 | ≥ 1 | 0.8 | must met |",
		"| largest difference of the losses of 100 steps, in nats | ≤ 0.001 | ≤ 1.0e-4 | 5.0e-4 | must met |",
		"| attribution overhead, 8 inputs, of the training step | ≤ 5 % | ≤ 1 % | 5 % | must met |",
		"| ours | 2.00 ms | 512000 | 1 MiB |",
		"| 4.00 ms | 1.60 ms | 8 | 2 MiB |",
		"falls from 7.000 to 6.500",
	] {
		assert!(words(&text).contains(line), "{line}\n{text}");
	}
	let text = Report::default().markdown();
	assert_eq!(text.matches("not measured").count(), 3, "{text}");
}

#[test]
fn scoring_costs_little_beside_training() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
	let corpus = Corpus::load(&folder).expect("the corpus");
	let measured = measure(&corpus, 3, 32).expect("measured");
	println!("{measured:?}");
	let Attribution { step_seconds, score_seconds, overhead, .. } = measured;
	let [step, score, overhead] =
		[step_seconds, score_seconds, overhead].map(|figure| figure.expect("a figure"));
	assert!(step > 0.0 && score > 0.0, "{step} {score}");
	// 0.096 was measured on a busy machine.
	assert!(overhead < 0.15, "scoring is {overhead} of the steps between two scored batches");
}

#[test]
fn quick_is_short() {
	let read = |arguments: &[&str]| Options::read([&["bench-miner"], arguments].concat());
	let options = read(&["--quick"]).unwrap();
	assert_eq!((options.rounds, options.steps), (3, 20));
	assert!(read(&["--quick", "--steps=7"]).is_err());
}

/// A program in place of Python that prints these lines, the second and later ones after a request each.
fn stub(folder: &Path, lines: &[&str]) -> anyhow::Result<Jax> {
	let path = folder.join("python");
	let says = |(n, line): (usize, &&str)| match n {
		0 => format!("echo '{line}'\n"),
		_ => format!("read -r line; echo '{line}'\n"),
	};
	let script: String = lines.iter().enumerate().map(says).collect();
	fs::write(&path, format!("#!/bin/sh\n{script}"))?;
	fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
	Jax::start(&path, folder)
}

#[test]
fn answers_of_the_process_are_read_or_named() {
	let folder = tempfile::tempdir().unwrap();
	let stub = |lines: &[&str]| stub(folder.path(), lines);
	let hello = r#"{"versions": {"jax": "1.2.3"}}"#;
	let compiled = r#"{"compiled": 2.5}"#;
	let ran = r#"{"ran": {"seconds": 0.5, "losses": [7, 6.5], "peak_bytes": 9}}"#;
	let mut jax = stub(&[hello, compiled, ran, r#"{"error": "out of beads"}"#]).unwrap();
	assert_eq!((jax.versions["jax"].as_str(), jax.compiled), ("1.2.3", 2.5));
	let expected = Ran { seconds: 0.5, losses: vec![7.0, 6.5], peak_bytes: Some(9.0) };
	assert_eq!(jax.run(2).unwrap(), expected);
	assert_eq!(expected.step_seconds(), 0.25);
	assert!(jax.run(2).unwrap_err().to_string().contains("out of beads"));
	// Fewer losses than steps, a process that ends, and answers of another form.
	assert!(stub(&[hello, compiled, ran]).unwrap().run(3).is_err());
	assert!(stub(&[hello, compiled]).unwrap().run(1).is_err());
	assert!(stub(&[hello, r#"{"error": "no such folder"}"#]).is_err());
	assert!(stub(&[hello, ran]).is_err());
	assert!(stub(&[compiled]).is_err());
}
