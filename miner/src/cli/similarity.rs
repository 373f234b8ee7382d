//! The options of `similarity`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `similarity`.
#[derive(Clone, Debug, Args)]
pub struct SimilarityArgs {
	/// A pretrained kind, or the checkpoint of a component that learns, such as `best.safetensors` in its
	/// base path.
	#[arg(value_name = "KIND|FILE")]
	pub model: String,
	/// Folder of text files (*.txt), for a checkpoint: the one that the component learned from.
	#[arg(long, value_name = "DIR")]
	pub corpus: Option<PathBuf>,
	/// Folder with the judgements, and with the models [default: where `fetch` puts them].
	#[arg(long, value_name = "DIR")]
	pub cache_dir: Option<PathBuf>,
}
