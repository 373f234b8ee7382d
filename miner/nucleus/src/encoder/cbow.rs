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
	encoder::{reader::Reader, Encoded, Encoder},
	error::{NucleusError, Result},
	learning::{Gradient, Values},
	parameters::{Builder, Handle},
	tokenizer::Tokenizer,
};

/// Its name in checkpoints.
const NAME: &str = "cbow";
/// Deviation of the entries of a fresh table.
const DEVIATION: f64 = 0.1;

/// Tokenizer and table of words, `[V, m]`.
#[derive(Clone, Debug)]
pub struct Cbow {
	reader: Reader,
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
		let reader = Reader::new(tokenizer, config.max_tokens);
		Ok(Self { reader, context: config.context, device: device.clone(), words })
	}

	/// The [`Encoder::id`] of an encoder with this tokenizer.
	pub fn id_of(tokenizer: &Tokenizer) -> String {
		Reader::id_of(NAME, tokenizer)
	}

	/// Its table of words, for an objective that is tied to it.
	pub fn words(&self) -> &Handle {
		&self.words
	}
}

impl Encoder for Cbow {
	fn id(&self) -> String {
		self.reader.id(NAME)
	}

	fn configure(&mut self, config: &Config) {
		self.reader.most = config.max_tokens;
	}

	/// A mean of as many rows as a training text has.
	fn deviation(&self) -> f64 {
		DEVIATION / (self.context as f64).sqrt()
	}

	fn word(&self, text: &str) -> Result<Option<u32>> {
		self.reader.word(text)
	}

	fn forward(&self, texts: &[String], dropout: Option<&mut Dropout>) -> Result<Box<dyn Encoded>> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let texts = self.reader.read(texts, dropout)?;
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
