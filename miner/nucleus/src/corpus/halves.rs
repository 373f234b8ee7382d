//! Held-out text in two halves: one decides, the other reports.
//!
//! ```text
//!   held-out document   ├──── validation ────┤ gap ├──── reported ────┤
//!                         best parameters,           perplexity, gain
//!                         scores of the inputs
//! ```
//! Each document is cut in the middle, so that both halves hold every document, and the gap keeps
//! their tokens apart. Of documents too short to cut, one goes to validation and the next one to the
//! report.
//!
//! Invariants: no token is in both halves; the halves and the reported examples are equal for all
//! who measure on the same documents with the same tokenizer.

use std::{ops::Range, sync::Arc};

use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	corpus::{sampler::Windows, Batch, Corpus, Example},
	error::{NucleusError, Result},
	tokenizer::{Tokenizer, UNKNOWN_ID},
};

/// Examples of held-out text, and the document of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
	/// The examples.
	pub examples: Vec<Example>,
	/// The document of each: an index of [`Corpus::documents`].
	pub documents: Vec<usize>,
}

impl HeldOut {
	/// Tokens to predict that the tokenizer knows, and the part of all tokens that it does not know, 0 to
	/// 1: these are in no loss.
	pub fn known(&self) -> (u64, f64) {
		let all = || self.examples.iter().flat_map(|example| &example.target);
		let known = all().filter(|id| **id != UNKNOWN_ID).count();
		(known as u64, 1.0 - known as f64 / all().count().max(1) as f64)
	}
}

/// One half of some held-out documents.
#[derive(Clone, Debug)]
pub struct Half {
	windows: Arc<Windows>,
	/// Document, and its examples in this half.
	parts: Vec<(usize, Range<usize>)>,
	total: usize,
}

impl Half {
	/// The validation half and the reported half of held-out documents (indices of
	/// [`Corpus::documents`]).
	///
	/// # Errors
	/// [`NucleusError::TooLittleHeldOut`] if a half holds no example; as
	/// [`held_out`](super::held_out).
	pub fn both(
		corpus: &Corpus,
		documents: &[usize],
		tokenizer: &Tokenizer,
		context: usize,
		horizon: usize,
	) -> Result<(Self, Self)> {
		let windows = Windows::new(corpus, documents, tokenizer, context, horizon)?;
		let windows = Arc::new(windows);
		let apart = context + horizon;
		let (mut validation, mut reported) = (Vec::new(), Vec::new());
		let mut whole_to_report = false;
		for (&document, examples) in documents.iter().zip(windows.by_document()) {
			if examples.len() > 2 * apart {
				let middle = examples.start + examples.len() / 2;
				validation.push((document, examples.start..middle - apart / 2));
				reported.push((document, middle - apart / 2 + apart..examples.end));
			} else if !examples.is_empty() {
				let half = if whole_to_report { &mut reported } else { &mut validation };
				half.push((document, examples));
				whole_to_report = !whole_to_report;
			}
		}
		let half = |parts: Vec<(usize, Range<usize>)>| {
			let total = parts.iter().map(|(_, examples)| examples.len()).sum();
			match total {
				0 => Err(NucleusError::TooLittleHeldOut { context, horizon, least: 3 * apart }),
				total => Ok(Self { windows: windows.clone(), parts, total }),
			}
		};
		Ok((half(validation)?, half(reported)?))
	}

	/// Number of examples.
	pub fn len(&self) -> usize {
		self.total
	}

	/// Never: a half holds at least one example.
	pub fn is_empty(&self) -> bool {
		self.total == 0
	}

	/// `count` examples at equal distances, or all if there are fewer.
	pub fn spread(&self, count: usize) -> HeldOut {
		let count = count.min(self.total);
		let mut held_out = HeldOut::default();
		for i in 0..count {
			let (document, example) = self.example(i * self.total / count);
			held_out.examples.push(example);
			held_out.documents.push(document);
		}
		held_out
	}

	/// `size` examples drawn at random, by `seed` and the number of the draw.
	pub fn draw(&self, size: usize, seed: u64, draw: u64) -> Batch {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		rng.set_stream(draw);
		let mut batch = Batch::default();
		for _ in 0..size {
			let (_, Example { text, target }) = self.example(rng.random_range(0..self.total));
			batch.texts.push(text);
			batch.targets.push(target);
		}
		batch
	}

	fn example(&self, index: usize) -> (usize, Example) {
		let mut left = index;
		for (document, examples) in &self.parts {
			if left < examples.len() {
				return (*document, self.windows.example(examples.start + left));
			}
			left -= examples.len();
		}
		// Unreachable for an index below the total; the last example stands for it.
		let (document, examples) = &self.parts[self.parts.len() - 1];
		(*document, self.windows.example(examples.end - 1))
	}
}
