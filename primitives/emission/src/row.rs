//! The rows of a component.

use crate::Edge;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A row: the shares of a component's loss reduction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct Row {
	/// Epoch in which it was posted.
	pub posted: u32,
	/// What stays with the component, `ΔL_ii`, out of 65,536.
	pub self_share: u32,
	/// The edges that count, each with its target and share.
	pub edges: Vec<Edge>,
}

/// The rows of a component.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType))]
pub struct RowInfo {
	/// Index of the component.
	pub uid: u32,
	/// The row that the last solve used; the shares of void edges are in the self-share.
	pub active: Option<Row>,
	/// The row that becomes active in the next epoch, if one was posted since.
	pub pending: Option<Row>,
}

impl RowInfo {
	/// The row that was posted last: the pending one, or else the active one.
	pub fn newest(&self) -> Option<&Row> {
		self.pending.as_ref().or(self.active.as_ref())
	}
}
