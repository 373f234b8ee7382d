//! Asks the components at our inputs.

use super::Learning;
use crate::{
	axon::{DownstreamAnswer, Peers},
	compute::CHUNK,
	dendrite::{FanOut, Peer},
};
use bittensor_nucleus::{Batch, Example};
use bittensor_wire::Spike;
use tokio::time::Instant;

/// A batch and the answers to it.
pub(super) struct Fetched {
	pub(super) batch: Batch,
	/// The Spike; `None` if no component was asked.
	pub(super) spike: Option<Spike>,
	pub(super) peers: Vec<Peer>,
	pub(super) answers: Vec<DownstreamAnswer>,
}

impl Fetched {
	/// A batch that nobody was asked about.
	fn alone(batch: Batch, peers: Vec<Peer>) -> Self {
		Self { batch, spike: None, peers, answers: Vec::new() }
	}
}

impl Learning {
	/// Asks the components at our inputs about the texts of a batch.
	pub(super) async fn fetch(self, batch: Batch) -> Fetched {
		let peers = self.network.downstream();
		let ttl = self.config.depth.sample(rand::random::<f64>);
		let spike =
			(!peers.is_empty()).then(|| Spike::new(self.config.account, ttl, batch.texts.clone()));
		let spike = match spike {
			Some(Ok(spike)) => spike,
			None => return Fetched::alone(batch, peers),
			Some(Err(error)) => {
				tracing::warn!("a batch cannot be sent: {error}");
				return Fetched::alone(batch, peers);
			}
		};
		let deadline = Instant::now() + self.config.spike_timeout;
		let fan_out = self.dendrite.spike(&peers, &spike, deadline).await;
		let refused = fan_out.unpaid.clone();
		let answers = downstream(&peers, fan_out);
		let mut health = self.health.lock();
		for answer in &answers {
			let health = health.entry(answer.account).or_default();
			match answer.vectors {
				Some(_) => health.answered += 1,
				None => health.missing += 1,
			}
			health.refused += u64::from(refused.contains(&answer.account));
		}
		drop(health);
		Fetched { batch, spike: Some(spike), peers, answers }
	}

	/// Answers to held-out texts, by chunk.
	pub(super) async fn fetch_held_out(&self, examples: &[Example]) -> Vec<Vec<DownstreamAnswer>> {
		let mut chunks = Vec::new();
		let peers = self.network.downstream();
		for chunk in examples.chunks(CHUNK) {
			let texts = chunk.iter().map(|example| example.text.clone()).collect();
			let Ok(spike) = Spike::new(self.config.account, self.config.depth.usual(), texts)
			else {
				chunks.push(Vec::new());
				continue;
			};
			// Training does not wait for these answers, and a chunk is larger than a batch.
			let deadline = Instant::now() + self.config.spike_timeout * 4;
			let fan_out = self.dendrite.spike(&peers, &spike, deadline).await;
			chunks.push(downstream(&peers, fan_out));
		}
		chunks
	}
}

fn downstream(peers: &[Peer], fan_out: FanOut) -> Vec<DownstreamAnswer> {
	peers
		.iter()
		.zip(fan_out.vectors)
		.map(|(peer, vectors)| DownstreamAnswer { account: peer.account, vectors })
		.collect()
}
