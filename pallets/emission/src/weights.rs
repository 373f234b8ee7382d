//! What calls and steps cost: the trait that the benchmarks of this pallet fill in, and what the
//! state machine derives from it.
//!
//! ```text
//!   benchmarking ──(benchmarking CLI)──► runtime: WeightInfo, one function per call and step
//!                                                     │
//!                       slopes: a visit, a row, a page ◄──┘──► phases: what fits this block
//! ```
//!
//! A step's function is linear in how much there is to do, with a part that does not depend on it;
//! the machine charges that part once and the slope for each unit that it does. Edge visits are
//! charged with a margin, [`SWEEP_MARGIN`], since their time depends most on the machine: on its
//! caches, when the vector is large.
//!
//! The proof size is 0: a solo chain has none.

use crate::{
	pages::{registered_pages, row_pages},
	types::EDGES_PER_PAGE,
};
use frame_support::weights::Weight;

/// What each call, and each step of the state machine, costs at most.
pub trait WeightInfo {
	/// `register`.
	fn register() -> Weight;
	/// `deregister`.
	fn deregister() -> Weight;
	/// `set_endpoint`.
	fn set_endpoint() -> Weight;
	/// `set_service_key`.
	fn set_service_key() -> Weight;
	/// `stake`.
	fn stake() -> Weight;
	/// `unstake`.
	fn unstake() -> Weight;
	/// `withdraw_unbonded`.
	fn withdraw_unbonded() -> Weight;
	/// `post_row` with this many edges.
	fn post_row(edges: u32) -> Weight;
	/// `set_edge`, in a row of any length.
	fn set_edge() -> Weight;

	/// To see what there is to do, and to store how far it came; in every block.
	fn poll() -> Weight;
	/// To read the list of leaving components among 512 uids, and to write it back.
	fn leaving_page() -> Weight;
	/// `Merge`: to remove a component.
	fn merge_leaving() -> Weight;
	/// To read this many pages of registrations.
	fn load_registered(pages: u32) -> Weight;
	/// `Merge`: to read which rows of 512 row pages are pending, and to write it back.
	fn pending_page() -> Weight;
	/// `Merge`: to take over this many pending rows of 64 edges of one row page.
	fn merge_rows(rows: u32) -> Weight;
	/// `Begin`: to read this many pages of stakes and to start a solve.
	fn begin(pages: u32) -> Weight;
	/// To read and pack this many row pages whose rows are empty.
	fn load_empty_rows(row_pages: u32) -> Weight;
	/// To read and pack this many full row pages.
	fn load_rows(row_pages: u32) -> Weight;
	/// `Sweep`: this many edge visits, as the engine counts them: rows have a price, too.
	fn sweep(visits: u32) -> Weight;
	/// To save both vectors of a solve, this many pieces each.
	fn save_vectors(pieces: u32) -> Weight;
	/// To load both vectors of a solve, this many pieces each.
	fn load_vectors(pieces: u32) -> Weight;
	/// To remove both vectors of a solve, this many pieces each.
	fn clear_vectors(pieces: u32) -> Weight;
	/// `Emit`: to mint.
	fn emit_mint() -> Weight;
	/// `Emit`: to load one piece of the contributions.
	fn load_piece() -> Weight;
	/// `Emit`: to pay 512 uids, of which this many are leaving.
	fn emit_page(leaving: u32) -> Weight;
	/// `Emit`: to close the epoch.
	fn emit_end() -> Weight;
}

/// What an edge visit is charged, as a multiple of what was measured: 3/2.
pub const SWEEP_MARGIN: (u64, u64) = (3, 2);

/// What reading and packing rows is charged, as a multiple of what was measured: 3/2. A benchmark
/// finds its pages in memory; a node finds 2,048 of them, of 8 KiB each, in its database and caches.
pub const LOAD_MARGIN: (u64, u64) = (3, 2);

/// Enough visits for a slope in whole picoseconds to be precise.
const MANY_VISITS: u32 = 3_000_000;

/// The slope of a weight function from 0 to `count` units.
fn slope(weight: impl Fn(u32) -> Weight, count: u32) -> Weight {
	weight(count).saturating_sub(weight(0))
}

/// To read the registrations and pack the rows of `uids` uids, at most.
pub(crate) fn load_graph<W: WeightInfo>(uids: u32) -> Weight {
	let rows = times(W::load_rows(row_pages(uids)), LOAD_MARGIN);
	W::load_registered(registered_pages(uids)).saturating_add(rows)
}

/// The same for rows that turned out to have `edges` edges in all: never more than
/// [`load_graph`].
pub(crate) fn load_graph_of<W: WeightInfo>(uids: u32, edges: u32) -> Weight {
	let pages = row_pages(uids);
	let empty = W::load_empty_rows(pages);
	let most = pages.saturating_mul(EDGES_PER_PAGE).max(1);
	let packing = W::load_rows(pages).saturating_sub(empty);
	let packing = times(packing, (edges.min(most).into(), most.into()));
	let rows = times(empty.saturating_add(packing), LOAD_MARGIN);
	W::load_registered(registered_pages(uids)).saturating_add(rows)
}

/// `weight · over / under`, rounded up.
fn times(weight: Weight, (over, under): (u64, u64)) -> Weight {
	let of = |part: u64| {
		let product = u128::from(part) * u128::from(over);
		product.div_ceil(u128::from(under.max(1))).min(u128::from(u64::MAX)) as u64
	};
	Weight::from_parts(of(weight.ref_time()), of(weight.proof_size()))
}

/// `Sweep`: what a call of the engine costs beside its visits.
pub(crate) fn sweep_base<W: WeightInfo>() -> Weight {
	W::sweep(0)
}

/// The price of edge visits with the margin: a weight, and how many it pays for.
fn visit_price<W: WeightInfo>() -> (Weight, u64) {
	let (over, under) = SWEEP_MARGIN;
	let weight = slope(W::sweep, MANY_VISITS).saturating_mul(over);
	(weight, u64::from(MANY_VISITS).saturating_mul(under))
}

/// `Sweep`: what `visits` edge visits cost, with the margin.
pub(crate) fn visits<W: WeightInfo>(visits: u64) -> Weight {
	let (price, many) = visit_price::<W>();
	times(price, (visits, many))
}

/// The most edge visits that cost no more than `weight`.
pub(crate) fn affordable_visits<W: WeightInfo>(weight: Weight) -> u64 {
	let (price, many) = visit_price::<W>();
	let of = |weight: u64, price: u64| match price {
		0 => u64::MAX,
		_ => {
			let visits = u128::from(weight) * u128::from(many) / u128::from(price);
			visits.min(u128::from(u64::MAX)) as u64
		}
	};
	of(weight.ref_time(), price.ref_time()).min(of(weight.proof_size(), price.proof_size()))
}

/// `Sweep`: what is sure to get past one window of rows.
pub(crate) fn one_window<W: WeightInfo>() -> Weight {
	sweep_base::<W>().saturating_add(visits::<W>(contribution::MAX_STEP_COST))
}
