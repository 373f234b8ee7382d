//! Block production (Aura), finality (GRANDPA) and the clock.
//!
//! Genesis sets the authorities. Session keys are defined ([`crate::SessionKeys`]), but no pallet rotates
//! them yet.

use crate::{slots, Aura, Runtime, RuntimeEvent};
use frame_support::traits::{ConstBool, ConstU32, ConstU64};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;

/// Maximum number of authorities.
type MaxAuthorities = ConstU32<32>;

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = slots::HalfLength;
	type Moment = u64;
	type OnTimestampSet = Aura;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_aura::Config for Runtime {
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type AuthorityId = AuraId;
	type DisabledValidators = ();
	type MaxAuthorities = MaxAuthorities;
	type SlotDuration = slots::Length;
}

impl pallet_grandpa::Config for Runtime {
	// Nodes log equivocations. Without sessions the runtime cannot attribute them.
	type EquivocationReportSystem = ();
	type KeyOwnerProof = sp_core::Void;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<0>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}
