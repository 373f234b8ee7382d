//! `report.json`: what a run measured, and whether it passed.
//!
//! ```text
//!  chain      blocks, finalized, missed_slots, epochs, minted, scheduled, residual, …
//!  components uid, kind, stake, minted, minted_through_edges, self_share, row, perplexity, …
//!      │
//!      ├─► failures()  each makes the run fail
//!      └─► targets()   values of a healthy run, shown and not enforced
//! ```
//!
//! Invariants: amounts are decimal strings of units; a number that was never measured is `null`,
//! never 0.

use std::path::Path;

use anyhow::Context;
use bittensor_client::{Edge, SHARE_ONE};
use serde::{Deserialize, Serialize};

use crate::{
	curve::Point,
	economy::{as_decimal, Economy},
	ledger::Epoch,
	miner::{Gain, LastGain},
};

/// Everything that a run measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
	/// The chain's side.
	pub chain: ChainReport,
	/// One entry per component, in uid order.
	pub components: Vec<ComponentReport>,
}

/// The chain's side of a [`Report`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChainReport {
	/// Number of the best block.
	pub blocks: u32,
	/// Number of the last finalised block.
	pub finalized: u32,
	/// Aura slots between the first and the best block that have no block.
	pub missed_slots: u64,
	/// Epochs paid.
	pub epochs: u32,
	/// Units minted by all payouts.
	pub minted: String,
	/// Units that the schedule gives for the same epochs.
	pub scheduled: String,
	/// Mass that the last solve left undistributed, of a total in [2^61, 2^62).
	pub residual: String,
	/// Seconds from the start of the run to the first payout whose solve held an edge.
	pub seconds_to_first_mint: Option<f64>,
}

/// One component in a [`Report`].
#[derive(Clone, Debug, Serialize)]
pub struct ComponentReport {
	/// Its index on the chain.
	pub uid: u32,
	/// Name of its miner; of another component the ends of its owner's address.
	pub name: String,
	/// Its [profile](crate::miner::Profile); `other` if this run did not start it.
	pub kind: String,
	/// Kind of its component, such as `cbow`; `null` if this run did not start it.
	pub model: Option<String>,
	/// Whether its process ended before the run did.
	pub ended: bool,
	/// Its stake at the end, in units.
	#[serde(serialize_with = "as_decimal")]
	pub stake: u64,
	/// What it was paid since the start, and why.
	#[serde(flatten)]
	pub economy: Economy,
	/// ΔL_ii of its active row, out of 65,536; `null` if it never posted.
	pub self_share: Option<u32>,
	/// The edges of its active row.
	pub row: Vec<Edge>,
	/// Epochs since it posted this row.
	pub row_age: Option<u32>,
	/// Whether the row is live: if not, its stake does not count.
	pub row_live: bool,
	/// First held-out perplexity that it measured.
	pub perplexity_start: Option<f64>,
	/// Last held-out perplexity, with the vectors of other components.
	pub perplexity: Option<f64>,
	/// The same without its inputs.
	pub perplexity_without_inputs: Option<f64>,
	/// Held-out perplexity of the unigram model of the train split.
	pub perplexity_unigram: Option<f64>,
	/// Held-out tokens that these perplexities are of.
	pub tokens: Option<u64>,
	/// Part of all held-out tokens that its tokenizer does not know, 0 to 1: they are in none.
	pub unknown: Option<f64>,
	/// Its measurements over the run.
	pub curve: Vec<Point>,
	/// Whether it has a twin.
	pub twin: bool,
	/// The gain over its twin; `null` without a twin, and before both were measured.
	pub gain: Option<Gain>,
	/// Spikes that it answered.
	pub spikes_served: u64,
	/// Grads that it accepted.
	pub grads_served: u64,
	/// Batches that it sent to others.
	pub batches_sent: u64,
	/// Part of them, 0 to 1, that the components it bids for answered; all components that it asks, if
	/// it bids for none. `null` if it asked nobody.
	pub answered: Option<f64>,
}

impl ComponentReport {
	/// A selfish component and its twin after the last step, with what the others answer it then. Its best
	/// parameters are those of a newcomer, which is served for nothing.
	pub fn ends_at(&self) -> Option<LastGain> {
		self.gain.filter(|_| self.kind == "selfish")?.last
	}
}

/// Batches after which a component that bids for nobody must be behind those that do: twice what a
/// miner answers to a newcomer, so that at most about 60 % are answered.
const BEYOND_GRACE: u64 = 1_024;

/// Held-out tokens that a comparison with a twin is measured on, at least.
const MEASURED: u64 = 20_000;

/// A measured value and the limit that a healthy run keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
	/// What was measured, with its value and the limit.
	pub text: String,
	/// Whether it is within the limit.
	pub reached: bool,
}

impl Report {
	/// Writes the report as JSON, through a temporary file: a reader never sees half of it.
	pub fn write(&self, path: &Path) -> anyhow::Result<()> {
		let text = serde_json::to_string_pretty(self)? + "\n";
		let partial = path.with_extension("json.partial");
		std::fs::write(&partial, text)
			.and_then(|()| std::fs::rename(&partial, path))
			.with_context(|| format!("could not write {}", path.display()))
	}

	/// Why the run failed; empty if it passed.
	pub fn failures(&self, epochs: &[Epoch]) -> Vec<String> {
		let mut failures = Vec::new();
		if epochs.is_empty() {
			failures.push("no epoch was paid".into());
		}
		if self.chain.minted != self.chain.scheduled {
			failures.push(format!(
				"minted {} units, but the schedule gives {}",
				self.chain.minted, self.chain.scheduled
			));
		}
		for epoch in epochs {
			if epoch.last.minted != epoch.scheduled {
				failures.push(format!(
					"epoch {} minted {} units, but the schedule gives {}",
					epoch.last.epoch, epoch.last.minted, epoch.scheduled
				));
			}
			if !epoch.reproduced {
				failures.push(format!(
					"the payouts of epoch {} differ from the solve of its stakes and rows",
					epoch.last.epoch
				));
			}
		}
		for component in self.trainable() {
			if component.self_share.is_none() {
				failures.push(format!("component {} (trainable) never posted", component.uid));
			}
			if component.economy.through_edges == 0 {
				failures.push(format!(
					"nothing was minted through edges to component {} (trainable)",
					component.uid
				));
			}
		}
		let unmeasured = self.components.iter().filter(|c| c.twin && c.gain.is_none());
		failures.extend(unmeasured.map(|component| {
			format!("component {} has a twin, and its gain was not measured", component.uid)
		}));
		failures.extend(self.worse_than_alone());
		failures.extend(self.served_for_nothing());
		failures
	}

	/// Components that the network harms: worse than their twins, beyond the interval.
	fn worse_than_alone(&self) -> Vec<String> {
		let honest = self.components.iter().filter(|c| c.kind == "trainable" || c.kind == "query");
		let gains = honest.filter_map(|component| {
			Some((component.uid, component.kind.as_str(), component.gain?))
		});
		gains
			.filter(|(.., gain)| gain.high < 0.0)
			.map(|(uid, kind, gain)| {
				format!(
					"component {uid} ({kind}) has perplexity {:.1} after {} steps, and its twin, \
					 which trains alone, {:.1} after {}: gain {}",
					gain.perplexity, gain.steps, gain.twin_perplexity, gain.twin_steps, gain
				)
			})
			.collect()
	}

	/// Components that bid for nobody and are served as much as those that bid, beyond the free tier.
	fn served_for_nothing(&self) -> Vec<String> {
		let honest = self.trainable().filter(|component| !component.row.is_empty());
		let least = honest.filter_map(|component| component.answered).reduce(f64::min);
		let selfish = self.components.iter().filter(|component| component.kind == "selfish");
		selfish
			.filter(|component| component.batches_sent >= BEYOND_GRACE)
			.filter_map(|component| Some((component.uid, component.answered?, least?)))
			.filter(|(_, answered, least)| *answered >= 0.9 * least)
			.map(|(uid, answered, least)| {
				let (answered, least) = (100.0 * answered, 100.0 * least);
				format!(
					"component {uid} (selfish) bids for nobody and got {answered:.0} % of its answers; \
					 those that bid got {least:.0} % or more"
				)
			})
			.collect()
	}

	/// The targets of a run of three minutes on a healthy machine.
	pub fn targets(&self, epochs: &[Epoch], finality_lag: u32) -> Vec<Target> {
		let chain = &self.chain;
		let mut targets = Vec::new();
		let mut target = |reached: bool, text: String| targets.push(Target { text, reached });
		target(chain.epochs >= 10, format!("{} epochs paid (10 in three minutes)", chain.epochs));
		target(finality_lag <= 4, format!("finalised at most {finality_lag} behind the head (4)"));
		let slots = u64::from(chain.blocks) + chain.missed_slots;
		let missed = 100.0 * chain.missed_slots as f64 / slots.max(1) as f64;
		target(missed <= 10.0, format!("{missed:.1} % of slots missed (10 %)"));
		match chain.seconds_to_first_mint {
			Some(s) => {
				target(s <= 120.0, format!("first mint through an edge at {s:.0} s (120 s)"));
			}
			None => target(false, "no mint through an edge (120 s)".into()),
		}
		for component in self.trainable() {
			let uid = component.uid;
			let given: u32 = component.row.iter().map(|edge| u32::from(edge.share)).sum();
			let given = 100.0 * f64::from(given) / f64::from(SHARE_ONE);
			target(
				given >= 1.0,
				format!("component {uid} attributes {given:.1} % to others (1 %)"),
			);
			let own = 100.0 - given;
			target(own > 20.0, format!("component {uid} keeps {own:.1} % of its row (20 %)"));
			let measured = component.perplexity.zip(component.perplexity_unigram);
			match measured {
				Some((perplexity, unigram)) => target(
					perplexity < unigram,
					format!(
						"component {uid} has perplexity {perplexity:.1} (unigram {unigram:.1})"
					),
				),
				None => target(false, format!("component {uid} measured no perplexity")),
			}
		}
		for (uid, gain) in self.trainable().filter_map(|c| Some((c.uid, c.gain?))) {
			target(gain.low > 0.0, format!("component {uid} has a gain over its twin: {gain}"));
		}
		for component in self.trainable().filter(|component| component.twin) {
			let (uid, tokens) = (component.uid, component.tokens.unwrap_or(0));
			target(
				tokens >= MEASURED,
				format!(
					"component {uid} is measured on {tokens} held-out tokens ({MEASURED}); {:.1} % of all \
					 are unknown words",
					100.0 * component.unknown.unwrap_or(0.0)
				),
			);
		}
		let ends = self.components.iter().filter_map(|c| Some((c.uid, c.ends_at()?)));
		for (uid, LastGain { low, perplexity, twin_perplexity, .. }) in ends {
			target(
				low <= 0.0,
				format!(
					"component {uid}, which bids for nobody, ends at perplexity {perplexity:.1}, no better \
					 than its twin after the same step ({twin_perplexity:.1}), beyond the interval"
				),
			);
		}
		if let Some(part) = self.noise_part(epochs) {
			let text =
				format!("{:.2} % of a row of a trainable one goes to noise (1 %)", 100.0 * part);
			target(part <= 0.01, text);
		}
		targets
	}

	/// The largest part of a row of a trainable component, in the last three epochs, that went to noise
	/// components, 0 to 1; `None` if none had a row.
	pub fn noise_part(&self, epochs: &[Epoch]) -> Option<f64> {
		let kind_of = |uid: u32| {
			self.components.iter().find(|c| c.uid == uid).map_or("", |c| c.kind.as_str())
		};
		let last_three = &epochs[epochs.len().saturating_sub(3)..];
		let trainable: Vec<u32> = self.trainable().map(|component| component.uid).collect();
		let rows = last_three.iter().flat_map(|epoch| {
			trainable.iter().filter_map(|uid| epoch.row(*uid)).map(|row| {
				let to_noise = row.edges.iter().filter(|edge| kind_of(edge.target) == "noise");
				to_noise.map(|edge| u32::from(edge.share)).sum::<u32>()
			})
		});
		rows.max().map(|share| f64::from(share) / f64::from(SHARE_ONE))
	}

	fn trainable(&self) -> impl Iterator<Item = &ComponentReport> {
		self.components.iter().filter(|component| component.kind == "trainable")
	}
}
