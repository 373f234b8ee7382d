//! Near-identical inputs.
//!
//! Copies of one component would be paid several times for the same information. Inputs whose
//! vectors distinguish examples in the same way are therefore scored as one group: they are removed
//! together, and the score is split evenly.
//!
//! Similarity of two inputs is the correlation of their Gram matrices Z·Zᵀ off the diagonal: 1 for
//! copies, also for copies that were scaled, shifted or rotated. A copy with noise added is another
//! vector and is worth less; below the threshold it is not grouped.

use serde::{Deserialize, Serialize};

use crate::config::DIM;

/// Z·Zᵀ off the diagonal, centred and of unit length; `None` if the vectors do not vary.
pub(crate) fn signature(z: &[f32]) -> Option<Vec<f32>> {
	let rows: Vec<&[f32]> = z.chunks_exact(DIM).collect();
	let mut gram = Vec::with_capacity(rows.len() * rows.len() / 2);
	for (i, a) in rows.iter().enumerate() {
		for b in &rows[..i] {
			// Four partial sums, so that the additions do not wait for each other.
			let mut sums = [0_f32; 4];
			for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
				for k in 0..4 {
					sums[k] += a[k] * b[k];
				}
			}
			gram.push(sums.iter().sum::<f32>());
		}
	}
	let mean = gram.iter().sum::<f32>() / gram.len().max(1) as f32;
	gram.iter_mut().for_each(|x| *x -= mean);
	let length = gram.iter().map(|x| x * x).sum::<f32>().sqrt();
	if !(length.is_finite() && length > 1e-6) {
		return None;
	}
	gram.iter_mut().for_each(|x| *x /= length);
	Some(gram)
}

/// Running similarity of all pairs of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Similarity {
	inputs: usize,
	/// Per pair i < j: weighted sum and weight.
	pairs: Vec<(f64, f64)>,
}

impl Similarity {
	pub(crate) fn new(inputs: usize) -> Self {
		Self { inputs, pairs: vec![(0.0, 0.0); inputs * inputs] }
	}

	/// Takes in the signatures of one batch.
	pub(crate) fn observe(&mut self, signatures: &[Option<Vec<f32>>], decay: f64) {
		for j in 0..self.inputs {
			for i in 0..j {
				let (Some(Some(a)), Some(Some(b))) = (signatures.get(i), signatures.get(j)) else {
					continue;
				};
				let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
				let (sum, weight) = &mut self.pairs[i * self.inputs + j];
				*sum = decay * *sum + (1.0 - decay) * f64::from(cosine);
				*weight = decay * *weight + (1.0 - decay);
			}
		}
	}

	/// Similarity of two inputs, if they have answered the same batches.
	pub(crate) fn of(&self, a: usize, b: usize) -> Option<f64> {
		let (sum, weight) = self.pairs[a.min(b) * self.inputs + a.max(b)];
		(weight > 0.0).then(|| sum / weight)
	}

	pub(crate) fn forget(&mut self, input: usize) {
		for other in 0..self.inputs {
			self.pairs[input.min(other) * self.inputs + input.max(other)] = (0.0, 0.0);
		}
	}

	/// Groups of two or more inputs, connected by similarity of at least `threshold`.
	pub(crate) fn groups(&self, threshold: f64) -> Vec<Vec<usize>> {
		let mut leader: Vec<usize> = (0..self.inputs).collect();
		for j in 0..self.inputs {
			for i in 0..j {
				if self.of(i, j).is_some_and(|s| s >= threshold) {
					let (keep, merge) = (leader[i], leader[j]);
					leader.iter_mut().filter(|l| **l == merge).for_each(|l| *l = keep);
				}
			}
		}
		let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.inputs];
		for (input, leader) in leader.into_iter().enumerate() {
			groups[leader].push(input);
		}
		groups.retain(|group| group.len() > 1);
		groups
	}
}
