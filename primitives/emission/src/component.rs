//! Components and bids.

use crate::{Balance, Endpoint};
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A registered component.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct ComponentInfo<AccountId> {
	/// Index of the component on the chain.
	pub uid: u32,
	/// Cold key: owns the stake and the registration.
	pub owner: AccountId,
	/// Key of the miner: posts rows and sets the endpoint.
	pub service_key: AccountId,
	/// The key that the owner names as the next service key, until it accepts.
	pub next_service_key: Option<AccountId>,
	/// The account that the owner offers the component, until it accepts.
	pub next_owner: Option<AccountId>,
	/// Where the component serves, if it announced that.
	pub endpoint: Option<Endpoint>,
	/// Epoch of the registration.
	pub registered: u32,
	/// The component has deregistered. It is removed at the start of the next epoch, or later if many
	/// leave.
	pub leaving: bool,
	/// Stake, in units.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub stake: Balance,
	/// Units that would be a source if the next solve began now: the stake, or 0 without a live row
	/// (active or pending).
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub source: Balance,
	/// Units paid by the last payout.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub payout: Balance,
	/// Units on hold at the owner while the component is registered.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub deposit: Balance,
	/// For a row lifetime it has had neither a live row nor the minimum stake. `remove_dead` removes it
	/// when all uids are taken.
	pub dead: bool,
}

impl<AccountId: PartialEq> ComponentInfo<AccountId> {
	/// Whether an account owns or serves it. An account has one component at most.
	pub fn is_of(&self, account: &AccountId) -> bool {
		self.owner == *account || self.service_key == *account
	}
}

/// What one component bids for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct Bid {
	/// The bidder.
	pub uid: u32,
	/// Share in the bidder's active row, out of 65,536.
	pub share: u32,
	/// Units that went over the edge in the last payout: [`contribution::flow`].
	#[cfg_attr(feature = "serde", serde(with = "crate::json::amount"))]
	pub flow: Balance,
}
