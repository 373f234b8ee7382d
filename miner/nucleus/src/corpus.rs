//! Documents, their split, and the examples cut from them.
//!
//! ```text
//!   … the ship had been struck by the white whale | , and sank in
//!     └────────── x: 12 tokens, as text ─────────┘ └─ T': 4 ids ─┘
//! ```
//!
//! Invariants: the split is by document, the same for everybody who has the same files; nobody
//! trains on a held-out document; the text of an example ends before its first target begins.

use std::{
	collections::BTreeSet,
	fs,
	path::{Path, PathBuf},
};

use rand::seq::SliceRandom;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
	error::{NucleusError, Result},
	tokenizer::{Fnv, Tokenizer},
};

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
	text: String,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitFile {
	held_out: BTreeSet<String>,
}

impl Corpus {
	/// Reads every `.txt` file below `root`. `split.json` (`{"held_out": [names]}`) says which
	/// documents are held out; without it the hash of each name does: one in five, and at least
	/// one of every group of two or more.
	///
	/// # Errors
	/// [`NucleusError::EmptyCorpus`], [`NucleusError::NotText`], [`NucleusError::Split`] or
	/// [`NucleusError::Io`].
	pub fn load(root: impl AsRef<Path>) -> Result<Self> {
		let root = root.as_ref();
		let mut files = Vec::new();
		collect(root, &mut files)?;
		let mut named = Vec::new();
		for path in files {
			let bytes = fs::read(&path).map_err(NucleusError::io(&path))?;
			let text = String::from_utf8(bytes).map_err(|_| NucleusError::NotText(path.clone()))?;
			let parts: Vec<_> = path
				.strip_prefix(root)
				.unwrap_or(&path)
				.iter()
				.map(|part| part.to_string_lossy().into_owned())
				.collect();
			named.push((parts.join("/"), text));
		}
		if named.is_empty() {
			return Err(NucleusError::EmptyCorpus(root.into()));
		}
		let path = root.join("split.json");
		let held_out = match fs::read(&path) {
			Ok(bytes) => {
				let file: SplitFile = serde_json::from_slice(&bytes)
					.map_err(|e| NucleusError::Split(e.to_string()))?;
				Some(file.held_out)
			}
			Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
			Err(e) => return Err(NucleusError::io(path)(e)),
		};
		Self::from_texts(named, held_out)
	}

	/// A corpus from named texts. `held_out` as in `split.json`; without it the names decide.
	///
	/// # Errors
	/// [`NucleusError::Split`] if `held_out` names a text that is not there, or leaves nothing to
	/// train on or nothing to measure on.
	pub fn from_texts(
		mut texts: Vec<(String, String)>,
		held_out: Option<BTreeSet<String>>,
	) -> Result<Self> {
		texts.sort();
		let mut documents: Vec<Document> = texts
			.into_iter()
			.map(|(name, text)| {
				let group = match name.split_once('/') {
					Some((group, _)) => group.to_owned(),
					None => "documents".to_owned(),
				};
				Document { name, group, split: Split::Train, text }
			})
			.collect();
		match held_out {
			Some(names) => {
				for name in &names {
					let document = documents
						.iter_mut()
						.find(|d| d.name == *name)
						.ok_or_else(|| NucleusError::Split(format!("no document `{name}`")))?;
					document.split = Split::HeldOut;
				}
			}
			None => split_by_hash(&mut documents),
		}
		for (split, what) in [(Split::Train, "train on"), (Split::HeldOut, "measure on")] {
			if !documents.iter().any(|d| d.split == split) {
				return Err(NucleusError::Split(format!("no document is left to {what}")));
			}
		}
		Ok(Self { documents })
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

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
	for entry in fs::read_dir(folder).map_err(NucleusError::io(folder))? {
		let path = entry.map_err(NucleusError::io(folder))?.path();
		if path.is_dir() {
			collect(&path, files)?;
		} else if path.extension().is_some_and(|extension| extension == "txt") {
			files.push(path);
		}
	}
	Ok(())
}

/// A text and the tokens that follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
	/// x: what may be sent to others.
	pub text: String,
	/// T': the ids of the next tokens; never part of `text`.
	pub target: Vec<u32>,
}

/// Examples of one training step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
	/// B texts.
	pub texts: Vec<String>,
	/// B targets of equal length.
	pub targets: Vec<Vec<u32>>,
}

impl Batch {
	/// Examples as a batch.
	pub fn from_examples(examples: &[Example]) -> Self {
		Self {
			texts: examples.iter().map(|e| e.text.clone()).collect(),
			targets: examples.iter().map(|e| e.target.clone()).collect(),
		}
	}
}

/// Tokens of some documents, from which examples are cut.
#[derive(Clone, Debug)]
struct Windows {
	/// Per document its text, and its tokens with their ranges of bytes.
	documents: Vec<(String, Vec<(u32, std::ops::Range<usize>)>)>,
	/// (document, index of the first target token) of every example.
	positions: Vec<(u32, u32)>,
	context: usize,
	horizon: usize,
}

impl Windows {
	fn new(
		corpus: &Corpus,
		chosen: &[usize],
		tokenizer: &Tokenizer,
		context: usize,
		horizon: usize,
	) -> Result<Self> {
		let mut documents = Vec::new();
		let mut positions = Vec::new();
		for &i in chosen {
			let document = corpus
				.documents
				.get(i)
				.ok_or_else(|| NucleusError::UnknownDocuments(format!("#{i}")))?;
			let tokens = tokenizer.encode_spans(&document.text)?;
			let ends = (tokens.len() + 1).saturating_sub(horizon);
			positions.extend((context..ends).map(|p| (documents.len() as u32, p as u32)));
			documents.push((document.text.clone(), tokens));
		}
		if positions.is_empty() {
			return Err(NucleusError::TooShort { context, horizon });
		}
		Ok(Self { documents, positions, context, horizon })
	}

	fn example(&self, index: usize) -> Example {
		let (document, position) = self.positions[index];
		let (text, tokens) = &self.documents[document as usize];
		let position = position as usize;
		let start = tokens[position - self.context].1.start;
		let end = tokens[position - 1].1.end;
		Example {
			text: text[start..end].split_whitespace().collect::<Vec<_>>().join(" "),
			target: tokens[position..position + self.horizon].iter().map(|t| t.0).collect(),
		}
	}
}

/// Where a [`Sampler`] stands: enough to go on exactly from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplerState {
	/// Passes over the documents that are complete.
	pub pass: u64,
	/// Examples taken from the current pass.
	pub taken: u64,
}

/// Draws training examples from train documents: each once per pass, in an order that depends on
/// the seed and the pass only.
#[derive(Clone, Debug)]
pub struct Sampler {
	windows: Windows,
	seed: u64,
	state: SamplerState,
	order: Vec<u32>,
}

impl Sampler {
	/// A sampler over the given documents of a corpus (indices as [`Corpus::select`] gives them).
	///
	/// # Errors
	/// [`NucleusError::HeldOut`] if one of them is held out; [`NucleusError::TooShort`] if they
	/// hold no example.
	pub fn new(
		corpus: &Corpus,
		documents: &[usize],
		tokenizer: &Tokenizer,
		context: usize,
		horizon: usize,
		seed: u64,
	) -> Result<Self> {
		corpus.check_trainable(documents)?;
		let windows = Windows::new(corpus, documents, tokenizer, context, horizon)?;
		let mut sampler = Self { windows, seed, state: SamplerState::default(), order: Vec::new() };
		sampler.shuffle();
		Ok(sampler)
	}

	fn shuffle(&mut self) {
		let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
		rng.set_stream(self.state.pass);
		self.order = (0..self.windows.positions.len() as u32).collect();
		self.order.shuffle(&mut rng);
	}

	/// The next `size` examples.
	pub fn next_batch(&mut self, size: usize) -> Batch {
		let mut batch = Batch::default();
		for _ in 0..size {
			if self.state.taken as usize >= self.order.len() {
				self.state = SamplerState { pass: self.state.pass + 1, taken: 0 };
				self.shuffle();
			}
			let example = self.windows.example(self.order[self.state.taken as usize] as usize);
			self.state.taken += 1;
			batch.texts.push(example.text);
			batch.targets.push(example.target);
		}
		batch
	}

	/// Where it stands.
	pub fn state(&self) -> SamplerState {
		self.state
	}

	/// Goes on from a saved state.
	pub fn resume(&mut self, state: SamplerState) {
		self.state = state;
		self.shuffle();
	}

	/// How many examples one pass has.
	pub fn examples(&self) -> usize {
		self.windows.positions.len()
	}

	/// Every token of the documents, for a [`crate::perplexity::Unigram`].
	pub fn tokens(&self) -> impl Iterator<Item = u32> + '_ {
		self.windows.documents.iter().flat_map(|(_, tokens)| tokens.iter().map(|t| t.0))
	}
}

/// `count` examples at equal distances over held-out documents: the same for everybody who
/// measures on them with the same tokenizer.
///
/// # Errors
/// [`NucleusError::TooShort`] if the documents hold no example.
pub fn held_out(
	corpus: &Corpus,
	documents: &[usize],
	tokenizer: &Tokenizer,
	context: usize,
	horizon: usize,
	count: usize,
) -> Result<Vec<Example>> {
	let windows = Windows::new(corpus, documents, tokenizer, context, horizon)?;
	let total = windows.positions.len();
	let count = count.min(total);
	Ok((0..count).map(|i| windows.example(i * total / count)).collect())
}
