//! The messages of a test: texts of the corpus, and errors that a component could have for them.

use anyhow::Context;
use bittensor_nucleus::Corpus;
use bittensor_wire::{Vectors, DIM};

use super::corpus;

/// Words in a text.
const WORDS: usize = 12;

/// `rows` texts of the corpus; other ones for another `seed`.
pub(crate) fn texts(rows: usize, seed: usize) -> anyhow::Result<Vec<String>> {
	let corpus = Corpus::load(corpus())?;
	let document = corpus.documents().first().context("an empty corpus")?;
	let words: Vec<&str> = document.text().split_whitespace().collect();
	let texts = words.chunks_exact(WORDS).skip(rows * seed).take(rows);
	let texts: Vec<String> = texts.map(|words| words.join(" ")).collect();
	anyhow::ensure!(texts.len() == rows, "the document has no texts for seed {seed}");
	Ok(texts)
}

/// An error for the answer to `rows` texts: seeded numbers in -1 to 1.
pub(crate) fn error(rows: usize, seed: u64) -> anyhow::Result<Vectors> {
	let mut state = seed.wrapping_mul(2).wrapping_add(1);
	let mut next = || {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
	};
	Ok(Vectors::new(rows, (0..rows * DIM).map(|_| next()).collect())?)
}
