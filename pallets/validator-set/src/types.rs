//! The types of storage and calls. The views that clients read are in [`bittensor_emission`].
//!
//! Amounts are in units. Sessions are numbered from 0.

pub use bittensor_emission::{Balance, CandidateInfo, ValidatorInfo, ValidatorStatus};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::traits::Get;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Perbill, Percent};

/// A validator that missed fewer slots of a session keeps its candidacy.
pub const LEAST_MISSED: u32 = 2;

/// The limits of the set. Genesis sets them; governance can change them.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatorLimits {
	/// The set is not made smaller than this; 1 or more.
	pub min_validators: u32,
	/// The set is not made larger than this.
	pub max_validators: u32,
	/// At most this many validators join per session, and as many leave: from 1 to a third of the largest
	/// set.
	pub churn: u32,
	/// Least stake of a candidate, in units. At least the minimum stake of the emission holds.
	pub min_stake: Balance,
	/// A candidate that missed more than this part of its slots in a session loses its candidacy; 100:
	/// none does.
	pub max_missed: Percent,
}

impl Default for ValidatorLimits {
	/// 1 to 32 validators; two join or leave per session; 1,000 BIT; half of the slots.
	fn default() -> Self {
		Self {
			min_validators: 1,
			max_validators: 32,
			churn: 2,
			min_stake: 1_000 * bittensor_emission::UNIT,
			max_missed: Percent::from_percent(50),
		}
	}
}

/// Who gets what. Genesis fixes it.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncomeDivision<AccountId> {
	/// Part of a fee that the author of the block gets, in parts per billion. The rest is burnt.
	pub fees: Perbill,
	/// Part of a tip that the author of the block gets, in parts per billion. The rest is burnt.
	pub tips: Perbill,
	/// Part of the emission that validators get, in parts per billion. The rest is for components. 0 is
	/// the paper's rule.
	pub emission: Perbill,
	/// The account that gets slashed stake; without one it is burnt.
	pub slashed: Option<AccountId>,
}

impl<AccountId> Default for IncomeDivision<AccountId> {
	/// Fees and tips for the author, the emission for components; slashes are burnt.
	fn default() -> Self {
		Self {
			fees: Perbill::one(),
			tips: Perbill::one(),
			emission: Perbill::zero(),
			slashed: None,
		}
	}
}

/// A validator of a session, and the key by which it votes there.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Voter<AccountId, Hash> {
	/// The account.
	pub account: AccountId,
	/// Hash of the public key ([`VoteKey`](crate::Config::VoteKey)).
	pub key: Hash,
}

/// What a validator did in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Turn {
	/// Blocks authored.
	pub authored: u32,
	/// Slots missed.
	pub missed: u32,
	/// Blocks authored that an epoch has paid.
	pub paid: u32,
}

impl Turn {
	/// Whether more than this part of the slots was missed.
	pub(crate) fn is_absent(&self, max_missed: Percent) -> bool {
		let slots = u64::from(self.authored).saturating_add(self.missed.into());
		let missed = u64::from(self.missed).saturating_mul(100);
		let most = slots.saturating_mul(max_missed.deconstruct().into());
		self.missed >= LEAST_MISSED && missed > most
	}

	/// Blocks authored that no epoch has paid.
	pub(crate) fn unpaid(&self) -> u32 {
		self.authored.saturating_sub(self.paid)
	}
}

/// The slash of an account for the offences of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Slash {
	/// The largest fraction that was reported.
	pub fraction: Perbill,
	/// The units at stake at the first report, of which the fraction was taken.
	pub base: Balance,
}

/// Why a candidate was removed.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Removal {
	/// The list was full, and an account with more stake registered.
	Outbid,
	/// It missed too many of its slots in a session.
	MissedSlots,
	/// It was slashed.
	Slashed,
}

/// Twice a number.
pub struct Twice<N>(PhantomData<N>);

impl<N: Get<u32>> Get<u32> for Twice<N> {
	fn get() -> u32 {
		N::get().saturating_mul(2)
	}
}
