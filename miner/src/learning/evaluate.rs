//! The held-out perplexity.

use super::Learning;
use metrics::gauge;
use tokio::time::MissedTickBehavior;

impl Learning {
	/// Measures the perplexity at regular intervals.
	pub(super) async fn evaluate_often(self) -> anyhow::Result<()> {
		let mut ticks = tokio::time::interval(self.config.evaluate_every);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		loop {
			ticks.tick().await;
			self.evaluate().await;
		}
	}

	/// Measures the held-out perplexity and the digest of the parameters.
	pub(super) async fn evaluate(&self) {
		if self.held_out.is_empty() {
			return;
		}
		let chunks = self.fetch_held_out().await;
		match self.compute.evaluate(self.held_out.clone(), chunks).await {
			Ok((steps, perplexity)) => {
				let mut notes = self.notes.lock();
				let start = *notes.perplexity_start.get_or_insert(perplexity.with_network);
				drop(notes);
				gauge!("bittensor_miner_perplexity_start").set(start);
				gauge!("bittensor_miner_perplexity").set(perplexity.with_network);
				gauge!("bittensor_miner_perplexity_without_network")
					.set(perplexity.without_network);
				gauge!("bittensor_miner_perplexity_step").set(steps as f64);
			}
			Err(error) => {
				tracing::warn!("the perplexity was not measured: {error}");
				self.telemetry.error(error);
			}
		}
		if let Ok((version, digest)) = self.compute.parameters().await {
			gauge!("bittensor_miner_parameter_version").set(version as f64);
			self.telemetry.status().parameters = Some(hex::encode(digest));
		}
	}
}
