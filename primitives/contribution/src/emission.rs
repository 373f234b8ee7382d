//! The amount of Algorithm 2: `σ(b)`, the units minted for block `b`, and sums over blocks.
//!
//! ```text
//!   σ(b)
//!    σ   ████████████
//!    σ/2             ████████████
//!    σ/4                         ████████████████████ ...   here: max_halvings = 2
//!        1          H           2H           3H         b
//! ```
//!
//! Block 0, the genesis block, mints nothing. Blocks 1 to `H` mint `σ` each, the next `H` blocks half
//! of it (rounded down), and so on. An epoch pays the sum over the blocks since the previous epoch
//! began, so the total minted depends on block numbers only.

/// The emission schedule. It is fixed for the life of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
	/// Units minted for each block before the first halving.
	pub sigma: u64,
	/// Blocks from one halving to the next; 0 means no halvings.
	pub halving_interval: u64,
	/// Maximum number of halvings; afterwards the emission is constant. With 64 or more it ends at 0.
	pub max_halvings: u32,
}

impl Schedule {
	/// `σ(block)`: units minted for this block; 0 for the genesis block.
	pub fn at(&self, block: u64) -> u64 {
		match block.checked_sub(1) {
			None => 0,
			Some(age) => self.rate(self.halvings(age)),
		}
	}

	/// `Σ σ(b)` over `from_exclusive < b ≤ to_inclusive`, exactly; 0 if the range is empty. The sum
	/// saturates at `u64::MAX`.
	///
	/// Takes one step per halving in the range, at most 65.
	pub fn between(&self, from_exclusive: u64, to_inclusive: u64) -> u64 {
		// Block b has age b - 1, so the blocks (from, to] are the ages [from, to).
		let mut age = from_exclusive;
		let mut sum = 0u64;
		while age < to_inclusive {
			let halvings = self.halvings(age);
			let rate = self.rate(halvings);
			let last = self.halving_interval == 0 || halvings == self.max_halvings || rate == 0;
			let end = if last {
				to_inclusive
			} else {
				(u64::from(halvings) + 1).saturating_mul(self.halving_interval).min(to_inclusive)
			};
			sum = sum.saturating_add(rate.saturating_mul(end - age));
			age = end;
		}
		sum
	}

	/// Whether the emission ends: after the last halving nothing is minted.
	pub fn ends(&self) -> bool {
		self.sigma == 0 || (self.halving_interval > 0 && self.rate(self.max_halvings) == 0)
	}

	/// Units minted in all blocks together; `None` if the emission never ends, or if they exceed 64 bits.
	pub fn total(&self) -> Option<u64> {
		if !self.ends() {
			return None;
		}
		(0..u64::BITS).try_fold(0u64, |sum, halvings| {
			sum.checked_add(self.rate(halvings).checked_mul(self.halving_interval)?)
		})
	}

	/// Number of halvings after `age` blocks since genesis.
	fn halvings(&self, age: u64) -> u32 {
		match age.checked_div(self.halving_interval) {
			None => 0,
			Some(halvings) => halvings.min(u64::from(self.max_halvings)) as u32,
		}
	}

	fn rate(&self, halvings: u32) -> u64 {
		self.sigma.checked_shr(halvings).unwrap_or(0)
	}
}
