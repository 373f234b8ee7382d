//! Examples: a text, and the tokens that follow it.

use std::{ops::Range, sync::Arc};

use rand::seq::SliceRandom;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
	corpus::Corpus,
	error::{NucleusError, Result},
	tokenizer::{pieces, Tokenizer},
};

/// A text and the tokens that follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
	/// x: may be sent to others.
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

/// The text of a document, and its tokens: 8 bytes each.
#[derive(Clone, Debug)]
struct Tokens {
	text: Arc<str>,
	ids: Vec<u32>,
	/// First byte of each token.
	starts: Vec<u32>,
	/// Examples in all documents before this one.
	before: usize,
}

/// Tokens of some documents, from which examples are cut.
#[derive(Clone, Debug)]
pub(super) struct Windows {
	documents: Vec<Tokens>,
	/// Examples.
	total: usize,
	context: usize,
	horizon: usize,
}

impl Windows {
	pub(super) fn new(
		corpus: &Corpus,
		chosen: &[usize],
		tokenizer: &Tokenizer,
		context: usize,
		horizon: usize,
	) -> Result<Self> {
		let mut documents = Vec::new();
		let mut total = 0;
		for &i in chosen {
			let document = corpus
				.documents()
				.get(i)
				.ok_or_else(|| NucleusError::UnknownDocuments(format!("#{i}")))?;
			let (mut ids, mut starts) = (Vec::new(), Vec::new());
			let mut at = 0;
			for piece in pieces(document.text()) {
				corpus.interrupt().check()?;
				for (id, bytes) in tokenizer.encode_spans(piece)? {
					ids.push(id);
					starts.push((at + bytes.start) as u32);
				}
				at += piece.len();
			}
			ids.shrink_to_fit();
			starts.shrink_to_fit();
			let examples = (ids.len() + 1).saturating_sub(context + horizon);
			documents.push(Tokens { text: document.text.clone(), ids, starts, before: total });
			total += examples;
		}
		if total == 0 {
			return Err(NucleusError::TooShort { context, horizon });
		}
		Ok(Self { documents, total, context, horizon })
	}

	/// The examples of each document, in the order of the documents.
	pub(super) fn by_document(&self) -> impl Iterator<Item = Range<usize>> + '_ {
		let ends = self.documents.iter().skip(1).map(|d| d.before).chain([self.total]);
		self.documents.iter().zip(ends).map(|(document, end)| document.before..end)
	}

	pub(super) fn example(&self, index: usize) -> Example {
		// The last document that begins at or before it: those without examples come before.
		let document = self.documents.partition_point(|d| d.before <= index) - 1;
		let Tokens { text, ids, starts, before } = &self.documents[document];
		let position = self.context + index - before;
		// Up to the first target: only white space is between two tokens.
		let bytes = starts[position - self.context] as usize..starts[position] as usize;
		Example {
			text: text[bytes].split_whitespace().collect::<Vec<_>>().join(" "),
			target: ids[position..position + self.horizon].to_vec(),
		}
	}
}

/// The position of a [`Sampler`]: enough to go on exactly from there.
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
		self.order = (0..self.windows.total as u32).collect();
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

	/// Its position.
	pub fn state(&self) -> SamplerState {
		self.state
	}

	/// Goes on from a saved state.
	pub fn resume(&mut self, state: SamplerState) {
		self.state = state;
		self.shuffle();
	}

	/// Examples of one pass.
	pub fn examples(&self) -> usize {
		self.windows.total
	}

	/// Every token of the documents, for a [`crate::perplexity::Unigram`].
	pub fn tokens(&self) -> impl Iterator<Item = u32> + '_ {
		self.windows.documents.iter().flat_map(|d| d.ids.iter().copied())
	}
}

/// `count` examples at equal distances over held-out documents: equal for all who measure on them
/// with the same tokenizer.
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
	let total = windows.total;
	let count = count.min(total);
	Ok((0..count).map(|i| windows.example(i * total / count)).collect())
}
