//! The token, and the fees of extrinsics.
//!
//! fee = base + length + m · computed time, at 1,000 units per byte and one unit per nanosecond. A transfer
//! costs about half a thousandth of a BIT. The multiplier m is 1 while blocks are less than a quarter full
//! on average. In full blocks it grows by 0.75 % a block, so it doubles in 93; in empty ones it falls by
//! 0.25 %, down to 1. The author of
//! the block gets fees and tips, or the part of them that genesis gives to authors; the rest is burnt.

use crate::{
	Balance, Balances, Runtime, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System,
	EXISTENTIAL_DEPOSIT,
};
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, ConstU8, VariantCountOf},
	weights::{ConstantMultiplier, Weight, WeightToFee},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
	traits::{Bounded, One},
	FixedPointNumber, Perquintill,
};

impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type DoneSlashHandler = ();
	type DustRemoval = ();
	type ExistentialDeposit = ConstU64<EXISTENTIAL_DEPOSIT>;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type ReserveIdentifier = [u8; 8];
	type RuntimeEvent = RuntimeEvent;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}

/// Units per nanosecond of computed time.
pub struct NanosecondFee;

impl WeightToFee for NanosecondFee {
	type Balance = Balance;

	fn weight_to_fee(weight: &Weight) -> Balance {
		weight.ref_time() / frame_support::weights::constants::WEIGHT_REF_TIME_PER_NANOS
	}
}

parameter_types! {
	/// Part of the normal weight of a block above which the fee grows.
	pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
	/// How fast the multiplier moves.
	pub FeeAdjustment: Multiplier = Multiplier::saturating_from_rational(1, 100);
	/// The multiplier without demand.
	pub MinFeeMultiplier: Multiplier = Multiplier::one();
	/// There is no maximum.
	pub MaxFeeMultiplier: Multiplier = Bounded::max_value();
}

impl pallet_transaction_payment::Config for Runtime {
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Self,
		TargetFullness,
		FeeAdjustment,
		MinFeeMultiplier,
		MaxFeeMultiplier,
	>;
	type LengthToFee = ConstantMultiplier<Balance, ConstU64<1_000>>;
	type OnChargeTransaction = FungibleAdapter<Balances, super::validators::AuthorFees>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
	type WeightToFee = NanosecondFee;
}
