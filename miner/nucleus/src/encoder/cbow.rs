//! Continuous bag of words (Mikolov et al. 2013).
//!
//! ```text
//!   e(x) = mean_k words[w_k]        [B, m]
//! ```
//! A batch touches a few rows of the table only, so the backward pass is written by hand and returns
//! those rows; candle's would fill and add the whole table.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::{
	config::{Config, DIM},
	dropout::Dropout,
	encoder::{Encoded, Encoder},
	error::{NucleusError, Result},
	learning::{Gradient, Values},
	parameters::{Builder, Handle},
	tokenizer::Tokenizer,
};

/// Deviation of the entries of a fresh table.
const DEVIATION: f64 = 0.1;
/// Bytes of the longest text that can be one word.
const LONGEST_WORD: usize = 256;

/// Tokenizer and table of words, `[V, m]`.
#[derive(Clone, Debug)]
pub struct Cbow {
	tokenizer: Arc<Tokenizer>,
	max_tokens: usize,
	context: usize,
	device: Device,
	words: Handle,
}

impl Cbow {
	/// Takes its table from `builder`.
	///
	/// # Errors
	/// Those of [`Builder::table`].
	pub fn load(
		config: &Config,
		tokenizer: Arc<Tokenizer>,
		device: &Device,
		builder: &mut Builder,
	) -> Result<Self> {
		let words = builder.table("words", &[tokenizer.size(), DIM], DEVIATION)?;
		let (max_tokens, context) = (config.max_tokens, config.context);
		Ok(Self { tokenizer, max_tokens, context, device: device.clone(), words })
	}

	/// The [`Encoder::id`] of an encoder with this tokenizer.
	pub fn id_of(tokenizer: &Tokenizer) -> String {
		format!("cbow:{}:{}", tokenizer.size(), tokenizer.hash())
	}

	/// Its table of words, for an objective that is tied to it.
	pub fn words(&self) -> &Handle {
		&self.words
	}

	/// Token ids of each text: the last `max_tokens` of them.
	fn read(&self, texts: &[String]) -> Result<Vec<Vec<u32>>> {
		let read = |text: &String| {
			let tokens = self.tokenizer.encode(text)?;
			Ok(tokens[tokens.len().saturating_sub(self.max_tokens)..].to_vec())
		};
		texts.iter().map(read).collect()
	}
}

impl Encoder for Cbow {
	fn id(&self) -> String {
		Self::id_of(&self.tokenizer)
	}

	fn configure(&mut self, config: &Config) {
		self.max_tokens = config.max_tokens;
	}

	/// A mean of as many rows as a training text has.
	fn deviation(&self) -> f64 {
		DEVIATION / (self.context as f64).sqrt()
	}

	fn word(&self, text: &str) -> Result<Option<u32>> {
		let text = text.trim();
		if text.is_empty() || text.len() > LONGEST_WORD || text.contains(char::is_whitespace) {
			return Ok(None);
		}
		Ok(match self.tokenizer.encode_spans(text)?[..] {
			[(id, _)] => Some(id),
			_ => None,
		})
	}

	fn forward(&self, texts: &[String], dropout: Option<&mut Dropout>) -> Result<Box<dyn Encoded>> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let mut texts = self.read(texts)?;
		if let Some(dropout) = dropout {
			texts.iter_mut().for_each(|text| dropout.words(text));
		}
		let ids = texts.concat();
		let (rows, columns) = (texts.len(), ids.len());
		// 1 / length where token n belongs to text b: [B, N].
		let mut average = vec![0_f32; rows * columns];
		let mut start = 0;
		for (row, text) in texts.iter().enumerate() {
			let end = start + text.len();
			average[row * columns + start..row * columns + end]
				.fill(1.0 / text.len().max(1) as f32);
			start = end;
		}
		let average = Tensor::from_vec(average, (rows, columns), &self.device)?;
		let ids = Tensor::from_vec(ids, columns, &self.device)?;
		let vectors = average.matmul(&self.words.value().index_select(&ids, 0)?)?;
		Ok(Box::new(Bag { texts, vectors, words: self.words.clone() }))
	}
}

/// The tokens of B texts and their vectors.
struct Bag {
	texts: Vec<Vec<u32>>,
	vectors: Tensor,
	words: Handle,
}

impl Encoded for Bag {
	fn vectors(&self) -> &Tensor {
		&self.vectors
	}

	fn backward(&self, error: &[f32], scale: f32, gradient: &mut Gradient) -> Result<()> {
		let mut words = Vec::new();
		for (text, error) in self.texts.iter().zip(error.chunks_exact(DIM)) {
			let share = scale / text.len().max(1) as f32;
			words.extend(text.iter().map(|&id| (id, share, error)));
		}
		gradient.add(&self.words, Values::from_rows(DIM, words));
		Ok(())
	}
}
