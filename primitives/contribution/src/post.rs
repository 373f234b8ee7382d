//! The rules for when a post is due, and for how long a posted row counts.
//!
//! ```text
//!   epoch      1        2 ............ 1 + ⌈L/2⌉ ............ 1 + L      2 + L
//!   row        posted   active, live     heartbeat due        live       not live
//!                       └ a post is due if the row moves by 1 % or more ┘
//! ```
//!
//! The chain refunds the fee of a post that is due, and a client posts only then; both ask [`due`].
//! `L` is the row lifetime in epochs, 0 for no limit.

use crate::{self_share, Edge, SHARE_ONE};

/// Minimum [`distance`] at which a row has moved, out of [`SHARE_ONE`]: 1 %, rounded up.
pub const MOVED: u32 = SHARE_ONE.div_ceil(100);

/// The reason why a post is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
	/// The component has no row.
	First,
	/// The row has moved by [`MOVED`] or more.
	Moved {
		/// The [`distance`], out of [`SHARE_ONE`].
		distance: u32,
	},
	/// Half the lifetime of the last row has passed.
	Heartbeat,
}

/// Distance between two rows, out of [`SHARE_ONE`]: the part of one row that the other gives to other
/// targets. It is half the L1 distance, including the self-shares. Edges are in any order, with
/// distinct targets.
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

/// Returns why posting the row `edges` in `epoch` is due, or `None` if it is not. `last` is the epoch
/// and the edges of the last post. At most one post per epoch is due.
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
