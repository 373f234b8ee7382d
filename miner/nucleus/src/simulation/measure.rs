//! Losses by document, and gains with their intervals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
	corpus::Example, objective::ExampleLoss, perplexity::Weighting, student::standard_errors,
};

/// Sums over the examples of one document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
	/// Name of the document.
	pub document: String,
	/// Weighted NLL.
	pub loss: f64,
	/// Weights.
	pub weight: f64,
	/// NLL of known tokens.
	pub plain: f64,
	/// Known tokens.
	pub tokens: f64,
	/// Tokens that the tokenizer does not know: they are in no loss.
	pub unknown: f64,
}

/// Losses on a set of documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
	/// Nats per weighted token.
	pub loss: f64,
	/// Nats per known token, each with weight 1.
	pub plain: f64,
	/// Known tokens.
	pub tokens: u64,
	/// Tokens that the tokenizer does not know: they are in no loss.
	pub unknown: u64,
	/// By document.
	pub documents: Vec<Sums>,
}

/// A difference of losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
	/// Loss of the other less ours, in nats per token; above 0 is better.
	pub difference: f64,
	/// Its standard error.
	pub standard_error: f64,
	/// Degrees of freedom of the standard error.
	pub freedom: f64,
}

impl Figure {
	/// The part of the other's perplexity that is saved: 1 − exp(−difference).
	pub fn gain(&self) -> f64 {
		part(self.difference)
	}

	/// The ends of the 95 % interval of the difference, in nats.
	pub fn interval(&self) -> [f64; 2] {
		let width = standard_errors(self.freedom) * self.standard_error;
		[self.difference - width, self.difference + width]
	}

	/// The ends of the 95 % interval of the gain.
	pub fn gain_interval(&self) -> [f64; 2] {
		self.interval().map(part)
	}
}

fn part(nats: f64) -> f64 {
	-(-nats).exp_m1()
}

/// A component and another one, measured on the same documents.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'m> {
	/// Seed of both.
	pub seed: u64,
	/// The component.
	pub ours: &'m Measured,
	/// The other one.
	pub other: &'m Measured,
}

/// The variance of a mean of clusters, from what each adds to the error of the mean, and its degrees of
/// freedom.
fn variance(residuals: impl ExactSizeIterator<Item = f64>) -> (f64, f64) {
	let count = residuals.len() as f64;
	let squares = residuals.map(|r| r * r).sum::<f64>();
	if count > 1.0 {
		(squares * count / (count - 1.0), count - 1.0)
	} else {
		(0.0, f64::INFINITY)
	}
}

impl Measured {
	/// The losses over all documents.
	pub fn new(documents: Vec<Sums>) -> Self {
		let sum = |of: fn(&Sums) -> f64| documents.iter().map(of).sum::<f64>();
		Self {
			loss: sum(|d| d.loss) / sum(|d| d.weight).max(1e-9),
			plain: sum(|d| d.plain) / sum(|d| d.tokens).max(1.0),
			tokens: sum(|d| d.tokens) as u64,
			unknown: sum(|d| d.unknown) as u64,
			documents,
		}
	}

	/// Part of all tokens that the tokenizer does not know.
	pub fn unknown_part(&self) -> f64 {
		self.unknown as f64 / (self.tokens + self.unknown).max(1) as f64
	}

	/// The mean difference over pairs, with the error of documents and that of seeds.
	///
	/// Documents are drawn, and pairs share them: their error is that of a ratio of sums over documents.
	/// Other seeds would give other components: their error is that of the means of the seeds, where
	/// there are several. Both are added, though the second has some of the first in it, and the degrees
	/// of freedom are those of Welch and Satterthwaite.
	pub fn gain(pairs: &[Pair], weighting: Weighting) -> Figure {
		let n = pairs.len().max(1) as f64;
		let loss = |measured: &Measured| match weighting {
			Weighting::AsTrained => measured.loss,
			Weighting::Plain => measured.plain,
		};
		let sums = |document: &Sums| match weighting {
			Weighting::AsTrained => (document.loss, document.weight),
			Weighting::Plain => (document.plain, document.tokens),
		};
		let difference =
			pairs.iter().map(|pair| loss(pair.other) - loss(pair.ours)).sum::<f64>() / n;
		let mut of_documents: BTreeMap<&str, f64> = BTreeMap::new();
		let mut of_seeds: BTreeMap<u64, f64> = BTreeMap::new();
		for Pair { seed, ours, other } in pairs {
			let all = ours.documents.iter().map(|d| sums(d).1).sum::<f64>().max(1e-9);
			let mean = loss(other) - loss(ours);
			*of_seeds.entry(*seed).or_default() += (mean - difference) / n;
			for (a, b) in ours.documents.iter().zip(&other.documents) {
				let ((ours, weight), (other, _)) = (sums(a), sums(b));
				let residual = ((other - ours) - mean * weight) / all / n;
				*of_documents.entry(&a.document).or_default() += residual;
			}
		}
		let (documents, d) = variance(of_documents.into_values());
		let (seeds, s) = variance(of_seeds.into_values());
		let both = documents + seeds;
		let freedom = both.powi(2) / (documents.powi(2) / d + seeds.powi(2) / s);
		Figure { difference, standard_error: both.sqrt(), freedom }
	}
}

impl Sums {
	/// Sums over examples of a document, and their losses.
	pub fn of(document: &str, examples: &[Example], losses: &[ExampleLoss]) -> Self {
		let sum = |of: fn(&ExampleLoss) -> f64| losses.iter().map(of).sum::<f64>();
		let tokens = sum(|x| x.tokens.into());
		let all: usize = examples.iter().map(|example| example.target.len()).sum();
		Self {
			document: document.into(),
			loss: sum(|x| x.loss.into()),
			weight: sum(|x| x.weight.into()),
			plain: sum(|x| x.plain.into()),
			tokens,
			unknown: all as f64 - tokens,
		}
	}
}
