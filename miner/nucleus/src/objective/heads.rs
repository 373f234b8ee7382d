//! The next T tokens, one head per position.
//!
//! ```text
//!   q_t = y · P_t        logits_t = q_t · U + b        t = 1 … T
//! ```
//! The positions share U and b. b can start at the log-frequencies of the words, so that a fresh
//! component starts at the unigram baseline.

use candle_core::Tensor;

use crate::{
	config::{Config, DIM},
	corpus::Batch,
	error::{NucleusError, Result},
	joiner::Joined,
	learning::{Gradient, Values},
	objective::{loss::negative_log_likelihood, Decoded, Objective},
	parameters::{Builder, Handle, Part},
	perplexity::Unigram,
	tensors,
};

/// Heads P `[m, T · m]`, output table U `[m, V]` and bias b `[1, V]`.
#[derive(Clone, Debug)]
pub struct Heads {
	heads: Handle,
	words: Handle,
	bias: Handle,
	horizon: usize,
	vocab: usize,
}

impl Heads {
	/// Takes its parameters from `builder`; `vocab` is the number of words that can be predicted.
	///
	/// # Errors
	/// Those of [`Builder::dense`].
	pub fn load(config: &Config, vocab: usize, builder: &mut Builder) -> Result<Self> {
		let (m, horizon, part) = (DIM, config.horizon, Part::Decoder);
		let root = 1.0 / (m as f64).sqrt();
		Ok(Self {
			heads: builder.dense("decoder.heads", &[m, horizon * m], root, part)?,
			words: builder.dense("decoder.words", &[m, vocab], 0.02, part)?,
			bias: builder.dense("decoder.bias", &[1, vocab], 0.0, part)?,
			horizon,
			vocab,
		})
	}

	/// Sets b to the log-frequencies of the words.
	///
	/// # Errors
	/// [`NucleusError::Shape`] if the frequencies are those of another vocabulary.
	pub fn start_at(&self, prior: &Unigram) -> Result<()> {
		if prior.vocab() != self.vocab {
			return Err(NucleusError::Shape {
				what: "word frequencies".into(),
				expected: vec![self.vocab],
				found: vec![prior.vocab()],
			});
		}
		self.bias.update(|bias| {
			for (id, x) in bias.iter_mut().enumerate() {
				*x = prior.log_probability(id as u32) as f32;
			}
		})
	}

	/// q, `[B · T, m]`, row b·T + t.
	fn heads(&self, joined: &Joined) -> Result<Tensor> {
		let y = &joined.y;
		Ok(y.matmul(self.heads.tensor())?.reshape((y.dim(0)? * self.horizon, DIM))?)
	}

	fn sum(&self, nll: &[f32]) -> Vec<f32> {
		nll.chunks_exact(self.horizon).map(|tokens| tokens.iter().sum()).collect()
	}
}

impl Objective for Heads {
	fn targets(&self, batch: &Batch) -> Result<Vec<u32>> {
		let fits = |t: &Vec<u32>| {
			t.len() == self.horizon && t.iter().all(|&id| (id as usize) < self.vocab)
		};
		if batch.texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		if batch.targets.len() != batch.texts.len() || !batch.targets.iter().all(fits) {
			return Err(NucleusError::Shape {
				what: "targets (ids of the vocabulary)".into(),
				expected: vec![batch.texts.len(), self.horizon],
				found: vec![batch.targets.len(), batch.targets.first().map_or(0, Vec::len)],
			});
		}
		Ok(batch.targets.concat())
	}

	fn losses(&self, joined: &Joined, targets: &[u32]) -> Result<Vec<f32>> {
		let logits = self.heads(joined)?.detach().matmul(&self.words.value())?;
		let loss = negative_log_likelihood(&logits, self.bias.tensor(), targets, false)?;
		Ok(self.sum(&loss.nll))
	}

	fn forward(&self, joined: &Joined, targets: &[u32]) -> Result<Decoded> {
		let q = self.heads(joined)?;
		let (constant, words) = (q.detach(), self.words.value());
		let logits = constant.matmul(&words)?;
		let loss = negative_log_likelihood(&logits, self.bias.tensor(), targets, true)?;
		let Some(g) = loss.gradient else {
			return Err(NucleusError::NotFinite("loss".into()));
		};
		let mut gradient = Gradient::default();
		let of_words = tensors::to_vec(&constant.t()?.matmul(&g)?)?;
		gradient.add(&self.words, Values::Dense(of_words));
		gradient.add(&self.bias, Values::Dense(columns(&g)?));
		// Below q the graph takes over: the gradient of Σ q ⊙ ∂q is ∂q at q.
		let root = (q * g.matmul(&words.t()?)?)?.sum_all()?;
		Ok(Decoded { losses: self.sum(&loss.nll), root, gradient })
	}
}

/// Sum over rows, `[V]`.
fn columns(g: &Tensor) -> Result<Vec<f32>> {
	let width = g.dim(1)?;
	tensors::with_slice(g, |g| {
		let mut sums = vec![0_f32; width];
		for row in g.chunks_exact(width.max(1)) {
			for (sum, x) in sums.iter_mut().zip(row) {
				*sum += x;
			}
		}
		sums
	})
}
