//! The slot length, and the block limits that follow from it.
//!
//! ```text
//!   genesis ── slotDuration ──▶ SlotDuration ──┬─▶ Aura: one author per slot
//!                                              ├─▶ Timestamp: blocks ≥ half a slot apart
//!                                              ├─▶ BlockWeights: a block ≤ a third of a slot
//!                                              └─▶ Emission: weight per block, most components
//! ```
//!
//! A development chain has slots of 1 s and a public one of 6 s, with the same code; so the slot
//! length is data. It is written by genesis only: changing it under a running Aura chain would
//! make the slot number jump, and nodes would refuse each other's blocks.
//!
//! As the limits follow from it, the constants `system.blockWeights`, `timestamp.minimumPeriod`,
//! `aura.slotDuration`, `emission.maxServiceWeight` and `emission.maxComponents` in the metadata
//! depend on the chain that is asked; metadata written outside of any chain shows
//! [`DEFAULT_SLOT_DURATION`]. Reading the value costs one lookup in the state, which the block's
//! overlay caches after the first.
//!
//! Invariant: the value lies between [`MIN_SLOT_DURATION`] and [`MAX_SLOT_DURATION`]. Genesis
//! refuses any other, and a reader clamps, so that no limit is ever zero.

pub use pallet::*;

use frame_support::{
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use sp_runtime::Perbill;

/// Slot length of a public chain, in milliseconds; also where genesis says nothing.
pub const DEFAULT_SLOT_DURATION: u64 = 6_000;
/// Shortest slot, in milliseconds: below it an empty block and its gossip fill the slot.
pub const MIN_SLOT_DURATION: u64 = 250;
/// Longest slot, in milliseconds.
pub const MAX_SLOT_DURATION: u64 = 60_000;

/// A block may be computed for at most one part of so many of its slot: authoring, import by the
/// others and gossip share it.
const BLOCK_PARTS: u64 = 3;
/// What normal extrinsics may take of a block; the rest is reserved for operational ones.
const NORMAL_RATIO: Perbill = Perbill::from_percent(75);

/// The pallet that keeps the value. It has no call.
#[frame_support::pallet]
pub mod pallet {
	use super::{DEFAULT_SLOT_DURATION, MAX_SLOT_DURATION, MIN_SLOT_DURATION};
	use frame_support::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Nothing to configure.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// The slot length in milliseconds, fixed at genesis.
	#[pallet::storage]
	pub type SlotDuration<T: Config> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// What [`SlotDuration`] reads where nothing was written.
	#[pallet::type_value]
	pub fn DefaultSlotDuration() -> u64 {
		DEFAULT_SLOT_DURATION
	}

	/// What genesis sets.
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

/// Half a slot, in milliseconds: the least time between two blocks.
pub struct HalfLength;

impl Get<u64> for HalfLength {
	fn get() -> u64 {
		Length::get() / 2
	}
}

/// Limits of a block: computing it takes at most a third of a slot, of which normal extrinsics
/// may use 75 %. The size of a proof is not limited, as nobody needs one.
pub struct BlockWeights;

impl Get<frame_system::limits::BlockWeights> for BlockWeights {
	fn get() -> frame_system::limits::BlockWeights {
		limits_of(Length::get())
	}
}

/// Block limits for slots of so many milliseconds.
pub fn limits_of(slot_duration: u64) -> frame_system::limits::BlockWeights {
	let ref_time = slot_duration.saturating_mul(WEIGHT_REF_TIME_PER_MILLIS) / BLOCK_PARTS;
	frame_system::limits::BlockWeights::with_sensible_defaults(
		Weight::from_parts(ref_time, u64::MAX),
		NORMAL_RATIO,
	)
}
