//! Weights of the parts of an answer, fitted on text that is not trained on.
//!
//! ```text
//!   training:  h = z_0 · A_0 + Σ_j z_j · A_j,                 logits = … + Σ_j expert_j
//!   answers:   h = w_0 · z_0 · A_0 + Σ_j w_j · z_j · A_j,     logits = … + Σ_j w'_j · expert_j
//!   each scored batch:  w ← w − η · (F + λ)⁻¹ · ∂L/∂w,  F the running Fisher information of all w
//! ```
//! How much a part helps on training text says little about other text. The own encoder has seen its
//! own text, and the vectors of others are those of components that have not; but peers that hold the
//! same documents know them by heart too, and their vectors tell what comes next in them. Training then
//! trusts too much what looks better than it is, and on other text a component would lose by its
//! inputs. A few numbers that are fitted on other text put this right: an input that does not help
//! there ends at a weight near 0. Without inputs the own encoder has a weight too, w_alone, fitted in
//! the same way by batches without inputs: a component that trains alone has all that one in a network
//! has, but the network.
//!
//! Invariants: each weight stays within [[`LEAST`], [`MOST`]]; a part that is missing in a batch keeps its
//! weights; numbers that are not finite change nothing.

use serde::{Deserialize, Serialize};

use crate::{
	component::Component,
	error::Result,
	joiner::{Centred, Strength},
};

/// η. F is larger than the curvature of the loss, since the targets of an example resemble each other: a
/// weight follows the last ten scored batches or so.
const RATE: f64 = 0.2;
/// Decay of F, per scored batch.
const DECAY: f64 = 0.95;
/// λ, in nats per target: a part of little effect hardly moves.
const DAMPING: f64 = 0.01;
/// The farthest that one batch moves a weight.
const LARGEST_STEP: f64 = 0.1;
/// Least weight: at 0 it would have no gradient.
const LEAST: f64 = 1.0 / 16.0;
/// Largest weight: training has chosen what helps on its own text, and no part helps more on other text.
const MOST: f64 = 1.0;

/// The weights, and what they are fitted by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance {
	/// That of the own encoder without inputs.
	alone: Alone,
	/// w_0, beside inputs.
	own: f64,
	/// w_j and w'_j of each input.
	inputs: Vec<Strength>,
	/// Decayed sum of p · pᵀ over examples, p = ∂L(x)/∂w: row-major, in the order of
	/// [`Balance::weights`].
	squares: Vec<f64>,
	/// Decayed weight of the targets of these examples.
	targets: f64,
}

/// One weight, with what it is fitted by: a decayed sum of squares, and of weights of targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Alone {
	weight: f64,
	squares: f64,
	targets: f64,
}

impl Alone {
	fn observe(&mut self, slopes: &[f64], targets: f64) {
		if !(slopes.iter().all(|p| p.is_finite()) && targets.is_finite() && targets > 0.0) {
			return;
		}
		self.squares = DECAY * self.squares + slopes.iter().map(|p| p * p).sum::<f64>();
		self.targets = DECAY * self.targets + targets;
		let gradient = slopes.iter().sum::<f64>() / targets;
		let step = gradient / (self.squares / self.targets + DAMPING);
		self.weight = moved(self.weight, step);
	}
}

/// A weight after a step.
fn moved(weight: f64, step: f64) -> f64 {
	(weight - (RATE * step).clamp(-LARGEST_STEP, LARGEST_STEP)).clamp(LEAST, MOST)
}

/// ∂L(x)/∂w of each example; `None` for a part that is missing.
#[derive(Debug)]
pub(crate) struct Slopes {
	pub(crate) own: Vec<f64>,
	/// Of each input as a feature, and as an expert.
	pub(crate) inputs: Vec<[Option<Vec<f64>>; 2]>,
	/// Weight of the targets of all examples.
	pub(crate) targets: f64,
}

impl Slopes {
	/// From g · z of each example at the leaves, which hold both terms of an input at their weights, and
	/// from those of the experts at weight 1.
	pub(crate) fn new(
		balance: &Balance,
		own: &[f64],
		inputs: &[Option<Vec<f64>>],
		experts: Vec<Option<Vec<f64>>>,
		targets: f64,
	) -> Self {
		let mut pairs = Vec::with_capacity(inputs.len());
		for ((all, expert), weight) in inputs.iter().zip(experts).zip(&balance.inputs) {
			let feature = all.as_ref().map(|all| match &expert {
				Some(expert) => {
					let both = all.iter().zip(expert);
					both.map(|(all, expert)| (all - weight.expert * expert) / weight.feature)
						.collect()
				}
				None => all.iter().map(|all| all / weight.feature).collect(),
			});
			pairs.push([feature, expert]);
		}
		let weight = balance.own(pairs.iter().flatten().any(Option::is_some));
		Self { own: own.iter().map(|p| p / weight).collect(), inputs: pairs, targets }
	}
}

impl Balance {
	pub(crate) fn new(inputs: usize) -> Self {
		let all = 1 + 2 * inputs;
		Self {
			alone: Alone { weight: 1.0, squares: 0.0, targets: 0.0 },
			own: 1.0,
			inputs: vec![Strength::default(); inputs],
			squares: vec![0.0; all * all],
			targets: 0.0,
		}
	}

	/// Whether it is one of a component with so many inputs.
	pub(crate) fn fits(&self, inputs: usize) -> bool {
		let all = 1 + 2 * inputs;
		self.inputs.len() == inputs && self.squares.len() == all * all
	}

	/// w_0, beside inputs or without them.
	pub(crate) fn own(&self, beside_inputs: bool) -> f64 {
		if beside_inputs {
			self.own
		} else {
			self.alone.weight
		}
	}

	/// w_j and w'_j.
	pub(crate) fn inputs(&self) -> &[Strength] {
		&self.inputs
	}

	/// Another component is behind an input.
	pub(crate) fn forget(&mut self, input: usize) {
		self.inputs[input] = Strength::default();
		let all = 1 + 2 * self.inputs.len();
		for place in [1 + 2 * input, 2 + 2 * input] {
			for other in 0..all {
				self.squares[place * all + other] = 0.0;
				self.squares[other * all + place] = 0.0;
			}
		}
	}

	/// All weights beside inputs: the own one, and then two of each input.
	fn weights(&mut self) -> Vec<&mut f64> {
		let inputs = self.inputs.iter_mut().flat_map(|x| [&mut x.feature, &mut x.expert]);
		std::iter::once(&mut self.own).chain(inputs).collect()
	}

	/// Takes in one batch.
	pub(crate) fn observe(&mut self, slopes: &Slopes) {
		if slopes.inputs.iter().flatten().all(Option::is_none) {
			return self.alone.observe(&slopes.own, slopes.targets);
		}
		let inputs = slopes.inputs.iter().flatten().map(Option::as_deref);
		let all: Vec<Option<&[f64]>> =
			std::iter::once(Some(&slopes.own[..])).chain(inputs).collect();
		let present: Vec<(usize, &[f64])> =
			all.iter().enumerate().filter_map(|(place, p)| Some((place, (*p)?))).collect();
		let finite = |x: &f64| x.is_finite();
		let known = present.iter().all(|(_, p)| p.iter().all(finite));
		if !(known && slopes.targets.is_finite() && slopes.targets > 0.0) {
			return;
		}
		self.squares.iter_mut().for_each(|x| *x *= DECAY);
		self.targets = DECAY * self.targets + slopes.targets;
		let count = all.len();
		for (i, a) in &present {
			for (j, b) in &present {
				let sum: f64 = a.iter().zip(*b).map(|(a, b)| a * b).sum();
				self.squares[i * count + j] += sum;
			}
		}
		let n = present.len();
		let mut matrix = Vec::with_capacity(n * n);
		for (i, _) in &present {
			for (j, _) in &present {
				let damping = if i == j { DAMPING } else { 0.0 };
				matrix.push(self.squares[i * count + j] / self.targets + damping);
			}
		}
		let gradient =
			present.iter().map(|(_, p)| p.iter().sum::<f64>() / slopes.targets).collect();
		let Some(step) = solve(matrix, gradient) else { return };
		let mut weights = self.weights();
		for ((place, _), step) in present.iter().zip(step) {
			*weights[*place] = moved(*weights[*place], step);
		}
	}
}

/// x of A · x = b for a symmetric, positive definite A, row-major; `None` if it is not.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
	let n = b.len();
	// Cholesky: A = L · Lᵀ, L in the lower triangle.
	for j in 0..n {
		for k in 0..j {
			let factor = a[j * n + k];
			for i in j..n {
				a[i * n + j] -= a[i * n + k] * factor;
			}
		}
		let pivot = a[j * n + j].sqrt();
		if !(pivot.is_finite() && pivot > 0.0) {
			return None;
		}
		for i in j..n {
			a[i * n + j] /= pivot;
		}
	}
	for i in 0..n {
		let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
		b[i] = (b[i] - sum) / a[i * n + i];
	}
	for i in (0..n).rev() {
		let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
		b[i] = (b[i] - sum) / a[i * n + i];
	}
	b.iter().all(|x| x.is_finite()).then_some(b)
}

impl Component {
	/// Inputs as an answer has them: each part at its weight.
	pub(super) fn weighed(&self, z: Centred) -> Result<Centred> {
		let beside_inputs = z.downstream.iter().any(Option::is_some);
		let strengths = self.balance.inputs().to_vec();
		Ok(Centred { own: (z.own * self.balance.own(beside_inputs))?, strengths, ..z })
	}
}

#[cfg(test)]
mod tests {
	use rand::Rng;
	use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

	use super::*;

	/// Weights after so many batches of 16 examples t = Σ_i best_i · a_i + noise under the loss
	/// ½ (t − Σ_i w_i · a_i)², whose a_i are drawn anew; `present` tells which parts are there.
	fn fit(best: &[f64], batches: usize, seed: u64, present: impl Fn(usize) -> bool) -> Balance {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
		let mut balance = Balance::new(best.len() / 2);
		for _ in 0..batches {
			let mut now: Vec<f64> = balance.weights().iter().map(|w| **w).collect();
			now[0] = balance.own((0..best.len() - 1).any(&present));
			let mut slopes = vec![Vec::new(); best.len()];
			for _ in 0..16 {
				let shared = normal();
				// Parts that say partly the same.
				let a: Vec<f64> = best.iter().map(|_| normal() + 0.5 * shared).collect();
				let of = |w: &[f64]| w.iter().zip(&a).map(|(w, a)| w * a).sum::<f64>();
				let error = of(best) + normal() - of(&now);
				slopes.iter_mut().zip(&a).for_each(|(slope, a)| slope.push(-error * a));
			}
			let own = slopes.remove(0);
			let part = |(n, slope): (usize, &Vec<f64>)| present(n).then(|| slope.clone());
			let parts: Vec<Option<Vec<f64>>> = slopes.iter().enumerate().map(part).collect();
			let inputs = parts.chunks(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
			balance.observe(&Slopes { own, inputs, targets: 16.0 });
		}
		balance
	}

	#[test]
	fn weights_find_their_best_values_within_the_bounds() {
		for seed in 0..8 {
			let best = [0.6, 1.0, 0.3, 0.05, -0.1];
			let mut balance = fit(&best, 150, seed, |_| true);
			for (weight, best) in balance.weights().into_iter().zip(best) {
				let best = best.clamp(LEAST, MOST);
				assert!((*weight - best).abs() < 0.2, "{weight} for {best}, seed {seed}");
			}
		}
	}

	#[test]
	fn what_is_missing_or_no_number_moves_nothing() {
		let best = [0.5, 0.2, 0.2, 0.2, 0.2];
		let balance = fit(&best, 60, 1, |part| part < 2);
		assert_eq!(balance.inputs()[1], Strength::default(), "it never answered");
		assert!(balance.inputs()[0].feature < 0.6 && balance.own(true) < 0.8, "{balance:?}");
		assert_eq!(balance.own(false), 1.0, "an input always answered");
		let mut other = balance.clone();
		for bad in [f64::NAN, f64::INFINITY] {
			let inputs = vec![[Some(vec![0.1]), Some(vec![bad])], [None, None]];
			other.observe(&Slopes { own: vec![1.0], inputs, targets: 1.0 });
			other.observe(&Slopes { own: vec![1.0], inputs: vec![[None, None]; 2], targets: bad });
		}
		assert_eq!(other, balance);
		// Another component is behind an input: nothing of the old one is left.
		other.forget(0);
		assert_eq!(other.inputs()[0], Strength::default());
		let all = 1 + 2 * 2;
		let of_input = |n: &usize| [1, 2].contains(&(n / all)) || [1, 2].contains(&(n % all));
		assert!((0..all * all).filter(of_input).all(|n| other.squares[n] == 0.0));
		assert!(other.squares[0] > 0.0);
	}

	#[test]
	fn alone_the_own_weight_finds_its_best_value_too() {
		for seed in 0..8 {
			for best in [0.6, 0.95, 1.3] {
				let balance = fit(&[best, 1.0, 1.0], 150, seed, |_| false);
				let (alone, best) = (balance.own(false), best.clamp(LEAST, MOST));
				assert!((alone - best).abs() < 0.1, "{alone} for {best}, seed {seed}");
				assert_eq!((balance.own(true), &balance.inputs()[0]), (1.0, &Strength::default()));
			}
		}
	}

	#[test]
	fn linear_systems_are_solved() {
		let a = vec![4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
		let x = solve(a.clone(), vec![1.0, -2.0, 0.5]).expect("positive definite");
		for (row, b) in a.chunks(3).zip([1.0, -2.0, 0.5]) {
			let sum: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
			assert!((sum - b).abs() < 1e-12, "{x:?}");
		}
		assert!(solve(vec![1.0, 2.0, 2.0, 1.0], vec![1.0, 1.0]).is_none(), "indefinite");
		assert!(solve(vec![f64::NAN], vec![1.0]).is_none());
	}
}
