//! A gain in figures, in the status file, in the log and in the output of `eval`.

use crate::learning::twin::{Comparison, Last};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter, Result};

/// What the network is worth to a component: a comparison with its twin, which trains alone.
// The fields are flat: some crate of the workspace makes serde_json read numbers in a flattened structure
// as maps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainStatus {
	/// The part of the twin's perplexity that the component saves.
	pub gain: f64,
	/// Lower end of the 95 % interval.
	pub low: f64,
	/// Upper end.
	pub high: f64,
	/// The interval excludes 0.
	pub measured: bool,
	/// L(twin) − L(component), in nats per target.
	pub nats: f64,
	/// Standard error of `nats`, clustered by document.
	pub standard_error: f64,
	/// Held-out documents that were measured.
	pub documents: u64,
	/// Perplexity of the component then.
	pub perplexity: f64,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
	/// Training steps of the component then.
	pub steps: u64,
	/// Training steps of the twin.
	pub twin_steps: u64,
	/// Both as they are now, at the same step; `None` where only their best parameters are compared.
	#[serde(default)]
	pub last: Option<LastStatus>,
}

/// A component and its twin after their last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastStatus {
	/// The part of the twin's perplexity that the component saves.
	pub gain: f64,
	/// Lower end of the 95 % interval.
	pub low: f64,
	/// Upper end.
	pub high: f64,
	/// Perplexity of the component.
	pub perplexity: f64,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
}

impl From<Last> for LastStatus {
	fn from(last: Last) -> Self {
		let Last { gain, perplexity, twin_perplexity } = last;
		Self { gain: gain.part(), low: gain.low(), high: gain.high(), perplexity, twin_perplexity }
	}
}

impl From<Comparison> for GainStatus {
	fn from(comparison: Comparison) -> Self {
		let Comparison { gain, perplexity, twin_perplexity, steps, twin_steps, last } = comparison;
		Self {
			gain: gain.part(),
			low: gain.low(),
			high: gain.high(),
			measured: gain.is_measured(),
			nats: gain.nats,
			standard_error: gain.standard_error,
			documents: gain.documents,
			perplexity,
			twin_perplexity,
			steps,
			twin_steps,
			last: last.map(LastStatus::from),
		}
	}
}

impl Display for GainStatus {
	fn fmt(&self, f: &mut Formatter<'_>) -> Result {
		let (gain, low, high) = (100.0 * self.gain, 100.0 * self.low, 100.0 * self.high);
		match self.measured {
			true => write!(f, "{gain:.1} % [{low:.1}, {high:.1}]"),
			false => write!(f, "none measured [{low:.1}, {high:.1}] %"),
		}
	}
}
