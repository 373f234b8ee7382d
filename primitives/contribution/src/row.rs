//! One row: the rules for posting it, and its self-share.
//!
//! ```text
//!   edges  (target, share)        share / 65,536 = w_ij = ΔL_ij
//!          ├ (3, 16,384)          1/4 to component 3
//!          ├ (7,  8,192)          1/8 to component 7
//!          └ self-share 40,960    5/8 = d_i = ΔL_ii: the rest, not stored
//! ```
//!
//! A valid row is a distribution: it has no edge to itself, no duplicate target, no edge of share 0,
//! at most [`MAX_EDGES`] edges, and a self-share of at least [`MIN_SELF_SHARE`].

use crate::{MAX_COMPONENTS, MAX_EDGES, MIN_SELF_SHARE, SHARE_ONE};
use core::fmt;

/// One edge of a row: the share of its loss reduction that a component attributes to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType, scale_encode::EncodeAsType))]
pub struct Edge {
	/// The component that the share goes to, by uid.
	pub target: u32,
	/// The share `w_ij = ΔL_ij`, out of [`SHARE_ONE`].
	pub share: u16,
}

impl Edge {
	/// An edge to `target` with `share` out of [`SHARE_ONE`].
	pub const fn new(target: u32, share: u16) -> Self {
		Self { target, share }
	}
}

/// Why a row cannot be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowError {
	/// An edge points at the row's own component. The self-share is implicit: the rest of the row.
	SelfEdge,
	/// Two edges have the same target.
	DuplicateTarget {
		/// The duplicate target.
		target: u32,
	},
	/// A target is not a known component.
	UnknownTarget {
		/// The unknown target.
		target: u32,
	},
	/// An edge has share 0.
	ZeroShare {
		/// The target of the edge.
		target: u32,
	},
	/// The row has more than [`MAX_EDGES`] edges.
	TooManyEdges {
		/// The number of edges in the row.
		edges: usize,
	},
	/// The shares leave less than [`MIN_SELF_SHARE`] for the component itself.
	SharesOverLimit {
		/// The sum of the shares; the maximum is 57,344.
		sum: u32,
	},
}

impl fmt::Display for RowError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::SelfEdge => {
				f.write_str("a row has no edge to itself: the self-share is what the edges leave")
			}
			Self::DuplicateTarget { target } => {
				write!(f, "target {target} comes twice: add the two shares")
			}
			Self::UnknownTarget { target } => write!(f, "no component has uid {target}"),
			Self::ZeroShare { target } => {
				write!(f, "the share for target {target} is 0: leave the edge out")
			}
			Self::TooManyEdges { edges } => {
				write!(f, "{edges} edges, at most {MAX_EDGES} are allowed")
			}
			Self::SharesOverLimit { sum } => write!(
				f,
				"the shares sum to {sum}, at most {} are allowed (the self-share is at least \
				 {MIN_SELF_SHARE} of {SHARE_ONE})",
				SHARE_ONE - MIN_SELF_SHARE
			),
		}
	}
}

impl core::error::Error for RowError {}

/// Checks the edges of component `uid`, which may come in any order, and returns the self-share
/// `d_i` out of [`SHARE_ONE`].
///
/// `is_known` says whether a uid is a component now; it is asked once per edge at most, and never
/// for a uid of [`MAX_COMPONENTS`] or more, which no component can have.
///
/// # Errors
/// The number of edges is checked first, then each edge in the order given, then the sum.
pub fn check_row(
	uid: u32,
	edges: &[Edge],
	mut is_known: impl FnMut(u32) -> bool,
) -> Result<u32, RowError> {
	if edges.len() > MAX_EDGES {
		return Err(RowError::TooManyEdges { edges: edges.len() });
	}
	let mut sum = 0u32;
	for (position, &Edge { target, share }) in edges.iter().enumerate() {
		if target == uid {
			return Err(RowError::SelfEdge);
		}
		if share == 0 {
			return Err(RowError::ZeroShare { target });
		}
		// At most 64 edges: comparing with all before costs less than sorting them.
		if edges.iter().take(position).any(|before| before.target == target) {
			return Err(RowError::DuplicateTarget { target });
		}
		if target as usize >= MAX_COMPONENTS || !is_known(target) {
			return Err(RowError::UnknownTarget { target });
		}
		// 64 shares below 65,536 fit.
		sum += u32::from(share);
	}
	if sum > SHARE_ONE - MIN_SELF_SHARE {
		return Err(RowError::SharesOverLimit { sum });
	}
	Ok(SHARE_ONE - sum)
}

/// The self-share `d_i` that `edges` leave, out of [`SHARE_ONE`]; 0 if they leave none.
pub fn self_share(edges: &[Edge]) -> u32 {
	edges.iter().fold(SHARE_ONE, |left, edge| left.saturating_sub(edge.share.into()))
}
