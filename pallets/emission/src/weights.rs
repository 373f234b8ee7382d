//! Weights of calls and steps: the trait that the benchmarks implement, and the budgets that the
//! state machine derives from it.
//!
//! ```text
//!   benchmarking ──(benchmarking CLI)──► runtime: WeightInfo, one function per call and step
//!                                                     │
//!                       slopes: a visit, a row, a page ◄──┘──► phases: work that fits the block
//! ```
//!
//! The weight of a step is linear in its amount of work, plus a constant. The machine charges the
//! constant once and the slope per unit of work. Edge visits have a margin, [`SWEEP_MARGIN`], because
//! their time depends on the machine's caches if the vector is large.
//!
//! A call declares what it causes later together with its own work.
//!
//! The proof size is 0: a solo chain has no proofs.

use crate::{
	pages::{registered_pages, row_pages},
	types::EDGES_PER_PAGE,
};
use frame_support::weights::Weight;

/// Maximum weight of each call and each step of the state machine.
pub trait WeightInfo {
	/// `register`.
	fn register() -> Weight;
	/// `deregister`.
	fn deregister() -> Weight;
	/// `set_endpoint`.
	fn set_endpoint() -> Weight;
	/// `set_service_key`.
	fn set_service_key() -> Weight;
	/// `accept_service_key`.
	fn accept_service_key() -> Weight;
	/// `resign_service_key`.
	fn resign_service_key() -> Weight;
	/// `offer_component`.
	fn offer_component() -> Weight;
	/// `accept_component`.
	fn accept_component() -> Weight;
	/// `remove_dead`.
	fn remove_dead() -> Weight;
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
	/// `set_parameters`.
	fn set_parameters() -> Weight;
	/// `abort_solve`, of a solve of 65,536 components that spans blocks.
	fn abort_solve() -> Weight;

	/// Every block: read the state of the machine and write it back.
	fn poll() -> Weight;
	/// `Merge`: read the ends of the queue of leaving components and write them back.
	fn leaving_queue() -> Weight;
	/// `Merge`: remove a component.
	fn merge_leaving() -> Weight;
	/// Read this many pages of registrations.
	fn load_registered(pages: u32) -> Weight;
	/// `Merge`: read the marks of pending rows of 512 row pages and write them back.
	fn pending_page() -> Weight;
	/// `Merge`: make this many pending rows of 64 edges active, in one row page.
	fn merge_rows(rows: u32) -> Weight;
	/// `Begin`: read this many pages of stakes and start a solve.
	fn begin(pages: u32) -> Weight;
	/// Read and pack this many row pages whose rows are empty.
	fn load_empty_rows(row_pages: u32) -> Weight;
	/// Read and pack this many full row pages.
	fn load_rows(row_pages: u32) -> Weight;
	/// `Sweep`: this many edge visits as the engine counts them; rows have a price too.
	fn sweep(visits: u32) -> Weight;
	/// Save both vectors of a solve, this many pieces each.
	fn save_vectors(pieces: u32) -> Weight;
	/// Load both vectors of a solve, this many pieces each.
	fn load_vectors(pieces: u32) -> Weight;
	/// Remove both vectors of a solve, this many pieces each.
	fn clear_vectors(pieces: u32) -> Weight;
	/// `Emit`: mint.
	fn emit_mint() -> Weight;
	/// `Emit`: load one piece of the contributions.
	fn load_piece() -> Weight;
	/// `Emit`: pay 512 uids.
	fn emit_page() -> Weight;
	/// `Emit`: close the epoch.
	fn emit_end() -> Weight;
}

/// `deregister`, with the removal that it causes in a later epoch.
pub(crate) fn deregister<W: WeightInfo>() -> Weight {
	W::deregister().saturating_add(W::merge_leaving())
}

/// `remove_dead`, with the removal that it causes in a later epoch.
pub(crate) fn remove_dead<W: WeightInfo>() -> Weight {
	W::remove_dead().saturating_add(W::merge_leaving())
}

/// `post_row` with this many edges, with the merge that it causes in the next epoch, alone in its page.
pub(crate) fn post_row<W: WeightInfo>(edges: u32) -> Weight {
	W::post_row(edges).saturating_add(W::merge_rows(1))
}

/// `set_edge`, with the merge that it causes in the next epoch, alone in its page.
pub(crate) fn set_edge<W: WeightInfo>() -> Weight {
	W::set_edge().saturating_add(W::merge_rows(1))
}

/// Weight of an edge visit as a multiple of its measured time: 3/2.
pub const SWEEP_MARGIN: (u64, u64) = (3, 2);

/// Weight of reading and packing rows as a multiple of its measured time: 3/2. A benchmark reads its
/// pages from memory; a node reads 2,048 pages of 8 KiB from its database and caches.
pub const LOAD_MARGIN: (u64, u64) = (3, 2);

/// Enough visits for a precise slope in whole picoseconds.
const MANY_VISITS: u32 = 3_000_000;

/// The slope of a weight function from 0 to `count` units.
fn slope(weight: impl Fn(u32) -> Weight, count: u32) -> Weight {
	weight(count).saturating_sub(weight(0))
}

/// Maximum weight to read the registrations and pack the rows of `uids` uids.
pub(crate) fn load_graph<W: WeightInfo>(uids: u32) -> Weight {
	let rows = times(W::load_rows(row_pages(uids)), LOAD_MARGIN);
	W::load_registered(registered_pages(uids)).saturating_add(rows)
}

/// Weight to read the registrations and pack the rows of `uids` uids with `edges` edges in total; at
/// most [`load_graph`].
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

/// `Sweep`: weight of a call of the engine without visits.
pub(crate) fn sweep_base<W: WeightInfo>() -> Weight {
	W::sweep(0)
}

/// The price of edge visits with the margin: a weight, and the number of visits that it pays for.
fn visit_price<W: WeightInfo>() -> (Weight, u64) {
	let (over, under) = SWEEP_MARGIN;
	let weight = slope(W::sweep, MANY_VISITS).saturating_mul(over);
	(weight, u64::from(MANY_VISITS).saturating_mul(under))
}

/// `Sweep`: weight of `visits` edge visits, with the margin.
pub(crate) fn visits<W: WeightInfo>(visits: u64) -> Weight {
	let (price, many) = visit_price::<W>();
	times(price, (visits, many))
}

/// Maximum number of edge visits that `weight` pays for.
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

/// `Sweep`: weight that suffices for one window of rows.
pub(crate) fn one_window<W: WeightInfo>() -> Weight {
	sweep_base::<W>().saturating_add(visits::<W>(contribution::MAX_STEP_COST))
}
