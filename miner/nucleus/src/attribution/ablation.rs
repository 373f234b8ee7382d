//! The audit: at intervals one input, or one group of near-identical inputs, is removed (set to its
//! mean) for one batch, at the cost of one forward pass, and the difference in loss is kept beside the
//! score of that batch.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Audits remembered.
const REMEMBERED: usize = 512;
/// Audits below which they correct nothing.
const LEAST: usize = 3;
/// Audits that correct a score: what an input is worth changes while both learn.
const NEWEST: usize = 16;

/// One audited batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
	/// The inputs that were removed together, in order.
	removed: Vec<usize>,
	/// Score of each of them.
	estimate: f64,
	/// Equal part of each of them in the difference in loss.
	truth: f64,
}

/// The last audits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Audit {
	samples: VecDeque<Sample>,
}

impl Audit {
	/// Takes in one audit: what was removed together, and for each of them its score and its part of
	/// the difference in loss.
	pub(crate) fn observe(&mut self, removed: Vec<usize>, estimate: f64, truth: f64) {
		if !(estimate.is_finite() && truth.is_finite()) {
			return;
		}
		self.samples.push_back(Sample { removed, estimate, truth });
		if self.samples.len() > REMEMBERED {
			self.samples.pop_front();
		}
	}

	pub(crate) fn forget(&mut self, input: usize) {
		self.samples.retain(|sample| !sample.removed.contains(&input));
	}

	/// Mean (estimate, truth) of an input, alone or in its group.
	pub(crate) fn mean(&self, input: usize) -> Option<(f64, f64)> {
		let (mut estimate, mut truth, mut n) = (0.0, 0.0, 0.0);
		for sample in self.samples.iter().filter(|sample| sample.removed.contains(&input)) {
			estimate += sample.estimate;
			truth += sample.truth;
			n += 1.0;
		}
		(n > 0.0).then(|| (estimate / n, truth / n))
	}

	/// Part of the scores of `group` that its newest audits confirm: the sum of the differences in loss
	/// over the sum of the scores of the same batches, within 0..=1. Audits in which other inputs were
	/// removed do not count: beside its copy an input is worth nothing, and the two are worth what one
	/// was. 1 below [`LEAST`] audits.
	pub(crate) fn confirmed(&self, group: &[usize]) -> f64 {
		let newest =
			self.samples.iter().rev().filter(|sample| sample.removed == group).take(NEWEST);
		let (mut estimate, mut truth, mut n) = (0.0, 0.0, 0);
		for sample in newest {
			estimate += sample.estimate;
			truth += sample.truth;
			n += 1;
		}
		if n < LEAST || estimate <= 0.0 {
			return 1.0;
		}
		(truth / estimate).clamp(0.0, 1.0)
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn scores_count_as_far_as_audits_of_the_same_group_confirm_them() {
		let mut audit = Audit::default();
		assert_eq!(audit.confirmed(&[0]), 1.0);
		for _ in 0..LEAST - 1 {
			audit.observe(vec![0], 0.4, 0.1);
		}
		assert_eq!(audit.confirmed(&[0]), 1.0, "too few");
		audit.observe(vec![0], 0.4, 0.1);
		assert!((audit.confirmed(&[0]) - 0.25).abs() < 1e-12);
		// A copy appears: the audits of one of the two say nothing about both.
		assert_eq!(audit.confirmed(&[0, 2]), 1.0);
		for _ in 0..LEAST {
			audit.observe(vec![0, 2], 0.2, 0.1);
			audit.observe(vec![1], 0.1, 0.3);
			audit.observe(vec![3], 0.1, -0.3);
		}
		assert!((audit.confirmed(&[0, 2]) - 0.5).abs() < 1e-12);
		assert!((audit.confirmed(&[0]) - 0.25).abs() < 1e-12);
		assert_eq!((audit.confirmed(&[1]), audit.confirmed(&[3])), (1.0, 0.0));
		// Old audits are not those of a component that has learned since.
		(0..NEWEST).for_each(|_| audit.observe(vec![0], 0.4, 0.4));
		assert_eq!(audit.confirmed(&[0]), 1.0);
		// Another component is behind an input.
		audit.forget(2);
		assert_eq!(audit.confirmed(&[0, 2]), 1.0);
		assert!(audit.mean(2).is_none() && audit.mean(0).is_some());
	}
}
