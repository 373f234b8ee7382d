//! Serving a Spike.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	core::Core,
	fair::Caller,
	words::{self, asks_words, cost},
	ComputeError, DownstreamAnswer, Output,
};
use bittensor_wire::{proto::DType, Spike, SpikeAnswer, WireError};
use metrics::counter;
use std::sync::Arc;
use tokio::time::{timeout_at, Instant};

/// Answers a Spike, in the dtype that the caller asked for.
pub(crate) async fn serve(
	core: &Arc<Core>,
	admitted: &Admitted,
) -> Result<(SpikeAnswer, DType), WireError> {
	let caller = admitted.header.from;
	let mut spike = Spike::decode(&admitted.body, &caller)?;
	core.admission.charge(admitted, cost(&spike))?;
	if spike.path.contains(&core.account) {
		counter!("bittensor_miner_spikes_cut_total").increment(1);
		return Ok((SpikeAnswer::cut(0), spike.dtype));
	}
	let dtype = spike.dtype;
	if asks_words(&spike) {
		let answer = timeout_at(admitted.deadline, words::serve(core, admitted, &spike));
		return Ok((answer.await.map_err(|_| WireError::DeadlineExceeded)??, dtype));
	}
	// A caller without a bid gets our own answer: others are not asked on our account.
	let hops = if admitted.pays() { core.config.max_ttl } else { 0 };
	spike.ttl = spike.ttl.min(hops);
	let computation = timeout_at(admitted.deadline, answer(core, admitted, spike))
		.await
		.map_err(|_| WireError::DeadlineExceeded)??;
	counter!("bittensor_miner_spikes_served_total").increment(1);
	counter!("bittensor_miner_texts_served_total").increment(computation.texts.len() as u64);
	let answer = SpikeAnswer {
		output: computation.output.clone(),
		version: computation.version,
		hops: computation.hops.clone(),
	};
	Ok((answer, dtype))
}

/// The computation that the Spike asks for: from the cache, from a run in progress, or run now.
async fn answer(
	core: &Arc<Core>,
	admitted: &Admitted,
	spike: Spike,
) -> Result<Arc<Computation>, WireError> {
	let key = Key::of_spike(&spike);
	let (caller, deadline) = (admitted.header.from, admitted.deadline);
	if let Some(computation) = core.cache.answer(key, caller) {
		counter!("bittensor_miner_spikes_cached_total").increment(1);
		return Ok(computation);
	}
	let payer = core.admission.caller(admitted);
	let core = core.clone();
	// In a task of its own: other callers may wait for the result after this one has hung up.
	let task = tokio::spawn(async move {
		let run = compute(&core, &spike, payer, deadline);
		let (computation, ran) = timeout_at(deadline, core.cache.answer_or_run(key, caller, run))
			.await
			.map_err(|_| WireError::DeadlineExceeded)??;
		if !ran {
			counter!("bittensor_miner_spikes_cached_total").increment(1);
		}
		Ok(computation)
	});
	task.await.map_err(|_| WireError::Internal)?
}

/// y = f(x, d_1(x), …): asks the downstream components if the message may go on, then the component.
async fn compute(
	core: &Core,
	spike: &Spike,
	payer: (Caller, f64),
	deadline: Instant,
) -> Result<Computation, WireError> {
	let peers = core.peers.downstream();
	let mut downstream: Vec<DownstreamAnswer> = peers
		.iter()
		.map(|peer| DownstreamAnswer { account: peer.account, vectors: None })
		.collect();
	let mut hops = Vec::new();
	let work = cost(spike);
	if let Some(onward) = spike.onward(core.account).filter(|_| !peers.is_empty()) {
		let _place = core.onward(payer, spike.ttl, work * peers.len() as f64).await?;
		let now = Instant::now();
		let time = deadline
			.saturating_duration_since(now)
			.mul_f64(core.config.child_fraction.clamp(0.0, 1.0))
			.saturating_sub(core.config.child_margin);
		let fan_out = core.dendrite.spike(&peers, &onward, now + time).await;
		for (answer, vectors) in downstream.iter_mut().zip(fan_out.vectors) {
			answer.vectors = vectors;
		}
		hops = fan_out.hops;
	}
	let (caller, flow) = payer;
	let _place = core.work.enter(caller, flow, work)?.wait().await?;
	let output = core
		.component
		.spike(spike.texts.clone(), downstream.clone())
		.await
		.map_err(|error| refusal(&error))?;
	let output = checked(output, spike)?;
	Ok(Computation {
		texts: spike.texts.clone(),
		downstream,
		output: Some(output.vectors),
		version: output.version,
		at: std::time::Instant::now(),
		hops,
		callers: Default::default(),
	})
}

/// The output, if it has one row per text.
pub(crate) fn checked(output: Output, spike: &Spike) -> Result<Output, WireError> {
	let (rows, texts) = (output.vectors.rows(), spike.texts.len());
	if rows != texts {
		tracing::error!(rows, texts, "the component answered with a wrong number of rows");
		return Err(WireError::Internal);
	}
	Ok(output)
}

pub(crate) fn refusal(error: &ComputeError) -> WireError {
	match error {
		ComputeError::Busy => WireError::Busy,
		ComputeError::Stopped | ComputeError::Failed(_) => {
			tracing::warn!(%error, "no answer to a Spike");
			WireError::Internal
		}
	}
}
