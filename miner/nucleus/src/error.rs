//! What can go wrong, each with what to do about it.

use std::path::PathBuf;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, NucleusError>;

/// What can go wrong in the learning part of a component.
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
		/// What it must be.
		reason: String,
	},
	/// A corpus folder holds no documents.
	#[error("no .txt documents in {0}: name a folder that holds UTF-8 text files")]
	EmptyCorpus(PathBuf),
	/// A document is not UTF-8 text.
	#[error("{0} is not UTF-8 text: convert it, or take it out of the corpus")]
	NotText(PathBuf),
	/// `split.json` could not be understood, or names a document that does not exist.
	#[error("split.json of the corpus: {0}")]
	Split(String),
	/// A selection of documents matches nothing.
	#[error("no document, group or part is called `{0}`: see the folders of the corpus")]
	UnknownDocuments(String),
	/// A held-out document was chosen for training.
	#[error("document `{0}` is held out: nobody trains on it; choose other documents")]
	HeldOut(String),
	/// The chosen documents are shorter than one example.
	#[error("the chosen documents hold no example of {context} + {horizon} tokens")]
	TooShort {
		/// Tokens of context in one example.
		context: usize,
		/// Tokens to predict in one example.
		horizon: usize,
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
		/// The shape it must have.
		expected: Vec<usize>,
		/// The shape it has.
		found: Vec<usize>,
	},
	/// A tensor with NaN or infinite entries.
	#[error("{0} holds NaN or infinite numbers: dropped")]
	NotFinite(String),
	/// A slot that the component does not have.
	#[error("slot {slot} does not exist: the component has {slots}")]
	NoSuchSlot {
		/// The slot asked for.
		slot: usize,
		/// How many slots there are.
		slots: usize,
	},
	/// A checkpoint that cannot be used.
	#[error("checkpoint {path}: {reason}; move it away to start anew")]
	Checkpoint {
		/// The file.
		path: PathBuf,
		/// Why not.
		reason: String,
	},
}

impl NucleusError {
	/// Wraps an error of the operating system with the path it is about.
	pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
		let path = path.into();
		move |source| Self::Io { path, source }
	}
}
