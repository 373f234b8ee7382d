//! Validators, candidates and sessions.

use crate::Balance;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A validator of the running session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct ValidatorInfo<AccountId> {
	/// The account that registered the keys.
	pub account: AccountId,
	/// Genesis or governance chose it; its stake is not ranked.
	pub invulnerable: bool,
	/// It is a candidate for later sessions.
	pub candidate: bool,
	/// Stake of the component that the account owns, in units.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub stake: Balance,
	/// Blocks that it authored in this session.
	pub authored: u32,
	/// Slots of this session in which it should have authored a block and did not.
	pub missed: u32,
	/// It was slashed: blocks of it are refused until the set changes.
	pub disabled: bool,
}

/// A candidate.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct CandidateInfo<AccountId> {
	/// The account that registered.
	pub account: AccountId,
	/// Stake of the component that it owns, in units. The largest are chosen.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub stake: Balance,
	/// Session in which it registered.
	pub since: u32,
	/// It has session keys and the minimum stake, so it can be chosen.
	pub eligible: bool,
	/// It is a validator of the running session.
	pub validator: bool,
}

/// What the set of validators knows of an account.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct ValidatorStatus<BlockNumber> {
	/// It has registered session keys.
	pub keys: bool,
	/// Stake of the component that it owns, in units.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub stake: Balance,
	/// Least stake of a candidate, in units.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub min_stake: Balance,
	/// Genesis or governance chose it.
	pub invulnerable: bool,
	/// It is a candidate.
	pub candidate: bool,
	/// It is a validator of the running session.
	pub validator: bool,
	/// It is a validator of the next session.
	pub planned: bool,
	/// It was slashed: blocks of it are refused until the set changes.
	pub disabled: bool,
	/// Blocks that it authored in this session.
	pub authored: u32,
	/// Slots that it missed in this session.
	pub missed: u32,
	/// The last session for which it is or was chosen, while offences of that session can be reported.
	pub bound_until: Option<u32>,
	/// It was slashed: the last session in which it cannot register.
	pub barred_until: Option<u32>,
	/// It stopped being a candidate before it authored a block: the last session in which it cannot register.
	pub absent_until: Option<u32>,
	/// As many validators have not authored yet as finality tolerates: the next newcomer must wait.
	pub newcomers_full: bool,
	/// Number of the running session.
	pub session: u32,
	/// Block in which the next session starts.
	pub next_session: BlockNumber,
}
