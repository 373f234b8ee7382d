//! Continuous bag of words (Mikolov et al. 2013), with the last two words told apart.
//!
//! ```text
//!   e(x) = mean_k words[w_k] + last[w_n] + previous[w_(n−1)]        [B, m]
//! ```
//! A batch touches a few rows of the tables only, so the backward pass is written by hand and
//! returns those rows; candle's would fill and add three whole tables.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::{
	config::{Config, DIM},
	encoder::{Encoded, Encoder},
	error::{NucleusError, Result},
	learning::{Gradient, Values},
	parameters::{Builder, Handle},
	tokenizer::{Tokenizer, UNKNOWN_ID},
};

/// Deviation of the entries of fresh tables.
const DEVIATION: f64 = 0.1;

/// Tokenizer and tables, each `[V, m]`.
#[derive(Clone, Debug)]
pub struct Cbow {
	tokenizer: Arc<Tokenizer>,
	max_tokens: usize,
	device: Device,
	tables: Tables,
}

#[derive(Clone, Debug)]
struct Tables {
	words: Handle,
	last: Handle,
	previous: Handle,
}

impl Cbow {
	/// Takes its tables from `builder`.
	///
	/// # Errors
	/// Those of [`Builder::table`].
	pub fn load(
		config: &Config,
		tokenizer: Arc<Tokenizer>,
		device: &Device,
		builder: &mut Builder,
	) -> Result<Self> {
		let shape = [tokenizer.size(), DIM];
		let mut table = |name| builder.table(name, &shape, DEVIATION);
		let tables = Tables {
			words: table("encoder.words")?,
			last: table("encoder.last")?,
			previous: table("encoder.previous")?,
		};
		Ok(Self { tokenizer, max_tokens: config.max_tokens, device: device.clone(), tables })
	}

	/// The [`Encoder::id`] of an encoder with this tokenizer.
	pub fn id_of(tokenizer: &Tokenizer) -> String {
		format!("cbow:{}:{}", tokenizer.size(), tokenizer.hash())
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

	/// Two rows, and a mean of many.
	fn deviation(&self) -> f64 {
		DEVIATION * 2.0_f64.sqrt()
	}

	fn forward(&self, texts: &[String]) -> Result<Box<dyn Encoded>> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let texts = self.read(texts)?;
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
		let rows_of = |table: &Handle, ids: Vec<u32>| -> Result<Tensor> {
			let ids = Tensor::from_vec(ids.clone(), ids.len(), &self.device)?;
			Ok(table.value().index_select(&ids, 0)?)
		};
		let nth = |n| texts.iter().map(|text| from_end(text, n)).collect();
		let mean = average.matmul(&rows_of(&self.tables.words, ids)?)?;
		let last = rows_of(&self.tables.last, nth(0))?;
		let previous = rows_of(&self.tables.previous, nth(1))?;
		let vectors = ((mean + last)? + previous)?;
		Ok(Box::new(Bag { texts, vectors, tables: self.tables.clone() }))
	}
}

/// The n-th token from the end.
fn from_end(text: &[u32], n: usize) -> u32 {
	text.iter().rev().nth(n).copied().unwrap_or(UNKNOWN_ID)
}

/// The tokens of B texts and their vectors.
struct Bag {
	texts: Vec<Vec<u32>>,
	vectors: Tensor,
	tables: Tables,
}

impl Encoded for Bag {
	fn vectors(&self) -> &Tensor {
		&self.vectors
	}

	fn backward(&self, error: &[f32], scale: f32, gradient: &mut Gradient) -> Result<()> {
		let (mut words, mut last, mut previous) = (Vec::new(), Vec::new(), Vec::new());
		for (text, error) in self.texts.iter().zip(error.chunks_exact(DIM)) {
			let share = scale / text.len().max(1) as f32;
			words.extend(text.iter().map(|&id| (id, share, error)));
			last.push((from_end(text, 0), scale, error));
			previous.push((from_end(text, 1), scale, error));
		}
		gradient.add(&self.tables.words, Values::from_rows(DIM, words));
		gradient.add(&self.tables.last, Values::from_rows(DIM, last));
		gradient.add(&self.tables.previous, Values::from_rows(DIM, previous));
		Ok(())
	}
}
