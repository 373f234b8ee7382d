//! Before anything is started: the base path, the corpus, the checkpoint.

use crate::{
	cli::{DownstreamArgs, RunArgs},
	commands::model_files,
	compute::{Best, Notes},
	config::ConfigError,
};
use anyhow::Context;
use bittensor_nucleus as nucleus;
use std::{
	collections::BTreeSet,
	fs::{File, TryLockError},
	path::Path,
	sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// Name of the checkpoint in the base path.
pub const CHECKPOINT: &str = "component.safetensors";
/// Held-out tokens below which the perplexity is a matter of chance.
const FEW: u64 = 1_000;
/// Name of the checkpoint of the best parameters so far, beside it.
pub const BEST: &str = "best.safetensors";

/// Name of the twin's checkpoint.
pub const TWIN: &str = "twin.safetensors";
/// Name of the checkpoint of the twin's best parameters.
pub const BEST_TWIN: &str = "best-twin.safetensors";

/// A base path that another miner uses.
#[derive(Debug, thiserror::Error)]
#[error(
	"another miner uses {0}: two processes with one key would overwrite each other's checkpoint and \
	 invalidate each other's transactions. Stop it, or give each its own --base-path"
)]
pub struct InUse(String);

/// Left-out texts that are named in the log, one line each.
const NAMED: usize = 20;

/// The model of the component, and the text that it learns from.
pub struct Prepared {
	/// New, or from the checkpoint.
	pub model: Box<dyn nucleus::Model>,
	/// Where the checkpoint was made; `None` for a new model.
	pub origin: Option<nucleus::Origin>,
	/// What the checkpoint holds beside the model.
	pub notes: Notes,
	/// `None` for a kind that learns nothing.
	pub text: Option<Text>,
	/// The best parameters so far.
	pub best: Best,
	/// The twin, and its best parameters so far.
	pub twin: Option<(Box<dyn nucleus::Model>, Best)>,
	/// Where tensors live.
	pub device: nucleus::Device,
	/// Options that were given and that the checkpoint overrides, as text.
	pub ignored: Vec<String>,
}

/// The text that a component learns from and is measured on.
pub struct Text {
	/// Train examples.
	pub sampler: nucleus::Sampler,
	/// Held-out examples that decide which parameters are the best.
	pub validation: Vec<nucleus::Example>,
	/// Text on which the inputs are scored.
	pub unseen: nucleus::Half,
	/// Held-out examples whose perplexity is reported.
	pub reported: nucleus::HeldOut,
	/// Perplexity of the unigram model on the reported examples.
	pub unigram: f64,
	/// Names of the train documents.
	documents: Vec<String>,
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

/// Reads the corpus, if the kind learns, and creates or resumes the model. It ends soon after `stop`,
/// with [`nucleus::NucleusError::Interrupted`] if the corpus was not read yet.
pub async fn prepare(args: &RunArgs, stop: &CancellationToken) -> anyhow::Result<Prepared> {
	let (args, stop) = (args.clone(), stop.clone());
	tokio::task::spawn_blocking(move || read(&args, &stop)).await?
}

/// The settings of a component, as the options say.
fn config(args: &RunArgs) -> nucleus::Config {
	let options = &args.component;
	nucleus::Config {
		vocab: options.vocabulary,
		inputs: args.downstream.inputs.unwrap_or(DownstreamArgs::INPUTS),
		batch: args.learning.batch,
		learning_rate: args.learning.learning_rate,
		weight_decay: args.learning.weight_decay,
		averaging: args.learning.averaging,
		dropout: nucleus::DropoutConfig {
			network: args.learning.network_dropout,
			..nucleus::DropoutConfig::default()
		},
		seed: options.seed.unwrap_or_default(),
		// The axon counts the lag of Grads in time.
		max_lag: u64::from(u32::MAX),
		attribution: nucleus::AttributionConfig {
			exploring: args.row.exploring_bid,
			..nucleus::AttributionConfig::default()
		},
		..nucleus::Config::default()
	}
}

fn read(args: &RunArgs, stop: &CancellationToken) -> anyhow::Result<Prepared> {
	let options = &args.component;
	let kind = nucleus::kind(&options.kind)?;
	let config = config(args);
	if args.learning.twin && !(kind.learns && args.learning.learn_from.own()) {
		return Err(ConfigError::NothingToCompare.into());
	}
	let device = device();
	if options.model.is_some() && kind.package.is_none() {
		tracing::warn!("--model is ignored: a {} component is not pretrained", kind.name);
	}
	let files =
		nucleus::ModelFiles { folder: options.model.clone(), ..nucleus::ModelFiles::cached() };
	if let Some(package) = kind.package {
		model_files::check(package.name, &files)?;
	}
	let device_of = device.clone();
	let mut setup = nucleus::Setup { device: device_of, files, ..nucleus::Setup::new(config) };
	let mut text = match kind.learns {
		true => Some(read_text(args, &mut setup, stop)?),
		false => None,
	};
	let documents = text.as_ref().map(|text| text.documents.clone()).unwrap_or_default();
	let path = options.base_path.join(CHECKPOINT);
	if !path.exists() {
		let model = kind.create(&setup)?;
		let notes = Notes { documents, ..Notes::default() };
		let best = |name| Best::new(options.base_path.join(name), args.learning.checkpoint_every);
		let twin = match args.learning.twin {
			true => Some((kind.create(&setup)?, best(BEST_TWIN))),
			false => None,
		};
		let (best, ignored) = (best(BEST), Vec::new());
		return Ok(Prepared { model, origin: None, notes, text, best, twin, device, ignored });
	}
	let nucleus::Loaded { model, notes, origin } = kind.load(&path, &setup)?;
	let notes: Notes = serde_json::from_value(notes).unwrap_or_default();
	if let Some(text) = text.as_mut().filter(|text| text.documents == notes.documents) {
		text.sampler.resume(notes.sampler);
	}
	let best = read_best(args, kind, &setup, &documents, BEST)?;
	let twin = match args.learning.twin {
		true => {
			let twin = read_twin(args, kind, &setup, model.steps())?;
			Some((twin, read_best(args, kind, &setup, &documents, BEST_TWIN)?))
		}
		false => None,
	};
	let notes = Notes { documents, validation: None, reported: None, ..notes };
	tracing::info!("resumed {} at step {}", path.display(), model.steps());
	let ignored = ignored(args, &*model)?;
	if !ignored.is_empty() {
		tracing::warn!(
			"the checkpoint decides, and these options are ignored: {}",
			ignored.join(", ")
		);
	}
	Ok(Prepared { model, origin: Some(origin), notes, text, best, twin, device, ignored })
}

/// Options that were given and differ from the checkpoint's.
fn ignored(args: &RunArgs, model: &dyn nucleus::Model) -> nucleus::Result<Vec<String>> {
	let state = model.state()?;
	// A kind without settings keeps its seed alone, and a pretrained one has none.
	let config = state.get::<nucleus::Config>("config");
	let seed = config.as_ref().map(|config| config.seed).or_else(|_| state.get("seed")).ok();
	let mut ignored = Vec::new();
	if let (Some(given), Some(seed)) = (args.component.seed, seed) {
		if given != seed {
			ignored.push(format!("--seed {given} (the parameters have {seed})"));
		}
	}
	let inputs = config.map_or(0, |config| config.inputs);
	if let Some(given) = args.downstream.inputs.filter(|given| inputs > 0 && *given != inputs) {
		ignored.push(format!("--inputs {given} (it has {inputs})"));
	}
	Ok(ignored)
}

/// Reads the corpus, and gives its words to the setup of the model.
fn read_text(
	args: &RunArgs,
	setup: &mut nucleus::Setup,
	stop: &CancellationToken,
) -> anyhow::Result<Text> {
	let options = &args.component;
	let folder =
		options.corpus.as_ref().ok_or_else(|| ConfigError::Corpus(options.kind.clone()))?;
	let (context, horizon) = (setup.config.context, setup.config.horizon);
	let stop = stop.clone();
	let interrupt = nucleus::Interrupt::when(move || stop.is_cancelled());
	let corpus = nucleus::Corpus::read(folder, context + horizon, interrupt)?;
	for text in corpus.left_out().iter().take(NAMED) {
		tracing::warn!("left out of the corpus: {text}");
	}
	if let Some(more) = corpus.left_out().len().checked_sub(NAMED).filter(|more| *more > 0) {
		tracing::warn!("left out of the corpus: {more} more texts");
	}
	let chosen = corpus.select(&options.documents)?;
	let tokenizer = Arc::new(nucleus::Tokenizer::train(&corpus, options.vocabulary)?);
	let seed = setup.config.seed;
	let sampler = nucleus::Sampler::new(&corpus, &chosen, &tokenizer, context, horizon, seed)?;
	let measured = corpus.held_out_for(&chosen);
	let (unseen, reported) = nucleus::Half::both(&corpus, &measured, &tokenizer, context, horizon)?;
	let count = args.learning.held_out / 2;
	let (validation, reported) = (unseen.spread(count).examples, reported.spread(count));
	check_held_out(args, &reported)?;
	let prior = nucleus::Unigram::fit(sampler.tokens(), tokenizer.size());
	let targets = reported.examples.iter().map(|example| &example.target[..]);
	let unigram = prior.weighted_perplexity(targets, setup.config.subsample);
	let documents: Vec<String> =
		chosen.iter().map(|at| corpus.documents()[*at].name().to_owned()).collect();
	tracing::info!(
		"{} documents, {} examples, {} words, unigram perplexity {unigram:.1}",
		documents.len(),
		sampler.examples(),
		tokenizer.size()
	);
	setup.tokenizer = Some(tokenizer);
	setup.prior = Some(prior);
	Ok(Text { sampler, validation, unseen, reported, unigram, documents })
}

/// Refuses a comparison without an interval, and warns of figures that little text decides.
fn check_held_out(args: &RunArgs, reported: &nucleus::HeldOut) -> Result<(), ConfigError> {
	let documents = reported.documents.iter().collect::<BTreeSet<_>>().len();
	if args.learning.twin && documents < 2 {
		return Err(ConfigError::OneDocument);
	}
	let (tokens, _) = reported.known();
	if tokens < FEW {
		tracing::warn!(
			"the perplexity is of {tokens} held-out tokens, and as few decide which parameters are the \
			 best: hold out more text (`split.json` of the corpus), or raise --held-out"
		);
	}
	Ok(())
}

/// The twin of a component that is resumed after this many steps.
fn read_twin(
	args: &RunArgs,
	kind: &nucleus::Kind,
	setup: &nucleus::Setup,
	steps: u64,
) -> anyhow::Result<Box<dyn nucleus::Model>> {
	let path = args.component.base_path.join(TWIN);
	if !path.exists() {
		return Err(ConfigError::TwinSteps { steps, twin: "there is no twin".into() }.into());
	}
	let model = kind.load(&path, setup)?.model;
	if model.steps() != steps {
		let twin = format!("its twin {}", model.steps());
		return Err(ConfigError::TwinSteps { steps, twin }.into());
	}
	Ok(model)
}

/// The best parameters so far of a component that is resumed. A file that does not fit is replaced
/// in time.
fn read_best(
	args: &RunArgs,
	kind: &nucleus::Kind,
	setup: &nucleus::Setup,
	documents: &[String],
	name: &str,
) -> anyhow::Result<Best> {
	let path = args.component.base_path.join(name);
	let mut best = Best::new(path.clone(), args.learning.checkpoint_every);
	if documents.is_empty() || !path.exists() {
		return Ok(best);
	}
	match kind.load(&path, setup) {
		Ok(nucleus::Loaded { model, notes, .. }) => {
			let notes: Notes = serde_json::from_value(notes).unwrap_or_default();
			if notes.documents == documents {
				best.resume(&*model, &notes)?;
			}
		}
		Err(error) => tracing::warn!("the best parameters so far are not used: {error}"),
	}
	Ok(best)
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

#[cfg(test)]
mod tests {
	use super::config;
	use crate::cli::{Cli, Command};
	use bittensor_nucleus::{Config, DropoutConfig, AVERAGING};
	use clap::Parser;

	fn of(options: &[&str]) -> Config {
		let words = ["bittensor-miner", "run", "--dev-key=//Alice", "--base-path=x"];
		match Cli::parse_from(words.iter().chain(options)).command {
			Command::Run(args) => config(&args),
			other => panic!("`run` expected: {other:?}"),
		}
	}

	#[test]
	fn options_are_settings_of_the_component() {
		let shipped = of(&[]);
		assert_eq!(shipped.averaging, AVERAGING);
		assert_eq!(shipped.dropout, DropoutConfig::default());
		let options = [
			"--vocabulary=1024",
			"--inputs=3",
			"--batch=64",
			"--learning-rate=0.0015",
			"--weight-decay=0.5",
			"--averaging=0.9",
			"--network-dropout=0.1",
			"--seed=7",
		];
		let expected = Config {
			vocab: 1_024,
			inputs: 3,
			batch: 64,
			learning_rate: 0.0015,
			weight_decay: 0.5,
			averaging: 0.9,
			dropout: DropoutConfig { network: 0.1, ..DropoutConfig::default() },
			seed: 7,
			..shipped
		};
		assert_eq!(of(&options), expected);
	}
}
