//! Options from the environment and from a file.
//!
//! ```text
//!   --some-name VALUE  ►  BITTENSOR_SOME_NAME  ►  some-name = VALUE in --config FILE  ►  default
//! ```
//!
//! What the environment and the file say takes the place of the defaults of the options, so every
//! option has both without a line of its own. Two options are of the command line alone: `--config`,
//! and `--dev-key`, so that a key of a file never hides the one that is typed.

use super::Cli;
use clap::{error::ErrorKind, Arg, Command, CommandFactory, FromArgMatches};
use std::{collections::BTreeSet, ffi::OsString, path::PathBuf};
use toml::{Table, Value};

/// Prefix of the environment variables.
const PREFIX: &str = "BITTENSOR_";
/// Options that are given on the command line only.
pub const TYPED: [&str; 5] = ["config", "dev-key", "serve", "help", "version"];

/// Where values come from besides the command line.
struct Settings<'a> {
	env: &'a dyn Fn(&str) -> Option<String>,
	file: Table,
}

impl Settings<'_> {
	/// The value of the option `--name`.
	fn value(&self, name: &str) -> Option<String> {
		(self.env)(&variable(name)).or_else(|| self.file.get(name).and_then(text))
	}

	/// Gives an option its value as its default.
	fn apply(&self, arg: Arg) -> Arg {
		let Some(name) = arg.get_long().filter(|name| !TYPED.contains(name)) else { return arg };
		match self.value(name) {
			// Commands live as long as the process, and so do their defaults.
			Some(value) => arg.default_value(&*String::leak(value)).required(false),
			None => arg,
		}
	}

	fn apply_all(&self, command: Command) -> Command {
		command.mut_args(|arg| self.apply(arg)).mut_subcommands(|command| self.apply_all(command))
	}
}

/// The environment variable of an option.
pub fn variable(name: &str) -> String {
	format!("{PREFIX}{}", name.replace('-', "_").to_uppercase())
}

/// A value of the file as on the command line; a list is separated by commas.
fn text(value: &Value) -> Option<String> {
	match value {
		Value::String(text) => Some(text.clone()),
		Value::Integer(number) => Some(number.to_string()),
		Value::Float(number) => Some(number.to_string()),
		Value::Boolean(flag) => Some(flag.to_string()),
		Value::Array(values) => {
			values.iter().map(text).collect::<Option<Vec<_>>>().map(|values| values.join(","))
		}
		Value::Table(_) | Value::Datetime(_) => None,
	}
}

/// Parses a command line with the settings of `env` and of the file that it or `env` names.
///
/// # Errors
/// As clap gives them, and one that names the file and the key for a file that cannot be used.
pub fn parse(
	args: Vec<OsString>,
	env: &dyn Fn(&str) -> Option<String>,
) -> Result<Cli, clap::Error> {
	let mut command = Cli::command();
	let refuse = |text: String| Cli::command().error(ErrorKind::ValueValidation, text);
	let file = match config(&args).or_else(|| env(&variable("config")).map(PathBuf::from)) {
		None => Table::new(),
		Some(path) => {
			let place = format!("--config {}", path.display());
			let file = std::fs::read_to_string(&path);
			let file = file.map_err(|error| refuse(format!("{place}: {error}")))?;
			let file: Table = file.parse().map_err(|error| refuse(format!("{place}: {error}")))?;
			let known = options(&command);
			for (key, value) in &file {
				if !known.contains(key) {
					let reason = "no option has this name, or it is of the command line only";
					return Err(refuse(format!("{place}: `{key}`: {reason}")));
				}
				if text(value).is_none() {
					let reason = "write a text, a number, true, false, or a list of them";
					return Err(refuse(format!("{place}: `{key}`: {reason}")));
				}
			}
			file
		}
	};
	command = Settings { env, file }.apply_all(command);
	let matches = command.try_get_matches_from(args)?;
	Cli::from_arg_matches(&matches)
}

/// The file that the command line names.
fn config(args: &[OsString]) -> Option<PathBuf> {
	let mut args = args.iter();
	while let Some(arg) = args.next() {
		match arg.to_str() {
			Some("--") => return None,
			Some("--config") => return args.next().map(PathBuf::from),
			Some(text) => {
				if let Some(path) = text.strip_prefix("--config=") {
					return Some(path.into());
				}
			}
			None => (),
		}
	}
	None
}

/// The names of all options that a file can set.
fn options(command: &Command) -> BTreeSet<String> {
	let own = command.get_arguments().filter_map(Arg::get_long);
	let mut all: BTreeSet<String> =
		own.filter(|name| !TYPED.contains(name)).map(String::from).collect();
	command.get_subcommands().for_each(|command| all.extend(options(command)));
	all
}
