//! All rows of one solve, packed: four bytes per edge.
//!
//! ```text
//!   ends     [ 2,           3,    3,  ... ]    one u32 per row: where its edges end
//!   targets  [ 5,     9,    0,        ... ]    one u16 per edge
//!   shares   [ 16384, 512,  40000,    ... ]    one u16 per edge, out of 65,536
//!              └─ row 0 ─┘  row 1  row 2 is empty: it keeps all it gets
//! ```
//!
//! # Invariants, whatever was pushed
//!
//! - every target is below [`Graph::components`] and is not the row's own uid;
//! - a row has at most [`MAX_EDGES`] edges, none of share 0;
//! - the shares of a row sum to at most `SHARE_ONE - MIN_SELF_SHARE`.
//!
//! So the sweep needs no checks of its own, and its cost is known from the number of edges.

use crate::{MAX_COMPONENTS, MAX_EDGES, MIN_SELF_SHARE, SHARE_ONE};
use alloc::vec::Vec;

/// The rows of all components, in uid order. See the [module](self) for layout and invariants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
	components: usize,
	ends: Vec<u32>,
	targets: Vec<u16>,
	shares: Vec<u16>,
}

impl Graph {
	/// A graph of `components` uids (0 to `components - 1`; at most [`MAX_COMPONENTS`]), all rows
	/// empty, with room for `edges` edges in all.
	///
	/// `components` is a bound, not a hint: edges to a uid outside it are dropped. `edges` is a
	/// hint.
	pub fn with_capacity(components: usize, edges: usize) -> Self {
		let components = components.min(MAX_COMPONENTS);
		let edges = edges.min(components * MAX_EDGES);
		Self {
			components,
			ends: Vec::with_capacity(components),
			targets: Vec::with_capacity(edges),
			shares: Vec::with_capacity(edges),
		}
	}

	/// Appends the row of the next uid: edge `k` gives `shares[k]` out of 65,536 to `targets[k]`.
	///
	/// An edge counts only if it is well-formed and `counts(target)` is true; any other is dropped,
	/// so that its share stays with the owner of the row: an edge to itself, to a uid outside the
	/// graph, of share 0, without a partner in the other slice, beyond the first [`MAX_EDGES`] that
	/// count, or one that would leave the owner less than [`MIN_SELF_SHARE`]. Equal targets add
	/// up. A row beyond the last uid is ignored.
	///
	/// `counts` is asked only for edges that are well-formed by themselves, perhaps twice; it must
	/// give the same answer again.
	pub fn push_row(
		&mut self,
		targets: &[u16],
		shares: &[u16],
		mut counts: impl FnMut(u16) -> bool,
	) {
		let uid = self.ends.len();
		if uid >= self.components {
			return;
		}
		if self.is_good(uid, targets, shares, &mut counts) {
			self.targets.extend_from_slice(targets);
			self.shares.extend_from_slice(shares);
		} else {
			self.push_edges(uid, targets, shares, counts);
		}
		// At most 65,536 rows of 64 edges.
		self.ends.push(self.targets.len() as u32);
	}

	/// Whether every edge of a row counts, as those of posted rows do: then the row is copied as it
	/// is, which takes a third of the time.
	fn is_good(
		&self,
		uid: usize,
		targets: &[u16],
		shares: &[u16],
		mut counts: impl FnMut(u16) -> bool,
	) -> bool {
		if targets.len() != shares.len() || targets.len() > MAX_EDGES {
			return false;
		}
		let mut sum = 0u32;
		for (&target, &share) in targets.iter().zip(shares) {
			let to = usize::from(target);
			if share == 0 || to == uid || to >= self.components || !counts(target) {
				return false;
			}
			sum += u32::from(share);
		}
		sum <= SHARE_ONE - MIN_SELF_SHARE
	}

	/// Appends those edges of a row that count.
	fn push_edges(
		&mut self,
		uid: usize,
		targets: &[u16],
		shares: &[u16],
		mut counts: impl FnMut(u16) -> bool,
	) {
		let start = self.targets.len();
		let mut left = SHARE_ONE - MIN_SELF_SHARE;
		for (&target, &share) in targets.iter().zip(shares) {
			let to = usize::from(target);
			if share == 0 || to == uid || to >= self.components || !counts(target) {
				continue;
			}
			let Some(rest) = left.checked_sub(u32::from(share)) else { continue };
			if self.targets.len() - start == MAX_EDGES {
				break;
			}
			left = rest;
			self.targets.push(target);
			self.shares.push(share);
		}
	}

	/// The number of uids, with rows or without.
	pub fn components(&self) -> usize {
		self.components
	}

	/// The number of rows pushed so far: the uid of the next one.
	pub fn rows(&self) -> usize {
		self.ends.len()
	}

	/// The number of edges of all rows.
	pub fn edges(&self) -> usize {
		self.targets.len()
	}

	/// The targets and the shares of a row, of equal length; both empty if `uid` has no row.
	pub fn row(&self, uid: usize) -> (&[u16], &[u16]) {
		let start = match uid.checked_sub(1) {
			None => 0,
			Some(before) => self.ends.get(before).map_or(0, |&end| end as usize),
		};
		let end = self.ends.get(uid).map_or(start, |&end| end as usize);
		(
			self.targets.get(start..end).unwrap_or_default(),
			self.shares.get(start..end).unwrap_or_default(),
		)
	}
}
