//! Serving a Grad: compute it, say what became of it, forward errors downstream.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	core::Core,
	fair::{Caller, Turn},
	words::WORD_COST,
	UpstreamGrad,
};
use crate::dendrite::Peer;
use bittensor_wire::{proto::GradReason, AccountId, Grad, GradAnswer, Vectors, WireError, DIM};
use futures::future::join_all;
use metrics::counter;
use std::sync::Arc;
use tokio::{
	sync::oneshot,
	time::{timeout, timeout_at, Instant},
};

/// Work of a Grad per text; a Spike is 1. It computes the Spike again and goes back.
const GRAD_COST: f64 = 3.0;
/// Part of the sender's time that is left for the way back of the answer.
const RETURN: f64 = 0.1;

/// A computation that the sender got as an answer.
struct Answered {
	computation: Arc<Computation>,
	/// The error of the sender has arrived before.
	duplicate: bool,
	words: bool,
}

impl Answered {
	/// Texts that a Grad for it costs.
	fn cost(&self) -> f64 {
		let texts = self.computation.texts.len() as f64;
		texts * if self.words { WORD_COST } else { 1.0 }
	}

	/// Whether a Grad comes too late.
	fn is_stale(&self, core: &Core) -> bool {
		let ttl = if self.words { core.config.words_grad_ttl } else { core.config.grad_ttl };
		self.computation.at.elapsed() > ttl
	}
}

/// Answers a Grad with what became of it. The answer comes when the component has judged the error,
/// or says that it is queued when the sender's time is up.
pub(crate) async fn serve(core: &Arc<Core>, admitted: &Admitted) -> Result<GradAnswer, WireError> {
	let source = admitted.header.from;
	let mut grad = Grad::decode(&admitted.body, &source)?;
	if grad.path.contains(&core.account) {
		core.admission.charge(admitted, grad.error.rows() as f64)?;
		return Ok(dropped(GradReason::Cut));
	}
	grad.ttl = grad.ttl.min(core.config.max_ttl);
	let found = answered(core, &source, &mut grad);
	let cost = found.as_ref().map_or(grad.error.rows() as f64, |answered| answered.cost());
	core.admission.charge(admitted, cost)?;
	let answered = found?;
	let computation = answered.computation.clone();
	check_rows(&grad, &computation)?;
	if !core.peers.learns() {
		return Ok(dropped(GradReason::NothingToLearn));
	}
	// Without an active bid an error moves nothing (eq. 12), so it is not computed.
	let push = admitted.standing.push;
	if !(push.is_finite() && push > 0.0) {
		return Ok(dropped(GradReason::NoBid));
	}
	if answered.duplicate {
		return Ok(dropped(GradReason::Duplicate));
	}
	if answered.is_stale(core) {
		return Ok(dropped(GradReason::Stale));
	}
	let payer = core.admission.caller(admitted);
	let Ok(turn) = core.work.enter(payer.0, payer.1, GRAD_COST * cost) else {
		return Ok(dropped(GradReason::Busy));
	};
	if !computation.note_grad(source) {
		return Ok(dropped(GradReason::Duplicate));
	}
	let left = admitted.deadline.saturating_duration_since(Instant::now());
	let (tell, judged) = oneshot::channel();
	let (core, words) = (core.clone(), answered.words);
	tokio::spawn(async move {
		let upstream = UpstreamGrad {
			source,
			push,
			version: computation.version,
			texts: computation.texts.clone(),
			downstream: computation.downstream.clone(),
			error: grad.error.clone(),
		};
		let (reason, errors) = take_in(&core, upstream, turn).await;
		if reason == GradReason::Accepted {
			count_accepted(words);
		} else {
			count_dropped(reason);
		}
		// The sender may not wait any longer.
		let _ = tell.send(reason);
		send_on(&core, payer, &grad, &computation, errors).await;
	});
	let reason = match timeout(left.mul_f64(1.0 - RETURN), judged).await {
		Ok(Ok(reason)) => reason,
		Ok(Err(_)) => GradReason::Failed,
		Err(_) => GradReason::Queued,
	};
	let counts = matches!(reason, GradReason::Accepted | GradReason::Queued);
	Ok(GradAnswer { weight: if counts { push } else { 0.0 }, reason })
}

/// The computation that the sender got as an answer. While the sender had no bid, its Spikes were
/// answered as with a ttl of 0.
fn answered(core: &Core, source: &AccountId, grad: &mut Grad) -> Result<Answered, WireError> {
	let found = |computation: Option<Arc<Computation>>, words| {
		let computation = computation?;
		let duplicate = computation.graded_by(source)?;
		Some(Answered { computation, duplicate, words })
	};
	if grad.path.len() == 1 {
		if let Some(words) = found(core.words.get(&Key::of_grad(grad)), true) {
			return Ok(words);
		}
	}
	for ttl in [grad.ttl, 0] {
		grad.ttl = ttl;
		if let Some(passages) = found(core.cache.get(&Key::of_grad(grad)), false) {
			return Ok(passages);
		}
	}
	Err(WireError::UnknownMessage)
}

fn dropped(reason: GradReason) -> GradAnswer {
	count_dropped(reason);
	GradAnswer::dropped(reason)
}

fn count_dropped(reason: GradReason) {
	let reason = GradAnswer::dropped(reason).name();
	counter!("bittensor_miner_grads_dropped_total", "reason" => reason).increment(1);
}

fn count_accepted(words: bool) {
	counter!("bittensor_miner_grads_served_total").increment(1);
	if words {
		counter!("bittensor_miner_word_grads_served_total").increment(1);
	}
}

fn check_rows(grad: &Grad, computation: &Computation) -> Result<(), WireError> {
	let (rows, texts) = (grad.error.rows(), computation.texts.len());
	if rows != texts {
		let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
		return Err(WireError::Shape {
			expected: vec![side(texts), side(DIM)],
			got: vec![side(rows), side(DIM)],
		});
	}
	Ok(())
}

/// Passes the error to the component when it is its turn. Returns what became of it, and ∂L/∂d_j by
/// account.
async fn take_in(
	core: &Core,
	upstream: UpstreamGrad,
	turn: Turn,
) -> (GradReason, Vec<(AccountId, Vectors)>) {
	let computed = timeout(core.config.grad_time, async {
		let _place = turn.wait().await.ok()?;
		Some(core.component.grad(upstream).await)
	});
	let reason = match computed.await {
		Ok(Some(Ok(outcome))) => return (outcome.reason, outcome.errors),
		Ok(Some(Err(error))) => {
			tracing::warn!(%error, "a Grad was not computed");
			GradReason::Failed
		}
		// It made room for another caller.
		Ok(None) => GradReason::Busy,
		Err(_) => {
			tracing::warn!("a Grad was not computed in time");
			GradReason::Busy
		}
	};
	(reason, Vec::new())
}

/// Passes each ∂L/∂d_j to the peer that answered d_j, on the account of the sender.
async fn send_on(
	core: &Core,
	payer: (Caller, f64),
	grad: &Grad,
	computation: &Computation,
	errors: Vec<(AccountId, Vectors)>,
) {
	let rows = computation.texts.len();
	let answered = |account: &AccountId| {
		let mut answers = computation.downstream.iter();
		answers.any(|answer| answer.account == *account && answer.vectors.is_some())
	};
	let onward: Vec<(Peer, Grad)> = errors
		.into_iter()
		.filter(|(account, error)| error.rows() == rows && answered(account))
		.filter_map(|(account, error)| {
			Some((core.peers.peer(&account)?, grad.onward(core.account, error)?))
		})
		.collect();
	if onward.is_empty() {
		return;
	}
	let deadline = Instant::now() + core.config.grad_time;
	let work = (rows * onward.len()) as f64;
	let Ok(Ok(_place)) = timeout_at(deadline, core.onward(payer, grad.ttl, work)).await else {
		return count_dropped(GradReason::Busy);
	};
	let calls = onward.iter().map(|(peer, grad)| core.dendrite.grad(peer, grad, deadline));
	for answer in join_all(calls).await {
		match answer {
			Ok(answer) if answer.accepted() => {
				counter!("bittensor_miner_grads_forwarded_total").increment(1);
			}
			Ok(answer) => tracing::debug!(reason = ?answer.reason, "a peer did not accept a Grad"),
			Err(error) => tracing::debug!(%error, "a Grad did not reach a peer"),
		}
	}
}
