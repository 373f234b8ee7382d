//! Documents, their split, and the examples cut from them.
//!
//! ```text
//!   … the ship had been struck by the white whale | , and sank in
//!     └────────── x: 12 tokens, as text ─────────┘ └─ T': 4 ids ─┘
//! ```
//!
//! Invariants: the split is by document, and equal for all who have the same files; held-out
//! documents are never trained on, under no name; the text of an example ends before its first target
//! begins; memory grows with the text, by a few bytes per byte.

mod halves;
mod read;
mod sampler;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
	error::{NucleusError, Result},
	fnv::Fnv,
};

pub use halves::{Half, HeldOut};
pub use read::{Interrupt, LeftOut, Unusable};
pub use sampler::{held_out, Batch, Example, Sampler, SamplerState};

/// Which part of a corpus a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
	/// May be trained on.
	Train,
	/// Only for measuring.
	HeldOut,
}

/// One text file.
#[derive(Clone, Debug)]
pub struct Document {
	name: String,
	group: String,
	split: Split,
	text: Arc<str>,
}

impl Document {
	/// Path below the root of the corpus, with `/` between its parts.
	pub fn name(&self) -> &str {
		&self.name
	}

	/// The first folder of the path, or `documents` for a file at the root.
	pub fn group(&self) -> &str {
		&self.group
	}

	/// Train or held-out.
	pub fn split(&self) -> Split {
		self.split
	}

	/// The whole text.
	pub fn text(&self) -> &str {
		&self.text
	}
}

/// All documents below one folder, in the order of their names.
#[derive(Clone, Debug)]
pub struct Corpus {
	documents: Vec<Document>,
	left_out: Vec<LeftOut>,
	interrupt: Interrupt,
}

impl Corpus {
	/// As [`Corpus::read`], of texts of any length and without an interrupt.
	///
	/// # Errors
	/// As [`Corpus::read`].
	pub fn load(root: impl AsRef<Path>) -> Result<Self> {
		Self::read(root, 1, Interrupt::default())
	}

	/// Reads every `.txt` file below `root`, each once, also if links give it several names. Files
	/// that are not UTF-8, cannot be read, or hold fewer than `least` tokens are
	/// [left out](Self::left_out). `split.json` (`{"held_out": [names]}`) lists the held-out
	/// documents. Without it the hash of each name decides: one in five, and at least one of every
	/// group of two or more.
	///
	/// # Errors
	/// [`NucleusError::EmptyCorpus`], [`NucleusError::NothingUsable`], [`NucleusError::Split`],
	/// [`NucleusError::Io`] or [`NucleusError::Interrupted`].
	pub fn read(root: impl AsRef<Path>, least: usize, interrupt: Interrupt) -> Result<Self> {
		let root = root.as_ref();
		let read::Folder { texts, left_out } = read::folder(root, least, &interrupt)?;
		if texts.is_empty() {
			return Err(match left_out.is_empty() {
				true => NucleusError::EmptyCorpus(root.into()),
				false => NucleusError::NothingUsable {
					root: root.into(),
					left_out: read::some_of(&left_out),
				},
			});
		}
		Self::split(texts, left_out, read::split(root)?, interrupt)
	}

	/// A corpus from named texts. `held_out` as in `split.json`; without it the names decide.
	///
	/// # Errors
	/// [`NucleusError::Split`] if `held_out` names a text that does not exist, or leaves no
	/// document to train on or to measure on.
	pub fn from_texts(
		texts: Vec<(String, String)>,
		held_out: Option<BTreeSet<String>>,
	) -> Result<Self> {
		let texts = texts.into_iter().map(|(name, text)| (vec![name], text)).collect();
		Self::split(texts, Vec::new(), held_out, Interrupt::default())
	}

	fn split(
		mut texts: Vec<(Vec<String>, String)>,
		left_out: Vec<LeftOut>,
		held_out: Option<BTreeSet<String>>,
		interrupt: Interrupt,
	) -> Result<Self> {
		texts.sort();
		let (names, mut documents): (Vec<Vec<String>>, Vec<Document>) = texts
			.into_iter()
			.map(|(names, text)| {
				let name = names[0].clone();
				let group = match name.split_once('/') {
					Some((group, _)) => group.to_owned(),
					None => "documents".to_owned(),
				};
				(names, Document { name, group, split: Split::Train, text: text.into() })
			})
			.unzip();
		let listed = held_out.is_some();
		match held_out {
			Some(held_out) => {
				for name in &held_out {
					match names.iter().position(|names| names.contains(name)) {
						Some(at) => documents[at].split = Split::HeldOut,
						// Whoever reads the corpus says why.
						None if left_out.iter().any(|text| text.name == *name) => {}
						None => {
							let all: Vec<&str> = documents.iter().map(Document::name).collect();
							return Err(read::no_document(name, &all));
						}
					}
				}
			}
			None => split_by_hash(&mut documents),
		}
		for (split, what) in [(Split::Train, "train on"), (Split::HeldOut, "measure on")] {
			if !documents.iter().any(|d| d.split == split) {
				let mut reason = match (listed, split) {
					(true, Split::Train) => format!("all {} are held out", documents.len()),
					(true, Split::HeldOut) => {
						format!("none of the {} is held out", documents.len())
					}
					(false, _) => "without split.json, a folder needs at least two".into(),
				};
				if !left_out.is_empty() {
					reason = format!("{reason}; left out: {}", read::some_of(&left_out));
				}
				return Err(NucleusError::Split(format!(
					"no document is left to {what}: {reason}"
				)));
			}
		}
		Ok(Self { documents, left_out, interrupt })
	}

	/// Texts of the folder that are not part of the corpus, and why.
	pub fn left_out(&self) -> &[LeftOut] {
		&self.left_out
	}

	/// Ends work on this corpus.
	pub(crate) fn interrupt(&self) -> &Interrupt {
		&self.interrupt
	}

	/// All documents, in the order of their names.
	pub fn documents(&self) -> &[Document] {
		&self.documents
	}

	/// Names of all groups, sorted.
	pub fn groups(&self) -> Vec<&str> {
		let groups: BTreeSet<&str> = self.documents.iter().map(|d| d.group.as_str()).collect();
		groups.into_iter().collect()
	}

	/// Indices of the train documents.
	pub fn train_indices(&self) -> impl Iterator<Item = usize> + Send + '_ {
		(0..self.documents.len()).filter(|&i| self.documents[i].split == Split::Train)
	}

	/// Train documents by a selection: parts separated by commas, each `all`, a group, a document
	/// name, or `k/n` (every n-th train document, beginning with the k-th; k counts from 1). A
	/// group stands for its train documents.
	///
	/// # Errors
	/// [`NucleusError::UnknownDocuments`] for a part that matches nothing;
	/// [`NucleusError::HeldOut`] if a held-out document is named.
	pub fn select(&self, selection: &str) -> Result<Vec<usize>> {
		let mut chosen = BTreeSet::new();
		for part in selection.split(',').map(str::trim).filter(|part| !part.is_empty()) {
			if let Some(i) = self.documents.iter().position(|d| d.name == part) {
				chosen.insert(i);
				continue;
			}
			let before = chosen.len();
			let every = part.split_once('/').and_then(|(k, n)| {
				let (k, n) = (k.parse::<usize>().ok()?, n.parse::<usize>().ok()?);
				(1 <= k && k <= n).then_some((k, n))
			});
			for (position, i) in self.train_indices().enumerate() {
				let matches = match every {
					Some((k, n)) => position % n == k - 1,
					None => part == "all" || self.documents[i].group == part,
				};
				if matches {
					chosen.insert(i);
				}
			}
			if chosen.len() == before && !self.groups().contains(&part) {
				return Err(NucleusError::UnknownDocuments(part.into()));
			}
		}
		if chosen.is_empty() {
			return Err(NucleusError::UnknownDocuments(selection.into()));
		}
		let chosen: Vec<usize> = chosen.into_iter().collect();
		self.check_trainable(&chosen)?;
		Ok(chosen)
	}

	/// Refuses a choice that holds a held-out document.
	///
	/// # Errors
	/// [`NucleusError::HeldOut`] names it; [`NucleusError::UnknownDocuments`] for an index that
	/// does not exist.
	pub fn check_trainable(&self, documents: &[usize]) -> Result<()> {
		for &i in documents {
			match self.documents.get(i) {
				None => return Err(NucleusError::UnknownDocuments(format!("#{i}"))),
				Some(d) if d.split == Split::HeldOut => {
					return Err(NucleusError::HeldOut(d.name.clone()))
				}
				Some(_) => {}
			}
		}
		Ok(())
	}

	/// Held-out documents of the groups that `documents` belong to, or all held-out documents if
	/// those groups have none.
	pub fn held_out_for(&self, documents: &[usize]) -> Vec<usize> {
		let groups: BTreeSet<&str> =
			documents.iter().filter_map(|&i| self.documents.get(i)).map(Document::group).collect();
		let held_out = |all: bool| {
			(0..self.documents.len())
				.filter(|&i| self.documents[i].split == Split::HeldOut)
				.filter(|&i| all || groups.contains(self.documents[i].group()))
				.collect::<Vec<_>>()
		};
		let own = held_out(false);
		if own.is_empty() {
			held_out(true)
		} else {
			own
		}
	}
}

/// Held out: names whose hash is divisible by five, and the lowest hash of a group that got none.
fn split_by_hash(documents: &mut [Document]) {
	let hash = |name: &str| {
		let mut fnv = Fnv::new();
		fnv.write(name.as_bytes());
		// The low bits of FNV are weak: fold the high ones in.
		let h = fnv.finish();
		h ^ (h >> 32)
	};
	for document in documents.iter_mut() {
		if hash(&document.name) % 5 == 0 {
			document.split = Split::HeldOut;
		}
	}
	let groups: BTreeSet<String> = documents.iter().map(|d| d.group.clone()).collect();
	for group in groups {
		let mut members: Vec<&mut Document> =
			documents.iter_mut().filter(|d| d.group == group).collect();
		let held_out = members.iter().filter(|d| d.split == Split::HeldOut).count();
		if members.len() < 2 {
			members[0].split = Split::Train;
		} else if held_out == 0 {
			if let Some(document) = members.iter_mut().min_by_key(|d| hash(&d.name)) {
				document.split = Split::HeldOut;
			}
		} else if held_out == members.len() {
			if let Some(document) = members.iter_mut().max_by_key(|d| hash(&d.name)) {
				document.split = Split::Train;
			}
		}
	}
}
