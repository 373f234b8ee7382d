//! The slot length, and the block limits derived from it.
//!
//! ```text
//!   genesis ── slotDuration ──▶ SlotDuration ──┬─▶ Aura: one author per slot
//!                                              ├─▶ Timestamp: blocks ≥ half a slot apart
//!                                              ├─▶ BlockWeights: a block ≤ a third of a slot
//!                                              └─▶ Emission: weight per block, component limit
//! ```
//!
//! A development chain has slots of 1 s and a public chain slots of 6 s, with the same code, so the slot
//! length is data. Only genesis sets it: a change on a running Aura chain would make the slot number
//! jump, and nodes would refuse each other's blocks.
//!
//! Because the limits derive from it, the constants `system.blockWeights`, `timestamp.minimumPeriod`,
//! `aura.slotDuration`, `emission.maxServiceWeight` and `emission.maxComponents` in the metadata
//! depend on the chain. Metadata generated without a chain has the values for
//! [`DEFAULT_SLOT_DURATION`]. Reading the value is one state lookup per block; later reads hit the
//! overlay.
//!
//! Invariant: the value is between [`MIN_SLOT_DURATION`] and [`MAX_SLOT_DURATION`]. Genesis refuses
//! other values, and readers clamp it, so no limit is ever zero.

pub use pallet::*;

use frame_support::{
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use sp_runtime::Perbill;

/// Slot length of a public chain, in milliseconds. The default if genesis does not set it.
pub const DEFAULT_SLOT_DURATION: u64 = 6_000;
/// Minimum slot length, in milliseconds. In a block of a shorter slot there would be no room for
/// `set_code`, which declares 164 ms, so the chain could never be upgraded.
pub const MIN_SLOT_DURATION: u64 = 600;
/// Maximum slot length, in milliseconds.
pub const MAX_SLOT_DURATION: u64 = 60_000;

/// Computing a block takes at most one of this many parts of its slot: authoring, gossip and import by
/// the other nodes share the slot.
const BLOCK_PARTS: u64 = 3;
/// The part of a block that normal extrinsics may use. The rest is reserved for operational ones.
const NORMAL_RATIO: Perbill = Perbill::from_percent(75);

/// The pallet that stores the value. It has no calls.
#[frame_support::pallet]
pub mod pallet {
	use super::{DEFAULT_SLOT_DURATION, MAX_SLOT_DURATION, MIN_SLOT_DURATION};
	use frame_support::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The pallet has no configuration.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// The slot length in milliseconds, fixed at genesis.
	#[pallet::storage]
	pub type SlotDuration<T: Config> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// The default of [`SlotDuration`].
	#[pallet::type_value]
	pub fn DefaultSlotDuration() -> u64 {
		DEFAULT_SLOT_DURATION
	}

	/// The value set at genesis.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// The slot length in milliseconds.
		pub slot_duration: u64,
		/// No data.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { slot_duration: DEFAULT_SLOT_DURATION, _config: Default::default() }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				(MIN_SLOT_DURATION..=MAX_SLOT_DURATION).contains(&self.slot_duration),
				"slots.slotDuration is {} ms; choose {MIN_SLOT_DURATION} to {MAX_SLOT_DURATION} ms",
				self.slot_duration,
			);
			SlotDuration::<T>::put(self.slot_duration);
		}
	}
}

/// The slot length of this chain, in milliseconds.
pub struct Length;

impl Get<u64> for Length {
	fn get() -> u64 {
		SlotDuration::<crate::Runtime>::get().clamp(MIN_SLOT_DURATION, MAX_SLOT_DURATION)
	}
}

/// Half a slot, in milliseconds: the minimum time between two blocks.
pub struct HalfLength;

impl Get<u64> for HalfLength {
	fn get() -> u64 {
		Length::get() / 2
	}
}

/// Limits of a block: computing it takes at most a third of a slot, and normal extrinsics may use 75 %
/// of that. The proof size is not limited, because a solo chain needs no proofs.
pub struct BlockWeights;

impl Get<frame_system::limits::BlockWeights> for BlockWeights {
	fn get() -> frame_system::limits::BlockWeights {
		limits_of(Length::get())
	}
}

/// Block limits for slots of this many milliseconds.
pub fn limits_of(slot_duration: u64) -> frame_system::limits::BlockWeights {
	let ref_time = slot_duration.saturating_mul(WEIGHT_REF_TIME_PER_MILLIS) / BLOCK_PARTS;
	frame_system::limits::BlockWeights::with_sensible_defaults(
		Weight::from_parts(ref_time, u64::MAX),
		NORMAL_RATIO,
	)
}
