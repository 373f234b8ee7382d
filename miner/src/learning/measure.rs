//! The scores of the inputs, and the row that they make.

use super::{trade::Trade, Answers, Learning};
use crate::{
	compute::Measure,
	telemetry::{InputStatus, UpstreamStatus},
};
use bittensor_client::{decimal, ss58, AccountId, Edge, SHARE_ONE};
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
		let mut trade = Trade::default();
		loop {
			ticks.tick().await;
			trade.follow(&self.network.cache().snapshot());
			match self.compute.measure().await {
				Ok(measure) => {
					self.telemetry.errors().clear("measuring");
					self.note_measure(measure, &trade);
				}
				Err(error) => self.telemetry.errors().note("measuring", error),
			}
		}
	}

	fn note_measure(&self, measure: Measure, trade: &Trade) {
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
				let Answers { answered, missing, refused, push } =
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
					push,
					paid: decimal(trade.paid_to(account)),
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
		let upstream = |(account, push): &(AccountId, f64)| UpstreamStatus {
			account: ss58(account),
			uid: snapshot.component_of(account).map(|component| component.uid),
			push: *push,
			received: decimal(trade.received_from(account)),
		};
		let upstreams = measure.sold.iter().map(upstream).collect();
		let mut status = self.telemetry.status();
		(status.inputs, status.upstreams) = (inputs, upstreams);
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
