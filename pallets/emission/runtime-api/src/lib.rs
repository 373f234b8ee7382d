//! What can be read of `pallet-emission` without knowing its storage: components, rows, bids, the
//! epoch and the last payout.
//!
//! ```text
//!   polkadot-js apps: Developer > Runtime calls > EmissionApi      subxt: runtime_apis().call(..)
//!             │                                                       │
//!             └──────────────► state_call("EmissionApi_*") ◄──────────┘
//! ```
//!
//! Lists are paged by uid: `start` is the first uid, `limit` the number of uids looked at, capped
//! (256 components, 1,024 rows or bidders, 4,096 contributions). Go on with `start + limit` until
//! `start` reaches `epoch_status().components`. Amounts are in units, shares out of 65,536.
//!
//! # Checking a payout
//!
//! With `last = epoch_status().last`: the stakes of that solve are `components(..).stake` at block
//! `last.parent`, its rows `rows(..).charged` at block `last.paid_at`, and its payouts
//! `contribution(..)` at block `last.paid_at`. A stake is a source if its component has a charged
//! row with `last.epoch − posted ≤ row_lifetime` (or the lifetime is 0).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use codec::Codec;

pub use pallet_emission::types::{
	Bid, ComponentInfo, Endpoint, EpochStatus, LastPayout, Phase, Row, RowInfo,
};

sp_api::decl_runtime_apis! {
	/// Components, rows, bids, the epoch and the last payout.
	pub trait EmissionApi<AccountId, BlockNumber, Hash>
	where
		AccountId: Codec,
		BlockNumber: Codec,
		Hash: Codec,
	{
		/// The component with this uid; none if nobody has it.
		fn component(uid: u32) -> Option<ComponentInfo<AccountId>>;

		/// The uid of the component that this account owns, or else is the service key of.
		fn component_of(account: AccountId) -> Option<u32>;

		/// The registered components among the `limit` uids from `start` on (256 at most).
		fn components(start: u32, limit: u32) -> Vec<ComponentInfo<AccountId>>;

		/// The charged row of this uid and the pending one; none if it has neither.
		fn row(uid: u32) -> Option<RowInfo>;

		/// The rows of the `limit` uids from `start` on (1,024 at most); uids without are left out.
		fn rows(start: u32, limit: u32) -> Vec<RowInfo>;

		/// What the `limit` uids from `start` on (1,024 at most) bid for this uid, in shares and in
		/// units per epoch.
		fn bids(uid: u32, start: u32, limit: u32) -> Vec<Bid>;

		/// The running epoch, its phase, when it pays, and the last payout.
		fn epoch_status() -> EpochStatus<BlockNumber, Hash>;

		/// What the last payout paid to the `limit` uids from `start` on (4,096 at most), in units.
		fn contribution(start: u32, limit: u32) -> Vec<u64>;
	}
}
