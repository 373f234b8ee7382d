//! The command line.

use sc_cli::RunCmd;

/// What was typed: a sub-command, or the options of a running node.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
	/// What to do; a node is run if nothing is named.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// Options of a running node.
	#[clap(flatten)]
	pub(crate) run: RunCmd,
}

/// Everything besides running a node.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
	/// Generate, inspect and store keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write the specification of a chain, `--raw` for one that other nodes start from.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Execute a block again and check it.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state at a block as a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the database of a chain.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Go back by so many blocks, at most to the last finalised one.
	Revert(sc_cli::RevertCmd),

	/// Show what the database holds: best and finalised block, pruning.
	ChainInfo(sc_cli::ChainInfoCmd),
}
