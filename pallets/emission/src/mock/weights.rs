//! Small weights: a few units per step, one unit per 80 edge visits.

use crate::{
	types::MAX_EDGES,
	weights::{WeightInfo, LOAD_MARGIN, SWEEP_MARGIN},
};
use frame_support::weights::Weight;

/// A few units per step, one per edge visit.
pub struct TestWeight;

fn units(count: u32) -> Weight {
	Weight::from_parts(count.into(), 0)
}

impl WeightInfo for TestWeight {
	fn register() -> Weight {
		units(10)
	}
	fn deregister() -> Weight {
		units(10)
	}
	fn set_endpoint() -> Weight {
		units(10)
	}
	fn set_service_key() -> Weight {
		units(10)
	}
	fn accept_service_key() -> Weight {
		units(10)
	}
	fn resign_service_key() -> Weight {
		units(10)
	}
	fn offer_component() -> Weight {
		units(10)
	}
	fn accept_component() -> Weight {
		units(10)
	}
	fn remove_dead() -> Weight {
		units(10)
	}
	fn stake() -> Weight {
		units(10)
	}
	fn unstake() -> Weight {
		units(10)
	}
	fn withdraw_unbonded() -> Weight {
		units(10)
	}
	fn post_row(edges: u32) -> Weight {
		units(10 + edges)
	}
	fn set_edge() -> Weight {
		Self::post_row(MAX_EDGES)
	}
	fn set_parameters() -> Weight {
		units(10)
	}
	fn abort_solve() -> Weight {
		units(50)
	}
	fn poll() -> Weight {
		units(1)
	}
	fn leaving_queue() -> Weight {
		units(1)
	}
	fn merge_leaving() -> Weight {
		units(30)
	}
	fn load_registered(pages: u32) -> Weight {
		units(pages)
	}
	fn pending_page() -> Weight {
		units(1)
	}
	fn merge_rows(rows: u32) -> Weight {
		units(8 + 2 * rows)
	}
	fn begin(pages: u32) -> Weight {
		units(60 * pages)
	}
	fn load_empty_rows(row_pages: u32) -> Weight {
		Self::load_rows(row_pages)
	}
	fn load_rows(row_pages: u32) -> Weight {
		// With the margin, one unit per page or one less.
		units((u64::from(row_pages) * LOAD_MARGIN.1 / LOAD_MARGIN.0) as u32)
	}
	fn sweep(visits: u32) -> Weight {
		// With the margin, one unit for 80 visits.
		units((u64::from(visits) * SWEEP_MARGIN.1 / SWEEP_MARGIN.0 / 80) as u32)
	}
	fn save_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn load_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn clear_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn emit_mint() -> Weight {
		units(40)
	}
	fn load_piece() -> Weight {
		units(1)
	}
	fn emit_page() -> Weight {
		units(50)
	}
	fn emit_end() -> Weight {
		units(30)
	}
}
