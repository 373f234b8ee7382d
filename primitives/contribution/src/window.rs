//! The unit of work of a sweep: a window of 32 consecutive rows, of which the sweep visits those above
//! the threshold.
//!
//! ```text
//!    uid     64  65  66  67  68  69  70  71  72  ...  95
//!    r       ▇   ▁   ▆   ▇   ▁   ▁   ▅   ▁   ▇        ▁      floor ┄┄▂┄┄
//!    above   1   0   1   1   0   0   1   0   1        0      first look: 4 runs are visited
//!    above   -   0   -   -   0   1   -   0   -        0      second look: 69 received mass from them
//!    above   -   0   -   -   0   -   -   0   -        0      third look: the window is done
//! ```
//!
//! One *look* finds all rows of the window that are above the threshold and not visited yet in this
//! sweep. It has no branch that depends on the mass: where mass lies in random places, a processor
//! mispredicts such branches and starts each visit late. The rows found are visited in uid order. Then
//! the next look follows, until a look finds no row or all rows were visited.
//!
//! A look also shows in advance which rows are needed. If they are few, and so lie apart in memory,
//! their edges are fetched together.
//!
//! # Prices
//!
//! The unit is one edge visit; all edge visits take about the same time.
//!
//! | what | price | why |
//! |---|---|---|
//! | a look | [`LOOK_COST`] | it reads and compares 32 masses |
//! | a run of found rows | [`RUN_COST`] | it lies apart in memory from the previous run |
//! | a row of `e` edges | [`ROW_COST`]` + e` | |
//!
//! An empty window costs one look; a full one costs a look, a run and 32 rows.

use crate::{Graph, MAX_EDGES};

/// Number of rows in a window. A solve can pause only between two windows.
pub const WINDOW: usize = u32::BITS as usize;

/// Price of one look at a window, in edge visits.
pub const LOOK_COST: u64 = 32;

/// Price of a run of consecutive found rows, in addition to the rows, in edge visits.
pub const RUN_COST: u64 = 40;

/// Price of visiting a row, in addition to its edges, in edge visits.
pub const ROW_COST: u64 = 6;

/// Maximum price of one window, in edge visits: each look finds a single row with the maximum number
/// of edges. A solve pauses when its budget is below this.
pub const MAX_STEP_COST: u64 = WINDOW as u64 * (LOOK_COST + RUN_COST + ROW_COST + MAX_EDGES as u64);

/// The threshold is `Σ r >> THRESHOLD_BITS`: a row that holds at most this is skipped. It is a quarter
/// of the mean of [`MAX_COMPONENTS`](crate::MAX_COMPONENTS) rows, so all skipped rows together hold at
/// most a quarter of the residual.
pub const THRESHOLD_BITS: u32 = 18;

/// A set of rows of a window. Iterates over their positions in the window, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows(u32);

impl Rows {
	/// All rows of a window.
	pub(crate) const ALL: Self = Self(u32::MAX);

	#[inline(always)]
	pub(crate) fn is_empty(self) -> bool {
		self.0 == 0
	}

	/// Removes and returns the rows that hold more than `floor`; `mass` is the mass of each row of the
	/// window.
	#[inline(always)]
	pub(crate) fn take_above(&mut self, floor: u64, mass: &[u64; WINDOW]) -> Self {
		let bit = |(k, &mass): (usize, &u64)| u32::from(mass > floor) << k;
		let taken = self.0 & mass.iter().enumerate().map(bit).fold(0, |a, b| a | b);
		self.0 &= !taken;
		Self(taken)
	}

	/// Price of finding these rows in the window that starts at uid `first`, and of visiting them.
	#[inline(always)]
	pub(crate) fn cost(self, first: usize, graph: &Graph) -> u64 {
		let runs = (self.0 & !(self.0 << 1)).count_ones();
		let rows = self.map(|row| ROW_COST + graph.row(first + row).0.len() as u64);
		LOOK_COST + u64::from(runs) * RUN_COST + rows.sum::<u64>()
	}

	/// Reads one word of each cache line that holds edges of these rows, so that the lines load in
	/// parallel before the first one is needed.
	///
	/// Does so only for at most half of the window: the processor prefetches consecutive rows by
	/// itself, and reading them twice costs time.
	#[inline(always)]
	pub(crate) fn fetch(self, first: usize, graph: &Graph) {
		if self.0.count_ones() as usize > WINDOW / 2 {
			return;
		}
		let word = |edges: &[u16], at: usize| edges.get(at).copied().unwrap_or_default();
		let mut words = 0;
		for row in self {
			let (targets, shares) = graph.row(first + row);
			// 64 edges of two bytes span at most three lines of 64 bytes.
			for at in [0, MAX_EDGES / 2, targets.len().saturating_sub(1)] {
				words ^= word(targets, at) ^ word(shares, at);
			}
		}
		core::hint::black_box(words);
	}
}

impl Iterator for Rows {
	type Item = usize;

	#[inline(always)]
	fn next(&mut self) -> Option<usize> {
		if self.is_empty() {
			return None;
		}
		let row = self.0.trailing_zeros() as usize;
		self.0 &= self.0 - 1;
		Some(row)
	}
}
