//! The options of `eval`.

use super::{parse, ChainArgs, KeyArgs};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Arguments of `eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
	/// The checkpoint to measure, such as `best.safetensors` in the base path of a component.
	#[arg(long, value_name = "FILE")]
	pub checkpoint: PathBuf,
	/// The checkpoint of its twin, such as `best-twin.safetensors` beside it.
	#[arg(long, value_name = "FILE")]
	pub twin: Option<PathBuf>,
	/// Folder of text files (*.txt): the one that the component learned from.
	#[arg(long, value_name = "DIR")]
	pub corpus: PathBuf,
	/// Train documents whose groups are measured, as for `run`. Default: those that the component
	/// learned from.
	#[arg(long, value_name = "LIST")]
	pub documents: Option<String>,
	/// Targets to measure, at least, if the held-out text has as many: the second half of each held-out
	/// document is used, which no component decides by.
	#[arg(long, value_name = "TARGETS", default_value = "20000", value_parser = parse::within(64..=100_000_000_usize))]
	pub targets: usize,
	/// Ask the components at its inputs, over the network. Without it the component answers with every
	/// input at its mean.
	#[arg(long)]
	pub network: bool,
	/// Hops that its Spikes may make.
	#[arg(long, value_name = "HOPS", default_value = "1", value_parser = parse::within(1..=4_u32))]
	pub ttl: u32,
	/// Milliseconds within which components must answer 64 texts.
	#[arg(long, value_name = "MILLISECONDS", default_value = "10000", value_parser = parse::milliseconds)]
	pub timeout_ms: Duration,
	/// The chain, with --network.
	#[command(flatten)]
	pub chain: ChainArgs,
	/// The key, with --network: that of the component, whose row pays for the answers.
	#[command(flatten)]
	pub key: KeyArgs,
}
