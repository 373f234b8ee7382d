//! The running epoch and the last payout.

use crate::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The phase of the emission's state machine.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub enum Phase {
	/// Waiting until the epoch is due.
	#[default]
	Idle,
	/// Removing components that leave and making the pending rows active.
	Merge,
	/// About to copy the stakes.
	Begin,
	/// Solving Algorithm 1.
	Sweep,
	/// Paying, page by page.
	Emit,
}

/// The last epoch that was paid.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct LastPayout<BlockNumber, Hash> {
	/// Number of the epoch.
	pub epoch: u32,
	/// Units minted for components; a genesis can give validators a part of the emission, which is not
	/// counted here.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub minted: Balance,
	/// The uids of the solve were 0 to `components − 1`.
	pub components: u32,
	/// Sweeps made.
	pub sweeps: u32,
	/// Mass not absorbed when the solve stopped, of a total in `[2^61, 2^62)`.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub residual: u64,
	/// Block in which the last component was paid; its state shows the active rows and the payouts.
	pub paid_at: BlockNumber,
	/// Block whose state holds the stakes of the solve.
	pub parent: Hash,
	/// Block of `Begin`, the child of `parent`.
	pub started_at: BlockNumber,
}

/// The emission at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct EpochStatus<BlockNumber, Hash> {
	/// Number of the running epoch.
	pub epoch: u32,
	/// Current phase.
	pub phase: Phase,
	/// Completed sweeps of the solve in progress.
	pub sweep: u32,
	/// Next uid (`Sweep`, a multiple of 32) or page (`Emit`), or components removed (`Merge`).
	pub cursor: u32,
	/// Uids are 0 to `components − 1`.
	pub components: u32,
	/// How many uids are registered.
	pub registered: u32,
	/// Block of the last `Begin`.
	pub started: BlockNumber,
	/// Blocks until the next payout; an estimate.
	pub next_payout_in: u32,
	/// Units minted since genesis.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub minted_total: Balance,
	/// Units staked.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub total_stake: Balance,
	/// Units that `register` puts on hold now.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub deposit: Balance,
	/// The last payout, if there was one.
	pub last: Option<LastPayout<BlockNumber, Hash>>,
}
