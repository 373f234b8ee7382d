//! The seeded graphs that every measurement of the contribution engine uses, and their file format.
//!
//! Figures can only be compared on the same input. So there is one generator, and one file that
//! contenders in any language read:
//!
//! ```text
//!   generate(shape, n, 64, SEED) ──► Case ──to_bytes──► BTGRAPH1 file ──► native, wasm, Python
//!                                     │
//!        stakes   [ S_0, S_1, … ]     one u64 per component, in units of the token
//!        ends     [ 64, 128, … ]      one u32 per component: where its edges end
//!        targets  [ 5, 9, … ]         one u16 per edge, ascending within a row
//!        shares   [ 16384, 512, … ]   one u16 per edge, out of 65,536
//! ```
//!
//! # Invariants
//!
//! Of every case that [`generate`] makes and [`Case::from_bytes`] accepts:
//!
//! 1. There are at most [`MAX_COMPONENTS`] components and at most [`MAX_EDGES`] edges in a row.
//! 2. Targets are components, ascend strictly within a row (so none comes twice), and are not the
//!    row's own uid.
//! 3. No share is 0, and those of a row sum to at most [`MAX_GIVEN`]: 1/8 stays with its owner.
//!
//! And of [`generate`]: the same arguments give the same bits on every machine. It computes with
//! integers only, since a power or a logarithm of floats differs between libraries.
//!
//! ```
//! use bittensor_bench_graphs::{generate, Case, Shape, SEED};
//!
//! let case = generate(Shape::Z, 100, 8, SEED);
//! assert_eq!((case.components(), case.edges()), (100, 800));
//! assert_eq!(Case::from_bytes(&case.to_bytes()), Ok(case));
//! ```
//!
//! Without the feature `std` the crate only reads and writes the format.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "std")]
mod clock;
mod digest;
mod format;
#[cfg(feature = "std")]
mod generate;
mod shape;

#[cfg(feature = "std")]
pub use clock::timed;
pub use digest::{digest, Pinned, PINNED, PINNED_SIGMA};
pub use format::FormatError;
#[cfg(feature = "std")]
pub use generate::{generate, SEED};
pub use shape::{Shape, UnknownShape};

pub use contribution::{MAX_COMPONENTS, MAX_EDGES};

use alloc::vec::Vec;
use contribution::{Graph, MIN_SELF_SHARE, SHARE_ONE};

/// The most that a row may give away, out of 65,536: all but 1/8.
pub const MAX_GIVEN: u32 = SHARE_ONE - MIN_SELF_SHARE;

/// A graph with the stakes to start from. See the [crate] for the picture and what holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
	/// The stake of each component, in units of the token.
	pub stakes: Vec<u64>,
	/// `ends[i]`: how many edges the rows `0..=i` have in all.
	pub ends: Vec<u32>,
	/// The target of each edge.
	pub targets: Vec<u16>,
	/// The share of each edge, out of 65,536.
	pub shares: Vec<u16>,
}

impl Case {
	/// The number of components; each has a stake and a row, if only an empty one.
	pub fn components(&self) -> usize {
		self.stakes.len()
	}

	/// The number of edges of all rows.
	pub fn edges(&self) -> usize {
		self.targets.len()
	}

	/// The targets and shares of a row; both empty if there is no such row.
	pub fn row(&self, uid: usize) -> (&[u16], &[u16]) {
		let end_of = |uid: usize| self.ends.get(uid).map_or(0, |&end| end as usize);
		let start = uid.checked_sub(1).map_or(0, end_of);
		let range = start..end_of(uid);
		(
			self.targets.get(range.clone()).unwrap_or_default(),
			self.shares.get(range).unwrap_or_default(),
		)
	}

	/// All rows, packed as the engine has them.
	pub fn graph(&self) -> Graph {
		let mut graph = Graph::with_capacity(self.components(), self.edges());
		for uid in 0..self.components() {
			let (targets, shares) = self.row(uid);
			graph.push_row(targets, shares, |_| true);
		}
		graph
	}

	/// What row `uid` keeps, `d_i`, out of 65,536.
	pub fn self_share(&self, uid: usize) -> u32 {
		let (_, shares) = self.row(uid);
		SHARE_ONE.saturating_sub(shares.iter().map(|&share| u32::from(share)).sum())
	}
}
