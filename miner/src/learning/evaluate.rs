//! The held-out perplexity: of some examples to report it, of others to keep the best parameters.

use super::Learning;
use crate::compute::Judgement;
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
		let chunks = self.fetch_held_out(&self.held_out).await;
		match self.compute.evaluate(self.held_out.clone(), chunks).await {
			Ok((steps, perplexity)) => {
				self.telemetry.errors().clear("evaluation");
				let mut notes = self.notes.lock();
				let start = *notes.perplexity_start.get_or_insert(perplexity.with_network);
				drop(notes);
				gauge!("bittensor_miner_perplexity_start").set(start);
				gauge!("bittensor_miner_perplexity").set(perplexity.with_network);
				gauge!("bittensor_miner_perplexity_without_inputs").set(perplexity.without_inputs);
				gauge!("bittensor_miner_perplexity_step").set(steps as f64);
				let (now, unigram) = (perplexity.with_network, self.unigram);
				if steps >= self.config.warm_up && self.best.lock().warns(now, unigram) {
					tracing::warn!(
						"the held-out perplexity {now:.1} is above {unigram:.1}, that of word \
						 frequencies alone: the component has learned its documents by heart, or \
						 they differ from the held-out ones"
					);
				}
			}
			Err(error) => {
				tracing::warn!("the perplexity was not measured: {error}");
				self.telemetry.errors().note("evaluation", error);
			}
		}
		if self.config.learn_from.own() && !self.validation.is_empty() {
			self.judge().await;
		}
		if let Ok((version, digest)) = self.compute.parameters().await {
			gauge!("bittensor_miner_parameter_version").set(version as f64);
			self.telemetry.status().parameters = Some(hex::encode(digest));
		}
	}
	/// Keeps the parameters if they are the best so far, or goes back to the best.
	async fn judge(&self) {
		let chunks = self.fetch_held_out(&self.validation).await;
		let notes = self.notes.lock().clone();
		let (examples, best) = (self.validation.clone(), self.best.clone());
		match self.compute.judge(examples, chunks, best, notes).await {
			Ok((now, judgement)) => {
				self.telemetry.errors().clear("best parameters");
				if let Judgement::WentBack(best) = judgement {
					tracing::warn!(
						"the validation perplexity rose from {:.1} to {:.1}: the parameters went \
						 back to the best ones, and training continues at half the learning rate",
						best.with_network,
						now.with_network
					);
				}
			}
			Err(error) => {
				tracing::warn!("the best parameters were not compared: {error}");
				self.telemetry.errors().note("best parameters", error);
			}
		}
	}
}
