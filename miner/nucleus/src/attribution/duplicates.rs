//! Near-identical slots.
//!
//! Removing one of c copies leaves c − 1, so each of them looks useful by itself and together they
//! would be paid several times for one thing. Slots whose vectors tell examples apart in the same
//! way are therefore scored as one group, removed together, and the score is split evenly.
//!
//! Similarity of two slots is the correlation of their Gram matrices Z·Zᵀ off the diagonal: 1 for
//! copies, also for copies that were scaled, shifted or rotated. A copy with its own noise added
//! is another vector and is worth less by itself; it is not caught below the threshold.

use serde::{Deserialize, Serialize};

use crate::config::DIM;

/// Z·Zᵀ off the diagonal, centred and of unit length; `None` if nothing varies.
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

/// Running similarity of all pairs of slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Similarity {
	slots: usize,
	/// Per pair i < j: weighted sum and weight.
	pairs: Vec<(f64, f64)>,
}

impl Similarity {
	pub(crate) fn new(slots: usize) -> Self {
		Self { slots, pairs: vec![(0.0, 0.0); slots * slots] }
	}

	/// Takes in the signatures of one batch.
	pub(crate) fn observe(&mut self, signatures: &[Option<Vec<f32>>], decay: f64) {
		for j in 0..self.slots {
			for i in 0..j {
				let (Some(Some(a)), Some(Some(b))) = (signatures.get(i), signatures.get(j)) else {
					continue;
				};
				let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
				let (sum, weight) = &mut self.pairs[i * self.slots + j];
				*sum = decay * *sum + (1.0 - decay) * f64::from(cosine);
				*weight = decay * *weight + (1.0 - decay);
			}
		}
	}

	/// Similarity of two slots, if they have answered the same batches.
	pub(crate) fn of(&self, a: usize, b: usize) -> Option<f64> {
		let (sum, weight) = self.pairs[a.min(b) * self.slots + a.max(b)];
		(weight > 0.0).then(|| sum / weight)
	}

	pub(crate) fn forget(&mut self, slot: usize) {
		for other in 0..self.slots {
			self.pairs[slot.min(other) * self.slots + slot.max(other)] = (0.0, 0.0);
		}
	}

	/// Groups of two or more slots, connected by similarity of at least `threshold`.
	pub(crate) fn groups(&self, threshold: f64) -> Vec<Vec<usize>> {
		let mut leader: Vec<usize> = (0..self.slots).collect();
		for j in 0..self.slots {
			for i in 0..j {
				if self.of(i, j).is_some_and(|s| s >= threshold) {
					let (keep, merge) = (leader[i], leader[j]);
					leader.iter_mut().filter(|l| **l == merge).for_each(|l| *l = keep);
				}
			}
		}
		let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.slots];
		for (slot, leader) in leader.into_iter().enumerate() {
			groups[leader].push(slot);
		}
		groups.retain(|group| group.len() > 1);
		groups
	}
}
