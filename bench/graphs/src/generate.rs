//! The generator: one seed, one graph, the same on every machine.
//!
//! ```text
//!   shape, n, seed ──► ChaCha8, stream = shape ──► stakes ──► targets per row ──► shares per row
//!                                                  Pareto     by rank, distinct   sum exactly
//!                                                             ascending           65,536 - d
//! ```

use crate::{Case, Shape, MAX_COMPONENTS, MAX_EDGES, MAX_GIVEN};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The seed of all published measurements.
pub const SEED: u64 = 2019;

/// The least stake of the heavy-tailed shapes: one token of 9 decimals.
const LEAST_STAKE: u64 = 1_000_000_000;

/// What a row at `d = 1/2` gives away.
const HALF: u32 = 32_768;

/// The least that a row of [`Shape::Z`] gives away: `d ≤ 0.9`.
const LEAST_GIVEN: u32 = 6_554;

/// Makes the graph of this shape with `components` components and `edges_per_row` edges in a row.
///
/// Any arguments are valid: components beyond [`MAX_COMPONENTS`] do not exist, and a row has no
/// more edges than [`MAX_EDGES`] or than there are others to point at. In the clique of
/// [`Shape::C`] those are its other members.
pub fn generate(shape: Shape, components: usize, edges_per_row: usize, seed: u64) -> Case {
	let n = components.min(MAX_COMPONENTS);
	let edges_per_row = edges_per_row.min(MAX_EDGES);
	let mut draw = Draw::new(shape, seed);
	let mut case = Case::default();
	match shape {
		Shape::U => {
			case.stakes = (0..n).map(|_| 1 + draw.below(2_000 * LEAST_STAKE)).collect();
			let others = Ranks::uniform((0..n).collect());
			for uid in 0..n {
				let targets = others.distinct(uid, edges_per_row, &mut draw);
				push_row(&mut case, targets, HALF, &mut draw);
			}
		}
		Shape::Z | Shape::D8 => {
			case.stakes = (0..n).map(|_| pareto(&mut draw)).collect();
			let others = Ranks::zipf(draw.permutation(n));
			for uid in 0..n {
				let given = match shape {
					Shape::D8 => MAX_GIVEN,
					_ => LEAST_GIVEN + draw.below(u64::from(MAX_GIVEN - LEAST_GIVEN) + 1) as u32,
				};
				let targets = others.distinct(uid, edges_per_row, &mut draw);
				push_row(&mut case, targets, given, &mut draw);
			}
		}
		Shape::C => {
			case.stakes = (0..n).map(|_| pareto(&mut draw)).collect();
			let mut clique = draw.permutation(n);
			clique.truncate(n / 10);
			let mut is_member = vec![false; n];
			for &uid in &clique {
				is_member[uid] = true;
			}
			let members = Ranks::uniform(clique);
			let others = Ranks::zipf(draw.permutation(n));
			for (uid, is_member) in is_member.into_iter().enumerate() {
				let (from, given) = if is_member { (&members, MAX_GIVEN) } else { (&others, HALF) };
				let targets = from.distinct(uid, edges_per_row, &mut draw);
				push_row(&mut case, targets, given, &mut draw);
			}
		}
		Shape::R => {
			case.stakes = vec![0; n];
			if let Some(last) = case.stakes.last_mut() {
				*last = 1_000 * LEAST_STAKE;
			}
			push_ring(&mut case, n, 1, edges_per_row);
		}
		Shape::RS | Shape::R8 => {
			let every = if shape == Shape::R8 { 8 } else { 1 };
			let mut stake = || 500 * LEAST_STAKE + draw.below(1_000 * LEAST_STAKE);
			case.stakes = (0..n).map(|uid| if uid % every == 0 { stake() } else { 0 }).collect();
			push_ring(&mut case, n, every, edges_per_row);
		}
	}
	case
}

/// Appends `n` rows, each to the nearest multiples of `every` before its uid, around the ring: almost
/// all to the first of them, and 1 to each other.
fn push_ring(case: &mut Case, n: usize, every: usize, edges_per_row: usize) {
	let members = n.div_ceil(every);
	let edges = edges_per_row.min(members.saturating_sub(1));
	for uid in 0..n {
		let before = |steps: usize| (uid / every + members - steps) % members * every;
		let mut targets: Vec<usize> = (1..=edges).map(before).collect();
		targets.sort_unstable();
		for target in targets {
			let first = target == before(1);
			push_edge(case, target, if first { MAX_GIVEN - (edges as u32 - 1) } else { 1 });
		}
		case.ends.push(case.targets.len() as u32);
	}
}

/// Uids and shares are in range by construction.
fn push_edge(case: &mut Case, target: usize, share: u32) {
	case.targets.push(target as u16);
	case.shares.push(share as u16);
}

/// Appends a row that gives `given` in random parts, none of them 0.
fn push_row(case: &mut Case, targets: Vec<usize>, given: u32, draw: &mut Draw) {
	let weights: Vec<u64> = targets.iter().map(|_| 1 + draw.below(1 << 16)).collect();
	let sum: u64 = weights.iter().sum();
	// 1 for each, then the rest in proportion. Cutting the running sum leaves nothing over.
	let rest = u64::from(given) - targets.len() as u64;
	let mut prefix = 0;
	for (target, weight) in targets.into_iter().zip(weights) {
		let before = rest * prefix / sum;
		prefix += weight;
		push_edge(case, target, 1 + (rest * prefix / sum - before) as u32);
	}
	case.ends.push(case.targets.len() as u32);
}

/// A stake with `P(stake > x) = LEAST_STAKE / x`, cut off at a million times the least.
fn pareto(draw: &mut Draw) -> u64 {
	const ONE: u64 = 1 << 32;
	let quantile = (1 + draw.below(ONE)).max(ONE >> 20);
	// The quotient is at most LEAST_STAKE · 2^20.
	(u128::from(LEAST_STAKE) * u128::from(ONE) / u128::from(quantile)) as u64
}

/// Random numbers. The mapping of bits to a range is written here, because that of a library may
/// change between its versions.
struct Draw(ChaCha8Rng);

impl Draw {
	fn new(shape: Shape, seed: u64) -> Self {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		rng.set_stream(shape as u64);
		Self(rng)
	}

	/// Uniform in `0..bound`, to within `bound / 2^64`.
	fn below(&mut self, bound: u64) -> u64 {
		((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
	}

	/// The numbers `0..n` in random order.
	fn permutation(&mut self, n: usize) -> Vec<usize> {
		let mut order: Vec<usize> = (0..n).collect();
		for last in (1..n).rev() {
			order.swap(last, self.below(last as u64 + 1) as usize);
		}
		order
	}
}

/// Uids to draw targets from, by the weights of their ranks.
struct Ranks {
	uids: Vec<usize>,
	/// Running sums of the weights.
	until: Vec<u64>,
}

impl Ranks {
	fn uniform(uids: Vec<usize>) -> Self {
		Self { until: (1..=uids.len() as u64).collect(), uids }
	}

	/// Rank `r` (from 1) weighs `1 / r`.
	fn zipf(uids: Vec<usize>) -> Self {
		let mut sum = 0;
		// 2^40 · H(65,536) is below 2^44.
		let until = (1..=uids.len() as u64).map(|rank| {
			sum += (1 << 40) / rank;
			sum
		});
		Self { until: until.collect(), uids }
	}

	/// `count` different uids other than `uid`, or all there are, in ascending order.
	fn distinct(&self, uid: usize, count: usize, draw: &mut Draw) -> Vec<usize> {
		// With more than one to spare, there are enough others whether `uid` is among them or not.
		if self.uids.len() <= count + 1 {
			let mut others = self.uids.clone();
			others.retain(|&other| other != uid);
			if others.len() <= count {
				others.sort_unstable();
				return others;
			}
		}
		let mut targets: Vec<usize> = Vec::with_capacity(count);
		while targets.len() < count {
			let at = draw.below(self.until.last().copied().unwrap_or(0));
			let rank = self.until.partition_point(|&until| until <= at);
			let Some(&target) = self.uids.get(rank) else { continue };
			if target == uid {
				continue;
			}
			// At most 64 targets: the sorted insert costs less than a set.
			if let Err(place) = targets.binary_search(&target) {
				targets.insert(place, target);
			}
		}
		targets
	}
}
