//! The audit: at intervals one input is removed (set to its mean) for one batch, at the cost of one
//! forward pass, and the difference in loss is kept beside the score of that batch.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Audits remembered.
const REMEMBERED: usize = 512;

/// One audited batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
	input: usize,
	estimate: f64,
	truth: f64,
}

/// The last audits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Audit {
	samples: VecDeque<Sample>,
}

impl Audit {
	pub(crate) fn observe(&mut self, input: usize, estimate: f64, truth: f64) {
		if !(estimate.is_finite() && truth.is_finite()) {
			return;
		}
		self.samples.push_back(Sample { input, estimate, truth });
		if self.samples.len() > REMEMBERED {
			self.samples.pop_front();
		}
	}

	pub(crate) fn forget(&mut self, input: usize) {
		self.samples.retain(|sample| sample.input != input);
	}

	/// Mean (estimate, truth) of an input.
	pub(crate) fn mean(&self, input: usize) -> Option<(f64, f64)> {
		let (mut estimate, mut truth, mut n) = (0.0, 0.0, 0.0);
		for sample in self.samples.iter().filter(|sample| sample.input == input) {
			estimate += sample.estimate;
			truth += sample.truth;
			n += 1.0;
		}
		(n > 0.0).then(|| (estimate / n, truth / n))
	}

	pub(crate) fn fidelity(&self, inputs: usize) -> Fidelity {
		let (estimates, truths): (Vec<f64>, Vec<f64>) =
			(0..inputs).filter_map(|input| self.mean(input)).unzip();
		Fidelity {
			pearson: pearson(&estimates, &truths),
			spearman: spearman(&estimates, &truths),
			inputs: estimates.len(),
			audits: self.samples.len(),
		}
	}
}

/// Agreement of scores with true ablation, over the audited inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
	/// Linear correlation; `None` below three inputs.
	pub pearson: Option<f64>,
	/// Rank correlation; `None` below three inputs.
	pub spearman: Option<f64>,
	/// Audited inputs.
	pub inputs: usize,
	/// Number of audits.
	pub audits: usize,
}

/// Pearson's correlation; `None` below three points or without variation.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
	if a.len() < 3 || a.len() != b.len() {
		return None;
	}
	let n = a.len() as f64;
	let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
	let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
	for (x, y) in a.iter().zip(b) {
		ab += (x - mean_a) * (y - mean_b);
		aa += (x - mean_a).powi(2);
		bb += (y - mean_b).powi(2);
	}
	let scale = (aa * bb).sqrt();
	(scale > 0.0).then(|| ab / scale)
}

/// Spearman's rank correlation, with the mean rank for equal values.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
	pearson(&ranks(a), &ranks(b))
}

fn ranks(values: &[f64]) -> Vec<f64> {
	let rank = |x: f64| {
		let below = values.iter().filter(|y| **y < x).count() as f64;
		let equal = values.iter().filter(|y| **y == x).count() as f64;
		below + (equal - 1.0) / 2.0
	};
	values.iter().map(|&x| rank(x)).collect()
}
