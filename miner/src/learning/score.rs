//! Scores the inputs on validation text: every few training steps one batch, which is not trained on.
//!
//! Between two scored batches there are `score_every` training steps, and twice as many once every
//! input is proven: early scores decide whom a newcomer bids for, later ones follow slow changes.

use super::Learning;
use std::{sync::Arc, time::Duration};
use tokio::time::MissedTickBehavior;

use bittensor_nucleus::Half;

/// Time between two looks at the number of steps.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Factor between two scored batches once every input is proven.
const SETTLED: u64 = 2;

/// Text that the component does not train on.
#[derive(Clone)]
pub struct Unseen {
	/// The validation half of the held-out documents.
	pub text: Arc<Half>,
	/// Training steps between two scored batches.
	pub every: u64,
	/// Texts of a scored batch.
	pub batch: usize,
	/// Seed of the draws.
	pub seed: u64,
}

impl Learning {
	/// Scores batches of unseen text while the component trains.
	pub(super) async fn score_often(self, unseen: Unseen) -> anyhow::Result<()> {
		let mut ticks = tokio::time::interval(LOOK_EVERY);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		let mut scored = self.compute.steps().await?;
		let mut every = unseen.every;
		loop {
			ticks.tick().await;
			let steps = self.compute.steps().await?;
			if steps < scored + every {
				continue;
			}
			scored = steps;
			match self.score(&unseen, steps).await {
				Ok(settled) => {
					self.telemetry.errors().clear("scoring");
					every = if settled { SETTLED * unseen.every } else { unseen.every };
				}
				Err(error) => {
					tracing::warn!("the inputs were not scored: {error:#}");
					self.telemetry.errors().note("scoring", error);
				}
			}
		}
	}

	/// Scores one batch. Returns whether every input is proven.
	async fn score(&self, unseen: &Unseen, draw: u64) -> anyhow::Result<bool> {
		let batch = unseen.text.draw(unseen.batch, unseen.seed, draw);
		let fetched = self.clone().fetch(batch).await;
		// A peer that wants a bid says nothing about what it knows.
		let missing = fetched.answers.iter().filter(|answer| answer.vectors.is_none());
		let unpaid = missing.filter(|answer| self.dendrite.experience().of(&answer.account).unpaid);
		let refused = unpaid.map(|answer| answer.account).collect();
		let copy = self.twin.as_ref().map(|_| fetched.batch.clone());
		let turn = self.compute.turn().await;
		self.compute.score(fetched.batch, fetched.answers, refused).await?;
		if let (Some(twin), Some(batch)) = (&self.twin, copy) {
			twin.score(batch).await;
		}
		drop(turn);
		let attribution = self.compute.measure().await?.attribution;
		Ok(attribution.inputs.iter().flatten().all(|score| score.proven))
	}
}
