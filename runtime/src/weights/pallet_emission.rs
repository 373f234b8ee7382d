//! Weights of `pallet_emission`, measured in WebAssembly on AMD EPYC. Written by `make weights`
//! (benchmarking CLI 64.0.0, 20 steps, 10 repeats); do not edit.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_emission::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 169_703 ns.
		Weight::from_parts(180_068_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	fn deregister() -> Weight {
		// At least 75_162 ns.
		Weight::from_parts(79_399_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn set_endpoint() -> Weight {
		// At least 37_486 ns.
		Weight::from_parts(39_849_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_service_key() -> Weight {
		// At least 44_256 ns.
		Weight::from_parts(46_920_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn stake() -> Weight {
		// At least 124_045 ns.
		Weight::from_parts(129_262_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn unstake() -> Weight {
		// At least 61_562 ns.
		Weight::from_parts(64_616_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn withdraw_unbonded() -> Weight {
		// At least 102_562 ns.
		Weight::from_parts(106_668_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// `e` from 0 to 64.
	fn post_row(e: u32) -> Weight {
		// At least 233_547 ns.
		Weight::from_parts(241_732_453, 0)
			// Standard error 8_566 ps.
			.saturating_add(Weight::from_parts(120_673, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(24))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_edge() -> Weight {
		// At least 231_244 ns.
		Weight::from_parts(237_503_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn poll() -> Weight {
		// At least 18_017 ns.
		Weight::from_parts(19_339_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn leaving_page() -> Weight {
		// At least 12_038 ns.
		Weight::from_parts(12_959_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn merge_leaving() -> Weight {
		// At least 147_710 ns.
		Weight::from_parts(153_047_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	/// `p` from 0 to 16.
	fn load_registered(p: u32) -> Weight {
		// At least 430 ns.
		Weight::from_parts(3_370_439, 0)
			// Standard error 7_103 ps.
			.saturating_add(Weight::from_parts(12_140_747, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `r` from 0 to 256.
	fn merge_rows(r: u32) -> Weight {
		// At least 8_633 ns.
		Weight::from_parts(8_923_000, 0)
			// Standard error 32_714 ps.
			.saturating_add(Weight::from_parts(19_651_108, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(r.into())))
	}
	/// `p` from 0 to 128.
	fn begin(p: u32) -> Weight {
		// At least 18_808 ns.
		Weight::from_parts(17_679_905, 0)
			// Standard error 11_530 ps.
			.saturating_add(Weight::from_parts(8_095_148, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `p` from 0 to 4096.
	fn load_empty_rows(p: u32) -> Weight {
		// At least 1_542 ns.
		Weight::from_parts(1_583_000, 0)
			// Standard error 34_126 ps.
			.saturating_add(Weight::from_parts(6_473_197, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 4096.
	fn load_rows(p: u32) -> Weight {
		// At least 1_533 ns.
		Weight::from_parts(1_573_000, 0)
			// Standard error 60_632 ps.
			.saturating_add(Weight::from_parts(14_387_676, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `v` from 0 to 18874368.
	fn sweep(v: u32) -> Weight {
		// At least 2_013 ns.
		Weight::from_parts(143_980_914, 0)
			// Standard error 6 ps.
			.saturating_add(Weight::from_parts(1_078, 0).saturating_mul(v.into()))
	}
	/// `p` from 0 to 16.
	fn save_vectors(p: u32) -> Weight {
		// At least 440 ns.
		Weight::from_parts(490_000, 0)
			// Standard error 34_005 ps.
			.saturating_add(Weight::from_parts(30_927_378, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn load_vectors(p: u32) -> Weight {
		// At least 440 ns.
		Weight::from_parts(490_000, 0)
			// Standard error 92_033 ps.
			.saturating_add(Weight::from_parts(58_408_661, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn clear_vectors(p: u32) -> Weight {
		// At least 431 ns.
		Weight::from_parts(1_736_522, 0)
			// Standard error 5_280 ps.
			.saturating_add(Weight::from_parts(4_600_495, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	fn emit_mint() -> Weight {
		// At least 41_902 ns.
		Weight::from_parts(43_955_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn load_piece() -> Weight {
		// At least 21_623 ns.
		Weight::from_parts(22_634_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
	}
	/// `l` from 0 to 512.
	fn emit_page(l: u32) -> Weight {
		// At least 45_247 ns.
		Weight::from_parts(45_768_000, 0)
			// Standard error 56_689 ps.
			.saturating_add(Weight::from_parts(15_521_394, 0).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(l.into())))
	}
	fn emit_end() -> Weight {
		// At least 10_185 ns.
		Weight::from_parts(10_926_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
