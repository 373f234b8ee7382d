//! Arguments of `fetch`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `fetch`.
#[derive(Clone, Debug, Args)]
pub struct FetchArgs {
	/// Items to get. `models`, `corpora`, `evaluation` and `all` stand for several.
	#[arg(value_name = "NAME", required_unless_present = "list")]
	pub names: Vec<String>,
	/// Show all items: what they are, their size and licence, and whether they are there.
	#[arg(long)]
	pub list: bool,
	/// Folder to put them in. Default: `$XDG_CACHE_HOME/bittensor`, or `~/.cache/bittensor`.
	#[arg(long, value_name = "DIR", env = "BITTENSOR_CACHE")]
	pub cache_dir: Option<PathBuf>,
	/// A package or a file that you have, or a folder of such; its sha256 has to be right. Can be
	/// given several times.
	#[arg(long, value_name = "PATH")]
	pub from: Vec<PathBuf>,
	/// Ask no registry: take files from `--from` and from the cache folder only.
	#[arg(long)]
	pub offline: bool,
}
