//! The options of `run`, by heading of its help.

use super::{parse, ChainArgs, KeyArgs};
use crate::config::{Advertise, Downstreams};
use bittensor_nucleus::{BidWeight, AVERAGING, KINDS, NETWORK_DROPOUT};
use clap::{
	builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
	Args, ValueEnum,
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Which gradients a component learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LearnFrom {
	/// Its own loss and the Grads of upstreams that bid for it.
	Both,
	/// Its own loss only; it drops Grads.
	Own,
	/// Grads only.
	Grads,
	/// Nothing: it serves with the parameters that it has.
	None,
}

impl LearnFrom {
	/// Grads enter the step.
	pub fn grads(self) -> bool {
		matches!(self, Self::Both | Self::Grads)
	}

	/// The own loss enters the step, so the component measures the ΔL of its inputs.
	pub fn own(self) -> bool {
		matches!(self, Self::Both | Self::Own)
	}
}

/// Which row a component posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Post {
	/// The measured ΔL.
	Measured,
	/// A row without edges: all of it is the component's own.
	#[value(name = "self")]
	OwnOnly,
	/// No row.
	None,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples, on a development chain:\n  \
	bittensor-miner run --dev-key //Alice --base-path alice --corpus corpus --stake 100\n  \
	bittensor-miner run --dev-key //Bob --base-path bob --corpus corpus --learn-from none\n  \
	bittensor-miner run --dev-key //Eve --base-path eve --kind noise --post self")]
pub struct RunArgs {
	/// The chain.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key.
	#[command(flatten)]
	pub key: KeyArgs,
	/// The component.
	#[command(flatten)]
	pub component: ComponentArgs,
	/// How it learns.
	#[command(flatten)]
	pub learning: LearningArgs,
	/// Whom it queries.
	#[command(flatten)]
	pub downstream: DownstreamArgs,
	/// How it serves.
	#[command(flatten)]
	pub serve: ServeArgs,
	/// What it stakes and posts.
	#[command(flatten)]
	pub row: RowArgs,
	/// How the process behaves.
	#[command(flatten)]
	pub process: ProcessArgs,
}

/// The component.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Component")]
pub struct ComponentArgs {
	/// Kind of component.
	#[arg(long, value_name = "NAME", default_value = KINDS[0].name,
		value_parser = PossibleValuesParser::new(
			KINDS.iter().map(|kind| PossibleValue::new(kind.name).help(kind.about))
		))]
	pub kind: String,
	/// Folder for the checkpoint.
	#[arg(long, value_name = "DIR")]
	pub base_path: PathBuf,
	/// Folder with the files of a pretrained kind [default: where `fetch` puts them].
	#[arg(long, value_name = "DIR")]
	pub model: Option<PathBuf>,
	/// Folder of text files (*.txt). They are split by document into train and held-out, equally for
	/// all components.
	#[arg(long, value_name = "DIR")]
	pub corpus: Option<PathBuf>,
	/// Train documents to learn from: parts separated by commas, each `all`, a group (a folder of the
	/// corpus), the name of a document, or k/n (every n-th document, from the k-th on). Held-out
	/// documents are refused.
	#[arg(long, value_name = "LIST", default_value = "all")]
	pub documents: String,
	/// Size of the vocabulary: the most frequent words of the corpus's train documents. Other words
	/// are read as unknown. A checkpoint keeps the vocabulary that it was made with.
	#[arg(long, value_name = "WORDS", default_value = "2048", value_parser = parse::within(16..=65_536_usize))]
	pub vocabulary: usize,
	/// Seed of the parameters and of the sampler [default: 0]. A checkpoint keeps its parameters.
	#[arg(long)]
	pub seed: Option<u64>,
}

/// How a component learns.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Learning")]
pub struct LearningArgs {
	/// Gradients to learn from.
	#[arg(long, value_name = "SOURCE", value_enum, default_value_t = LearnFrom::Both)]
	pub learn_from: LearnFrom,
	/// Weight of an upstream's bid among all bids (equation 12): the flow of its active bid, in
	/// units per epoch, or the share of its active row.
	#[arg(long, value_name = "WEIGHT", default_value = "flow",
		value_parser = PossibleValuesParser::new(["flow", "share"]).map(|name| match &*name {
			"share" => BidWeight::Share,
			_ => BidWeight::Flow,
		}))]
	pub bid_weight: BidWeight,
	/// Texts in one training step.
	#[arg(long, value_name = "TEXTS", default_value = "32", value_parser = parse::within(1..=256_usize))]
	pub batch: usize,
	/// Learning rate of the optimizer. It is halved whenever training goes back to earlier parameters.
	#[arg(long, value_name = "RATE", default_value = "0.001", value_parser = parse::learning_rate)]
	pub learning_rate: f64,
	/// Decay of the weights per step, as a part of the learning rate. 8, with a rate of 0.002, suits 20,000
	/// words of text; 0.5, with 0.0015, suits 300,000.
	#[arg(long, value_name = "DECAY", default_value = "2", value_parser = parse::within(0.0..=100.0_f64))]
	pub weight_decay: f64,
	/// Part of a running average of the parameters that each step leaves. Perplexity, gain and row are
	/// measured with the averages; Spikes are answered with the parameters as they are. 0 is no average.
	#[arg(long, value_name = "PART", default_value_t = AVERAGING, value_parser = parse::within(0.0..=0.9999_f64))]
	pub averaging: f64,
	/// Part of the examples of a training step that are learned from without downstream components. 0.1 is
	/// better if they hold other text, some 300,000 words each. With peers that hold the same text 0.1
	/// harms.
	#[arg(long, value_name = "PART", default_value_t = NETWORK_DROPOUT, value_parser = parse::within(0.0..=0.9_f64))]
	pub network_dropout: f64,
	/// Maximum training steps per second; 0 is no limit.
	#[arg(long, value_name = "STEPS", default_value = "0", value_parser = parse::rate)]
	pub max_steps_per_second: f64,
	/// Stop after this many training steps, once the perplexity after the last one is measured.
	#[arg(long, value_name = "STEPS")]
	pub max_steps: Option<u64>,
	/// Seconds between two exchanges of words with one downstream component, at least: its vectors of
	/// our vocabulary, and our errors for them. One exchange is about a megabyte each way.
	#[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse::seconds)]
	pub words_every: Duration,
	/// Training steps between two exchanges of words, at least.
	#[arg(long, value_name = "STEPS", default_value_t = 16)]
	pub words_steps: u64,
	/// Maximum Grads sent to one component per second.
	#[arg(long, value_name = "GRADS", default_value_t = 20)]
	pub grads_per_second: u32,
	/// Train a twin beside the component: the same one, on the same batches, without a network. The
	/// status then shows the gain over it. A twin needs as much of the processor as the component's own
	/// training, and the component waits if it gets far ahead.
	#[arg(long)]
	pub twin: bool,
	/// Held-out examples. Half of them are reported; the other half, of the first parts of the same
	/// documents, decides which parameters are the best.
	#[arg(long, value_name = "EXAMPLES", default_value = "512", value_parser = parse::within(16..=16_384_usize))]
	pub held_out: usize,
	/// Seconds between measurements of the held-out perplexity.
	#[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse::seconds)]
	pub evaluate_every: Duration,
	/// Seconds between checkpoints.
	#[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse::seconds)]
	pub checkpoint_every: Duration,
}

/// Whom a component queries.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Downstream components")]
pub struct DownstreamArgs {
	/// Maximum number of downstream components [default: 8]. A checkpoint keeps its number.
	#[arg(long, value_name = "NUMBER", value_parser = parse::within(1..=64_usize))]
	pub inputs: Option<usize>,
	/// Components to query: `auto` (all that serve, as inputs allow), `none`, or SS58 addresses or 0x
	/// accounts, comma separated.
	#[arg(long, value_name = "LIST", default_value = "auto", value_parser = parse::downstreams)]
	pub downstream: Downstreams,
	/// Maximum hops of our Spikes: 1 reaches our downstream components, which then answer alone, with
	/// the mean at their inputs.
	#[arg(long, value_name = "HOPS", default_value = "3", value_parser = parse::within(1..=4_u32))]
	pub ttl: u32,
	/// Part of the batches whose Spikes go a second hop, and part of those that go yet another one,
	/// up to --ttl. From 0.5 on, measurements use all hops, else one.
	#[arg(long, value_name = "PART", default_value = "0.25", value_parser = parse::part)]
	pub further: f64,
	/// Milliseconds within which downstream components must answer.
	#[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = parse::milliseconds)]
	pub spike_timeout_ms: Duration,
}

impl DownstreamArgs {
	/// Inputs of a new component.
	pub const INPUTS: usize = 8;
}

/// How a component serves.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Serving")]
pub struct ServeArgs {
	/// Serve Spikes and Grads (the default).
	#[arg(long, overrides_with = "no_serve")]
	pub serve: bool,
	/// Do not serve: the component registers without an endpoint, queries others, learns and posts.
	#[arg(long)]
	pub no_serve: bool,
	/// Address to serve on; port 0 takes a free one.
	#[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0", value_parser = parse::listen)]
	pub listen: SocketAddr,
	/// Address at which others reach this component, if it is not the address that it listens on.
	#[arg(long, value_name = "HOST[:PORT]", value_parser = parse::advertise)]
	pub advertise: Option<Advertise>,
	/// Allow an address that other machines can reach. Messages are signed but not encrypted.
	#[arg(long)]
	pub plaintext: bool,
	/// Maximum hops that a Spike may make after we served it.
	#[arg(long, value_name = "HOPS", default_value = "3", value_parser = parse::within(0..=4_u32))]
	pub max_ttl: u32,
}

/// What a component stakes and posts.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Stake and row")]
pub struct RowArgs {
	/// Target stake in BIT; the miner tops up to it at start. 0 stakes nothing.
	#[arg(long, value_name = "BIT", default_value = "0", value_parser = parse::bit)]
	pub stake: u64,
	/// Row to post.
	#[arg(long, value_name = "ROW", value_enum, default_value_t = Post::Measured)]
	pub post: Post,
	/// Bids for all components together that are at an input and not measured yet, in percent of the
	/// row: without a bid they do not serve us, and we never find out. The bid for one that turns out
	/// to be of no use fades.
	#[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = parse::exploring)]
	pub exploring_bid: u16,
	/// Training steps before the first measured row is posted: early attributions are not
	/// trustworthy.
	#[arg(long, value_name = "STEPS", default_value_t = 150)]
	pub warm_up: u64,
}

/// How the process behaves and what it reports.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Process")]
pub struct ProcessArgs {
	/// Niceness added to the process, so that a validator on the same machine makes blocks in time.
	#[arg(long, value_name = "NICENESS", default_value = "0", value_parser = parse::within(0..=19))]
	pub nice: i32,
	/// A file with the component's status as JSON, replaced once a second.
	#[arg(long, value_name = "FILE")]
	pub status_file: Option<PathBuf>,
	/// Serve metrics to Prometheus on this port of 127.0.0.1.
	#[arg(long, value_name = "PORT")]
	pub prometheus_port: Option<u16>,
	/// Seconds without a block after which the miner warns that its chain cache is stale.
	#[arg(long, value_name = "SECONDS", default_value = "30", value_parser = parse::seconds)]
	pub stale_after: Duration,
}
