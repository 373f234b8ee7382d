//! The scores of the inputs, and the row that they make.

use super::{Answers, Learning};
use crate::{compute::Measure, telemetry::InputStatus};
use bittensor_client::{ss58, Edge, SHARE_ONE};
use metrics::gauge;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Time between two measurements.
const ROW_EVERY: Duration = Duration::from_secs(2);

impl Learning {
	/// Measures scores and row, for the poster and the status.
	pub(super) async fn measure_often(self) -> anyhow::Result<()> {
		let mut ticks = tokio::time::interval(ROW_EVERY);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		loop {
			ticks.tick().await;
			match self.compute.measure().await {
				Ok(measure) => {
					self.telemetry.errors().clear("measuring");
					self.note_measure(measure);
				}
				Err(error) => self.telemetry.errors().note("measuring", error),
			}
		}
	}

	fn note_measure(&self, measure: Measure) {
		let snapshot = self.network.cache().snapshot();
		let shares = if self.config.attribute { measure.shares.clone() } else { Vec::new() };
		let given: u32 = shares.iter().map(|(_, share)| u32::from(*share)).sum();
		let scores = measure.scores();
		let health = self.health.lock().clone();
		let now = Instant::now();
		let inputs = measure
			.inputs
			.iter()
			.flatten()
			.map(|account| {
				let score = scores.get(account);
				let Answers { answered, missing, refused } =
					health.get(account).copied().unwrap_or_default();
				let known = self.dendrite.experience().of(account);
				InputStatus {
					account: ss58(account),
					uid: snapshot.component_of(account).map(|component| component.uid),
					mean: score.map_or(0.0, |score| score.mean),
					lower: score.map_or(0.0, |score| score.lower),
					samples: score.map_or(0, |score| score.samples),
					share: u32::from(measure.share(account)),
					answered,
					missing,
					refused,
					latency_ms: (known.answers > 0).then_some(known.millis),
					silent: known.silent(now).map(|silent| silent.as_secs()),
					unpaid: known.unpaid,
				}
			})
			.collect();
		gauge!("bittensor_miner_self_share").set(SHARE_ONE.saturating_sub(given));
		gauge!("bittensor_miner_delta_l_self").set(measure.attribution.own.mean);
		gauge!("bittensor_miner_delta_l_network").set(measure.attribution.network.mean);
		gauge!("bittensor_miner_null_score").set(measure.attribution.null.mean);
		if let Some(fidelity) = measure.attribution.fidelity.pearson {
			gauge!("bittensor_miner_attribution_fidelity").set(fidelity);
		}
		let mut status = self.telemetry.status();
		status.inputs = inputs;
		status.row = shares
			.iter()
			.filter_map(|(account, share)| {
				Some(Edge::new(snapshot.component_of(account)?.uid, *share))
			})
			.collect();
		drop(status);
		if let Some(poster) = &self.poster {
			if !self.config.attribute || measure.steps >= self.config.warm_up {
				poster.want(shares);
			}
		}
	}
}
