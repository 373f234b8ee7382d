//! The parameters that genesis sets.

use crate::Balance;
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The halvings of the emission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(
	feature = "serde",
	derive(serde::Serialize, serde::Deserialize),
	serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct Halvings {
	/// Blocks from one halving to the next; 1 or more.
	pub interval: u64,
	/// Number of halvings. Genesis demands enough for the emission to end: `sigma >> max` is 0.
	pub max: u32,
}

/// Parameters, written by genesis. Governance can change `row_lifetime`, `min_stake` and
/// `registration_deposit` within bounds; no call changes the emission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(
	feature = "serde",
	derive(serde::Serialize, serde::Deserialize),
	serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct Parameters {
	/// Least number of blocks from one `Begin` to the next; 1 or more.
	pub epoch_length: u32,
	/// Units minted per block before the first halving.
	pub sigma: Balance,
	/// When the emission halves.
	pub halvings: Halvings,
	/// Epochs for which a posted row makes its stake a source; 0: no limit.
	pub row_lifetime: u32,
	/// Blocks from `unstake` to `withdraw_unbonded`, rounded up to the end of an epoch of
	/// `epoch_length` blocks; 2 of these or more.
	pub unbonding_blocks: u32,
	/// Least stake, in units, other than 0; also the least stake for a free post.
	pub min_stake: Balance,
	/// Units held from the owner of a component while it is registered, if no other is: it rises with
	/// the number of components ([`Parameters::deposit`]).
	pub registration_deposit: Balance,
}

impl Default for Parameters {
	/// Those of the development preset: short epochs, one token per block at first, and a halving
	/// every 31,536,000 blocks, a year with slots of 1 s. So at most 63,072,000 tokens are minted.
	fn default() -> Self {
		Self {
			epoch_length: 10,
			sigma: 1_000_000_000,
			halvings: Halvings { interval: 31_536_000, max: u64::BITS },
			row_lifetime: 100,
			unbonding_blocks: 20,
			min_stake: 1_000_000_000,
			registration_deposit: 1_000_000_000,
		}
	}
}

impl Parameters {
	/// The emission schedule of Algorithm 2.
	pub fn schedule(&self) -> contribution::Schedule {
		contribution::Schedule {
			sigma: self.sigma,
			halving_interval: self.halvings.interval,
			max_halvings: self.halvings.max,
		}
	}

	/// The deposit of the next component if `registered` of `most` uids are in use: `registration_deposit`
	/// times the square of `most / (most − registered)`, rounded down. At a half it is the fourfold, at nine
	/// tenths the hundredfold.
	///
	/// All `n` uids together cost about `1.6 · n²` deposits: more than there is, where `n` is large.
	pub fn deposit(&self, registered: u32, most: u32) -> Balance {
		let square = |count: u32| u128::from(count) * u128::from(count);
		let free = square(most.saturating_sub(registered).max(1));
		let deposit = u128::from(self.registration_deposit).saturating_mul(square(most)) / free;
		deposit.try_into().unwrap_or(Balance::MAX)
	}

	/// Whether a component is dead in `epoch`: a row lifetime has passed since it registered, posted a row
	/// or unstaked (`last`, the latest of these), and its stake is below the minimum.
	pub fn is_dead(&self, last: u32, stake: Balance, epoch: u32) -> bool {
		let lifetime = self.row_lifetime;
		lifetime > 0 && stake < self.min_stake && epoch.saturating_sub(last) > lifetime
	}

	/// The block in which stake can be withdrawn that is unstaked in block `now`. It is a multiple of the
	/// epoch length, so that what is unstaked at about the same time unlocks together.
	pub fn unlocks_at(&self, now: u64) -> u64 {
		let least = now.saturating_add(self.unbonding_blocks.into());
		let length = u64::from(self.epoch_length.max(1));
		least.checked_next_multiple_of(length).unwrap_or(least)
	}

	/// Whether a row posted in epoch `posted` (0: none) makes its stake a source in epoch `epoch`.
	pub fn is_live(&self, posted: u32, epoch: u32) -> bool {
		contribution::is_live(posted, epoch, self.row_lifetime)
	}
}
