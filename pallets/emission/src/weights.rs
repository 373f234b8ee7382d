//! What calls and steps cost. **Provisional**: formulas from the database's read and write weights
//! and times measured by hand, to be replaced by benchmarks of the runtime.
//!
//! | constant | value | where from |
//! |---|---|---|
//! | a call beside its database work | 30 µs | signatures and dispatch are in the base weight; decoding and checks measured below 10 µs natively, three times that for WebAssembly |
//! | an edge of a posted row | 0.5 µs | two scans over at most 64 edges |
//! | an edge visit of the sweep | 6 ns | measured natively 0.5 (4,096 components) to 1.3 ns (65,536); planned 3 ns in WebAssembly, doubled |
//! | a byte read from or written to the database | 1 ns | slope of published weights of pages of 16 to 64 KiB |
//! | a payout | 0.2 µs | two 128-bit divisions in software |
//!
//! The proof size is 0: a solo chain has none.

use crate::types::{EDGES_PER_PAGE, ENTRIES_PER_PAGE, ENTRIES_PER_PIECE, ROWS_PER_PAGE};
use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{RuntimeDbWeight, Weight},
};

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
	/// `post_row` with this many edges; the later write of its row page is in it.
	fn post_row(edges: u32) -> Weight;
	/// `set_edge`; the later write of the row page is in it.
	fn set_edge() -> Weight;

	/// To see what there is to do, and to store how far it came; in every block.
	fn poll() -> Weight;
	/// To read the list of leaving components among 512 uids.
	fn leaving_page() -> Weight;
	/// `Merge`: to remove a component.
	fn merge_leaving() -> Weight;
	/// `Merge`: to read this many pages of registrations.
	fn load_registered(pages: u32) -> Weight;
	/// `Merge`: to take over a pending row.
	fn merge_row() -> Weight;
	/// `Begin`: to read this many pages of stakes and to start a solve.
	fn begin(pages: u32) -> Weight;
	/// To read and pack this many row pages, and to read this many pages of registrations.
	fn load_graph(row_pages: u32, pages: u32) -> Weight;
	/// `Sweep`: one edge visit.
	fn visit() -> Weight;
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
	/// `Emit`: to pay 512 uids.
	fn emit_page() -> Weight;
	/// `Emit`: to pay one component that is leaving.
	fn emit_leaving() -> Weight;
	/// `Emit`: to close the epoch.
	fn emit_end() -> Weight;
}

/// Picoseconds of a call beside its database work.
const CALL: u64 = 30_000_000;
/// Picoseconds per edge of a posted row.
const POSTED_EDGE: u64 = 500_000;
/// Picoseconds of one edge visit.
const VISIT: u64 = 6_000;
/// Picoseconds per byte read or written.
const BYTE: u64 = 1_000;
/// Picoseconds of one payout.
const PAYOUT: u64 = 200_000;
/// Bytes of a page of 512 64-bit entries.
const PAGE: u64 = 8 * ENTRIES_PER_PAGE as u64;
/// Bytes of a page of 512 registrations.
const REGISTERED_PAGE: u64 = 4 * ENTRIES_PER_PAGE as u64;
/// Bytes of a full row page.
const ROW_PAGE: u64 = 1 + 6 * ROWS_PER_PAGE as u64 + 2 * 2 + 4 * EDGES_PER_PAGE as u64;
/// Bytes of a piece of a vector.
const PIECE: u64 = 8 * ENTRIES_PER_PIECE as u64;

/// `ps` picoseconds of computing.
const fn time(ps: u64) -> Weight {
	Weight::from_parts(ps, 0)
}

/// The provisional weights over a database's read and write weights.
pub struct FormulaWeight<Db>(PhantomData<Db>);

impl<Db: Get<RuntimeDbWeight>> FormulaWeight<Db> {
	/// `reads` and `writes` of values that hold `bytes` bytes in all.
	fn database(reads: u64, writes: u64, bytes: u64) -> Weight {
		Db::get().reads_writes(reads, writes).saturating_add(time(BYTE.saturating_mul(bytes)))
	}

	fn call(reads: u64, writes: u64, bytes: u64) -> Weight {
		time(CALL).saturating_add(Self::database(reads, writes, bytes))
	}

	fn each(unit: Weight, count: u32) -> Weight {
		unit.saturating_mul(count.into())
	}
}

impl<Db: Get<RuntimeDbWeight>> WeightInfo for FormulaWeight<Db> {
	fn register() -> Weight {
		// Both lookups, parameters, epoch, queue, free uid, uid space, two service key lookups,
		// account and hold, registration page; the writes of what is new.
		Self::call(12, 10, 2 * REGISTERED_PAGE)
	}

	fn deregister() -> Weight {
		Self::call(7, 6, 2 * PAGE + 2 * REGISTERED_PAGE)
	}

	fn set_endpoint() -> Weight {
		Self::call(3, 1, 512)
	}

	fn set_service_key() -> Weight {
		Self::call(4, 3, 512)
	}

	fn stake() -> Weight {
		Self::call(6, 3, 2 * PAGE)
	}

	fn unstake() -> Weight {
		Self::call(6, 2, 2 * PAGE)
	}

	fn withdraw_unbonded() -> Weight {
		Self::call(4, 3, 1_024)
	}

	fn post_row(edges: u32) -> Weight {
		// Each edge can be in a page of registrations of its own.
		Self::call(8, 2, PAGE + 2 * ROW_PAGE)
			.saturating_add(Self::each(time(POSTED_EDGE), edges))
			.saturating_add(Self::each(Self::database(1, 0, REGISTERED_PAGE), edges))
	}

	fn set_edge() -> Weight {
		Self::post_row(crate::types::MAX_EDGES)
	}

	fn poll() -> Weight {
		Self::database(4, 2, 1_024)
	}

	fn leaving_page() -> Weight {
		Self::database(1, 1, 2 * REGISTERED_PAGE)
	}

	fn merge_leaving() -> Weight {
		time(CALL).saturating_add(Self::database(
			11,
			13,
			4 * PAGE + 2 * REGISTERED_PAGE + 2 * ROW_PAGE,
		))
	}

	fn load_registered(pages: u32) -> Weight {
		Self::each(Self::database(1, 0, REGISTERED_PAGE), pages)
	}

	fn merge_row() -> Weight {
		// The key is sought, then the row is read and removed; its page is read and written.
		time(CALL).saturating_add(Self::database(3, 2, 2 * ROW_PAGE))
	}

	fn begin(pages: u32) -> Weight {
		let read = Self::database(1, 0, PAGE).saturating_add(time(50_000_000));
		Self::database(4, 1, 256).saturating_add(Self::each(read, pages))
	}

	fn load_graph(row_pages: u32, pages: u32) -> Weight {
		let edges = time(VISIT.saturating_mul(EDGES_PER_PAGE.into()));
		Self::each(Self::database(1, 0, ROW_PAGE).saturating_add(edges), row_pages)
			.saturating_add(Self::load_registered(pages))
	}

	fn visit() -> Weight {
		time(VISIT)
	}

	fn save_vectors(pieces: u32) -> Weight {
		Self::each(Self::database(0, 2, 2 * PIECE), pieces)
	}

	fn load_vectors(pieces: u32) -> Weight {
		Self::each(Self::database(2, 0, 2 * PIECE), pieces)
	}

	fn clear_vectors(pieces: u32) -> Weight {
		Self::each(Self::database(0, 2, 0), pieces)
	}

	fn emit_mint() -> Weight {
		time(CALL).saturating_add(Self::database(3, 3, 256))
	}

	fn load_piece() -> Weight {
		Self::database(1, 0, PIECE)
	}

	fn emit_page() -> Weight {
		let payouts = PAYOUT.saturating_mul(ENTRIES_PER_PAGE.into());
		time(payouts).saturating_add(Self::database(1, 2, 3 * PAGE))
	}

	fn emit_leaving() -> Weight {
		Self::database(4, 1, 1_024)
	}

	fn emit_end() -> Weight {
		Self::database(1, 2, 256)
	}
}
