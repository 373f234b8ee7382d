//! Sends Grads to the components that our active row bids for.

use super::{rate::Rates, Learning};
use crate::{chain::cache::Snapshot, dendrite::Peer};
use bittensor_nucleus::{learning::push::MOST_OF_ONE, BidWeight};
use bittensor_wire::{AccountId, GradAnswer, Spike, Vectors};
use metrics::counter;
use std::sync::Arc;
use tokio::{sync::Semaphore, time::Instant};

/// Whether our active row bids for a component: no other one takes our Grads.
pub(super) fn bids_for(snapshot: &Snapshot, peer: &Peer, weight: BidWeight) -> bool {
	match weight {
		BidWeight::Flow => snapshot.flow_to(peer.uid) > 0,
		BidWeight::Share => snapshot.share_of(peer.uid) > 0,
	}
}

/// Counts what became of a Grad of ours.
pub(super) fn count_answer(answer: &GradAnswer, of: &'static str) {
	let reason = answer.name();
	counter!("bittensor_miner_grads_answered_total", "of" => of, "reason" => reason).increment(1);
	if answer.accepted() {
		counter!("bittensor_miner_grads_sent_total").increment(1);
		if of == "words" {
			counter!("bittensor_miner_word_grads_sent_total").increment(1);
		}
	}
}

impl Learning {
	/// Sends ∂L/∂d_j to the components that our active row bids for. Does not wait for them.
	pub(super) fn send_grads(
		&self,
		spike: Spike,
		peers: &[Peer],
		errors: Vec<(AccountId, Vectors)>,
		rates: &mut Rates,
		in_flight: &Arc<Semaphore>,
	) {
		let snapshot = self.network.cache().snapshot();
		let wanted: Vec<(Peer, Vectors)> = errors
			.into_iter()
			.filter_map(|(account, error)| {
				let peer = peers.iter().find(|peer| peer.account == account)?;
				let bids = bids_for(&snapshot, peer, self.config.bid_weight);
				(bids && rates.take(&account)).then(|| (peer.clone(), error))
			})
			.collect();
		if wanted.is_empty() {
			return;
		}
		let Ok(permit) = in_flight.clone().try_acquire_owned() else { return };
		let (dendrite, health) = (self.dendrite.clone(), self.health.clone());
		let asked: Vec<AccountId> = wanted.iter().map(|(peer, _)| peer.account).collect();
		let deadline = Instant::now() + self.config.spike_timeout;
		self.supervisor.spawn_brief("grads", async move {
			let answers = dendrite.grads(&spike, wanted, deadline).await;
			for (account, answer) in asked.into_iter().zip(answers) {
				match answer {
					Ok(answer) => {
						count_answer(&answer, "passages");
						if answer.accepted() && answer.weight.is_finite() {
							// No bid buys more of a step, whatever the answer says.
							let push = answer.weight.clamp(0.0, MOST_OF_ONE);
							health.lock().entry(account).or_default().push += push;
						}
					}
					Err(error) => tracing::debug!("a Grad was not delivered: {error}"),
				}
			}
			drop(permit);
		});
	}
}
