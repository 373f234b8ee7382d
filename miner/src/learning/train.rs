//! Training steps on the own loss and on Grads of upstreams.

use super::{fetch::Fetched, rate::Rates, Learning};
use anyhow::Context;
use bittensor_nucleus::{Sampler, StepReport};
use metrics::{counter, gauge};
use std::{sync::Arc, time::Duration};
use tokio::{
	sync::Semaphore,
	task::JoinHandle,
	time::{Instant, MissedTickBehavior},
};

/// Grads in flight at a time; further ones are not sent.
const GRADS_IN_FLIGHT: usize = 64;
/// Decay of the running mean of the loss, per step.
const LOSS_DECAY: f64 = 0.98;
/// Time over which the speed is measured, at least.
const SPEED_WINDOW: Duration = Duration::from_secs(2);
/// Time between two steps on Grads alone, without a limit.
const UPSTREAM_STEP_EVERY: Duration = Duration::from_millis(20);

/// A batch that is fetched while the one before it trains. Dropped, it is not fetched further.
struct Prefetched(JoinHandle<Fetched>);

impl Drop for Prefetched {
	fn drop(&mut self) {
		self.0.abort();
	}
}

/// Running figures of a training task.
struct Progress {
	loss: Option<f64>,
	window: (Instant, u64),
}

impl Progress {
	fn note(&mut self, report: &StepReport, version: u64) {
		if !report.refused.is_empty() {
			tracing::debug!("vectors of inputs {:?} could not be used", report.refused);
		}
		counter!("bittensor_miner_steps_total").absolute(report.step);
		gauge!("bittensor_miner_parameter_version").set(version as f64);
		let loss = LOSS_DECAY * self.loss.unwrap_or(report.loss) + (1.0 - LOSS_DECAY) * report.loss;
		self.loss = Some(loss);
		gauge!("bittensor_miner_loss").set(loss);
		if !report.stepped {
			counter!("bittensor_miner_failed_steps_total").increment(1);
		}
		let elapsed = self.window.0.elapsed();
		if elapsed >= SPEED_WINDOW {
			let steps = report.step.saturating_sub(self.window.1);
			gauge!("bittensor_miner_steps_per_second").set(steps as f64 / elapsed.as_secs_f64());
			self.window = (Instant::now(), report.step);
		}
	}
}

impl Learning {
	/// Trains until the stop, or until `max_steps`.
	pub(super) async fn train(self, mut sampler: Sampler) -> anyhow::Result<()> {
		let stop = self.supervisor.stop();
		let mut rates = Rates::new(self.config.grads_per_second);
		let in_flight = Arc::new(Semaphore::new(GRADS_IN_FLIGHT));
		let mut next_step = Instant::now();
		let mut done = self.compute.measure().await?.steps;
		let mut progress = Progress { loss: None, window: (Instant::now(), done) };
		let mut prefetched: Option<Prefetched> = None;
		while !stop.is_cancelled() && self.config.max_steps.is_none_or(|most| done < most) {
			if self.config.max_steps_per_second > 0.0 {
				if stop.run_until_cancelled(tokio::time::sleep_until(next_step)).await.is_none() {
					break;
				}
				let pause = Duration::from_secs_f64(1.0 / self.config.max_steps_per_second);
				// A late step is not made up for.
				next_step = (next_step + pause).max(Instant::now());
			}
			let mut current = match prefetched.take() {
				Some(task) => task,
				None => self.prefetch(&mut sampler),
			};
			let fetched = (&mut current.0).await.context("a batch was not fetched")?;
			// A resumed sampler starts with the batch after the one that is trained now.
			let sampled = sampler.state();
			prefetched = Some(self.prefetch(&mut sampler));
			let Fetched { batch, spike, peers, answers } = fetched;
			let copy = self.twin.as_ref().map(|_| batch.clone());
			// A measurement finds the twin with the same batches.
			let turn = self.compute.turn().await;
			match self.compute.step(batch, answers).await {
				Ok(step) => {
					self.telemetry.errors().clear("training");
					done = step.report.step;
					progress.note(&step.report, step.version);
					self.notes.lock().sampler = sampled;
					if let (Some(twin), Some(batch)) = (&self.twin, copy) {
						twin.train(batch).await;
					}
					drop(turn);
					if let Some(spike) = spike {
						self.send_grads(spike, &peers, step.errors, &mut rates, &in_flight);
					}
				}
				Err(error) => {
					drop(turn);
					tracing::warn!("a training step failed: {error}");
					self.telemetry.errors().note("training", error);
					counter!("bittensor_miner_failed_steps_total").increment(1);
					tokio::time::sleep(Duration::from_millis(100)).await;
				}
			}
		}
		drop(prefetched);
		if !stop.is_cancelled() {
			// Own training is finished; only Grads of upstreams can still change parameters.
			self.evaluate().await;
			self.finished.cancel();
			stop.cancelled().await;
		}
		Ok(())
	}

	fn prefetch(&self, sampler: &mut Sampler) -> Prefetched {
		let batch = sampler.next_batch(self.config.batch);
		Prefetched(tokio::spawn(self.clone().fetch(batch)))
	}

	/// Trains on Grads of upstreams only.
	pub(super) async fn train_for_upstreams(self) -> anyhow::Result<()> {
		let rate = self.config.max_steps_per_second;
		let pause =
			if rate > 0.0 { Duration::from_secs_f64(1.0 / rate) } else { UPSTREAM_STEP_EVERY };
		let mut ticks = tokio::time::interval(pause);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
		loop {
			ticks.tick().await;
			let _turn = self.compute.turn().await;
			match self.compute.upstream_step().await {
				Ok(true) => gauge!("bittensor_miner_parameter_version").increment(1.0),
				Ok(false) => {}
				Err(error) => {
					tracing::warn!("a step for upstreams failed: {error}");
					counter!("bittensor_miner_failed_steps_total").increment(1);
				}
			}
		}
	}
}
