//! The row to post: integers out of 65,536.

use serde::{Deserialize, Serialize};

pub use contribution::{MIN_SELF_SHARE, SHARE_ONE};

/// The most that exploring bids of a row may be in all, out of 65,536: a sixteenth.
pub const MOST_EXPLORING: u32 = SHARE_ONE / 16;

/// The share of one input in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputShare {
	/// The input.
	pub input: usize,
	/// Its share, out of 65,536; above 0.
	pub share: u16,
}

/// A row by input: `self_share` and the others sum to [`SHARE_ONE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRow {
	/// ΔL_ii.
	pub self_share: u32,
	/// Every input with a share above 0, in the order of the inputs.
	pub shares: Vec<InputShare>,
}

impl InputRow {
	/// The whole row to its owner.
	pub fn own() -> Self {
		Self { self_share: SHARE_ONE, shares: Vec::new() }
	}

	/// Normalises scores. Negative ones and those that are not finite count as 0; the own part is
	/// raised to 1/8 if it is less; shares are rounded by largest remainder, ties to the lower
	/// input, so that the sum is exact. If all scores are 0, the whole row is the owner's.
	///
	/// ```
	/// use bittensor_nucleus::InputRow;
	///
	/// let row = InputRow::from_scores(3.0, &[1.0, -2.0]);
	/// assert_eq!((row.self_share, row.share(0), row.share(1)), (49_152, 16_384, 0));
	/// ```
	pub fn from_scores(own: f64, inputs: &[f64]) -> Self {
		let positive = |x: f64| if x.is_finite() && x > 0.0 { x } else { 0.0 };
		let own = positive(own);
		// Relative to the largest, so that sums neither overflow nor vanish.
		let largest = inputs.iter().copied().map(positive).fold(own, f64::max);
		if largest == 0.0 {
			return Self::own();
		}
		let inputs: Vec<f64> = inputs.iter().map(|&x| positive(x) / largest).collect();
		let others: f64 = inputs.iter().sum();
		let total = own / largest + others;
		let limit = f64::from(SHARE_ONE - MIN_SELF_SHARE);
		let given = (f64::from(SHARE_ONE) * others / total).min(limit).round() as u32;
		if given == 0 || others == 0.0 {
			return Self::own();
		}
		let mut shares: Vec<u32> = Vec::with_capacity(inputs.len());
		let mut remainders: Vec<(f64, usize)> = Vec::with_capacity(inputs.len());
		for (input, x) in inputs.iter().enumerate() {
			let exact = f64::from(given) * x / others;
			shares.push(exact.floor() as u32);
			remainders.push((exact - exact.floor(), input));
		}
		remainders.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
		let missing = given.saturating_sub(shares.iter().sum());
		for &(_, input) in remainders.iter().take(missing as usize) {
			shares[input] += 1;
		}
		let shares: Vec<InputShare> = shares
			.into_iter()
			.enumerate()
			.filter(|&(_, share)| share > 0)
			.map(|(input, share)| InputShare { input, share: share as u16 })
			.collect();
		let given: u32 = shares.iter().map(|edge| u32::from(edge.share)).sum();
		Self { self_share: SHARE_ONE - given, shares }
	}

	/// This row with the bids `explored`, by input and at most [`MOST_EXPLORING`] in all; the other
	/// parts, the own one too, shrink alike.
	pub fn explore(self, explored: &[InputShare]) -> Self {
		let bids = |input| explored.iter().any(|edge: &InputShare| edge.input == input);
		let sum: u32 = explored.iter().map(|edge| u32::from(edge.share)).sum();
		if sum == 0 || sum > MOST_EXPLORING {
			return self;
		}
		let given = SHARE_ONE - self.self_share;
		let limit = SHARE_ONE - MIN_SELF_SHARE - sum;
		let shrink = |share: u32, from: u32, to: u32| {
			(u64::from(share) * u64::from(to)).checked_div(from.into()).unwrap_or(0) as u32
		};
		let kept = shrink(given, SHARE_ONE, SHARE_ONE - sum).min(limit);
		let mut shares: Vec<InputShare> = self
			.shares
			.iter()
			.map(|edge| (edge.input, shrink(edge.share.into(), given, kept) as u16))
			.filter(|&(input, share)| share > 0 && !bids(input))
			.map(|(input, share)| InputShare { input, share })
			.chain(explored.iter().copied().filter(|edge| edge.share > 0))
			.collect();
		shares.sort_by_key(|edge| edge.input);
		let given: u32 = shares.iter().map(|edge| u32::from(edge.share)).sum();
		Self { self_share: SHARE_ONE - given, shares }
	}

	/// Half the sum of absolute differences to another row, out of 1: the part of the row that moved.
	pub fn distance(&self, other: &Self) -> f64 {
		let mut difference = u64::from(self.self_share.abs_diff(other.self_share));
		let inputs = self.shares.iter().chain(&other.shares).map(|edge| edge.input);
		for input in inputs.collect::<std::collections::BTreeSet<_>>() {
			difference += u64::from(self.share(input).abs_diff(other.share(input)));
		}
		difference as f64 / (2.0 * f64::from(SHARE_ONE))
	}

	/// Share of an input.
	pub fn share(&self, input: usize) -> u16 {
		self.shares.iter().find(|edge| edge.input == input).map_or(0, |edge| edge.share)
	}
}
