//! Perplexity, and the unigram baseline.

use serde::{Deserialize, Serialize};

use crate::corpus::Example;

/// Perplexity exp(mean NLL per target) on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perplexity {
	/// With the vectors of the downstream components.
	pub with_network: f64,
	/// With every input at its running mean. The component relies on its inputs, so this is worse
	/// than a component that was trained alone ([`crate::gain`]).
	#[serde(alias = "without_network")]
	pub without_inputs: f64,
	/// Predicted targets.
	pub tokens: u64,
}

impl Perplexity {
	/// From the losses of examples, each the sum over its targets, with and without the inputs.
	/// `weights` as [`Model::weights`](crate::Model::weights).
	pub fn of(examples: &[Example], weights: &[f64], with: &[f32], without: &[f32]) -> Self {
		let total = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
		let mean = |losses: &[f32]| losses.iter().map(|x| f64::from(*x)).sum::<f64>() / total;
		Self {
			with_network: mean(with).exp(),
			without_inputs: mean(without).exp(),
			tokens: examples.iter().map(|example| example.target.len() as u64).sum(),
		}
	}

	/// *Dependence*: the loss without inputs less that with them, in nats per target.
	pub fn dependence(&self) -> f64 {
		(self.without_inputs / self.with_network).ln()
	}
}

/// Word frequencies, with one added to every count.
#[derive(Clone, Debug, PartialEq)]
pub struct Unigram {
	counts: Vec<u64>,
	total: u64,
}

impl Unigram {
	/// Counts tokens; `vocab` is the size of the tokenizer. Ids outside it are ignored.
	pub fn fit(tokens: impl Iterator<Item = u32>, vocab: usize) -> Self {
		let mut counts = vec![1_u64; vocab];
		for id in tokens {
			if let Some(count) = counts.get_mut(id as usize) {
				*count += 1;
			}
		}
		let total = counts.iter().sum();
		Self { counts, total }
	}

	/// Log-probability of a token, in nats; −∞ outside the vocabulary.
	pub fn log_probability(&self, id: u32) -> f64 {
		match self.counts.get(id as usize) {
			Some(&count) => (count as f64 / self.total as f64).ln(),
			None => f64::NEG_INFINITY,
		}
	}

	/// Perplexity on the targets of examples; 1 if there are none.
	pub fn perplexity<'e>(&self, targets: impl Iterator<Item = &'e [u32]>) -> f64 {
		let (mut nll, mut tokens) = (0.0, 0_u64);
		for &id in targets.flatten() {
			nll -= self.log_probability(id);
			tokens += 1;
		}
		(nll / tokens.max(1) as f64).exp()
	}

	/// Size of the vocabulary.
	pub fn vocab(&self) -> usize {
		self.counts.len()
	}
}
