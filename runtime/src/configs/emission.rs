//! Stake, rows, epochs and minting: the values that all chains share. Each chain sets the others at
//! genesis (`EmissionParameters`).

use crate::{slots, Balance, Balances, Runtime, RuntimeHoldReason, ValidatorSet, MILLI, UNIT};
use frame_support::{parameter_types, traits::Get, weights::Weight, PalletId};

parameter_types! {
	/// The account that holds all stakes derives from this id.
	pub const EmissionPalletId: PalletId = PalletId(*b"bit/emis");
	/// Least and largest minimum stake that governance can set: 0.001 and 1,000 BIT.
	pub const MinStakeBounds: (Balance, Balance) = (MILLI, 1_000 * UNIT);
	/// Least and largest deposit of the first component: 0.001 and 1,000 BIT.
	pub const DepositBounds: (Balance, Balance) = (MILLI, 1_000 * UNIT);
	/// Least and largest row lifetime: 10 and 10,000 epochs.
	pub const RowLifetimeBounds: (u32, u32) = (10, 10_000);
}

/// Maximum weight of emission work per block: a quarter of the block, so that extrinsics always have
/// room. A solve that needs more continues in the next block.
pub struct ServiceWeight;

impl Get<Weight> for ServiceWeight {
	fn get() -> Weight {
		slots::limits_of(slots::Length::get()).max_block / 4
	}
}

/// Maximum number of components: 32,768 per second of a slot, at most 65,536. One block can load, sweep
/// once and save this many components within [`ServiceWeight`]; `integrity_test` checks it.
pub struct MaxComponents;

impl Get<u32> for MaxComponents {
	fn get() -> u32 {
		const PER_SECOND: u64 = 32_768;
		let most = slots::Length::get().saturating_mul(PER_SECOND) / 1_000;
		most.min(contribution::MAX_COMPONENTS as u64) as u32
	}
}

/// As many per second of a slot.
fn per_second(count: u64) -> u32 {
	u32::try_from(slots::Length::get().saturating_mul(count) / 1_000).unwrap_or(u32::MAX).max(1)
}

/// Maximum number of components removed per epoch: 128 per second of a slot, which is the work of less
/// than two blocks.
pub struct MaxRemovals;

impl Get<u32> for MaxRemovals {
	fn get() -> u32 {
		per_second(128)
	}
}

/// Maximum number of free posts per block: 64 per second of a slot, about a fifth of a block.
pub struct MaxFreePosts;

impl Get<u32> for MaxFreePosts {
	fn get() -> u32 {
		per_second(64)
	}
}

impl pallet_emission::Config for Runtime {
	type Currency = Balances;
	type DepositBounds = DepositBounds;
	type GovernanceOrigin = super::governance::GovernanceOrigin;
	type MaxComponents = MaxComponents;
	type MaxFreePosts = MaxFreePosts;
	type MaxRemovals = MaxRemovals;
	type MaxServiceWeight = ServiceWeight;
	type MinStakeBounds = MinStakeBounds;
	type PalletId = EmissionPalletId;
	type RowLifetimeBounds = RowLifetimeBounds;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Validators = ValidatorSet;
	type WeightInfo = crate::weights::pallet_emission::WeightInfo<Runtime>;
}
