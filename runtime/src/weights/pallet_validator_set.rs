//! Weights of `pallet_validator_set`, measured in WebAssembly on Intel(R) Xeon(R) Processor. Written by `make weights`
//! (benchmarking CLI 64.0.0, 20 steps, 10 repeats); do not edit.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_validator_set::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 2_433_301 ns.
		Weight::from_parts(2_525_246_000, 0)
			.saturating_add(T::DbWeight::get().reads(589))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn leave() -> Weight {
		// At least 54_512 ns.
		Weight::from_parts(62_956_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn purge_keys() -> Weight {
		// At least 86_848 ns.
		Weight::from_parts(97_432_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// `n` from 0 to 32.
	fn set_invulnerables(n: u32) -> Weight {
		// At least 21_839 ns.
		Weight::from_parts(38_381_231, 0)
			// Standard error 18_086 ps.
			.saturating_add(Weight::from_parts(3_542_135, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_limits() -> Weight {
		// At least 15_527 ns.
		Weight::from_parts(16_724_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn block() -> Weight {
		// At least 19_418 ns.
		Weight::from_parts(22_049_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `c` from 0 to 128.
	fn rotate(c: u32) -> Weight {
		// At least 1_738_396 ns.
		Weight::from_parts(1_811_701_516, 0)
			// Standard error 80_961 ps.
			.saturating_add(Weight::from_parts(35_271_621, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(195))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(178))
	}
	/// `n` from 1 to 32.
	fn on_offence(n: u32) -> Weight {
		// At least 195_718 ns.
		Weight::from_parts(60_123_578, 0)
			// Standard error 195_792 ps.
			.saturating_add(Weight::from_parts(133_788_981, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads((6_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	fn reward() -> Weight {
		// At least 2_587_163 ns.
		Weight::from_parts(2_689_266_000, 0)
			.saturating_add(T::DbWeight::get().reads(101))
			.saturating_add(T::DbWeight::get().writes(98))
	}
}
