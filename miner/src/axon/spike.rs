//! Serving a Spike.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	inflight::{Lead, Ticket},
	server::Core,
	stats::count,
	Downstream, NucleusError,
};
use crate::dendrite::lock;
use bittensor_wire::{proto::DType, Spike, SpikeAnswer, WireError};
use std::sync::Arc;
use tokio::{
	sync::OwnedSemaphorePermit,
	time::{timeout_at, Instant},
};

/// Answers a Spike, in the type that the caller asked for.
pub(crate) async fn serve(
	core: &Arc<Core>,
	admitted: &Admitted,
) -> Result<(SpikeAnswer, DType), WireError> {
	let caller = admitted.header.from;
	let mut spike = Spike::decode(&admitted.body, &caller)?;
	core.admission.charge(admitted, spike.texts.len())?;
	if spike.path.contains(&core.account) {
		count(&core.stats.spikes_cut, 1);
		return Ok((SpikeAnswer::cut(0), spike.dtype));
	}
	spike.ttl = spike.ttl.min(core.config.max_ttl);
	let dtype = spike.dtype;
	let texts = spike.texts.len();
	let computation = timeout_at(admitted.deadline, compute(core, admitted, spike))
		.await
		.map_err(|_| WireError::DeadlineExceeded)??;
	count(&core.stats.spikes_served, 1);
	count(&core.stats.texts_served, texts);
	let answer = SpikeAnswer {
		output: Some(computation.output.clone()),
		version: computation.version,
		hops: computation.hops.clone(),
	};
	Ok((answer, dtype))
}

/// The computation that the Spike asks for: from the cache, from whoever runs it, or run here.
async fn compute(
	core: &Arc<Core>,
	admitted: &Admitted,
	spike: Spike,
) -> Result<Arc<Computation>, WireError> {
	let key = Key::of_spike(&spike);
	let caller = admitted.header.from;
	let cached = || lock(&core.cache).answer(&key, &caller, Instant::now());
	loop {
		if let Some(computation) = cached() {
			count(&core.stats.spikes_cached, 1);
			return Ok(computation);
		}
		match core.inflight.join(key) {
			Ticket::Follow(follower) => match follower.outcome().await {
				// Who runs it had less time, or no place. We may have.
				Err(WireError::DeadlineExceeded | WireError::Busy) => {}
				Err(error) => return Err(error),
				Ok(computation) => {
					count(&core.stats.spikes_cached, 1);
					cached();
					return Ok(computation);
				}
			},
			Ticket::Lead(lead) => {
				// It may have ended between the look into the cache and here.
				if let Some(computation) = cached() {
					count(&core.stats.spikes_cached, 1);
					lead.finish(Ok(computation.clone()));
					return Ok(computation);
				}
				let permits = match permits(core, admitted.standing.flow == 0) {
					Ok(permits) => permits,
					Err(error) => {
						lead.finish(Err(error.clone()));
						return Err(error);
					}
				};
				let follower = lead.follower();
				let deadline = admitted.deadline;
				// On its own, since others may wait for it when this caller has hung up.
				tokio::spawn(run(core.clone(), lead, key, spike, deadline, permits));
				let computation = follower.outcome().await?;
				// Notes the caller, who may now send a Grad.
				cached();
				return Ok(computation);
			}
		}
	}
}

/// A place among the Spikes computed at once, and for callers without a bid also one among theirs.
fn permits(core: &Core, free: bool) -> Result<Vec<OwnedSemaphorePermit>, WireError> {
	let mut permits = Vec::with_capacity(2);
	if free {
		permits.push(core.free_spikes.clone().try_acquire_owned().map_err(|_| WireError::Busy)?);
	}
	permits.push(core.spikes.clone().try_acquire_owned().map_err(|_| WireError::Busy)?);
	Ok(permits)
}

async fn run(
	core: Arc<Core>,
	lead: Lead,
	key: Key,
	spike: Spike,
	deadline: Instant,
	permits: Vec<OwnedSemaphorePermit>,
) {
	let outcome = timeout_at(deadline, compute_here(&core, &spike, deadline))
		.await
		.unwrap_or(Err(WireError::DeadlineExceeded))
		.map(Arc::new);
	if let Ok(computation) = &outcome {
		lock(&core.cache).insert(key, computation.clone(), Instant::now());
	}
	drop(permits);
	lead.finish(outcome);
}

/// y = f(x, d_1(x), …): asks the components below, if the message may go on, then the nucleus.
async fn compute_here(
	core: &Core,
	spike: &Spike,
	deadline: Instant,
) -> Result<Computation, WireError> {
	let peers = core.peers.downstream();
	let mut downstream: Vec<Downstream> =
		peers.iter().map(|peer| Downstream { account: peer.account, vectors: None }).collect();
	let mut hops = Vec::new();
	if let Some(onward) = spike.onward(core.account) {
		let now = Instant::now();
		let remaining = deadline.saturating_duration_since(now);
		let time = remaining
			.mul_f64(core.config.child_fraction.clamp(0.0, 1.0))
			.saturating_sub(core.config.child_margin);
		let fan_out = core.dendrite.spike(&peers, &onward, now + time).await;
		for (slot, vectors) in downstream.iter_mut().zip(fan_out.slots) {
			slot.vectors = vectors;
		}
		hops = fan_out.hops;
	}
	let output = core
		.nucleus
		.spike(spike.texts.clone(), downstream.clone())
		.await
		.map_err(|error| refusal(&error))?;
	if output.vectors.rows() != spike.texts.len() {
		tracing::error!(
			rows = output.vectors.rows(),
			texts = spike.texts.len(),
			"the nucleus answered with a wrong number of rows"
		);
		return Err(WireError::Internal);
	}
	Ok(Computation {
		texts: spike.texts.clone(),
		downstream,
		output: output.vectors,
		version: output.version,
		hops,
	})
}

pub(crate) fn refusal(error: &NucleusError) -> WireError {
	match error {
		NucleusError::Busy => WireError::Busy,
		NucleusError::Stopped | NucleusError::Failed(_) => {
			tracing::warn!(%error, "no answer to a Spike");
			WireError::Internal
		}
	}
}
