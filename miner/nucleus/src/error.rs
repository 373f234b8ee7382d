//! Errors, each with the action that resolves it.

use std::path::PathBuf;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, NucleusError>;

/// Errors of the learning part of a component.
#[derive(Debug, thiserror::Error)]
pub enum NucleusError {
	/// candle refused an operation.
	#[error("tensor operation failed: {0}")]
	Tensor(#[from] candle_core::Error),
	/// A file could not be read or written.
	#[error("cannot access {path}: {source}")]
	Io {
		/// The file or folder.
		path: PathBuf,
		/// The operating system's reason.
		source: std::io::Error,
	},
	/// A setting is out of its range.
	#[error("setting `{name}`: {reason}")]
	Config {
		/// The setting's name.
		name: &'static str,
		/// Its valid range.
		reason: String,
	},
	/// There is no component kind of this name.
	#[error("there is no component kind `{name}`; the kinds are {kinds}")]
	UnknownKind {
		/// The name.
		name: String,
		/// Names of all kinds.
		kinds: String,
	},
	/// A kind with something to learn was set up without text.
	#[error("component kind `{0}` learns from text: give it a corpus")]
	NeedsText(&'static str),
	/// A training step of a kind that has nothing to learn.
	#[error("component kind `{0}` has nothing to learn")]
	NothingToLearn(&'static str),
	/// A file is no table of judgements.
	#[error("{path} is no file of judgements: {reason}")]
	Judgements {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
	/// A corpus folder holds no documents.
	#[error("no .txt documents in {0}: name a folder that holds UTF-8 text files")]
	EmptyCorpus(PathBuf),
	/// A corpus folder holds documents, and none can be used.
	#[error("no text in {root} can be used: {left_out}")]
	NothingUsable {
		/// The folder.
		root: PathBuf,
		/// Names and reasons.
		left_out: String,
	},
	/// The caller wants no result any more.
	#[error("interrupted")]
	Interrupted,
	/// `split.json` cannot be read, or names a document that does not exist.
	#[error("split.json of the corpus: {0}")]
	Split(String),
	/// A selection of documents matches nothing.
	#[error("no document, group or part is called `{0}`: see the folders of the corpus")]
	UnknownDocuments(String),
	/// A held-out document was chosen for training.
	#[error("document `{0}` is held out and cannot be trained on; choose other documents")]
	HeldOut(String),
	/// The chosen documents are shorter than one example.
	#[error("the chosen documents hold no example of {context} + {horizon} tokens")]
	TooShort {
		/// Tokens of context in one example.
		context: usize,
		/// Tokens to predict in one example.
		horizon: usize,
	},
	/// The held-out documents are too short to be cut into two halves.
	#[error(
		"the held-out documents are too short: one half decides which parameters are the best, and \
		 the other one reports the result, so there must be one document with {least} tokens, or two \
		 with {context} + {horizon}"
	)]
	TooLittleHeldOut {
		/// Tokens of context in one example.
		context: usize,
		/// Tokens to predict in one example.
		horizon: usize,
		/// Tokens of a document that can be cut.
		least: usize,
	},
	/// The tokenizer could not be trained or applied.
	#[error("tokenizer: {0}")]
	Tokenizer(String),
	/// A batch without examples.
	#[error("an empty batch: give at least one text")]
	EmptyBatch,
	/// A tensor of the wrong shape.
	#[error("{what} has shape {found:?}, expected {expected:?}")]
	Shape {
		/// Which tensor.
		what: String,
		/// The expected shape.
		expected: Vec<usize>,
		/// The shape it has.
		found: Vec<usize>,
	},
	/// A tensor with NaN or infinite entries.
	#[error("{0} holds NaN or infinite numbers: dropped")]
	NotFinite(String),
	/// A tensor with entries beyond the limit.
	#[error("{what} holds numbers beyond ±{limit:e}: dropped")]
	TooLarge {
		/// Which tensor.
		what: String,
		/// The largest magnitude that is taken.
		limit: f32,
	},
	/// Vectors of words for a model without a vocabulary.
	#[error("component kind `{0}` asks for no vectors of words")]
	NoVocabulary(&'static str),
	/// An input that the component does not have.
	#[error("input {input} does not exist: the component has {inputs}")]
	NoSuchInput {
		/// The requested input.
		input: usize,
		/// Number of inputs.
		inputs: usize,
	},
	/// A saved state that does not fit the model.
	#[error("saved state: {0}")]
	State(String),
	/// A file of a pretrained model that cannot be used. The file is left as it is.
	#[error("model file {path}: {reason}")]
	ModelFile {
		/// The file.
		path: PathBuf,
		/// Why not, and what to do.
		reason: ModelFileError,
	},
	/// A checkpoint that cannot be used. The file is left as it is.
	#[error("checkpoint {path}: {reason}")]
	Checkpoint {
		/// The file.
		path: PathBuf,
		/// Why not, and what to do.
		reason: CheckpointError,
	},
}

impl NucleusError {
	/// Wraps an error of the operating system with the path it is about.
	pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
		let path = path.into();
		move |source| Self::Io { path, source }
	}
}

/// Why a file of a pretrained model cannot be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
	/// It is not there.
	#[error(
		"not found; get the model with `bittensor-miner fetch {model}`, or name the folder of its \
		 files with --model DIR"
	)]
	Missing {
		/// The model.
		model: &'static str,
	},
	/// Cut off or changed.
	#[error("damaged ({0}); remove it and fetch the model again")]
	Damaged(String),
	/// A proper file, but not of the model that this version reads.
	#[error("another version ({0}); fetch the version that this program names")]
	OtherVersion(String),
}

/// Why a checkpoint cannot be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
	/// Not a checkpoint, or a damaged one.
	#[error("corrupt ({0}); restore a copy, or move the file away to start from the beginning")]
	Damaged(String),
	/// Written by a version of this program with another file format.
	#[error(
		"format {found}, but this version reads format {expected}; resume with the version that \
		 wrote it, or move the file away to start from the beginning"
	)]
	OtherFormat {
		/// Format of the file.
		found: u64,
		/// Format that this version reads.
		expected: u64,
	},
	/// Of another component kind.
	#[error(
		"component kind `{found}`, not `{expected}`; run it as `{found}`, or move the file away \
		 (or choose another folder) to start a `{expected}`"
	)]
	OtherKind {
		/// Kind of the file.
		found: String,
		/// The kind that was asked for.
		expected: String,
	},
	/// Of another encoder: another shape or vocabulary.
	#[error(
		"encoder `{found}`, not `{expected}`; resume with the corpus and vocabulary that it was \
		 made with, or move the file away to start from the beginning"
	)]
	OtherEncoder {
		/// Encoder of the file.
		found: String,
		/// The encoder that was asked for.
		expected: String,
	},
	/// Of a component on another chain.
	#[error(
		"chain {found}, not {expected}; connect to the chain that it was made on, or move the \
		 file away (or choose another folder) to start on this one"
	)]
	OtherChain {
		/// Genesis hash in the file, hex.
		found: String,
		/// Genesis hash that was asked for, hex.
		expected: String,
	},
}
