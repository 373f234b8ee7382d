//! When posting a row is due, and for how long a posted row counts.
//!
//! ```text
//!   epoch      1        2 ............ 1 + ⌈L/2⌉ ............ 1 + L      2 + L
//!   row        posted   active, live     heartbeat due        live       not live
//!                       └ a new one is due if it moves by 1 % of a row ┘
//! ```
//!
//! The chain refunds the fee of a post that is due, and a client posts only then; both ask [`due`].
//! `L` is the row lifetime in epochs, 0 for no limit.

use crate::{self_share, Edge, SHARE_ONE};

/// A row has moved if this much of it, out of [`SHARE_ONE`], has another target: 1 %, rounded up.
pub const MOVED: u32 = SHARE_ONE.div_ceil(100);

/// Why posting a row is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
	/// The component has no row.
	First,
	/// The row has moved by [`MOVED`] or more.
	Moved {
		/// How far: [`distance`], out of [`SHARE_ONE`].
		distance: u32,
	},
	/// Half the lifetime of the last row has passed.
	Heartbeat,
}

/// The part of a row, out of [`SHARE_ONE`], that has another target in the other row: half the L1
/// distance, self-shares included. Edges may come in any order, each target once.
pub fn distance(one: &[Edge], other: &[Edge]) -> u32 {
	let share = |row: &[Edge], target| {
		row.iter().find(|edge| edge.target == target).map_or(0, |edge| u32::from(edge.share))
	};
	let changed = |edge: &Edge| share(other, edge.target).abs_diff(edge.share.into());
	let changed: u32 = one.iter().map(changed).sum();
	let removed = other.iter().filter(|edge| share(one, edge.target) == 0);
	let removed: u32 = removed.map(|edge| u32::from(edge.share)).sum();
	let kept = self_share(one).abs_diff(self_share(other));
	changed.saturating_add(removed).saturating_add(kept) / 2
}

/// Whether posting the row `edges` in `epoch` is due, and why. `last` is the row posted last, with
/// the epoch in which it was posted. At most one post per epoch is due.
pub fn due(
	edges: &[Edge],
	last: Option<(u32, &[Edge])>,
	epoch: u32,
	row_lifetime: u32,
) -> Option<Due> {
	let Some((posted, last)) = last else { return Some(Due::First) };
	let age = epoch.saturating_sub(posted);
	if age == 0 {
		return None;
	}
	let distance = distance(edges, last);
	if distance >= MOVED {
		return Some(Due::Moved { distance });
	}
	(row_lifetime > 0 && age >= row_lifetime.div_ceil(2)).then_some(Due::Heartbeat)
}

/// Whether a row posted in epoch `posted` (0: none) makes its owner's stake a source in `epoch`.
pub fn is_live(posted: u32, epoch: u32, row_lifetime: u32) -> bool {
	posted != 0 && (row_lifetime == 0 || epoch.saturating_sub(posted) <= row_lifetime)
}
