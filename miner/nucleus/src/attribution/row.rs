//! The row that is posted: integers out of 65,536.

use serde::{Deserialize, Serialize};

/// The whole of a row.
pub const SHARE_ONE: u32 = 65_536;
/// Least self-share ΔL_ii of a row: 1/8, without which the chain's power iteration need not
/// converge.
pub const MIN_SELF_SHARE: u32 = 8_192;

/// A row of shares: `self_share` and the others sum to [`SHARE_ONE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
	/// ΔL_ii.
	pub self_share: u32,
	/// (slot, share) of every slot with a share above 0, by slot.
	pub shares: Vec<(usize, u16)>,
}

impl Row {
	/// Everything to oneself.
	pub fn own() -> Self {
		Self { self_share: SHARE_ONE, shares: Vec::new() }
	}

	/// Normalises scores. Negative ones and those that are not finite count as 0; the own part is
	/// raised to 1/8 if it is less; shares are rounded by largest remainder, ties to the lower
	/// slot, so that the sum is exact. All 0: everything to oneself.
	pub fn from_scores(own: f64, slots: &[f64]) -> Self {
		let positive = |x: f64| if x.is_finite() && x > 0.0 { x } else { 0.0 };
		let own = positive(own);
		// Relative to the largest, so that sums neither overflow nor vanish.
		let largest = slots.iter().copied().map(positive).fold(own, f64::max);
		if largest == 0.0 {
			return Self::own();
		}
		let slots: Vec<f64> = slots.iter().map(|&x| positive(x) / largest).collect();
		let others: f64 = slots.iter().sum();
		let total = own / largest + others;
		let limit = f64::from(SHARE_ONE - MIN_SELF_SHARE);
		let given = (f64::from(SHARE_ONE) * others / total).min(limit).round() as u32;
		if given == 0 || others == 0.0 {
			return Self::own();
		}
		let mut shares: Vec<u32> = Vec::with_capacity(slots.len());
		let mut remainders: Vec<(f64, usize)> = Vec::with_capacity(slots.len());
		for (slot, x) in slots.iter().enumerate() {
			let exact = f64::from(given) * x / others;
			shares.push(exact.floor() as u32);
			remainders.push((exact - exact.floor(), slot));
		}
		remainders.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
		let missing = given.saturating_sub(shares.iter().sum());
		for &(_, slot) in remainders.iter().take(missing as usize) {
			shares[slot] += 1;
		}
		let shares: Vec<(usize, u16)> = shares
			.into_iter()
			.enumerate()
			.filter(|&(_, share)| share > 0)
			.map(|(slot, share)| (slot, share as u16))
			.collect();
		let given: u32 = shares.iter().map(|&(_, share)| u32::from(share)).sum();
		Self { self_share: SHARE_ONE - given, shares }
	}

	/// Half the sum of absolute differences to another row, out of 1: how much of the row moved.
	pub fn distance(&self, other: &Self) -> f64 {
		let mut difference = u64::from(self.self_share.abs_diff(other.self_share));
		let slots = self.shares.iter().chain(&other.shares).map(|&(slot, _)| slot);
		for slot in slots.collect::<std::collections::BTreeSet<_>>() {
			difference += u64::from(self.share(slot).abs_diff(other.share(slot)));
		}
		difference as f64 / (2.0 * f64::from(SHARE_ONE))
	}

	/// Share of a slot.
	pub fn share(&self, slot: usize) -> u16 {
		self.shares.iter().find(|&&(s, _)| s == slot).map_or(0, |&(_, share)| share)
	}
}
