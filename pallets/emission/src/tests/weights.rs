//! The budgets that the machine derives from the weights, and the limit of the hook.

use crate::{
	mock::*,
	weights::{affordable_visits, load_graph, load_graph_of, one_window, visits, WeightInfo},
};
use frame_support::weights::Weight;
use proptest::prelude::*;

/// Weights as large and as uneven as measured ones.
struct Measured;

/// `base` and `slope` picoseconds.
fn linear(base: u64, slope: u64, count: u32) -> Weight {
	Weight::from_parts(base + slope * u64::from(count), 0)
}

impl WeightInfo for Measured {
	fn register() -> Weight {
		linear(60_000_001, 0, 0)
	}
	fn deregister() -> Weight {
		linear(60_000_001, 0, 0)
	}
	fn set_endpoint() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn set_service_key() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn accept_service_key() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn resign_service_key() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn offer_component() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn accept_component() -> Weight {
		linear(60_000_001, 0, 0)
	}
	fn remove_dead() -> Weight {
		linear(60_000_001, 0, 0)
	}
	fn stake() -> Weight {
		linear(50_000_001, 0, 0)
	}
	fn unstake() -> Weight {
		linear(50_000_001, 0, 0)
	}
	fn withdraw_unbonded() -> Weight {
		linear(50_000_001, 0, 0)
	}
	fn post_row(edges: u32) -> Weight {
		linear(200_000_001, 300_001, edges)
	}
	fn set_edge() -> Weight {
		Self::post_row(64)
	}
	fn set_parameters() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn abort_solve() -> Weight {
		linear(200_000_001, 0, 0)
	}
	fn poll() -> Weight {
		linear(10_000_001, 0, 0)
	}
	fn leaving_queue() -> Weight {
		linear(5_000_001, 0, 0)
	}
	fn merge_leaving() -> Weight {
		linear(90_000_001, 0, 0)
	}
	fn load_registered(pages: u32) -> Weight {
		linear(100_001, 9_000_001, pages)
	}
	fn pending_page() -> Weight {
		linear(70_000_001, 0, 0)
	}
	fn merge_rows(rows: u32) -> Weight {
		linear(70_000_001, 80_000_001, rows)
	}
	fn begin(pages: u32) -> Weight {
		linear(20_000_001, 9_000_001, pages)
	}
	fn load_empty_rows(row_pages: u32) -> Weight {
		linear(300_001, 6_000_001, row_pages)
	}
	fn load_rows(row_pages: u32) -> Weight {
		linear(300_001, 17_000_001, row_pages)
	}
	fn sweep(visits: u32) -> Weight {
		linear(1_000_001, 1_297, visits)
	}
	fn save_vectors(pieces: u32) -> Weight {
		linear(1, 100_000_001, pieces)
	}
	fn load_vectors(pieces: u32) -> Weight {
		linear(1, 50_000_001, pieces)
	}
	fn clear_vectors(pieces: u32) -> Weight {
		linear(1, 100_000_001, pieces)
	}
	fn emit_mint() -> Weight {
		linear(60_000_001, 0, 0)
	}
	fn load_piece() -> Weight {
		linear(20_000_001, 0, 0)
	}
	fn emit_page() -> Weight {
		linear(40_000_001, 0, 0)
	}
	fn emit_end() -> Weight {
		linear(60_000_001, 0, 0)
	}
}

#[test]
fn a_visit_is_charged_half_as_much_again_as_it_was_measured() {
	assert_eq!(visits::<Measured>(2_000_000).ref_time(), 3_000_000 * 1_297);
	assert_eq!(visits::<Measured>(0), Weight::zero());
	// Rounded up, so that many small charges cost at least one large one.
	assert_eq!(visits::<Measured>(1).ref_time(), 1_946);
	let window = 32 * (32 + 40 + 6 + 64) * 1_297 * 3 / 2;
	assert_eq!(one_window::<Measured>().ref_time(), 1_000_001 + window);
}

#[test]
fn loading_rows_is_charged_with_its_margin() {
	let charged = |measured: Weight| (measured.ref_time() * 3).div_ceil(2);
	let registered = Measured::load_registered(16).ref_time();
	let rows = load_graph::<Measured>(65_536).ref_time() - registered;
	assert_eq!(rows, charged(Measured::load_rows(2_048)));
	let rows = load_graph_of::<Measured>(65_536, 0).ref_time() - registered;
	assert_eq!(rows, charged(Measured::load_empty_rows(2_048)));
}

proptest! {
	#[test]
	fn what_is_affordable_is_afforded(spare in 0u64..600_000_000_000) {
		let weight = Weight::from_parts(spare, 0);
		let most = affordable_visits::<Measured>(weight);
		prop_assert!(visits::<Measured>(most).all_lte(weight));
		prop_assert!(visits::<Measured>(most + 1).any_gt(weight));
	}

	#[test]
	fn rows_cost_what_they_hold(uids in 0u32..=65_536, some in 0f64..=1.0) {
		let most = load_graph::<Measured>(uids);
		let full = uids.div_ceil(32) * 2_048;
		let edges = (f64::from(full) * some) as u32;
		let cost = load_graph_of::<Measured>(uids, edges);
		prop_assert!(cost.all_lte(most));
		prop_assert_eq!(load_graph_of::<Measured>(uids, full), most);
		// More edges than there is room for cost the maximum.
		prop_assert_eq!(load_graph_of::<Measured>(uids, u32::MAX), most);
		prop_assert!(load_graph_of::<Measured>(uids, 0).all_lte(cost));
	}
}

#[test]
fn the_hook_takes_no_more_than_its_share() {
	// `next_block` asserts it in every test; here for blocks with almost no weight left.
	Ext::with(5).run(|| {
		for owner in 1..=5 {
			post(owner, &[(owner as u32 % 5, 57_344)]);
		}
		for left in (0..400).chain(0..400) {
			next_block_with(left);
		}
		assert!(payouts() > 0);
	});
}
