//! Checkpoints while the component runs.

use super::Learning;
use tokio::time::{interval_at, Instant, MissedTickBehavior};

impl Learning {
	/// Writes a checkpoint at regular intervals.
	pub(super) async fn save_often(self) -> anyhow::Result<()> {
		let start = Instant::now() + self.config.checkpoint_every;
		let mut ticks = interval_at(start, self.config.checkpoint_every);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		loop {
			ticks.tick().await;
			// A twin is written at the step of its component.
			let turn = self.compute.turn().await;
			if let Some(twin) = &self.twin {
				twin.caught_up().await;
			}
			let notes = self.notes.lock().clone();
			match self.compute.save(self.config.checkpoint.clone(), notes).await {
				Ok(()) => self.telemetry.errors().clear("checkpoints"),
				Err(error) => {
					tracing::warn!("no checkpoint was written: {error}");
					self.telemetry.errors().note("checkpoints", error);
				}
			}
			if let Some(twin) = &self.twin {
				if let Err(error) = twin.save().await {
					tracing::warn!("no checkpoint of the twin was written: {error:#}");
				}
			}
			drop(turn);
		}
	}
}
