//! What a pretrained model is made of, and where its files are.

use std::{
	fs,
	path::{Path, PathBuf},
};

use blake2::{digest::consts::U16, Blake2b, Digest};

use super::frozen::Frozen;
use crate::{
	checkpoint::Saved,
	error::{ModelFileError, NucleusError, Result},
	kinds::Setup,
	model::Model,
};

/// Where the files of pretrained models are, and where what is computed from them is kept.
#[derive(Clone, Debug, Default)]
pub struct ModelFiles {
	/// The folder with the files of the one model that is used.
	pub folder: Option<PathBuf>,
	/// A folder with a folder for each model, by its name; used if `folder` is not given.
	pub root: Option<PathBuf>,
	/// A folder for principal components and vectors. Without one they are computed again at each
	/// start.
	pub cache: Option<PathBuf>,
}

impl ModelFiles {
	/// Models in the folder that `bittensor-miner fetch` fills, and the rest below it.
	pub fn cached() -> Self {
		default_cache().map(Self::below).unwrap_or_default()
	}

	/// Models in this folder, each in one of its name, and the rest in its folder `vectors`.
	pub fn below(root: PathBuf) -> Self {
		Self { folder: None, cache: Some(root.join("vectors")), root: Some(root) }
	}
}

/// The folder for fetched things: `$XDG_CACHE_HOME/bittensor`, or `$HOME/.cache/bittensor`.
pub fn default_cache() -> Option<PathBuf> {
	let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
	let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
	cache.map(|cache| cache.join("bittensor"))
}

/// A pretrained model: its name, its files, and the code that reads them.
#[derive(Clone, Copy, Debug)]
pub struct Package {
	/// Name of the component kind that serves it.
	pub kind: &'static str,
	/// Its name: that of its folder, and of `bittensor-miner fetch NAME`.
	pub name: &'static str,
	/// Names of its files.
	pub files: &'static [&'static str],
	/// Reads the files, in the order of their names.
	pub(crate) load: fn(&[ModelFile]) -> Result<Box<dyn TextModel>>,
}

/// A file in memory.
#[derive(Debug)]
pub(crate) struct ModelFile {
	path: PathBuf,
	bytes: Vec<u8>,
}

/// A pretrained model: a function from a text to D numbers, D its own.
pub trait TextModel: std::fmt::Debug + Send + Sync {
	/// D.
	fn width(&self) -> usize;

	/// The vectors of texts, `[B, D]` row-major. Every text has one, also an empty one. The vector
	/// of a text depends on nothing else, up to rounding.
	///
	/// # Errors
	/// [`NucleusError::Tensor`] or [`NucleusError::Tokenizer`] if an operation fails.
	fn vectors(&self, texts: &[&str]) -> Result<Vec<f32>>;
}

impl Package {
	/// Whether all of its files are there.
	pub fn is_there(&self, files: &ModelFiles) -> bool {
		self.files.iter().all(|name| self.path(files, name).is_some_and(|path| path.is_file()))
	}

	/// Reads the model, as it was trained: without reduction and without a cache.
	///
	/// # Errors
	/// [`NucleusError::ModelFile`] for a file that is missing, damaged or of another version;
	/// [`NucleusError::Io`].
	pub fn open(&self, files: &ModelFiles) -> Result<Box<dyn TextModel>> {
		(self.load)(&self.read(files)?)
	}

	/// A fresh component.
	pub(crate) fn create(&'static self, setup: &Setup) -> Result<Box<dyn Model>> {
		Ok(Box::new(Frozen::create(self, &setup.files)?))
	}

	/// The component of a checkpoint.
	pub(crate) fn restore(&'static self, setup: &Setup, saved: Saved) -> Result<Box<dyn Model>> {
		Ok(Box::new(Frozen::restore(self, &setup.files, saved)?))
	}

	pub(super) fn read(&self, files: &ModelFiles) -> Result<Vec<ModelFile>> {
		let read = |name: &&str| {
			let path = self.path(files, name).unwrap_or_else(|| Path::new(self.name).join(name));
			match fs::read(&path) {
				Ok(bytes) => Ok(ModelFile { path, bytes }),
				Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
					let reason = ModelFileError::Missing { model: self.name };
					Err(NucleusError::ModelFile { path, reason })
				}
				Err(error) => Err(NucleusError::io(path)(error)),
			}
		};
		self.files.iter().map(read).collect()
	}

	fn path(&self, files: &ModelFiles, name: &str) -> Option<PathBuf> {
		let folder = files.folder.clone();
		let folder = folder.or_else(|| files.root.as_ref().map(|root| root.join(self.name)));
		folder.map(|folder| folder.join(name))
	}
}

impl ModelFile {
	/// Parses the file; an error names its path.
	pub(super) fn parse<'f, T>(
		&'f self,
		parse: impl FnOnce(&'f [u8]) -> std::result::Result<T, ModelFileError>,
	) -> Result<T> {
		parse(&self.bytes)
			.map_err(|reason| NucleusError::ModelFile { path: self.path.clone(), reason })
	}
}

/// Names what the files hold, in 32 hexadecimal digits.
pub(super) fn digest(files: &[ModelFile]) -> String {
	let mut hash = Blake2b::<U16>::new();
	for file in files {
		hash.update((file.bytes.len() as u64).to_le_bytes());
		hash.update(&file.bytes);
	}
	hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
