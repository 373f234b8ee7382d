//! Continuous bag of words (Mikolov et al. 2013), with the two last words told apart.
//!
//! ```text
//!   e(x) = mean_k words[w_k] + last[w_n] + previous[w_(n−1)]        [B, m]
//! ```
//! Only few rows of the tables have a gradient in a batch, so the backward pass is by hand and
//! gives those rows; candle's would fill and add three whole tables.

use candle_core::{Device, Tensor};

use crate::{
	config::DIM,
	error::{NucleusError, Result},
	learning::accumulate::Values,
	parameters::Parameters,
	tokenizer::{Tokenizer, UNKNOWN_ID},
};

/// The tokens of B texts, ready to be looked up.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
	/// Ids of each text.
	texts: Vec<Vec<u32>>,
	/// All of them, one text after the other: `[N]`.
	ids: Tensor,
	/// 1 / length where token n belongs to text b: `[B, N]`.
	average: Tensor,
	/// `[B]`.
	last: Tensor,
	/// `[B]`.
	previous: Tensor,
}

impl Tokens {
	/// Reads the last `max_tokens` tokens of each text.
	pub(crate) fn read<T: AsRef<str>>(
		tokenizer: &Tokenizer,
		texts: &[T],
		max_tokens: usize,
		device: &Device,
	) -> Result<Self> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let texts: Vec<Vec<u32>> = texts
			.iter()
			.map(|text| {
				let tokens = tokenizer.encode(text.as_ref())?;
				Ok(tokens[tokens.len().saturating_sub(max_tokens)..].to_vec())
			})
			.collect::<Result<_>>()?;
		let ids = texts.concat();
		let (rows, columns) = (texts.len(), ids.len());
		let mut average = vec![0_f32; rows * columns];
		let mut start = 0;
		for (row, text) in texts.iter().enumerate() {
			let end = start + text.len();
			average[row * columns + start..row * columns + end]
				.fill(1.0 / text.len().max(1) as f32);
			start = end;
		}
		let last = texts.iter().map(|text| from_end(text, 0)).collect();
		let previous = texts.iter().map(|text| from_end(text, 1)).collect();
		Ok(Self {
			ids: Tensor::from_vec(ids, columns, device)?,
			average: Tensor::from_vec(average, (rows, columns), device)?,
			last: Tensor::from_vec::<_, u32>(last, rows, device)?,
			previous: Tensor::from_vec::<_, u32>(previous, rows, device)?,
			texts,
		})
	}
}

/// The n-th token from the end.
fn from_end(text: &[u32], n: usize) -> u32 {
	text.iter().rev().nth(n).copied().unwrap_or(UNKNOWN_ID)
}

/// The encoder's tables, each `[V, m]`.
#[derive(Clone, Debug)]
pub(crate) struct Cbow {
	words: Tensor,
	last: Tensor,
	previous: Tensor,
}

impl Cbow {
	pub(crate) fn new(parameters: &Parameters) -> Result<Self> {
		Ok(Self {
			words: parameters.tensor("encoder.words")?,
			last: parameters.tensor("encoder.last")?,
			previous: parameters.tensor("encoder.previous")?,
		})
	}

	/// e(x), `[B, m]`, outside of any graph.
	pub(crate) fn forward(&self, tokens: &Tokens) -> Result<Tensor> {
		let mean = tokens.average.matmul(&self.words.detach().index_select(&tokens.ids, 0)?)?;
		let last = self.last.detach().index_select(&tokens.last, 0)?;
		let previous = self.previous.detach().index_select(&tokens.previous, 0)?;
		Ok(((mean + last)? + previous)?)
	}

	/// Gradients by parameter name from ∂L/∂e, `[B, m]` row-major, times `scale`.
	pub(crate) fn backward(
		tokens: &Tokens,
		error: &[f32],
		scale: f32,
	) -> [(&'static str, Values); 3] {
		let (mut words, mut last, mut previous) = (Vec::new(), Vec::new(), Vec::new());
		for (text, error) in tokens.texts.iter().zip(error.chunks_exact(DIM)) {
			let share = scale / text.len().max(1) as f32;
			words.extend(text.iter().map(|&id| (id, share, error)));
			last.push((from_end(text, 0), scale, error));
			previous.push((from_end(text, 1), scale, error));
		}
		[
			("encoder.words", Values::from_rows(DIM, words)),
			("encoder.last", Values::from_rows(DIM, last)),
			("encoder.previous", Values::from_rows(DIM, previous)),
		]
	}

	/// The same tables, copied, so that later steps do not change them.
	pub(crate) fn snapshot(&self) -> Result<Self> {
		Ok(Self {
			words: self.words.copy()?.detach(),
			last: self.last.copy()?.detach(),
			previous: self.previous.copy()?.detach(),
		})
	}
}
