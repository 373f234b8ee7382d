//! The pallets of the runtime. The macro generates [`Runtime`] and the aggregate types (calls, events,
//! errors, origins, hold reasons, genesis) from this list.

use crate::{Block, UncheckedExtrinsic};
use alloc::vec::Vec;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

/// Returns the inherents: extrinsics that the author of a block adds from local data (the time).
pub(crate) fn create_inherents(data: &InherentData) -> Vec<UncheckedExtrinsic> {
	data.create_extrinsics()
}

/// Checks the block's inherents against local data.
pub(crate) fn check_inherents(
	data: &InherentData,
	block: &<Block as BlockT>::LazyBlock,
) -> CheckInherentsResult {
	data.check_extrinsics(block)
}

// An index is part of every encoded call, so it never changes. The gaps leave room for more pallets of
// the same subject. Timestamp comes before Aura, because it passes the time to Aura.
#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(1)]
	pub type Slots = crate::slots;

	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;

	#[runtime::pallet_index(3)]
	pub type Aura = pallet_aura;

	#[runtime::pallet_index(4)]
	pub type Grandpa = pallet_grandpa;

	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(11)]
	pub type TransactionPayment = pallet_transaction_payment;

	#[runtime::pallet_index(20)]
	pub type Utility = pallet_utility;

	#[runtime::pallet_index(21)]
	pub type Proxy = pallet_proxy;

	#[runtime::pallet_index(22)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(30)]
	pub type Emission = pallet_emission;
}
