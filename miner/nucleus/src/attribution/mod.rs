//! Attribution: how much each downstream component lowers the loss, ΔL_ij (§5), and the row.
//!
//! ```text
//!   backward pass ──► g_x, z_x per input ──► fisher (eq. 6, 8) ──► moments over batches
//!                                                │                      │ lower bounds
//!                                  duplicates ───┘   ablation           ▼
//!                                  (one group)       (audit)     row: shares of 65,536
//! ```
//! Invariants: a bid is a lower bound, and never more than the score; the null input's upper bound
//! is the floor of every bid; a row sums to exactly 65,536 and keeps at least 8,192 for its owner.

pub mod ablation;
pub mod duplicates;
pub mod fisher;
pub mod moments;
pub mod row;

use serde::{Deserialize, Serialize};

pub use ablation::Fidelity;
pub use moments::Moments;
pub use row::{InputRow, InputShare};

/// The measured use of one input, in nats per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputScore {
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
	/// The basis of the row: the lower bound less the null input's upper bound; 0 if that is
	/// negative or not proven.
	pub bid: f64,
	/// Mean loss difference in audits, which ablate the input.
	pub audit: Option<f64>,
	/// Number of its group of near-identical inputs, if any.
	pub group: Option<usize>,
}

/// The attribution of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
	/// The own encoder: ΔL_ii by the same formula.
	pub own: InputScore,
	/// Each downstream input; `None` if it has never answered since it was connected.
	pub inputs: Vec<Option<InputScore>>,
	/// The null input: the noise floor.
	pub null: InputScore,
	/// Agreement of the scores with true ablation.
	pub fidelity: Fidelity,
}

impl Attribution {
	/// The row of these scores: dimensionless, summing to 65,536.
	pub fn row(&self) -> InputRow {
		let bids: Vec<f64> =
			self.inputs.iter().map(|input| input.map_or(0.0, |input| input.bid)).collect();
		InputRow::from_scores(self.own.mean, &bids)
	}
}
