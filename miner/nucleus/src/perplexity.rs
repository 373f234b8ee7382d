//! Perplexity, and the unigram baseline.

use serde::{Deserialize, Serialize};

use crate::objective::{ExampleLoss, WordWeights};

/// How much each target counts in a mean loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
	/// As the objective weights it: frequent words count less.
	AsTrained,
	/// Every known word alike.
	Plain,
}

/// The losses of some held-out examples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExampleLosses(pub Vec<ExampleLoss>);

impl ExampleLosses {
	/// Loss of each example, the sum over its targets in nats, and the weight of these targets.
	pub fn weighted(&self, weighting: Weighting) -> impl Iterator<Item = (f64, f64)> + '_ {
		self.0.iter().map(move |example| match weighting {
			Weighting::AsTrained => (example.loss.into(), example.weight.into()),
			Weighting::Plain => (example.plain.into(), example.tokens.into()),
		})
	}

	/// exp of the mean loss in nats per target.
	pub fn perplexity(&self, weighting: Weighting) -> f64 {
		let (loss, weight) =
			self.weighted(weighting).fold((0.0, 0.0), |sums, (l, w)| (sums.0 + l, sums.1 + w));
		(loss / f64::max(weight, 1e-9)).exp()
	}

	/// Targets that are known words.
	pub fn targets(&self) -> u64 {
		self.0.iter().map(|example| u64::from(example.tokens)).sum()
	}

	/// Whether all of them are finite.
	pub fn are_finite(&self) -> bool {
		self.0.iter().all(|example| example.loss.is_finite() && example.plain.is_finite())
	}
}

/// Perplexity exp(mean NLL per weighted target) on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perplexity {
	/// With the vectors of the downstream components.
	pub with_network: f64,
	/// With every input at its running mean. The component relies on its inputs, so this is worse
	/// than a component that was trained alone ([`crate::gain`]).
	#[serde(alias = "without_network")]
	pub without_inputs: f64,
	/// Predicted targets, without unknown words.
	pub tokens: u64,
}

impl Perplexity {
	/// From the losses of examples with and without the inputs.
	pub fn of(with: &ExampleLosses, without: &ExampleLosses) -> Self {
		Self {
			with_network: with.perplexity(Weighting::AsTrained),
			without_inputs: without.perplexity(Weighting::AsTrained),
			tokens: with.targets(),
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

	/// Perplexity on the targets of examples, weighted as an objective with this `subsample`, and these
	/// frequencies, weights them: what a component that learns from this text is compared with. 1 if
	/// there are none.
	pub fn weighted_perplexity<'e>(
		&self,
		targets: impl Iterator<Item = &'e [u32]>,
		subsample: f64,
	) -> f64 {
		let weights = WordWeights::new(subsample, self.vocab(), Some(self));
		let (mut nll, mut sum) = (0.0, 0.0);
		for &id in targets.flatten() {
			let weight = weights.values().get(id as usize).copied().map_or(0.0, f64::from);
			if weight > 0.0 {
				nll -= weight * self.log_probability(id);
				sum += weight;
			}
		}
		(nll / f64::max(sum, 1e-9)).exp()
	}

	/// Size of the vocabulary.
	pub fn vocab(&self) -> usize {
		self.counts.len()
	}
}
