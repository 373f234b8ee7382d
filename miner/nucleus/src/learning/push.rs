//! Push: the part of a step that a bid buys (eq. 12).
//!
//! ```text
//!   s_u = min(1/4, f_u / (R + Σ_v f_v))        R = max(own flow, Σ_v f_v · (1 − F) / F, floor)
//! ```
//! f are the flows of all active bids, of upstreams that send Grads now and of those that do not; F
//! is 1/2. So all bids together buy at most half of a step, and a bid that is split over many
//! accounts buys what it bought before.

use serde::{Deserialize, Serialize};

/// F: the most that all bids together buy of a step.
pub const MOST: f64 = 0.5;
/// The most that one bid buys of a step.
pub const MOST_OF_ONE: f64 = 0.25;

/// The weight of a bid in eq. 12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BidWeight {
	/// Tokens per epoch that flow along the edge: the cost of the bid.
	#[default]
	Flow,
	/// The share ΔL_ij of the row, as eq. 12 is printed.
	Share,
}

/// What the bids of one epoch have to exceed. All weights are of one kind, flows or shares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Market {
	/// Sum of the weights of all active bids.
	pub total: f64,
	/// Weight of the component's bid for itself: its payout, as a flow, or its self-share.
	pub own: f64,
	/// The least reserve: the price of a component that neither earns nor is bid for. Without it,
	/// dust would buy a quarter of such a component.
	pub floor: f64,
}

impl Market {
	/// R, the reserve: what the own loss bids against all others.
	pub fn reserve(&self) -> f64 {
		let [total, own, floor] = [self.total, self.own, self.floor].map(positive);
		own.max(total * (1.0 - MOST) / MOST).max(floor).max(f64::MIN_POSITIVE)
	}

	/// s_u of a bid of this weight; 0 for anything that is not a positive number.
	pub fn push(&self, weight: f64) -> f64 {
		if !(weight.is_finite() && weight > 0.0) {
			return 0.0;
		}
		// The bid is one of all, whatever the sum says.
		let market = Self { total: positive(self.total).max(weight), ..*self };
		// Relative to the bid, so that neither huge nor tiny weights lose precision.
		limited(1.0 / (market.reserve() / weight + market.total / weight))
	}
}

fn positive(weight: f64) -> f64 {
	// `max` returns 0 for a NaN.
	weight.max(0.0)
}

/// A push within its limits; 0 for a NaN.
pub(crate) fn limited(push: f64) -> f64 {
	positive(push).min(MOST_OF_ONE)
}

/// The factor that brings these pushes to [`MOST`] together.
pub(crate) fn common_factor(pushes: impl Iterator<Item = f64>) -> f64 {
	(MOST / pushes.sum::<f64>().max(MOST)).min(1.0)
}
