//! Component kinds: what a component *is*.
//!
//! A kind is one file of this folder and one line of [`KINDS`]. What a component learns from,
//! whether it serves, and what row it posts are settings of the miner and apply to every kind.
//!
//! To add a kind: write a file with a `pub(super) const KIND: Kind`, whose model implements
//! [`Model`]; add `mod` and the line in [`KINDS`]. The conformance test (`tests/it/conformance.rs`)
//! and the miner's `--kind` option pick it up from there.

mod cbow;
mod constant;
mod glove;
mod minilm;
mod noise;
mod textgenrnn;
mod trainable;
mod transformer;
mod use_v3;

use std::{path::Path, sync::Arc};

use candle_core::Device;
use serde_json::Value;

use crate::{
	checkpoint::{self, Origin, Saved},
	config::Config,
	error::{CheckpointError, NucleusError, Result},
	model::Model,
	perplexity::Unigram,
	pretrained::{ModelFiles, Package},
	tokenizer::Tokenizer,
};

pub use cbow::component;

/// All kinds; the first one is the default.
pub static KINDS: &[Kind] = &[
	cbow::KIND,
	transformer::KIND,
	use_v3::KIND,
	minilm::KIND,
	glove::KIND,
	textgenrnn::KIND,
	noise::KIND,
	constant::KIND,
];

/// One component kind.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
	/// Its name, as in `--kind` and in checkpoints.
	pub name: &'static str,
	/// One line for people.
	pub about: &'static str,
	/// Has something to learn, and therefore needs text.
	pub learns: bool,
	/// The pretrained model that it serves.
	pub package: Option<&'static Package>,
	/// Makes a fresh model.
	create: fn(&Setup) -> Result<Box<dyn Model>>,
	/// Makes a model from a checkpoint.
	restore: fn(&Setup, Saved) -> Result<Box<dyn Model>>,
}

/// What a model is made of. A kind ignores what it does not need.
#[derive(Clone, Debug)]
pub struct Setup {
	/// Settings. A checkpoint keeps those it was made with, except those of [`Config::adopt`].
	pub config: Config,
	/// Vocabulary of the corpus, for kinds that learn.
	pub tokenizer: Option<Arc<Tokenizer>>,
	/// Word frequencies: training then starts at the unigram baseline instead of at the uniform
	/// distribution.
	pub prior: Option<Unigram>,
	/// Word frequencies that weight the targets (`subsample` of the settings), if not those of
	/// `prior`. Losses of components may be compared if they are equal.
	pub frequencies: Option<Unigram>,
	/// Where tensors live.
	pub device: Device,
	/// Files of pretrained models.
	pub files: ModelFiles,
}

impl Setup {
	/// On the CPU, without a vocabulary.
	pub fn new(config: Config) -> Self {
		let (device, files) = (Device::Cpu, ModelFiles::default());
		Self { config, tokenizer: None, prior: None, frequencies: None, device, files }
	}

	/// With the vocabulary of a corpus.
	pub fn with_tokenizer(self, tokenizer: Arc<Tokenizer>) -> Self {
		Self { tokenizer: Some(tokenizer), ..self }
	}

	fn tokenizer(&self, kind: &'static str) -> Result<Arc<Tokenizer>> {
		self.tokenizer.clone().ok_or(NucleusError::NeedsText(kind))
	}
}

impl Kind {
	/// A fresh model.
	///
	/// # Errors
	/// [`NucleusError::Config`] for settings out of range; [`NucleusError::NeedsText`] if the kind
	/// learns and the setup has no tokenizer; [`NucleusError::ModelFile`] for a file of a
	/// pretrained model that cannot be used.
	pub fn create(&self, setup: &Setup) -> Result<Box<dyn Model>> {
		setup.config.validate()?;
		(self.create)(setup)
	}

	/// The model of a checkpoint. It adopts those settings of `setup` that may change between runs.
	/// The file is not changed.
	///
	/// # Errors
	/// [`NucleusError::Io`] if the file cannot be read; [`NucleusError::Checkpoint`] if it is
	/// damaged or of another format, kind or encoder; as [`Kind::create`].
	pub fn load(&self, path: &Path, setup: &Setup) -> Result<Loaded> {
		let (saved, notes, origin) = checkpoint::read(path, self.name)?;
		let mut model = (self.restore)(setup, saved).map_err(|error| match error {
			NucleusError::State(reason) => checkpoint::at(path)(CheckpointError::Damaged(reason)),
			other => other,
		})?;
		model.configure(&setup.config)?;
		Ok(Loaded { model, notes, origin })
	}
}

/// A model from a checkpoint.
#[derive(Debug)]
pub struct Loaded {
	/// The model.
	pub model: Box<dyn Model>,
	/// The notes that its caller saved with it.
	pub notes: Value,
	/// Where it was made: check the chain before the model is used on one.
	pub origin: Origin,
}

/// The kind of this name.
///
/// # Errors
/// [`NucleusError::UnknownKind`] lists the names.
pub fn kind(name: &str) -> Result<&'static Kind> {
	let unknown = || {
		let kinds: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
		NucleusError::UnknownKind { name: name.into(), kinds: kinds.join(", ") }
	};
	KINDS.iter().find(|kind| kind.name == name).ok_or_else(unknown)
}
