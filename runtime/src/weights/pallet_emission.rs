//! Weights of `pallet_emission`, measured in WebAssembly on AMD EPYC. Written by `make weights`
//! (benchmarking CLI 64.0.0, 16 steps, 8 repeats); do not edit.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_emission::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 165_396 ns.
		Weight::from_parts(241_480_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	fn deregister() -> Weight {
		// At least 73_149 ns.
		Weight::from_parts(79_328_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn set_endpoint() -> Weight {
		// At least 36_535 ns.
		Weight::from_parts(40_119_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_service_key() -> Weight {
		// At least 43_184 ns.
		Weight::from_parts(46_058_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn stake() -> Weight {
		// At least 122_822 ns.
		Weight::from_parts(157_535_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn unstake() -> Weight {
		// At least 60_440 ns.
		Weight::from_parts(104_686_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn withdraw_unbonded() -> Weight {
		// At least 104_525 ns.
		Weight::from_parts(170_764_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// `e` from 0 to 64.
	fn post_row(e: u32) -> Weight {
		// At least 236_562 ns.
		Weight::from_parts(350_736_647, 0)
			// Standard error 77_353 ps.
			.saturating_add(Weight::from_parts(96_888, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(24))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_edge() -> Weight {
		// At least 233_268 ns.
		Weight::from_parts(350_562_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn poll() -> Weight {
		// At least 18_017 ns.
		Weight::from_parts(19_729_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn leaving_page() -> Weight {
		// At least 11_787 ns.
		Weight::from_parts(12_859_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn merge_leaving() -> Weight {
		// At least 146_188 ns.
		Weight::from_parts(153_378_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	/// `p` from 0 to 16.
	fn load_registered(p: u32) -> Weight {
		// At least 471 ns.
		Weight::from_parts(6_702_787, 0)
			// Standard error 60_454 ps.
			.saturating_add(Weight::from_parts(17_621_893, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `r` from 0 to 256.
	fn merge_rows(r: u32) -> Weight {
		// At least 11_217 ns.
		Weight::from_parts(275_132_767, 0)
			// Standard error 804_480 ps.
			.saturating_add(Weight::from_parts(24_848_273, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(r.into())))
	}
	/// `p` from 0 to 128.
	fn begin(p: u32) -> Weight {
		// At least 18_437 ns.
		Weight::from_parts(11_299_051, 0)
			// Standard error 36_176 ps.
			.saturating_add(Weight::from_parts(8_846_090, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `p` from 0 to 4096.
	fn load_empty_rows(p: u32) -> Weight {
		// At least 1_522 ns.
		Weight::from_parts(1_562_000, 0)
			// Standard error 312_850 ps.
			.saturating_add(Weight::from_parts(10_405_292, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 4096.
	fn load_rows(p: u32) -> Weight {
		// At least 2_524 ns.
		Weight::from_parts(272_392_399, 0)
			// Standard error 990_680 ps.
			.saturating_add(Weight::from_parts(19_385_337, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `v` from 0 to 17825792.
	fn sweep(v: u32) -> Weight {
		// At least 2_874 ns.
		Weight::from_parts(6_809_093, 0)
			// Standard error 81 ps.
			.saturating_add(Weight::from_parts(1_461, 0).saturating_mul(v.into()))
	}
	/// `p` from 0 to 16.
	fn save_vectors(p: u32) -> Weight {
		// At least 461 ns.
		Weight::from_parts(531_000, 0)
			// Standard error 146_097 ps.
			.saturating_add(Weight::from_parts(35_312_613, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn load_vectors(p: u32) -> Weight {
		// At least 501 ns.
		Weight::from_parts(561_000, 0)
			// Standard error 680_218 ps.
			.saturating_add(Weight::from_parts(78_492_965, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn clear_vectors(p: u32) -> Weight {
		// At least 450 ns.
		Weight::from_parts(3_877_443, 0)
			// Standard error 66_337 ps.
			.saturating_add(Weight::from_parts(5_401_531, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	fn emit_mint() -> Weight {
		// At least 40_711 ns.
		Weight::from_parts(46_929_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn load_piece() -> Weight {
		// At least 21_732 ns.
		Weight::from_parts(31_317_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
	}
	/// `l` from 0 to 512.
	fn emit_page(l: u32) -> Weight {
		// At least 62_633 ns.
		Weight::from_parts(58_136_428, 0)
			// Standard error 180_792 ps.
			.saturating_add(Weight::from_parts(17_477_429, 0).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(l.into())))
	}
	fn emit_end() -> Weight {
		// At least 9_995 ns.
		Weight::from_parts(11_457_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
