//! Weights of `pallet_emission`, measured in WebAssembly on AMD EPYC. Written by `make weights`
//! (benchmarking CLI 64.0.0, 20 steps, 10 repeats); do not edit.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

// Raised by hand: every call reads the version of the storage, one read more than measured.
impl<T: frame_system::Config> pallet_emission::WeightInfo for WeightInfo<T> {
	// Raised by hand from 11 reads: the number of uids in use, for the deposit.
	fn register() -> Weight {
		// At least 164_825 ns.
		Weight::from_parts(171_174_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Raised by hand from 8 reads and 6 writes: two items of the queue instead of a page.
	// And the bond: version, candidacy, keys, session and invulnerables of the set of validators.
	fn deregister() -> Weight {
		// At least 86_789 ns.
		Weight::from_parts(90_905_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn set_endpoint() -> Weight {
		// At least 36_905 ns.
		Weight::from_parts(39_128_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Raised by hand from 45_297_000 ps, 4 reads and 3 writes: the key that served is let go, which
	// reads its unbonding stake and its account, and writes the account.
	fn set_service_key() -> Weight {
		// At least 43_054 ns.
		Weight::from_parts(90_905_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	// By hand, from `register`: as many lookups at most, without pages.
	fn accept_service_key() -> Weight {
		Weight::from_parts(171_174_000, 0)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// By hand: as `set_service_key`.
	fn resign_service_key() -> Weight {
		Weight::from_parts(90_905_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	// By hand, from `set_endpoint`: one lookup less.
	// And the bond, as `deregister`.
	fn offer_component() -> Weight {
		Weight::from_parts(39_128_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// By hand: the deposit of `register` and its release in `merge_leaving`.
	fn accept_component() -> Weight {
		Weight::from_parts(326_234_000, 0)
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(20))
	}
	// By hand: `deregister`, and what it reads to see whether the component is dead: a row page (as
	// `merge_rows`), a page of registrations, and two numbers of uids.
	fn remove_dead() -> Weight {
		Weight::from_parts(150_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn stake() -> Weight {
		// At least 121_961 ns.
		Weight::from_parts(125_787_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// Raised by hand from 63_043_000 ps, 6 reads and 2 writes: the epoch in which the stake was lowered.
	// Raised by hand from 8 reads: the bond, as `deregister`.
	fn unstake() -> Weight {
		// At least 59_879 ns.
		Weight::from_parts(73_043_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// Raised by hand from 6 reads: the version of the storage of the set of validators.
	fn withdraw_unbonded() -> Weight {
		// At least 101_391 ns.
		Weight::from_parts(106_038_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// Raised by hand from 251_946_483 ps, 25 reads and 2 writes: the budget of free posts.
	/// `e` from 0 to 64.
	fn post_row(e: u32) -> Weight {
		// At least 245_234 ns.
		Weight::from_parts(261_946_483, 0)
			// Standard error 4_959 ps.
			.saturating_add(Weight::from_parts(133_656, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// Raised by hand from 251_774_000 ps, 24 reads and 2 writes: the budget of free posts.
	fn set_edge() -> Weight {
		// At least 243_932 ns.
		Weight::from_parts(261_774_000, 0)
			.saturating_add(T::DbWeight::get().reads(26))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// By hand, from `set_endpoint`: one item read and written, and an event.
	fn set_parameters() -> Weight {
		Weight::from_parts(39_128_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// By hand: `clear_vectors` of 16 pieces, and `set_endpoint` for the six other items that it reads or
	// writes.
	fn abort_solve() -> Weight {
		Self::clear_vectors(16)
			.saturating_add(Weight::from_parts(39_128_000, 0))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// Raised by hand from 4 reads: `Emit` reads the number of the epoch in every block, and every block
	// the version of the storage and whether a restart is due.
	fn poll() -> Weight {
		// At least 17_826 ns.
		Weight::from_parts(19_118_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// By hand: `leaving_page`, which read and wrote a page of 512 uids in the place of two numbers.
	fn leaving_queue() -> Weight {
		Weight::from_parts(12_589_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Raised by hand from 155_060_000 ps, 10 reads and 11 writes: it takes the uid from the queue, unbonds
	// what the component was paid while it left (as `unstake`), and lets its service key go (as
	// `set_service_key`).
	fn merge_leaving() -> Weight {
		// At least 150_243 ns.
		Weight::from_parts(263_400_000, 0)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	/// `p` from 0 to 16.
	fn load_registered(p: u32) -> Weight {
		// At least 460 ns.
		Weight::from_parts(2_906_680, 0)
			// Standard error 8_251 ps.
			.saturating_add(Weight::from_parts(12_237_062, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	fn pending_page() -> Weight {
		// At least 13_610 ns.
		Weight::from_parts(14_652_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `r` from 0 to 32.
	fn merge_rows(r: u32) -> Weight {
		// At least 18_207 ns.
		Weight::from_parts(18_917_173, 0)
			// Standard error 3_618 ps.
			.saturating_add(Weight::from_parts(6_377_666, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(r.into())))
	}
	/// `p` from 0 to 128.
	fn begin(p: u32) -> Weight {
		// At least 17_987 ns.
		Weight::from_parts(5_897_066, 0)
			// Standard error 19_252 ps.
			.saturating_add(Weight::from_parts(8_382_252, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `p` from 0 to 2048.
	fn load_empty_rows(p: u32) -> Weight {
		// At least 1_523 ns.
		Weight::from_parts(1_583_000, 0)
			// Standard error 43_902 ps.
			.saturating_add(Weight::from_parts(7_615_812, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 2048.
	fn load_rows(p: u32) -> Weight {
		// At least 1_492 ns.
		Weight::from_parts(1_532_000, 0)
			// Standard error 92_052 ps.
			.saturating_add(Weight::from_parts(21_217_834, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
	}
	/// `v` from 0 to 18874368.
	fn sweep(v: u32) -> Weight {
		// At least 2_574 ns.
		Weight::from_parts(38_051_144, 0)
			// Standard error 5 ps.
			.saturating_add(Weight::from_parts(1_032, 0).saturating_mul(v.into()))
	}
	/// `p` from 0 to 16.
	fn save_vectors(p: u32) -> Weight {
		// At least 450 ns.
		Weight::from_parts(490_000, 0)
			// Standard error 12_684 ps.
			.saturating_add(Weight::from_parts(33_215_832, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn load_vectors(p: u32) -> Weight {
		// At least 431 ns.
		Weight::from_parts(471_000, 0)
			// Standard error 116_746 ps.
			.saturating_add(Weight::from_parts(66_181_827, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(p.into())))
	}
	/// `p` from 0 to 16.
	fn clear_vectors(p: u32) -> Weight {
		// At least 431 ns.
		Weight::from_parts(1_755_479, 0)
			// Standard error 4_539 ps.
			.saturating_add(Weight::from_parts(4_507_921, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(p.into())))
	}
	fn emit_mint() -> Weight {
		// At least 40_350 ns.
		Weight::from_parts(42_714_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn load_piece() -> Weight {
		// At least 22_594 ns.
		Weight::from_parts(24_106_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
	}
	// By hand: without leaving components.
	fn emit_page() -> Weight {
		// At least 45_137 ns.
		Weight::from_parts(45_517_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Raised by hand by a read and a write: that the active rows are paid.
	fn emit_end() -> Weight {
		// At least 9_885 ns.
		Weight::from_parts(10_606_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
