//! Examples: a text, and the tokens that follow it.

use rand::seq::SliceRandom;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
	corpus::Corpus,
	error::{NucleusError, Result},
	tokenizer::Tokenizer,
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

/// The text of a document, and its tokens with their ranges of bytes.
#[derive(Clone, Debug)]
struct Tokens {
	text: String,
	tokens: Vec<(u32, std::ops::Range<usize>)>,
}

/// Tokens of some documents, from which examples are cut.
#[derive(Clone, Debug)]
struct Windows {
	documents: Vec<Tokens>,
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
				.documents()
				.get(i)
				.ok_or_else(|| NucleusError::UnknownDocuments(format!("#{i}")))?;
			let tokens = tokenizer.encode_spans(document.text())?;
			let ends = (tokens.len() + 1).saturating_sub(horizon);
			positions.extend((context..ends).map(|p| (documents.len() as u32, p as u32)));
			documents.push(Tokens { text: document.text().to_owned(), tokens });
		}
		if positions.is_empty() {
			return Err(NucleusError::TooShort { context, horizon });
		}
		Ok(Self { documents, positions, context, horizon })
	}

	fn example(&self, index: usize) -> Example {
		let (document, position) = self.positions[index];
		let Tokens { text, tokens } = &self.documents[document as usize];
		let position = position as usize;
		let start = tokens[position - self.context].1.start;
		let end = tokens[position - 1].1.end;
		Example {
			text: text[start..end].split_whitespace().collect::<Vec<_>>().join(" "),
			target: tokens[position..position + self.horizon].iter().map(|t| t.0).collect(),
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
		self.windows.positions.len()
	}

	/// Every token of the documents, for a [`crate::perplexity::Unigram`].
	pub fn tokens(&self) -> impl Iterator<Item = u32> + '_ {
		self.windows.documents.iter().flat_map(|d| d.tokens.iter().map(|t| t.0))
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
	let total = windows.positions.len();
	let count = count.min(total);
	Ok((0..count).map(|i| windows.example(i * total / count)).collect())
}
