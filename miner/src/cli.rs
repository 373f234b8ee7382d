//! The command line: every flag of `bittensor-miner`, with its help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Runs a component of the network and asks others.
#[derive(Debug, Parser)]
#[command(name = "bittensor-miner", version, about, propagate_version = true)]
pub struct Cli {
	/// What to do.
	#[command(subcommand)]
	pub command: Command,
	/// Prints JSON instead of text: one object, or one object per line for `run`. Amounts are
	/// decimal strings of units (1 BIT = 1,000,000,000 units).
	#[arg(long, global = true)]
	pub json: bool,
	/// What to log to standard error, as `tracing` filters: `info`, `debug`,
	/// `bittensor_miner=debug`. Without it `run` logs at `info`, the others at `warn`.
	#[arg(long, global = true, env = "BITTENSOR_LOG")]
	pub log: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Registers a component, serves Spikes and Grads, learns, and posts rows until stopped.
	Run(Box<RunArgs>),
	/// Asks components of the network for the vector of a text.
	Query(QueryArgs),
	/// Shows all components: stake, payout, self-share, strongest bid.
	Status(StatusArgs),
	/// Writes stakes, edges and payouts of the last payout as CSV, so that anyone can check it.
	Export(ExportArgs),
}

/// Which chain, and where.
#[derive(Clone, Debug, Args)]
pub struct ChainArgs {
	/// WebSocket address of a node.
	#[arg(long, env = "BITTENSOR_CHAIN", default_value = "ws://127.0.0.1:9944")]
	pub chain: String,
	/// Refuse a node whose chain has another genesis hash (0x and 64 digits).
	#[arg(long)]
	pub genesis: Option<String>,
	/// Seconds for which a node that does not answer is tried again.
	#[arg(long, default_value_t = 60)]
	pub connect_timeout: u64,
}

/// Whose key signs. Without an option, the environment variable BITTENSOR_KEY holds what would be
/// in the file.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyArgs {
	/// A file with the key: 0x and 64 hex digits of seed, or a mnemonic phrase; either may be
	/// followed by derivation junctions (`//hard/soft`).
	#[arg(long)]
	pub key_file: Option<PathBuf>,
	/// A well-known development key: //Alice, //Bob, //Charlie, //Dave, //Eve or //Ferdie,
	/// optionally with further junctions (//Alice//2). Everybody knows these keys.
	#[arg(long, conflicts_with = "key_file")]
	pub dev_key: Option<String>,
}

/// What kind of component to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
	/// Learns from its own loss and from the Grads of those who bid for it; posts its ΔL.
	Trainable,
	/// Answers every Spike with noise and keeps its whole row for itself.
	Noise,
	/// Learns and serves like a trainable one but keeps its whole row for itself.
	Selfish,
}

impl std::fmt::Display for Kind {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(match self {
			Kind::Trainable => "trainable",
			Kind::Noise => "noise",
			Kind::Selfish => "selfish",
		})
	}
}

/// Which gradients a component learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LearnFrom {
	/// From its own loss and from Grads.
	Both,
	/// From its own loss only; Grads are refused a place in the step.
	Own,
	/// From Grads only.
	Grads,
}

/// What weights an upstream's gradient (equation 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BidWeight {
	/// The flow of the charged bid, in units per epoch.
	Flow,
	/// The share of the charged row, equation 12 to the letter.
	Share,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key.
	#[command(flatten)]
	pub key: KeyArgs,
	/// Address to serve on; port 0 takes a free one.
	#[arg(long, default_value = "127.0.0.1:0")]
	pub listen: String,
	/// HOST or HOST:PORT that others reach this component at, if it is not the address it listens
	/// on.
	#[arg(long)]
	pub advertise: Option<String>,
	/// Allow serving on an address that other machines can reach. Messages are signed but not
	/// encrypted.
	#[arg(long)]
	pub plaintext: bool,
	/// Kind of component.
	#[arg(long, value_enum, default_value_t = Kind::Trainable)]
	pub kind: Kind,
	/// Folder of text files (*.txt). They are split by document into train and held-out for all
	/// components alike.
	#[arg(long)]
	pub corpus: Option<PathBuf>,
	/// Which train documents to learn from: parts separated by commas, each `all`, a group (a
	/// folder of the corpus), the name of a document, or k/n (every n-th document, beginning with
	/// the k-th). A held-out document is refused.
	#[arg(long, default_value = "all")]
	pub documents: String,
	/// Words that the component knows, at most: the most frequent ones of the corpus's train
	/// documents. It reads every other word as unknown. A checkpoint stays with the vocabulary that
	/// it was made with.
	#[arg(long, default_value_t = 2_048)]
	pub vocabulary: usize,
	/// Folder for the checkpoint.
	#[arg(long)]
	pub base_path: PathBuf,
	/// Seed of the parameters and of the sampler.
	#[arg(long, default_value_t = 0)]
	pub seed: u64,
	/// BIT to stake in all: what is missing to it is staked at start. 0 stakes nothing.
	#[arg(long, default_value = "0")]
	pub stake: String,
	/// Most components asked downstream.
	#[arg(long, default_value_t = 8)]
	pub slots: usize,
	/// Whom to ask downstream: `auto` (all that serve, as slots allow), `none`, or SS58 addresses
	/// or 0x accounts, comma separated.
	#[arg(long, default_value = "auto")]
	pub downstream: String,
	/// Hops that a Spike of ours may make: 1 reaches our downstream components, which then answer
	/// from their own encoder with the mean in their slots.
	#[arg(long, default_value_t = 1)]
	pub ttl: u32,
	/// Hops that we allow a Spike that we serve, at most.
	#[arg(long, default_value_t = 3)]
	pub max_ttl: u32,
	/// Texts in one training step.
	#[arg(long, default_value_t = 32)]
	pub batch: usize,
	/// Training steps per second, at most; 0 is no limit.
	#[arg(long, default_value_t = 0.0)]
	pub max_steps_per_second: f64,
	/// Niceness added to the process (0 to 19), so that a validator on the same machine authors in
	/// time.
	#[arg(long, default_value_t = 0)]
	pub nice: i32,
	/// Serve but learn nothing, neither from our loss nor from Grads.
	#[arg(long)]
	pub freeze: bool,
	/// Gradients to learn from.
	#[arg(long, value_enum, default_value_t = LearnFrom::Both)]
	pub learn_from: LearnFrom,
	/// Weights of upstream gradients.
	#[arg(long, value_enum, default_value_t = BidWeight::Flow)]
	pub bid_weight: BidWeight,
	/// Steps before the first row is posted: early attributions are not trustworthy.
	#[arg(long, default_value_t = 150)]
	pub warm_up: u64,
	/// Measure but do not post a row.
	#[arg(long)]
	pub no_post: bool,
	/// Milliseconds within which downstream components must answer.
	#[arg(long, default_value_t = 1_000)]
	pub spike_timeout_ms: u64,
	/// Grads sent to one component per second, at most.
	#[arg(long, default_value_t = 20)]
	pub grads_per_second: u32,
	/// Held-out examples of the perplexity.
	#[arg(long, default_value_t = 256)]
	pub held_out: usize,
	/// Seconds between measurements of the held-out perplexity.
	#[arg(long, default_value_t = 10)]
	pub evaluate_every: u64,
	/// Seconds between checkpoints.
	#[arg(long, default_value_t = 60)]
	pub checkpoint_every: u64,
	/// Stop after this many training steps, once the perplexity after the last one is measured.
	#[arg(long)]
	pub max_steps: Option<u64>,
	/// A file with the component's status as JSON, replaced once a second.
	#[arg(long)]
	pub status_file: Option<PathBuf>,
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
	/// Ask this component only.
	#[arg(long)]
	pub uid: Option<u32>,
	/// Ask at most this many components, those with the highest payout first.
	#[arg(long, default_value_t = 16)]
	pub top: usize,
	/// Hops that the Spike may make: 1 is answered without further components, 2 lets each ask
	/// its own downstream ones.
	#[arg(long, default_value_t = 2)]
	pub ttl: u32,
	/// Milliseconds to wait for the answers.
	#[arg(long, default_value_t = 5_000)]
	pub timeout_ms: u64,
}

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// At this block (number or 0x hash) instead of the best one.
	#[arg(long)]
	pub at: Option<String>,
}

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// At this block (number or 0x hash) instead of the best one: the last payout before it.
	#[arg(long)]
	pub at: Option<String>,
	/// Folder for stakes.csv, edges.csv and payouts.csv.
	#[arg(long)]
	pub out: PathBuf,
}
