//! The held-out perplexity: of some examples to report it, of others to keep the best parameters;
//! and the gain over the twin.

use super::Learning;
use crate::{
	axon::DownstreamAnswer,
	compute::{Judgement, Losses, Notes},
	telemetry::GainStatus,
};
use bittensor_nucleus::Perplexity;
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

	/// Measures the held-out perplexity, keeps the best parameters, and compares with the twin: all at
	/// the same step.
	pub(super) async fn evaluate(&self) {
		if self.reported.examples.is_empty() {
			return;
		}
		let judged = self.config.learn_from.own() && !self.validation.is_empty();
		let examples = &self.reported.examples;
		let (turn, chunks, validation_chunks) = loop {
			let inputs = self.network.inputs();
			// Training goes on while other components answer.
			let chunks = self.fetch_held_out(examples).await;
			let validation_chunks = match judged {
				true => self.fetch_held_out(&self.validation).await,
				false => Vec::new(),
			};
			let turn = self.compute.turn().await;
			// Answers of components that are no longer at the inputs measure nothing.
			if self.network.inputs() == inputs {
				break (turn, chunks, validation_chunks);
			}
		};
		match self.compute.losses(examples, &chunks).await {
			Ok(losses) => {
				self.telemetry.errors().clear("evaluation");
				self.note_perplexity(losses.steps, losses.perplexity());
				if judged {
					self.judge(losses.clone(), validation_chunks).await;
					self.compare(&losses).await;
				}
			}
			Err(error) => {
				tracing::warn!("the perplexity was not measured: {error}");
				self.telemetry.errors().note("evaluation", error);
			}
		}
		drop(turn);
		if let Ok((version, digest)) = self.compute.parameters().await {
			gauge!("bittensor_miner_parameter_version").set(version as f64);
			self.telemetry.status().parameters = Some(hex::encode(digest));
		}
	}

	fn note_perplexity(&self, steps: u64, perplexity: Perplexity) {
		let now = perplexity.with_network;
		let start = *self.notes.lock().perplexity_start.get_or_insert(now);
		gauge!("bittensor_miner_perplexity_start").set(start);
		gauge!("bittensor_miner_perplexity").set(now);
		gauge!("bittensor_miner_perplexity_without_inputs").set(perplexity.without_inputs);
		gauge!("bittensor_miner_perplexity_step").set(steps as f64);
		if steps >= self.config.warm_up && self.best.lock().warns(now, self.unigram) {
			let unigram = self.unigram;
			tracing::warn!(
				"the held-out perplexity {now:.1} is above {unigram:.1}, that of word frequencies \
				 alone: the component has learned its documents by heart, or they differ from the \
				 held-out ones"
			);
		}
	}

	/// Compares the twin with the component, if there is one. `now` are the losses of the component,
	/// which waits, so the twin is measured at its step.
	async fn compare(&self, now: &Losses) {
		let Some(twin) = &self.twin else { return };
		twin.caught_up().await;
		match twin.compare(&self.best, now, self.validation.clone(), &self.reported).await {
			Ok(comparison) => {
				self.telemetry.errors().clear("twin");
				if let Some(comparison) = comparison {
					self.telemetry.status().gain = Some(GainStatus::from(comparison));
				}
			}
			Err(error) => {
				tracing::warn!("the twin was not measured: {error}");
				self.telemetry.errors().note("twin", error);
			}
		}
	}

	/// Keeps the parameters if they are the best so far, or goes back to the best. `chunks` are the
	/// answers to the validation examples.
	async fn judge(&self, reported: Losses, chunks: Vec<Vec<DownstreamAnswer>>) {
		let notes = Notes { reported: Some(reported), ..self.notes.lock().clone() };
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
