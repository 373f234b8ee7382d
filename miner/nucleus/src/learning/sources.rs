//! Upstreams as sources of gradients, and their mixture with the own gradient (eq. 3, 12).
//!
//! ```text
//!   Δθ ∝ a · ĝ_own + (1 − a) · Σ_u w_u ĝ_u / Σ_u w_u,        ĝ = g / ‖g‖₂
//! ```
//! w_u is the bid of upstream u; a is the fixed own part (1 if nobody bids). g_u is the sum over
//! the upstream's messages since the last step, scaled to unit length: the effect of a source
//! depends on its bid alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{config::BidWeight, learning::Gradient};

/// Service key of an upstream.
pub type Account = [u8; 32];

/// A gradient shorter than this part of its source's usual length is noise. It is left out instead
/// of being scaled up to unit length.
const FAINT: f64 = 1e-3;
/// Decay of a source's usual length.
const DECAY: f64 = 0.9;

/// An upstream's bid for training, by its active row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bid {
	/// Tokens per epoch along the edge: payout · share / self-share of the upstream.
	pub flow: f64,
	/// Share of the upstream's row, out of 1.
	pub share: f64,
}

impl Bid {
	/// The weight in eq. 12; 0 for anything that is not a positive number.
	pub fn weight(&self, kind: BidWeight) -> f64 {
		let weight = match kind {
			BidWeight::Flow => self.flow,
			BidWeight::Share => self.share,
		};
		if weight.is_finite() && weight > 0.0 {
			weight
		} else {
			0.0
		}
	}
}

/// Eq. 12. `sources` are (weight, gradient summed over the interval). Sources with weight 0, length
/// 0 or entries that are not finite are left out. `own` is the gradient of the own loss, if there
/// is one. The result has at most length `scale`; without usable sources it is `own` itself.
pub fn combine(
	own: Option<&Gradient>,
	sources: &[(f64, &Gradient)],
	own_share: f64,
	scale: f64,
) -> Gradient {
	let usable: Vec<(f64, f64, &Gradient)> = sources
		.iter()
		.map(|&(weight, gradient)| (weight, gradient.norm(), gradient))
		.filter(|(weight, norm, _)| *weight > 0.0 && norm.is_finite() && *norm > 0.0)
		.collect();
	// Relative to the largest, so that neither huge nor tiny bids lose precision.
	let largest = usable.iter().map(|&(weight, ..)| weight).fold(0.0, f64::max);
	let own = own.map(|own| (own, own.norm())).filter(|(_, n)| n.is_finite() && *n > 0.0);
	if usable.is_empty() {
		return own.map(|(own, _)| own.clone()).unwrap_or_default();
	}
	let total: f64 = usable.iter().map(|(weight, ..)| weight / largest).sum();
	let own_share = if own.is_some() { own_share } else { 0.0 };
	let mut step = Gradient::default();
	if let Some((own, norm)) = own {
		step.add_scaled(own, scale * own_share / norm);
	}
	for (weight, norm, gradient) in usable {
		let part = (1.0 - own_share) * (weight / largest) / total;
		step.add_scaled(gradient, scale * part / norm);
	}
	step
}

/// The gradients that one upstream sent since the last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
	/// Weight of its latest bid.
	pub(crate) weight: f64,
	/// Sum of its gradients.
	pub(crate) gradient: Gradient,
	/// Messages in the sum.
	pub(crate) messages: u64,
}

/// The upstreams of a component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
	/// Gradients since the last step.
	pub(crate) pending: BTreeMap<Account, Source>,
	/// Usual length of each source's gradient per message.
	pub(crate) lengths: BTreeMap<Account, f64>,
}

impl Sources {
	/// Whether a source of this weight would be held: there is room, or it outbids another source.
	pub(crate) fn admits(&self, source: &Account, weight: f64, limit: usize) -> bool {
		weight > 0.0
			&& (self.pending.contains_key(source)
				|| self.pending.len() < limit
				|| self.pending.values().any(|held| held.weight < weight))
	}

	/// Adds one message's gradient. `false`: too faint, left out.
	pub(crate) fn add(
		&mut self,
		source: Account,
		weight: f64,
		gradient: &Gradient,
		scale: f64,
		limit: usize,
	) -> bool {
		let norm = gradient.norm();
		let usual = self.lengths.get(&source).copied().unwrap_or(norm);
		if !(norm.is_finite() && norm > FAINT * usual) {
			return false;
		}
		self.lengths.insert(source, DECAY * usual + (1.0 - DECAY) * norm);
		if !self.pending.contains_key(&source) && self.pending.len() >= limit {
			let lowest = self
				.pending
				.iter()
				.min_by(|a, b| a.1.weight.total_cmp(&b.1.weight))
				.map(|(account, _)| *account);
			if let Some(lowest) = lowest {
				self.pending.remove(&lowest);
			}
		}
		// Lengths are remembered for as many accounts as can be pending a few times over.
		while self.lengths.len() > 4 * limit {
			let Some(gone) = self
				.lengths
				.keys()
				.find(|account| **account != source && !self.pending.contains_key(*account))
				.copied()
			else {
				break;
			};
			self.lengths.remove(&gone);
		}
		let held = self.pending.entry(source).or_default();
		held.weight = weight;
		held.gradient.add_scaled(gradient, scale);
		held.messages += 1;
		true
	}

	/// Takes all pending sources out.
	pub(crate) fn take(&mut self) -> BTreeMap<Account, Source> {
		std::mem::take(&mut self.pending)
	}
}
