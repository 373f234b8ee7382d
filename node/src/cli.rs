//! The command line.

use crate::validator::ValidatorCommand;
use bittensor_client::PrintedKey;
use clap::{Command, CommandFactory};
use sc_cli::{RunCmd, SubstrateCli};
use std::path::{Path, PathBuf};

/// What `--chain` takes, in the help of every command that has it.
const CHAINS: &str = "The chain: `dev`, `local`, `testnet`, or the path of a specification file";

/// What `--dev` is short for.
const DEV: &str = "A development chain of one node: --chain dev --alice --tmp --force-authoring \
	--rpc-cors all, where not given otherwise, without looking for peers on the local network";

const EXAMPLES: &str = "\
Examples:
  A chain of one node, for development:
    bittensor-node --dev
  Two validators on one machine:
    bittensor-node --chain local --alice --base-path alice --port 30333 --rpc-port 9944
    bittensor-node --chain local --bob --base-path bob --port 30334 --rpc-port 9945
  A node of a network, from its specification; --validator makes it author blocks:
    bittensor-node --chain network.json --base-path node --name my-node";

/// The command line: a subcommand, or options for running the node.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
	/// The subcommand. Without one, the node runs.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// Options for running the node.
	#[clap(flatten)]
	pub(crate) run: RunCmd,

	/// Folder of compiled runtimes, which nodes on one machine can share; only their user may write to it.
	/// Default: `runtime-cache` beside the database, if the command has one.
	#[arg(long, value_name = "FOLDER", global = true)]
	pub(crate) runtime_cache: Option<PathBuf>,
}

/// All commands except running the node.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
	/// Generate, inspect and store keys.
	#[command(
		subcommand,
		after_help = "Examples:\n  \
			bittensor-node key generate > account.key\n  \
			bittensor-node key inspect account.key\n  \
			bittensor-node key generate-node-key --file node.key\n  \
			bittensor-node key inspect-node-key --file node.key\n\n\
			What `generate` prints and the files of `bittensor-miner keys new` are read by `inspect`, by \
			`insert --suri`, by `validator --key-file`, and by every --key-file of `bittensor-miner`."
	)]
	Key(sc_cli::KeySubcommand),

	/// Become a validator with the node on this machine, look at it, and stop.
	#[command(subcommand)]
	Validator(ValidatorCommand),

	/// Write a chain specification; with `--raw` in the form that other nodes start from.
	#[command(after_help = "Examples:\n  \
		bittensor-node export-chain-spec --chain local --output plain.json\n  \
		bittensor-node export-chain-spec --chain plain.json --raw --output network.json")]
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Re-execute a block and check it.
	#[command(
		after_help = "Example:\n  bittensor-node check-block --chain network.json --base-path node 1000"
	)]
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	#[command(after_help = "Example:\n  \
		bittensor-node export-blocks --chain network.json --base-path node --from 1 --to 1000 blocks")]
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state at a block as a chain specification.
	#[command(after_help = "Example:\n  \
		bittensor-node export-state --chain network.json --base-path node 1000 > state.json")]
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file.
	#[command(
		after_help = "Example:\n  bittensor-node import-blocks --chain network.json --base-path other blocks"
	)]
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the database of a chain.
	#[command(
		after_help = "Example:\n  bittensor-node purge-chain --chain network.json --base-path node"
	)]
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert this many blocks, at most to the last finalised block.
	#[command(
		after_help = "Example:\n  bittensor-node revert --chain network.json --base-path node 10"
	)]
	Revert(sc_cli::RevertCmd),

	/// Show the state of the database: best and finalised block, pruning.
	#[command(
		after_help = "Example:\n  bittensor-node chain-info --chain network.json --base-path node"
	)]
	ChainInfo(sc_cli::ChainInfoCmd),
}

/// The command line with its help.
///
/// The SDK's help names chains and programs that are not here.
pub(crate) fn command() -> Command {
	name_chains(Cli::setup_command(Cli::command())).after_help(EXAMPLES)
}

fn name_chains(mut command: Command) -> Command {
	for (name, help) in [("chain", CHAINS), ("dev", DEV)] {
		if command.get_arguments().any(|argument| argument.get_id() == name) {
			command = command.mut_arg(name, |argument| argument.help(help).long_help(help));
		}
	}
	// The secret of a key: the SDK reads a file, but not one with what its own `generate` prints.
	for name in ["uri", "suri"] {
		if command.get_arguments().any(|argument| argument.get_id() == name) {
			command = command.mut_arg(name, |argument| argument.value_parser(secret));
		}
	}
	let names: Vec<String> =
		command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
	names.into_iter().fold(command, |command, name| command.mut_subcommand(name, name_chains))
}

/// The secret in a file that `key generate` printed; any other word stays as it is.
///
/// # Errors
/// The word can only be the name of a file, and there is none, or it is empty. The SDK would take an empty
/// secret for the phrase that everybody knows.
fn secret(word: &str) -> Result<String, String> {
	let path = Path::new(word);
	if !path.is_file() {
		let file_name = word.contains('.') && !word.contains(' ') && !word.contains("//");
		return match file_name {
			true => {
				Err("there is no such file: give a key file, a phrase, a seed or an address".into())
			}
			false => Ok(word.into()),
		};
	}
	let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
	if text.trim().is_empty() {
		return Err("the file is empty: `bittensor-node key generate` prints a key".into());
	}
	let printed = PrintedKey::parse(&text);
	let secret = printed.as_ref().and_then(|printed| printed.secrets().next());
	Ok(secret.unwrap_or(word).into())
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::FromArgMatches;

	/// The long help of a command and of all below it, each with its path.
	fn helps(command: &mut Command, path: &str, all: &mut Vec<(String, String)>) {
		let path = format!("{path} {}", command.get_name());
		all.push((path.clone(), command.render_long_help().to_string()));
		for below in command.get_subcommands_mut() {
			helps(below, &path, all);
		}
	}

	#[test]
	fn a_word_that_is_no_secret_and_no_key_file_is_refused() {
		for word in ["0x12", "5Grw", "bottom drive obey lake", "//Alice", "0x12/soft", "a b//c.d"] {
			assert_eq!(secret(word).as_deref(), Ok(word));
		}
		let said = secret("no/such.key").expect_err("no file");
		assert!(said.contains("no such file"), "{said}");
	}

	#[test]
	fn help_names_no_chain_that_does_not_exist() {
		let mut all = Vec::new();
		helps(&mut command(), "", &mut all);
		assert!(all.len() > 12, "{}", all.len());
		for (path, help) in all {
			for foreign in ["staging", "kusama", "Polkadot", "polkadot,", "omni", "build-spec"] {
				assert!(!help.contains(foreign), "{path}: {foreign} in\n{help}");
			}
		}
	}

	#[test]
	fn examples_of_the_help_are_accepted() {
		let mut all = Vec::new();
		helps(&mut command(), "", &mut all);
		let lines: Vec<String> = all
			.iter()
			.flat_map(|(_, help)| help.lines())
			.map(str::trim)
			.filter(|line| line.starts_with("bittensor-node "))
			.map(String::from)
			.collect();
		assert!(lines.len() >= 16, "{lines:#?}");
		for line in lines {
			// A key file must exist: the parser reads it. Any text will do.
			let line = line.replace("inspect account.key", "inspect Cargo.toml");
			let words = line.split(" > ").next().unwrap_or_default().split_whitespace();
			let matches = command().try_get_matches_from(words);
			let matches = matches.unwrap_or_else(|error| panic!("{line}: {error}"));
			Cli::from_arg_matches(&matches).unwrap_or_else(|error| panic!("{line}: {error}"));
		}
	}
}
