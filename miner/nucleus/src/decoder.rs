//! From y to the probabilities of the next tokens.
//!
//! ```text
//!   q_t = y · P_t        logits_t = q_t · U + b        t = 1 … T, one head P_t per position
//! ```
//! U and b are shared by the positions; b can begin at the log-frequencies of the words, so that
//! a fresh component starts at the unigram baseline.

use candle_core::Tensor;

use crate::{
	config::{Config, DIM},
	error::{NucleusError, Result},
	loss::negative_log_likelihood,
	parameters::Parameters,
	tensors,
};

/// Heads and output table.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
	heads: Tensor,
	words: Tensor,
	bias: Tensor,
	horizon: usize,
}

/// Loss of a batch and its gradients at the decoder's end.
#[derive(Debug)]
pub(crate) struct Decoded {
	/// L(x) of each example.
	pub(crate) losses: Vec<f32>,
	/// ∂ΣL/∂q, `[B · T, m]`.
	pub(crate) heads: Tensor,
	/// ∂ΣL/∂U, `[m, V]`.
	pub(crate) words: Tensor,
	/// ∂ΣL/∂b, `[1, V]`.
	pub(crate) bias: Tensor,
}

impl Decoder {
	pub(crate) fn new(parameters: &Parameters, config: &Config) -> Result<Self> {
		Ok(Self {
			heads: parameters.tensor("decoder.heads")?,
			words: parameters.tensor("decoder.words")?,
			bias: parameters.tensor("decoder.bias")?,
			horizon: config.horizon,
		})
	}

	/// q, `[B · T, m]`, row b·T + t, from y `[B, m]`.
	pub(crate) fn heads(&self, y: &Tensor) -> Result<Tensor> {
		Ok(y.matmul(&self.heads)?.reshape((y.dim(0)? * self.horizon, DIM))?)
	}

	/// L(x) of each example from q.
	pub(crate) fn losses(&self, q: &Tensor, targets: &[u32]) -> Result<Vec<f32>> {
		let logits = q.detach().matmul(&self.words.detach())?;
		Ok(self.sum(&negative_log_likelihood(&logits, &self.bias, targets, false)?.nll))
	}

	/// L(x) of each example from q, and the gradients.
	pub(crate) fn decode(&self, q: &Tensor, targets: &[u32]) -> Result<Decoded> {
		let (q, words) = (q.detach(), self.words.detach());
		let loss = negative_log_likelihood(&q.matmul(&words)?, &self.bias, targets, true)?;
		let Some(g) = loss.gradient else {
			return Err(NucleusError::NotFinite("loss".into()));
		};
		Ok(Decoded {
			losses: self.sum(&loss.nll),
			heads: g.matmul(&words.t()?)?,
			words: q.t()?.matmul(&g)?,
			bias: columns(&g)?,
		})
	}

	fn sum(&self, nll: &[f32]) -> Vec<f32> {
		nll.chunks_exact(self.horizon).map(|tokens| tokens.iter().sum()).collect()
	}
}

/// Sum over rows, `[1, V]`.
fn columns(g: &Tensor) -> Result<Tensor> {
	let width = g.dim(1)?;
	let sums = tensors::with_slice(g, |g| {
		let mut sums = vec![0_f32; width];
		for row in g.chunks_exact(width.max(1)) {
			for (sum, x) in sums.iter_mut().zip(row) {
				*sum += x;
			}
		}
		sums
	})?;
	Ok(Tensor::from_vec(sums, (1, width), g.device())?)
}
