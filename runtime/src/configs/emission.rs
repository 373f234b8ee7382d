//! Stake, rows, epochs and minting. What a chain can choose is in its genesis
//! (`EmissionParameters`); here is what all chains share.

use crate::{slots, Balances, Runtime, RuntimeHoldReason};
use frame_support::{parameter_types, traits::Get, weights::Weight, PalletId};

parameter_types! {
	/// The account that holds all stakes is derived from this.
	pub const EmissionPalletId: PalletId = PalletId(*b"bit/emis");
}

/// The most that solving and paying take of a block: a quarter, so that extrinsics always have
/// room. The rest of a solve waits for the next block.
pub struct ServiceWeight;

impl Get<Weight> for ServiceWeight {
	fn get() -> Weight {
		slots::limits_of(slots::Length::get()).max_block / 4
	}
}

/// The most components: 32,768 for each second of a slot, up to 65,536. So many can be loaded,
/// swept once and saved in what [`ServiceWeight`] allows for one block; `integrity_test` checks it.
pub struct MaxComponents;

impl Get<u32> for MaxComponents {
	fn get() -> u32 {
		const PER_SECOND: u64 = 32_768;
		let most = slots::Length::get().saturating_mul(PER_SECOND) / 1_000;
		most.min(contribution::MAX_COMPONENTS as u64) as u32
	}
}

impl pallet_emission::Config for Runtime {
	type Currency = Balances;
	type MaxComponents = MaxComponents;
	type MaxServiceWeight = ServiceWeight;
	type PalletId = EmissionPalletId;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = crate::weights::pallet_emission::WeightInfo<Runtime>;
}
