//! Weights of `pallet_emission`, measured in WebAssembly on Intel(R) Xeon(R) Processor. Written by `make weights`
//! (benchmarking CLI 64.0.0, 20 steps, 10 repeats); do not edit.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_emission::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 137_956 ns.
		Weight::from_parts(146_276_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	fn deregister() -> Weight {
		// At least 83_430 ns.
		Weight::from_parts(88_091_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn remove_dead() -> Weight {
		// At least 85_160 ns.
		Weight::from_parts(90_377_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn set_endpoint() -> Weight {
		// At least 25_598 ns.
		Weight::from_parts(27_588_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_service_key() -> Weight {
		// At least 41_154 ns.
		Weight::from_parts(43_047_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn accept_service_key() -> Weight {
		// At least 52_762 ns.
		Weight::from_parts(55_429_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn resign_service_key() -> Weight {
		// At least 42_943 ns.
		Weight::from_parts(45_586_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn offer_component() -> Weight {
		// At least 35_454 ns.
		Weight::from_parts(37_748_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn accept_component() -> Weight {
		// At least 173_793 ns.
		Weight::from_parts(183_465_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn stake() -> Weight {
		// At least 95_008 ns.
		Weight::from_parts(100_268_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn unstake() -> Weight {
		// At least 70_963 ns.
		Weight::from_parts(75_189_000, 0)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn withdraw_unbonded() -> Weight {
		// At least 85_819 ns.
		Weight::from_parts(89_699_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// `e` from 0 to 64.
	fn post_row(e: u32) -> Weight {
		// At least 193_699 ns.
		Weight::from_parts(205_943_747, 0)
			// Standard error 8_242 ps.
			.saturating_add(Weight::from_parts(117_166, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn set_edge() -> Weight {
		// At least 197_316 ns.
		Weight::from_parts(211_001_000, 0)
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn set_parameters() -> Weight {
		// At least 13_081 ns.
		Weight::from_parts(14_345_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn abort_solve() -> Weight {
		// At least 81_796 ns.
		Weight::from_parts(92_034_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(34))
	}
	fn poll() -> Weight {
		// At least 18_880 ns.
		Weight::from_parts(20_480_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn leaving_queue() -> Weight {
		// At least 4_039 ns.
		Weight::from_parts(4_496_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn merge_leaving() -> Weight {
		// At least 137_164 ns.
		Weight::from_parts(144_474_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(14))
	}
	/// `p` from 0 to 16.
	fn load_registered(p: u32) -> Weight {
		// At least 317 ns.
		Weight::from_parts(2_166_291, 0)
			// Standard error 5_572 ps.
			.saturating_add(Weight::from_parts(8_768_353, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	fn pending_page() -> Weight {
		// At least 10_578 ns.
		Weight::from_parts(11_689_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `r` from 0 to 32.
	fn merge_rows(r: u32) -> Weight {
		// At least 14_324 ns.
		Weight::from_parts(15_680_854, 0)
			// Standard error 2_653 ps.
			.saturating_add(Weight::from_parts(4_772_902, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(r.into())))
	}
	/// `p` from 0 to 128.
	fn begin(p: u32) -> Weight {
		// At least 14_090 ns.
		Weight::from_parts(10_223_378, 0)
			// Standard error 12_927 ps.
			.saturating_add(Weight::from_parts(5_944_996, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `p` from 0 to 2048.
	fn load_empty_rows(p: u32) -> Weight {
		// At least 1_155 ns.
		Weight::from_parts(1_171_000, 0)
			// Standard error 15_366 ps.
			.saturating_add(Weight::from_parts(6_081_052, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 2048.
	fn load_rows(p: u32) -> Weight {
		// At least 1_152 ns.
		Weight::from_parts(1_193_000, 0)
			// Standard error 99_666 ps.
			.saturating_add(Weight::from_parts(18_715_338, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `v` from 0 to 18939904.
	fn sweep(v: u32) -> Weight {
		// At least 2_856 ns.
		Weight::from_parts(48_122_924, 0)
			// Standard error 2 ps.
			.saturating_add(Weight::from_parts(945, 0).saturating_mul(v.into()))
	}
	/// `p` from 0 to 16.
	fn save_vectors(p: u32) -> Weight {
		// At least 315 ns.
		Weight::from_parts(334_000, 0)
			// Standard error 13_082 ps.
			.saturating_add(Weight::from_parts(24_999_758, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn load_vectors(p: u32) -> Weight {
		// At least 321 ns.
		Weight::from_parts(334_000, 0)
			// Standard error 91_099 ps.
			.saturating_add(Weight::from_parts(49_500_681, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn clear_vectors(p: u32) -> Weight {
		// At least 316 ns.
		Weight::from_parts(1_139_640, 0)
			// Standard error 6_878 ps.
			.saturating_add(Weight::from_parts(3_491_074, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	fn emit_mint() -> Weight {
		// At least 34_558 ns.
		Weight::from_parts(36_429_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn load_piece() -> Weight {
		// At least 16_903 ns.
		Weight::from_parts(17_884_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
	}
	fn emit_page() -> Weight {
		// At least 29_744 ns.
		Weight::from_parts(31_496_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn emit_end() -> Weight {
		// At least 8_896 ns.
		Weight::from_parts(9_719_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
