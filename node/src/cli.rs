//! The command line.

use sc_cli::RunCmd;

/// The command line: a subcommand, or options for running the node.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
	/// The subcommand. Without one, the node runs.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// Options for running the node.
	#[clap(flatten)]
	pub(crate) run: RunCmd,
}

/// All commands except running the node.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
	/// Generate, inspect and store keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write a chain specification; with `--raw` in the form that other nodes start from.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Re-execute a block and check it.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state at a block as a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the database of a chain.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert this many blocks, at most to the last finalised block.
	Revert(sc_cli::RevertCmd),

	/// Show the state of the database: best and finalised block, pruning.
	ChainInfo(sc_cli::ChainInfoCmd),
}
