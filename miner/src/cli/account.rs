//! The options of the commands for keys, funds and stake.

use super::{parse, ChainArgs, KeyArgs};
use bittensor_client::AccountId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with a key.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
	/// Make a new key, write it to a file and print its address.
	#[command(after_help = "Examples:\n  bittensor-miner keys new miner.key")]
	New {
		/// The file. It must not exist; only you can read it.
		#[arg(value_name = "FILE")]
		file: PathBuf,
	},
	/// Print the address of a key. The secret is not printed.
	#[command(after_help = "Examples:\n  bittensor-miner keys show --key-file miner.key")]
	Show {
		/// The key.
		#[command(flatten)]
		key: KeyArgs,
	},
	/// Read a secret from standard input, write it to a key file and print its address.
	#[command(
		after_help = "The secret is a mnemonic phrase, a seed (0x and 64 hex digits), or what \
		`bittensor-node key generate` prints, as text or as JSON.\n\n\
		Examples:\n  \
		bittensor-node key generate --output-type json | bittensor-miner keys import miner.key"
	)]
	Import {
		/// The file. It must not exist; only you can read it.
		#[arg(value_name = "FILE")]
		file: PathBuf,
	},
}

/// Arguments of `balance`.
#[derive(Clone, Debug, Args)]
pub struct BalanceArgs {
	/// The account, SS58 or 0x and 64 hex digits; without it, that of the key.
	#[arg(value_name = "ACCOUNT", value_parser = parse::account)]
	pub account: Option<AccountId>,
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key.
	#[command(flatten)]
	pub key: KeyArgs,
}

/// Arguments of `transfer`.
#[derive(Clone, Debug, Args)]
pub struct TransferArgs {
	/// The receiver, SS58 or 0x and 64 hex digits.
	#[arg(value_name = "ACCOUNT", value_parser = parse::account)]
	pub to: AccountId,
	/// The amount in BIT.
	#[arg(value_name = "BIT", value_parser = parse::bit)]
	pub amount: u64,
	/// The chain and the key.
	#[command(flatten)]
	pub sign: SignArgs,
}

/// Arguments of `stake` and `unstake`.
#[derive(Clone, Debug, Args)]
pub struct AmountArgs {
	/// The amount in BIT.
	#[arg(value_name = "BIT", value_parser = parse::bit)]
	pub amount: u64,
	/// The chain and the key.
	#[command(flatten)]
	pub sign: SignArgs,
}

/// Arguments of `accept`.
#[derive(Clone, Debug, Args)]
pub struct AcceptArgs {
	/// The owner of the component, SS58 or 0x and 64 hex digits.
	#[arg(value_name = "OWNER", value_parser = parse::account)]
	pub owner: AccountId,
	/// The chain and the key.
	#[command(flatten)]
	pub sign: SignArgs,
}

/// Where to send a call, and the key that signs it.
#[derive(Clone, Debug, Args)]
pub struct SignArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key.
	#[command(flatten)]
	pub key: KeyArgs,
}
