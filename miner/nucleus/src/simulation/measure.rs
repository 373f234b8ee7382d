//! Losses by document, and gains with their standard errors.

use serde::{Deserialize, Serialize};

use crate::objective::ExampleLoss;

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
	/// By document.
	pub documents: Vec<Sums>,
}

/// A difference of losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
	/// Loss of the other less ours, in nats per weighted token; above 0 is better.
	pub difference: f64,
	/// Its standard error over documents.
	pub standard_error: f64,
	/// The part of the other's perplexity that is saved: 1 − exp(−difference).
	pub gain: f64,
}

impl Measured {
	/// The losses over all documents.
	pub fn new(documents: Vec<Sums>) -> Self {
		let sum = |of: fn(&Sums) -> f64| documents.iter().map(of).sum::<f64>();
		Self {
			loss: sum(|d| d.loss) / sum(|d| d.weight).max(1e-9),
			plain: sum(|d| d.plain) / sum(|d| d.tokens).max(1.0),
			tokens: sum(|d| d.tokens) as u64,
			documents,
		}
	}

	/// The mean difference over pairs (ours, the other's) that are measured on the same documents.
	/// Documents are drawn, and pairs share them: the error is that of a ratio of sums over documents.
	pub fn gain(pairs: &[(&Measured, &Measured)]) -> Figure {
		let n = pairs.len().max(1) as f64;
		let difference = pairs.iter().map(|(ours, other)| other.loss - ours.loss).sum::<f64>() / n;
		let mut residuals: std::collections::BTreeMap<&str, f64> = Default::default();
		for (ours, other) in pairs {
			let all = ours.documents.iter().map(|d| d.weight).sum::<f64>().max(1e-9);
			let mean = other.loss - ours.loss;
			for (a, b) in ours.documents.iter().zip(&other.documents) {
				let residual = ((b.loss - a.loss) - mean * a.weight) / all / n;
				*residuals.entry(&a.document).or_default() += residual;
			}
		}
		let count = residuals.len() as f64;
		let squares = residuals.values().map(|r| r * r).sum::<f64>();
		let standard_error = (squares * count / (count - 1.0).max(1.0)).sqrt();
		Figure { difference, standard_error, gain: 1.0 - (-difference).exp() }
	}
}

impl Sums {
	/// Sums over the examples of a document.
	pub fn of(document: &str, losses: &[ExampleLoss]) -> Self {
		let sum = |of: fn(&ExampleLoss) -> f64| losses.iter().map(of).sum::<f64>();
		Self {
			document: document.into(),
			loss: sum(|x| x.loss.into()),
			weight: sum(|x| x.weight.into()),
			plain: sum(|x| x.plain.into()),
			tokens: sum(|x| x.tokens.into()),
		}
	}
}
