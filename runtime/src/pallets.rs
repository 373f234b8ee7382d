//! The pallets of the runtime. [`Runtime`] and the types that gather what all of them have (calls,
//! events, errors, origins, hold reasons, genesis) are generated from this list.

use crate::{Block, UncheckedExtrinsic};
use alloc::vec::Vec;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

/// The extrinsics that the author of a block adds itself, from its own data: the time.
pub(crate) fn create_inherents(data: &InherentData) -> Vec<UncheckedExtrinsic> {
	data.create_extrinsics()
}

/// Whether those of a block agree with this node's own data.
pub(crate) fn check_inherents(
	data: &InherentData,
	block: &<Block as BlockT>::LazyBlock,
) -> CheckInherentsResult {
	data.check_extrinsics(block)
}

// An index is part of every encoded call, so it never changes; gaps are left for what belongs to
// the same subject. Timestamp comes before Aura, which is told the time by it.
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
