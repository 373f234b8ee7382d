//! The help of every command: its examples, and that each option can be given in three ways.

use bittensor_client::ss58;
use bittensor_miner::cli::{
	settings::{parse, variable, TYPED},
	Cli,
};
use clap::{Arg, ArgAction, Command, CommandFactory};
use std::{ffi::OsString, io::Write};

/// What each command needs before an option of its own can be tried.
const NEEDED: [(&str, &[&str]); 16] = [
	("run", &["--base-path=x"]),
	("query", &["a text"]),
	("eval", &["--checkpoint=x", "--corpus=x"]),
	("similarity", &["glove"]),
	("status", &[]),
	("explain", &[]),
	("top", &[]),
	("export", &["--out=x"]),
	("fetch", &["use-v3"]),
	("balance", &[]),
	("transfer", &["ADDRESS", "1"]),
	("stake", &["1"]),
	("unstake", &["1"]),
	("withdraw", &[]),
	("accept", &["ADDRESS"]),
	("deregister", &[]),
];

/// Values of which each option takes one that is not its default.
const VALUES: [&str; 14] = [
	"3",
	"2",
	"17",
	"70",
	"0.5",
	"own.key",
	"none",
	"ws://10.0.0.1:1",
	"127.0.0.1:7",
	"host.example:7",
	"0x0101010101010101010101010101010101010101010101010101010101010101",
	"share",
	"own",
	"noise",
];

fn words(words: &[&str]) -> Vec<OsString> {
	let address = ss58(&[1; 32]);
	let words = words.iter().map(|word| if *word == "ADDRESS" { &address } else { *word });
	std::iter::once("bittensor-miner").chain(words).map(OsString::from).collect()
}

/// The meaning of a command line with this environment; `None` if it is refused.
fn meaning(line: &[&str], env: Option<(&str, &str)>) -> Option<String> {
	let value = |name: &str| env.filter(|(other, _)| *other == name).map(|(_, value)| value.into());
	Some(format!("{:?}", parse(words(line), &value).ok()?))
}

/// Every command with its name as typed, and those below it.
fn commands(command: &Command, path: &[&str]) -> Vec<(Vec<String>, Command)> {
	let mut all = vec![(path.iter().map(|name| name.to_string()).collect(), command.clone())];
	for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
		all.extend(commands(below, &[path, &[below.get_name()]].concat()));
	}
	all
}

/// The command lines of the examples in a help: a line that ends with `\` goes on in the next.
fn examples(help: &str) -> Vec<String> {
	let Some((_, text)) = help.split_once("\nExamples") else { return Vec::new() };
	let joined = text.replace("\\\n", " ");
	let lines = joined.lines().flat_map(|line| line.split('|'));
	let lines = lines.map(|line| line.split('<').next().unwrap_or_default().trim());
	lines.filter(|line| line.starts_with("bittensor-miner ")).map(String::from).collect()
}

/// The words of a command line, with texts in double quotes.
fn split(line: &str) -> Vec<String> {
	let parts = line.split('"').enumerate();
	let words = parts.flat_map(|(index, part)| match index % 2 {
		0 => part.split_whitespace().map(String::from).collect(),
		_ => vec![part.to_string()],
	});
	words.map(|word| if word == "OWNER" { "ADDRESS".into() } else { word }).collect()
}

#[test]
fn every_command_has_examples_that_it_takes() {
	for (path, mut command) in commands(&Cli::command(), &[]) {
		let help = command.render_long_help().to_string();
		let examples = examples(&help);
		assert!(!examples.is_empty(), "{path:?} has no examples:\n{help}");
		for example in &examples {
			let line = split(example);
			let line: Vec<&str> = line.iter().skip(1).map(String::as_str).collect();
			assert!(
				line.iter().take(path.len()).eq(path.iter()),
				"`{example}` is no example of {path:?}"
			);
			let parsed = parse(words(&line), &|_| None);
			assert!(parsed.is_ok(), "{example}: {}", parsed.expect_err("refused"));
		}
	}
}

/// A way to give an option a value that changes what the command does.
fn given(command: &str, needed: &[&str], arg: &Arg) -> (String, String) {
	let name = arg.get_long().expect("an option");
	let line = |option: &str| -> Vec<String> {
		// What the command needs may be this very option.
		let needed = needed.iter().filter(|word| !word.starts_with(&format!("--{name}=")));
		let words = std::iter::once(command).chain(needed.copied());
		words.map(String::from).chain((!option.is_empty()).then(|| option.into())).collect()
	};
	let meaning_of =
		|line: Vec<String>| meaning(&line.iter().map(String::as_str).collect::<Vec<_>>(), None);
	let before = meaning_of(line(""));
	let flag = matches!(arg.get_action(), ArgAction::SetTrue);
	let values: Vec<&str> = if flag { vec![""] } else { VALUES.to_vec() };
	for value in values {
		let option = if flag { format!("--{name}") } else { format!("--{name}={value}") };
		match meaning_of(line(&option)) {
			Some(meaning) if Some(&meaning) != before.as_ref() => {
				return (if flag { "true".into() } else { value.into() }, meaning)
			}
			_ => (),
		}
	}
	panic!("`{command} --{name}` takes none of the values of this test: add one that it takes")
}

#[test]
fn every_option_has_one_meaning_in_line_variable_and_file() {
	let mut tried = 0;
	for command in Cli::command().get_subcommands() {
		let name = command.get_name();
		let Some((_, needed)) = NEEDED.iter().find(|(known, _)| *known == name) else {
			assert!(["keys", "help"].contains(&name), "`{name}` is not tried: add it to NEEDED");
			continue;
		};
		// Those of all commands are of the command above.
		let global = Cli::command();
		let options = command.get_arguments().chain(global.get_arguments());
		for arg in options.filter(|arg| arg.get_long().is_some_and(|long| !TYPED.contains(&long))) {
			let (value, expected) = given(name, needed, arg);
			let long = arg.get_long().unwrap_or_default();
			let words = needed.iter().filter(|word| !word.starts_with(&format!("--{long}=")));
			let line: Vec<&str> = std::iter::once(name).chain(words.copied()).collect();
			let variable = variable(long);
			let by_variable = meaning(&line, Some((&variable, &value)));
			assert_eq!(by_variable.as_ref(), Some(&expected), "{name}: {variable}={value}");
			let mut file = tempfile::NamedTempFile::new().expect("a file");
			writeln!(file, "{long} = \"{value}\"").expect("written");
			let path = file.path().display().to_string();
			let by_file = meaning(&line, Some(("BITTENSOR_CONFIG", &path)));
			assert_eq!(by_file.as_ref(), Some(&expected), "{name}: {long} = \"{value}\"");
			tried += 1;
		}
	}
	assert!(tried > 100, "{tried} options were tried");
}
