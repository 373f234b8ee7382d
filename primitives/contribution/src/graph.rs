//! All rows of one solve, packed: four bytes per edge.
//!
//! ```text
//!   ends     [ 2,           3,    3,  ... ]    one u32 per row: where its edges end
//!   targets  [ 5,     9,    0,        ... ]    one u16 per edge
//!   shares   [ 16384, 512,  40000,    ... ]    one u16 per edge, out of 65,536
//!              └─ row 0 ─┘  row 1  row 2 is empty: it keeps all its mass
//! ```
//!
//! # Invariants, for any input
//!
//! - every target is below [`Graph::components`] and is not the row's own uid;
//! - a row has at most [`MAX_EDGES`] edges, and no edge of share 0;
//! - the shares of a row sum to at most `SHARE_ONE - MIN_SELF_SHARE`.
//!
//! So the sweep needs no checks, and its cost follows from the number of edges.

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
	/// Creates a graph of `components` uids (0 to `components - 1`; at most [`MAX_COMPONENTS`]) with
	/// empty rows and capacity for `edges` edges in total.
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
	/// If one slice is longer, its excess is ignored. See [`Graph::push_edges`] for the edges that
	/// count.
	pub fn push_row(&mut self, targets: &[u16], shares: &[u16], counts: impl FnMut(u16) -> bool) {
		self.push_edges(targets.iter().copied().zip(shares.iter().copied()), counts);
	}

	/// Appends the row of the next uid. Each edge `(target, share)` gives a share out of 65,536 to a
	/// target.
	///
	/// An edge counts if it is well-formed and `counts(target)` is true. Other edges are dropped and
	/// their shares stay with the owner of the row: edges to itself, to a uid outside the graph, of
	/// share 0, beyond the first [`MAX_EDGES`] that count, or that would leave the owner less than
	/// [`MIN_SELF_SHARE`]. Equal targets add up. A row beyond the last uid is ignored.
	///
	/// `counts` is called only for well-formed edges.
	pub fn push_edges(
		&mut self,
		edges: impl IntoIterator<Item = (u16, u16)>,
		mut counts: impl FnMut(u16) -> bool,
	) {
		let uid = self.ends.len();
		if uid >= self.components {
			return;
		}
		// Collected first and copied at once, so that the vectors do not grow edge by edge.
		let (mut targets, mut shares) = ([0; MAX_EDGES], [0; MAX_EDGES]);
		let mut kept = 0;
		let mut left = SHARE_ONE - MIN_SELF_SHARE;
		for (target, share) in edges {
			let to = usize::from(target);
			if share == 0 || to == uid || to >= self.components || !counts(target) {
				continue;
			}
			let Some(rest) = left.checked_sub(u32::from(share)) else { continue };
			let (Some(to), Some(of)) = (targets.get_mut(kept), shares.get_mut(kept)) else { break };
			(*to, *of) = (target, share);
			(left, kept) = (rest, kept + 1);
		}
		self.targets.extend_from_slice(targets.get(..kept).unwrap_or_default());
		self.shares.extend_from_slice(shares.get(..kept).unwrap_or_default());
		// At most 65,536 rows of 64 edges.
		self.ends.push(self.targets.len() as u32);
	}

	/// The number of uids, with or without rows.
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

	/// The targets and the shares of a row, of equal length. Both are empty if `uid` has no row.
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
