//! Runtime API of the emission: components, rows, bids, the epoch and the last payout.
//!
//! ```text
//!   polkadot-js apps: Developer > Runtime calls > EmissionApi      subxt: runtime_apis().call(..)
//!             │                                                       │
//!             └──────────────► state_call("EmissionApi_*") ◄──────────┘
//! ```
//!
//! Lists are paged by uid: `start` is the first uid and `limit` the number of uids searched, capped at
//! 256 components, 1,024 rows or bidders, and 4,096 contributions. Continue with `start + limit` until
//! `start` reaches `epoch_status().components`. The results are the views of [`bittensor_emission`].
//!
//! # Checking a payout
//!
//! Let `last = epoch_status().last`. The stakes of that solve are `components(..).stake` at block
//! `last.parent`, its rows `rows(..).active` at block `last.paid_at`, and its payouts
//! `contribution(..)` at block `last.paid_at`. A stake is a source if its component has an active row
//! with `last.epoch − posted ≤ row_lifetime` (or the lifetime is 0).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use bittensor_emission::{Balance, Bid, ComponentInfo, EpochStatus, RowInfo};
use codec::Codec;

sp_api::decl_runtime_apis! {
	/// Read components, rows, bids, the epoch and the last payout.
	pub trait EmissionApi<AccountId, BlockNumber, Hash>
	where
		AccountId: Codec,
		BlockNumber: Codec,
		Hash: Codec,
	{
		/// Get one component; none if the uid is not registered.
		fn component(uid: u32) -> Option<ComponentInfo<AccountId>>;

		/// Get the uid of the component that an account owns or serves.
		fn component_of(account: AccountId) -> Option<u32>;

		/// List the components among `limit` uids from `start`.
		///
		/// At most 256 uids per call; unregistered uids are left out.
		fn components(start: u32, limit: u32) -> Vec<ComponentInfo<AccountId>>;

		/// Get the active and the pending row of a component.
		fn row(uid: u32) -> Option<RowInfo>;

		/// List the rows of `limit` uids from `start`.
		///
		/// At most 1,024 uids per call; uids without a row are left out.
		fn rows(start: u32, limit: u32) -> Vec<RowInfo>;

		/// List what `limit` uids from `start` bid for a component.
		///
		/// Shares of active rows, and units that the last payout sent over the edge; none while a solve
		/// is in progress, when the rows are already those of the next payout: read at block
		/// `last.paid_at` then. At most 1,024 uids per call.
		fn bids(uid: u32, start: u32, limit: u32) -> Option<Vec<Bid>>;

		/// Get the epoch, its phase, and the last payout.
		fn epoch_status() -> EpochStatus<BlockNumber, Hash>;

		/// List the last payouts of `limit` uids from `start`, in units.
		///
		/// At most 4,096 uids per call.
		fn contribution(start: u32, limit: u32) -> Vec<Balance>;
	}
}
