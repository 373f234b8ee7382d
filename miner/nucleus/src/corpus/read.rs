//! Reads a folder of text: every real file once, whatever links lead to it.
//!
//! ```text
//!   walk: real folders first, then links ─► files by (device, inode), each with all its names
//!   text: UTF-8 without its byte-order mark, long enough ─► document;  all else ─► left out
//!   split.json ─► held-out names; a link stands for the file that it leads to
//! ```
//! Invariants: the walk ends, also with loops of links; only regular files are opened, so that no
//! read waits for a writer; one bad file does not hide the others.

use std::{
	collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
	fmt,
	fs::{self, File, Metadata},
	io::Read,
	os::unix::fs::MetadataExt,
	path::{Path, PathBuf},
	sync::Arc,
};

use serde::Deserialize;

use crate::{
	error::{NucleusError, Result},
	tokenizer,
};

/// Bytes read between two looks at the interrupt.
const CHUNK: u64 = 1 << 20;
/// Bytes of text that one corpus may hold: positions in it are 32 bits wide.
const MOST_BYTES: u64 = u32::MAX as u64;
/// Names in one message.
const NAMES: usize = 10;

/// Ends the reading of a corpus, the training of a tokenizer on it, and the cutting of examples.
#[derive(Clone, Default)]
pub struct Interrupt(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Interrupt {
	/// Ends the work soon after `asked` returns `true`.
	pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
		Self(Some(Arc::new(asked)))
	}

	pub(crate) fn is_asked(&self) -> bool {
		self.0.as_ref().is_some_and(|asked| asked())
	}

	pub(crate) fn check(&self) -> Result<()> {
		if self.is_asked() {
			return Err(NucleusError::Interrupted);
		}
		Ok(())
	}
}

impl fmt::Debug for Interrupt {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_tuple("Interrupt").field(&self.is_asked()).finish()
	}
}

/// Why a text is not part of a corpus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
	/// It is not UTF-8.
	#[error("is not UTF-8: convert it, for example with iconv")]
	NotUtf8,
	/// It is shorter than one example.
	#[error("has {tokens} words and signs, fewer than the {least} of one example")]
	TooShort {
		/// Its tokens.
		tokens: usize,
		/// Tokens of one example.
		least: usize,
	},
	/// The operating system refuses it.
	#[error("cannot be read: {0}")]
	Unreadable(String),
	/// A pipe, a socket or a device.
	#[error("is not a regular file")]
	NotRegular,
	/// The corpus is full.
	#[error("would make the corpus larger than 4 GiB")]
	TooLarge,
}

/// A text that is not part of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
	/// Its name, as [`Document::name`](super::Document::name).
	pub name: String,
	/// Why.
	pub reason: Unusable,
}

impl fmt::Display for LeftOut {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "`{}` {}", self.name, self.reason)
	}
}

/// The first few of a list of things, and how many more there are.
pub(super) fn some_of<T: fmt::Display>(all: &[T]) -> String {
	let mut text = all.iter().take(NAMES).map(T::to_string).collect::<Vec<_>>().join(", ");
	if all.len() > NAMES {
		text.push_str(&format!(" and {} more", all.len() - NAMES));
	}
	text
}

/// A file, and every name that leads to it; the first one is its own.
pub(super) struct Found {
	path: PathBuf,
	pub(super) names: Vec<String>,
}

/// All that a folder holds.
pub(super) struct Folder {
	/// Names and text of the usable files.
	pub(super) texts: Vec<(Vec<String>, String)>,
	pub(super) left_out: Vec<LeftOut>,
}

/// Reads all texts below `root` that hold at least `least` tokens.
pub(super) fn folder(root: &Path, least: usize, interrupt: &Interrupt) -> Result<Folder> {
	let mut walk = Walk::default();
	walk.run(root, interrupt)?;
	let Walk { mut found, mut left_out, .. } = walk;
	found.sort_by(|a, b| a.names.cmp(&b.names));
	let mut texts = Vec::new();
	let mut bytes = 0;
	for Found { path, names } in found {
		match text(&path, MOST_BYTES - bytes, least, interrupt)? {
			Ok(text) => {
				bytes += text.len() as u64;
				texts.push((names, text));
			}
			Err(reason) => {
				left_out
					.extend(names.into_iter().map(|name| LeftOut { name, reason: reason.clone() }));
			}
		}
	}
	Ok(Folder { texts, left_out })
}

fn unreadable(error: std::io::Error) -> Unusable {
	Unusable::Unreadable(error.to_string())
}

/// The text of a file without its byte-order mark.
fn text(
	path: &Path,
	most: u64,
	least: usize,
	interrupt: &Interrupt,
) -> Result<std::result::Result<String, Unusable>> {
	let mut bytes = Vec::new();
	let mut file = match File::open(path) {
		Ok(file) => file,
		Err(error) => return Ok(Err(unreadable(error))),
	};
	if let Ok(metadata) = file.metadata() {
		if metadata.len() > most {
			return Ok(Err(Unusable::TooLarge));
		}
		bytes.reserve_exact(metadata.len() as usize + 1);
	}
	loop {
		interrupt.check()?;
		match file.by_ref().take(CHUNK).read_to_end(&mut bytes) {
			Ok(0) => break,
			Ok(_) if bytes.len() as u64 > most => return Ok(Err(Unusable::TooLarge)),
			Ok(_) => {}
			Err(error) => return Ok(Err(unreadable(error))),
		}
	}
	let Ok(mut text) = String::from_utf8(bytes) else { return Ok(Err(Unusable::NotUtf8)) };
	if text.starts_with(BYTE_ORDER_MARK) {
		text.drain(..BYTE_ORDER_MARK.len_utf8());
	}
	let tokens = tokenizer::count(&text, least)?;
	if tokens < least {
		return Ok(Err(Unusable::TooShort { tokens, least }));
	}
	Ok(Ok(text))
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file or folder, by device and inode.
type Id = (u64, u64);

fn id(metadata: &Metadata) -> Id {
	(metadata.dev(), metadata.ino())
}

#[derive(Default)]
struct Walk {
	folders: HashSet<Id>,
	files: HashMap<Id, usize>,
	found: Vec<Found>,
	left_out: Vec<LeftOut>,
	/// Folders to read.
	next: VecDeque<(PathBuf, String)>,
	/// Symbolic links, by name: followed last, so that a file keeps its real name.
	links: BTreeMap<String, PathBuf>,
}

impl Walk {
	fn run(&mut self, root: &Path, interrupt: &Interrupt) -> Result<()> {
		let metadata = fs::metadata(root).map_err(NucleusError::io(root))?;
		fs::read_dir(root).map_err(NucleusError::io(root))?;
		self.visit(root.into(), String::new(), &metadata);
		loop {
			interrupt.check()?;
			if let Some((path, name)) = self.next.pop_front() {
				self.read(&path, &name);
			} else if let Some((name, path)) = self.links.pop_first() {
				match fs::metadata(&path) {
					Ok(metadata) => self.visit(path, name, &metadata),
					Err(error) => self.leave_out(name, unreadable(error)),
				}
			} else {
				return Ok(());
			}
		}
	}

	/// Visits the entries of a folder in the order of their names.
	fn read(&mut self, folder: &Path, name: &str) {
		let entries =
			fs::read_dir(folder).and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>());
		let mut entries = match entries {
			Ok(entries) => entries,
			Err(error) => {
				let (name, reason) = (format!("{name}/"), unreadable(error));
				return self.left_out.push(LeftOut { name, reason });
			}
		};
		entries.sort_by_key(std::fs::DirEntry::file_name);
		for entry in entries {
			let own = entry.file_name().to_string_lossy().into_owned();
			let name = if name.is_empty() { own } else { format!("{name}/{own}") };
			match entry.metadata() {
				Ok(metadata) if metadata.is_symlink() => {
					self.links.insert(name, entry.path());
				}
				Ok(metadata) => self.visit(entry.path(), name, &metadata),
				Err(error) => self.leave_out(name, unreadable(error)),
			}
		}
	}

	fn visit(&mut self, path: PathBuf, name: String, metadata: &Metadata) {
		if metadata.is_dir() {
			if self.folders.insert(id(metadata)) {
				self.next.push_back((path, name));
			}
		} else if !metadata.is_file() {
			self.leave_out(name, Unusable::NotRegular);
		} else if is_text(&name) {
			match self.files.get(&id(metadata)) {
				Some(&at) => self.found[at].names.push(name),
				None => {
					self.files.insert(id(metadata), self.found.len());
					self.found.push(Found { path, names: vec![name] });
				}
			}
		}
	}

	/// Notes a file that would be a document.
	fn leave_out(&mut self, name: String, reason: Unusable) {
		if is_text(&name) {
			self.left_out.push(LeftOut { name, reason });
		}
	}
}

fn is_text(name: &str) -> bool {
	Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitFile {
	held_out: BTreeSet<String>,
}

/// The held-out names in `split.json`, if there is one.
pub(super) fn split(root: &Path) -> Result<Option<BTreeSet<String>>> {
	let path = root.join("split.json");
	match fs::metadata(&path) {
		Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
		Err(e) => return Err(NucleusError::io(path)(e)),
		Ok(metadata) if !metadata.is_file() => {
			return Err(NucleusError::Split("it is not a regular file".into()));
		}
		Ok(_) => {}
	}
	let bytes = fs::read(&path).map_err(NucleusError::io(&path))?;
	let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
	let file: SplitFile = serde_json::from_slice(bytes).map_err(|error| {
		let form = r#"{"held_out": ["folder/name.txt"]}"#;
		NucleusError::Split(format!("{error}; write {form}, with names of documents"))
	})?;
	Ok(Some(file.held_out))
}

/// Says that no document has this name, and which one may be meant.
pub(super) fn no_document(name: &str, documents: &[&str]) -> NucleusError {
	let stem = |name: &str| {
		let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
		file.trim_end_matches(".txt").to_owned()
	};
	let near: Vec<_> = documents.iter().filter(|other| stem(other) == stem(name)).collect();
	let hint = match near.is_empty() {
		false => format!("did you mean {}?", some_of(&near)),
		true => format!("the documents are {}", some_of(documents)),
	};
	NucleusError::Split(format!("there is no document `{name}`: {hint}"))
}
