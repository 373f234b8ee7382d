//! What a sweep takes at a time: 32 rows that follow one another, of which it visits the heavy ones.
//!
//! ```text
//!    uid     64  65  66  67  68  69  70  71  72  ...  95
//!    r       ▇   ▁   ▆   ▇   ▁   ▁   ▅   ▁   ▇        ▁      floor ┄┄▂┄┄
//!    heavy   1   0   1   1   0   0   1   0   1        0      first look: 4 runs are visited
//!    heavy   -   0   -   -   0   1   -   0   -        0      second look: 69 got mass from them
//!    heavy   -   0   -   -   0   -   -   0   -        0      third look: the window is done
//! ```
//!
//! One *look* finds all rows of the window that are heavy and were not visited yet in this sweep,
//! without a branch that depends on the mass: a processor cannot foresee such branches in a network
//! whose mass lies in random places, and would begin each visit late. Then they are visited in uid
//! order, and the next look follows, until one finds none or all rows were visited.
//!
//! A look also tells which rows are needed before any of them is: where they are few, and so lie apart
//! in memory, their edges are fetched all at once.
//!
//! # Prices
//!
//! All are in edge visits, which take about as long as one another.
//!
//! | what | price | why |
//! |---|---|---|
//! | a look | [`LOOK_COST`] | 32 masses are read and compared |
//! | a run of rows that it finds | [`RUN_COST`] | they lie apart in memory from the run before |
//! | a row of `e` edges | [`ROW_COST`]` + e` | |
//!
//! So a window that holds nothing costs one look, and a whole one a look, a run and 32 rows.

use crate::{Graph, MAX_EDGES};

/// The rows of one window. A solve can pause before any window, and nowhere else.
pub const WINDOW: usize = u32::BITS as usize;

/// What it costs to find the heavy rows of a window, in edge visits.
pub const LOOK_COST: u64 = 32;

/// What a run of heavy rows costs beside them, in edge visits.
pub const RUN_COST: u64 = 40;

/// What visiting a row costs beside its edges, in edge visits.
pub const ROW_COST: u64 = 6;

/// The most that it costs to get past one window, in edge visits: each look finds one row, of as many
/// edges as it may have. With this budget a solve goes on.
pub const MAX_STEP_COST: u64 = WINDOW as u64 * (LOOK_COST + RUN_COST + ROW_COST + MAX_EDGES as u64);

/// A row is light, and passed over, while it holds at most `Σ r >> LIGHT_BITS`: a quarter of the
/// mean of [`MAX_COMPONENTS`](crate::MAX_COMPONENTS) rows, so that all light rows together hold at
/// most a quarter of the residual.
pub const LIGHT_BITS: u32 = 18;

/// Some rows of a window; as an iterator, their places in it from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows(u32);

impl Rows {
	/// All rows of a window.
	pub(crate) const ALL: Self = Self(u32::MAX);

	#[inline(always)]
	pub(crate) fn is_empty(self) -> bool {
		self.0 == 0
	}

	/// Takes those that hold more than `floor`; `mass` is what each row of the window holds.
	#[inline(always)]
	pub(crate) fn take_above(&mut self, floor: u64, mass: &[u64; WINDOW]) -> Self {
		let bit = |(k, &mass): (usize, &u64)| u32::from(mass > floor) << k;
		let taken = self.0 & mass.iter().enumerate().map(bit).fold(0, |a, b| a | b);
		self.0 &= !taken;
		Self(taken)
	}

	/// What it costs to have found these rows of the window from uid `first` on, and to visit them.
	#[inline(always)]
	pub(crate) fn cost(self, first: usize, graph: &Graph) -> u64 {
		let runs = (self.0 & !(self.0 << 1)).count_ones();
		let rows = self.map(|row| ROW_COST + graph.row(first + row).0.len() as u64);
		LOOK_COST + u64::from(runs) * RUN_COST + rows.sum::<u64>()
	}

	/// Reads a word of each line of memory in which the edges of these rows lie, so that all are on
	/// their way before the first of them is needed.
	///
	/// Only where they are at most half of the window: a processor fetches rows that follow one
	/// another by itself, and reading them twice would only cost.
	#[inline(always)]
	pub(crate) fn fetch(self, first: usize, graph: &Graph) {
		if self.0.count_ones() as usize > WINDOW / 2 {
			return;
		}
		let word = |edges: &[u16], at: usize| edges.get(at).copied().unwrap_or_default();
		let mut words = 0;
		for row in self {
			let (targets, shares) = graph.row(first + row);
			// 64 edges of two bytes are in three lines of 64 bytes at most.
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
