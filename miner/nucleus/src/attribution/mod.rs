//! Attribution: how much each downstream component lowers the loss, ΔL_ij (§5), and the row.
//!
//! ```text
//!   text not trained on ─┬─► backward pass ─► g_x, z_x per input ─► fisher (eq. 6, 8) ─► moments
//!                        │                          duplicates ───┘   (one group)           │
//!                        └─► four forward passes ─► parts: own against all inputs ─► moments│
//!                             ablation (audit)                              │ means, bounds │
//!                                                                           ▼               ▼
//!                                           row: own part : network's part, divided by single bids
//! ```
//! Training text does not count: Grads make a downstream fit it, and a component that passes over its
//! documents many times knows them by heart.
//!
//! Invariants: the own part and the network's part are both means; bids for single inputs are lower
//! bounds, above the null input's upper bound, and count as far as audits confirm them; an input that is
//! not proven has an exploring bid and no other, which fades if it turns out to be of no use yet;
//! exploring bids are bounded in all; a row sums to exactly 65,536 and keeps at least 8,192 for its owner.

pub mod ablation;
pub mod duplicates;
pub mod fisher;
pub mod moments;
pub mod parts;
pub mod row;

use serde::{Deserialize, Serialize};

pub use ablation::Fidelity;
pub use moments::Moments;
pub use row::{InputRow, InputShare};

/// The measured use of one input, in nats per target.
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
	/// The basis of the row: the lower bound less the null input's upper bound, times the part of the
	/// scores that newest audits confirm; 0 if that is negative or not proven.
	pub bid: f64,
	/// Mean loss difference in audits, which ablate the input, or its group of near-identical inputs,
	/// of which it has an equal part.
	pub audit: Option<f64>,
	/// Number of its group of near-identical inputs, if any.
	pub group: Option<usize>,
}

/// The attribution of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
	/// ΔL_ii: the part of the own encoder, against all inputs ([`parts`]).
	pub own: InputScore,
	/// The part of all inputs together.
	pub network: InputScore,
	/// Each downstream input alone; `None` if it has never answered since it was connected.
	pub inputs: Vec<Option<InputScore>>,
	/// The null input: the noise floor.
	pub null: InputScore,
	/// Agreement of the scores with true ablation.
	pub fidelity: Fidelity,
	/// Bids for all inputs together that have answered and are worth no other bid so far, out of
	/// 65,536.
	pub exploring: u16,
	/// Scored batches in which such a bid halves, once the score is proven.
	pub halves_in: u64,
	/// Scored batches after which such an input has no exploring bid any more.
	pub explore_batches: u64,
}

impl Attribution {
	/// The row of these scores: dimensionless, summing to 65,536.
	///
	/// The own part and the network's part are means: bounds of both at the same distance would give the
	/// larger one more than it has. The network's part is that of its proven inputs, by their single
	/// scores, and is divided among them in proportion to their bids, which are lower bounds.
	pub fn row(&self) -> InputRow {
		let of = |value: fn(&InputScore) -> f64| -> Vec<f64> {
			self.inputs.iter().map(|input| input.as_ref().map_or(0.0, value)).collect()
		};
		let positive = |score: &InputScore| score.mean.max(0.0);
		let proven = |score: &InputScore| if score.proven { score.mean.max(0.0) } else { 0.0 };
		let all: f64 = of(positive).iter().sum();
		let of_proven: f64 = of(proven).iter().sum();
		let bids = of(|score| score.bid);
		let sum: f64 = bids.iter().sum();
		let mut row = InputRow::own();
		if sum > 0.0 && all > 0.0 {
			let network = proven(&self.network) * of_proven / all;
			let parts: Vec<f64> = bids.iter().map(|bid| network * bid / sum).collect();
			row = InputRow::from_scores(proven(&self.own), &parts);
		}
		row.explore(&self.explored())
	}

	/// The exploring bids: an equal part for each input, which fades once it is proven.
	fn explored(&self) -> Vec<InputShare> {
		let explores = |score: &InputScore| {
			!score.proven || (score.bid == 0.0 && score.samples < self.explore_batches)
		};
		let inputs: Vec<(usize, InputScore)> = self
			.inputs
			.iter()
			.enumerate()
			.filter_map(|(input, score)| Some((input, (*score).filter(explores)?)))
			.collect();
		let Some(each) = self.exploring.checked_div(inputs.len() as u16) else { return Vec::new() };
		let share = |score: &InputScore| {
			let halvings = match score.proven {
				true => score.samples.checked_div(self.halves_in).unwrap_or(0).min(15),
				false => 0,
			};
			each >> halvings
		};
		inputs
			.iter()
			.map(|(input, score)| InputShare { input: *input, share: share(score) })
			.filter(|edge| edge.share > 0)
			.collect()
	}
}
