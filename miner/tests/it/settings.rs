//! Options from the environment and from a file.

use bittensor_miner::cli::{settings::parse, Cli, Command, LearnFrom, RunArgs};
use std::{ffi::OsString, io::Write};
use tempfile::NamedTempFile;

fn file(text: &str) -> NamedTempFile {
	let mut file = NamedTempFile::new().expect("a file");
	file.write_all(text.as_bytes()).expect("written");
	file
}

fn parsed(words: &[&str], env: &[(&str, &str)]) -> Result<Cli, clap::Error> {
	let words = std::iter::once(&"bittensor-miner").chain(words).map(OsString::from).collect();
	parse(words, &|name| {
		env.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).into())
	})
}

fn run(words: &[&str], env: &[(&str, &str)]) -> RunArgs {
	match parsed(words, env).map(|cli| cli.command) {
		Ok(Command::Run(args)) => *args,
		other => panic!("`run` expected: {other:?}"),
	}
}

#[test]
fn the_command_line_beats_the_environment_and_that_the_file() {
	let file = file(
		"base-path = \"from file\"\nbatch = 8\nheld-out = 64\nno-serve = true\n\
		 learn-from = \"own\"\ndownstream = [\"none\"]\nmax-steps-per-second = 2.5\n",
	);
	let path = file.path().to_str().expect("a path");
	let env = [("BITTENSOR_CONFIG", path), ("BITTENSOR_BATCH", "16")];
	let args = run(&["run", "--held-out=128"], &env);
	assert_eq!(args.component.base_path.to_str(), Some("from file"));
	assert_eq!((args.learning.batch, args.learning.held_out), (16, 128));
	assert_eq!(
		(args.learning.learn_from, args.learning.max_steps_per_second),
		(LearnFrom::Own, 2.5)
	);
	assert!(args.serve.no_serve && !args.serve.serve);
	// An option of the command line names the file too, and typed values win.
	let typed = ["run", "--config", path, "--batch=4", "--learn-from=both"];
	let args = run(&typed, &[]);
	assert_eq!((args.learning.batch, args.learning.learn_from), (4, LearnFrom::Both));
	// Without either nothing changes.
	let args = run(&["run", "--base-path=x"], &[]);
	assert_eq!((args.learning.batch, args.serve.no_serve), (32, false));
}

#[test]
fn every_option_has_a_variable() {
	let env = [
		("BITTENSOR_BASE_PATH", "x"),
		("BITTENSOR_STAKE", "12.5"),
		("BITTENSOR_JSON", "true"),
		("BITTENSOR_PLAINTEXT", "true"),
		("BITTENSOR_KEY_FILE", "my.key"),
		("BITTENSOR_TTL", "3"),
	];
	let cli = parsed(&["run"], &env).expect("parsed");
	assert!(cli.json);
	let args = run(&["run"], &env);
	assert!(args.serve.plaintext);
	assert_eq!(args.row.stake, 12_500_000_000);
	assert_eq!(args.key.key_file, Some("my.key".into()));
	// A development key that is typed is no conflict with a key file that is not.
	let args = run(&["run", "--dev-key=//Alice"], &env);
	assert_eq!(args.key.dev_key.as_deref(), Some("//Alice"));
}

#[test]
fn what_a_file_has_wrong_is_named() {
	let refused = |text: &str| {
		let file = file(text);
		let path = format!("--config={}", file.path().display());
		parsed(&["status", &path], &[]).expect_err(text).to_string()
	};
	assert!(refused("bacth = 3").contains("`bacth`: no option has this name"));
	assert!(refused("dev-key = \"//Alice\"").contains("`dev-key`"));
	assert!(refused("batch = { a = 1 }").contains("`batch`: write a text"));
	assert!(refused("batch = ").contains("--config"));
	let missing = parsed(&["status", "--config=/no/such/file"], &[]).expect_err("missing");
	assert!(missing.to_string().contains("--config /no/such/file"), "{missing}");
	let wrong = run_error("batch = 0");
	assert!(wrong.contains("--batch") && wrong.contains("1 to 256"), "{wrong}");
}

fn run_error(text: &str) -> String {
	let file = file(text);
	let path = format!("--config={}", file.path().display());
	parsed(&["run", "--base-path=x", &path], &[]).expect_err(text).to_string()
}
