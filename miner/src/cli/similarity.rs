//! The options of `similarity`.

use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Arguments of `similarity`.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("measured").required(true).args(["checkpoint", "kind"])))]
pub struct SimilarityArgs {
	/// The checkpoint of a component that learns, such as `best.safetensors` in its base path.
	#[arg(long, value_name = "FILE", requires = "corpus")]
	pub checkpoint: Option<PathBuf>,
	/// Folder of text files (*.txt): the one that the component learned from.
	#[arg(long, value_name = "DIR")]
	pub corpus: Option<PathBuf>,
	/// A pretrained kind, instead of a checkpoint.
	#[arg(long, value_name = "NAME")]
	pub kind: Option<String>,
	/// Folder with the judgements, and with the models [default: where `fetch` puts them].
	#[arg(long, value_name = "DIR")]
	pub cache_dir: Option<PathBuf>,
}
