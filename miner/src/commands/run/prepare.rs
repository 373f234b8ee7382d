//! Before anything is started: the base path, the corpus, the checkpoint.

use crate::{cli::RunArgs, compute::Notes, config::ConfigError};
use anyhow::Context;
use bittensor_nucleus as nucleus;
use std::{
	fs::{File, TryLockError},
	path::Path,
	sync::Arc,
};

/// Name of the checkpoint in the base path.
pub const CHECKPOINT: &str = "component.safetensors";

/// A base path that another miner uses.
#[derive(Debug, thiserror::Error)]
#[error(
	"another miner uses {0}: two processes with one key would overwrite each other's checkpoint and \
	 invalidate each other's transactions. Stop it, or give each its own --base-path"
)]
pub struct InUse(String);

/// The component, and the text that it learns from and is measured on.
pub struct Prepared {
	/// New, or from the checkpoint.
	pub component: nucleus::Component,
	/// What the checkpoint holds beside the component.
	pub notes: Notes,
	/// Train examples.
	pub sampler: nucleus::Sampler,
	/// Held-out examples.
	pub held_out: Vec<nucleus::Example>,
	/// Perplexity of the unigram model on the held-out examples.
	pub unigram: f64,
	/// Where tensors live.
	pub device: nucleus::Device,
}

/// Creates the base path and locks it for this process.
pub fn lock(base_path: &Path) -> anyhow::Result<File> {
	std::fs::create_dir_all(base_path)
		.with_context(|| format!("cannot create {}", base_path.display()))?;
	let path = base_path.join("lock");
	let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
	match file.try_lock() {
		Ok(()) => Ok(file),
		Err(TryLockError::WouldBlock) => Err(InUse(base_path.display().to_string()).into()),
		Err(TryLockError::Error(error)) => {
			Err(error).with_context(|| format!("cannot lock {}", path.display()))
		}
	}
}

/// Reads the corpus, and creates or resumes the component. `None` for a kind that learns nothing.
pub async fn prepare(args: &RunArgs) -> anyhow::Result<Option<Prepared>> {
	if args.component.kind == "noise" {
		return Ok(None);
	}
	let args = args.clone();
	tokio::task::spawn_blocking(move || read(&args)).await?.map(Some)
}

fn read(args: &RunArgs) -> anyhow::Result<Prepared> {
	let options = &args.component;
	let folder =
		options.corpus.as_ref().ok_or_else(|| ConfigError::Corpus(options.kind.clone()))?;
	let corpus = nucleus::Corpus::load(folder)?;
	let documents = corpus.select(&options.documents)?;
	let tokenizer = Arc::new(nucleus::Tokenizer::train(&corpus, options.vocabulary)?);
	let config = nucleus::Config {
		vocab: options.vocabulary,
		slots: args.downstream.inputs,
		batch: args.learning.batch,
		seed: options.seed,
		bid_weight: args.learning.bid_weight,
		..nucleus::Config::default()
	};
	let mut sampler = nucleus::Sampler::new(
		&corpus,
		&documents,
		&tokenizer,
		config.context,
		config.horizon,
		options.seed,
	)?;
	let held_out = nucleus::held_out(
		&corpus,
		&corpus.held_out_for(&documents),
		&tokenizer,
		config.context,
		config.horizon,
		args.learning.held_out,
	)?;
	let model = nucleus::Unigram::fit(sampler.tokens(), tokenizer.size());
	let unigram = model.perplexity(held_out.iter().map(|example| &example.target[..]));
	let names: Vec<String> =
		documents.iter().map(|at| corpus.documents()[*at].name().to_owned()).collect();
	tracing::info!(
		"{} documents, {} examples, {} words, unigram perplexity {unigram:.1}",
		names.len(),
		sampler.examples(),
		tokenizer.size()
	);

	let device = device();
	let path = options.base_path.join(CHECKPOINT);
	if !path.exists() {
		let component = nucleus::Component::new(config, tokenizer, Some(&model), &device)?;
		let notes = Notes { documents: names, ..Notes::default() };
		return Ok(Prepared { component, notes, sampler, held_out, unigram, device });
	}
	let (mut component, notes) = nucleus::Component::load(&path, tokenizer, &device).context(
		"the checkpoint is corrupt, or of another corpus or --vocabulary; it was not changed",
	)?;
	component.configure(&config)?;
	let mut notes: Notes = serde_json::from_value(notes).unwrap_or_default();
	if notes.documents == names {
		sampler.resume(notes.sampler);
	}
	notes.documents = names;
	tracing::info!("resumed {} at step {}", path.display(), component.steps());
	Ok(Prepared { component, notes, sampler, held_out, unigram, device })
}

/// Where tensors live.
fn device() -> nucleus::Device {
	#[cfg(feature = "cuda")]
	match nucleus::Device::new_cuda(0) {
		Ok(device) => return device,
		Err(error) => tracing::warn!("no GPU, computing on the CPU: {error}"),
	}
	nucleus::Device::Cpu
}
