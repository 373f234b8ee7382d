//! Inputs: stakes and well-formed rows, random or given.

use bittensor_contribution::{
	Graph, Progress, Solve, Vectors, MAX_EDGES, MIN_SELF_SHARE, SHARE_ONE,
};
use proptest::{collection::vec, prelude::*};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};

/// One epoch's input, one entry per uid.
#[derive(Clone, Debug)]
pub(crate) struct Case {
	pub(crate) stakes: Vec<u64>,
	/// Edges `(target, share)`.
	pub(crate) rows: Vec<Vec<(u16, u16)>>,
}

impl Case {
	pub(crate) fn graph(&self) -> Graph {
		let mut graph = Graph::with_capacity(self.rows.len(), self.edges());
		for row in &self.rows {
			let (targets, shares): (Vec<u16>, Vec<u16>) = row.iter().copied().unzip();
			graph.push_row(&targets, &shares, |_| true);
		}
		assert_eq!(graph.edges(), self.edges(), "the rows of a case are well-formed");
		graph
	}

	pub(crate) fn edges(&self) -> usize {
		self.rows.iter().map(Vec::len).sum()
	}

	/// Solves without interruption.
	pub(crate) fn solve(&self) -> (Solve, Vectors, Progress) {
		let (mut solve, mut vectors) = Solve::begin(&self.stakes).expect("the case has stake");
		let progress = solve.advance(&self.graph(), &mut vectors, &mut u64::MAX.to_owned());
		(solve, vectors, progress)
	}

	/// `N* / Σ N*`.
	pub(crate) fn contribution(&self) -> Vec<f64> {
		let (_, vectors, progress) = self.solve();
		assert_eq!(progress, Progress::Converged);
		let total: u64 = vectors.contribution.iter().sum();
		vectors.contribution.iter().map(|&part| part as f64 / total as f64).collect()
	}
}

/// `Σ r + Σ N*` in `u128`.
pub(crate) fn mass(vectors: &Vectors) -> u128 {
	vectors.residual.iter().chain(&vectors.contribution).map(|&m| u128::from(m)).sum()
}

/// A share out of 65,536.
pub(crate) fn share(fraction: f64) -> u16 {
	(fraction * f64::from(SHARE_ONE)).round() as u16
}

/// Any stakes, and rows that satisfy `check_row`: up to `components` uids, self-shares from 1/8.
pub(crate) fn any_case(components: usize) -> impl Strategy<Value = Case> {
	(1..=components).prop_flat_map(move |n| {
		let stake = prop_oneof![
			3 => 0..=1_000_000_000_000u64,
			1 => Just(0),
			1 => 0..=u64::MAX / components as u64,
		];
		let row = vec((0..n as u16, 1..=u16::MAX), 0..=n.min(12));
		let given = 0..=SHARE_ONE - MIN_SELF_SHARE;
		(vec(stake, n), vec((row, given), n)).prop_map(|(mut stakes, rows)| {
			if stakes.iter().all(|&stake| stake == 0) {
				stakes[0] = 1;
			}
			let rows = rows
				.into_iter()
				.enumerate()
				.map(|(uid, (row, given))| well_formed(uid as u16, row, given))
				.collect();
			Case { stakes, rows }
		})
	})
}

/// Removes edges that `check_row` refuses, and scales the shares so that they sum to about `given`.
fn well_formed(uid: u16, mut row: Vec<(u16, u16)>, given: u32) -> Vec<(u16, u16)> {
	row.sort_unstable();
	row.dedup_by_key(|edge| edge.0);
	row.retain(|edge| edge.0 != uid);
	row.truncate(MAX_EDGES);
	let sum: u64 = row.iter().map(|edge| u64::from(edge.1)).sum();
	for edge in &mut row {
		edge.1 = (u64::from(edge.1) * u64::from(given) / sum) as u16;
	}
	row.retain(|edge| edge.1 > 0);
	row
}

/// How the targets of [`random`] are spread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spread {
	/// All components are equally likely targets.
	Uniform,
	/// The component of rank `k` is a target with probability proportional to about `1/k`.
	Zipf,
}

/// An ordinary graph of `components` uids with up to `edges` edges per row: self-shares spread
/// evenly over 0.125 to 0.9, heavy-tailed stake. The same seed gives the same case everywhere.
pub(crate) fn random(seed: u64, components: usize, edges: usize, spread: Spread) -> Case {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let stakes = (0..components)
		.map(|_| {
			// 1 / u for u in (0, 1]: few large values, many small ones.
			let u = u64::from(rng.next_u32()) + 1;
			(1u64 << 60) / u
		})
		.collect();
	let zipf: Vec<u64> = (1..=components as u64)
		.scan(0, |sum, rank| {
			*sum += (1u64 << 40) / rank;
			Some(*sum)
		})
		.collect();
	let rows = (0..components)
		.map(|uid| {
			let row = (0..edges)
				.map(|_| {
					let target = match spread {
						Spread::Uniform => rng.next_u64() % components as u64,
						Spread::Zipf => {
							let at = rng.next_u64() % zipf[components - 1];
							// The order of uids differs from the order of ranks.
							zipf.partition_point(|&sum| sum <= at) as u64 * 2_654_435_761
								% components as u64
						}
					};
					(target as u16, 1 + (rng.next_u32() >> 17) as u16)
				})
				.collect();
			let own = 8_192 + rng.next_u32() % 50_790;
			well_formed(uid as u16, row, SHARE_ONE - own)
		})
		.collect();
	Case { stakes, rows }
}
