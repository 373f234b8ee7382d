//! Gain: the held-out loss of a twin less that of the component, with its uncertainty.
//!
//! ```text
//!   component:  text, other components' vectors ─► loss of each held-out example ─┐
//!   twin:       text alone, same architecture, ──► loss of each held-out example ─┴─► gain ± error
//!               data, order, steps and seed
//! ```
//! The *gain* is what the network is worth: a component without its inputs is worse than a twin that
//! never had any, because it relies on them, so removing inputs shows *dependence* and overstates
//! the gain.
//!
//! The examples of one document resemble each other, so the standard error is clustered by document:
//! thousands of examples of two documents are little evidence. The interval has the quantiles of
//! Student's t for so many documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
	perplexity::{ExampleLosses, Weighting},
	student::standard_errors,
};

/// The loss of a twin less that of a component.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
	/// L(twin) − L(component), in nats per target: above 0 if the network helps.
	pub nats: f64,
	/// Its standard error, clustered by document, in nats per target.
	pub standard_error: f64,
	/// Documents that the examples come from.
	pub documents: u64,
	/// Targets predicted, by their weight.
	pub targets: f64,
}

impl Gain {
	/// From the losses of the same examples under the component and its twin, and the document that
	/// each comes from. `None` unless there are two documents with targets, and finite losses.
	///
	/// The error is that of a ratio: documents c with sums δ_c of differences and W_c of weights have
	/// residuals r_c = δ_c − nats · W_c, and the variance is C / (C − 1) · Σ r_c² / (Σ W_c)².
	pub fn of(
		component: &ExampleLosses,
		twin: &ExampleLosses,
		documents: &[usize],
		weighting: Weighting,
	) -> Option<Self> {
		if [component.0.len(), twin.0.len()] != [documents.len(); 2] {
			return None;
		}
		let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
		let both = component.weighted(weighting).zip(twin.weighted(weighting));
		for (((own, weight), (twin, _)), document) in both.zip(documents) {
			let sum = sums.entry(*document).or_default();
			*sum = (sum.0 + twin - own, sum.1 + weight);
		}
		sums.retain(|_, (_, weight)| *weight > 0.0);
		let total: f64 = sums.values().map(|(_, weight)| weight).sum();
		let count = sums.len() as f64;
		if sums.len() < 2 || !total.is_finite() {
			return None;
		}
		let nats = sums.values().map(|(difference, _)| difference).sum::<f64>() / total;
		let residuals: f64 =
			sums.values().map(|(difference, weight)| (difference - nats * weight).powi(2)).sum();
		let standard_error = (count / (count - 1.0) * residuals).sqrt() / total;
		let gain = Self { nats, standard_error, documents: sums.len() as u64, targets: total };
		(nats.is_finite() && standard_error.is_finite()).then_some(gain)
	}

	/// The part of the twin's perplexity that the component saves: 1 − exp(L(component) − L(twin)).
	pub fn part(&self) -> f64 {
		part(self.nats)
	}

	/// Half of the 95 % interval, in nats.
	pub fn half_width(&self) -> f64 {
		standard_errors(self.documents as f64 - 1.0) * self.standard_error
	}

	/// Lower end of the 95 % interval of [`Gain::part`].
	pub fn low(&self) -> f64 {
		part(self.nats - self.half_width())
	}

	/// Upper end of the 95 % interval of [`Gain::part`].
	pub fn high(&self) -> f64 {
		part(self.nats + self.half_width())
	}

	/// Whether the interval excludes 0, on either side.
	pub fn is_measured(&self) -> bool {
		self.low() > 0.0 || self.high() < 0.0
	}

	/// Whether the whole interval is below 0: the network harms the component.
	pub fn is_loss(&self) -> bool {
		self.high() < 0.0
	}
}

fn part(nats: f64) -> f64 {
	-(-nats).exp_m1()
}

/// For people: `gain 4.1 % [2.0, 6.1]`, or `gain none measured [-0.4, 1.2] %`.
impl std::fmt::Display for Gain {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let (part, low, high) = (100.0 * self.part(), 100.0 * self.low(), 100.0 * self.high());
		match self.is_measured() {
			true => write!(f, "gain {part:.1} % [{low:.1}, {high:.1}]"),
			false => write!(f, "gain none measured [{low:.1}, {high:.1}] %"),
		}
	}
}
