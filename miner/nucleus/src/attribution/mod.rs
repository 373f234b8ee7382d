//! How much each downstream component lowers the loss: ΔL_ij (§5), and the row made of it.
//!
//! ```text
//!   backward pass ──► g_x, z_x per slot ──► fisher (eq. 6, 8) ──► moments over batches
//!                                                │                      │ lower bounds
//!                                  duplicates ───┘   ablation           ▼
//!                                  (one group)       (audit)     row: shares of 65,536
//! ```
//! Invariants: a slot's score never moves up to be positive; the null slot's upper bound is the
//! floor of every bid; a row sums to 65,536 exactly and keeps at least 8,192 for its owner.

pub mod ablation;
pub mod duplicates;
pub mod fisher;
pub mod moments;
pub mod row;

use serde::{Deserialize, Serialize};

pub use ablation::Fidelity;
pub use moments::Moments;
pub use row::Row;

/// What is known about the use of one slot, in nats per token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotScore {
	/// Running mean of ΔL.
	pub mean: f64,
	/// Standard error of the mean.
	pub se: f64,
	/// `mean − z · se`.
	pub lower: f64,
	/// Batches measured.
	pub samples: u64,
	/// Whether there are enough batches for a bid.
	pub proven: bool,
	/// What the row is made of: the lower bound above the null slot's upper bound, 0 if it is not
	/// above it or not proven.
	pub bid: f64,
	/// Mean loss difference when the slot was truly ablated in audits.
	pub audit: Option<f64>,
	/// Number of the group of near-identical slots it is scored with, if any.
	pub group: Option<usize>,
}

/// The attribution of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
	/// The own encoder: ΔL_ii by the same formula.
	pub own: SlotScore,
	/// Each downstream slot; `None` if it has never answered since it was connected.
	pub slots: Vec<Option<SlotScore>>,
	/// The null slot: the noise floor.
	pub null: SlotScore,
	/// How well the scores agree with true ablation.
	pub fidelity: Fidelity,
}

impl Attribution {
	/// The row of these scores: dimensionless, summing to 65,536.
	pub fn row(&self) -> Row {
		let bids: Vec<f64> =
			self.slots.iter().map(|slot| slot.map_or(0.0, |slot| slot.bid)).collect();
		Row::from_scores(self.own.mean, &bids)
	}
}
