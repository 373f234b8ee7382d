//! Serving a Grad: acknowledge at once, compute later, forward errors downstream.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	core::Core,
	fair::{Caller, Turn},
	UpstreamGrad,
};
use crate::dendrite::Peer;
use bittensor_wire::{proto::GradReason, AccountId, Grad, GradAnswer, Vectors, WireError, DIM};
use futures::future::join_all;
use metrics::counter;
use std::sync::Arc;
use tokio::time::{timeout, timeout_at, Instant};

/// Work of a Grad per text; a Spike is 1. It computes the Spike again and goes back.
const GRAD_COST: f64 = 3.0;

/// Acknowledges a Grad and, if it is accepted, starts its computation.
pub(crate) fn serve(core: &Arc<Core>, admitted: &Admitted) -> Result<GradAnswer, WireError> {
	let source = admitted.header.from;
	let mut grad = Grad::decode(&admitted.body, &source)?;
	core.admission.charge(admitted, grad.error.rows())?;
	if grad.path.contains(&core.account) {
		return Ok(dropped(GradReason::Cut, "cut"));
	}
	grad.ttl = grad.ttl.min(core.config.max_ttl);
	let (computation, duplicate) = answered(core, &source, &mut grad)?;
	check_rows(&grad, &computation)?;
	// Without an active bid an error moves nothing (eq. 12), so it is not computed.
	let push = admitted.standing.push;
	if !(push.is_finite() && push > 0.0) {
		return Ok(dropped(GradReason::NoBid, "no-bid"));
	}
	if duplicate {
		return Ok(dropped(GradReason::Duplicate, "duplicate"));
	}
	let payer = core.admission.caller(admitted);
	let work = GRAD_COST * computation.texts.len() as f64;
	let Ok(turn) = core.work.enter(payer.0, payer.1, work) else {
		return Ok(dropped(GradReason::Busy, "busy"));
	};
	if !computation.note_grad(source) {
		return Ok(dropped(GradReason::Duplicate, "duplicate"));
	}
	let core = core.clone();
	tokio::spawn(async move {
		let upstream = UpstreamGrad {
			source,
			push,
			version: computation.version,
			texts: computation.texts.clone(),
			downstream: computation.downstream.clone(),
			error: grad.error.clone(),
		};
		if let Some(errors) = take_in(&core, upstream, turn).await {
			send_on(&core, payer, &grad, &computation, errors).await;
		}
	});
	Ok(GradAnswer { weight: push, reason: GradReason::Accepted })
}

/// The computation that the sender got as an answer, and whether its error has arrived before. While
/// the sender had no bid, its Spikes were answered as with a ttl of 0.
fn answered(
	core: &Core,
	source: &AccountId,
	grad: &mut Grad,
) -> Result<(Arc<Computation>, bool), WireError> {
	for ttl in [grad.ttl, 0] {
		grad.ttl = ttl;
		let computation = core.cache.get(&Key::of_grad(grad));
		let duplicate = computation.as_ref().and_then(|answer| answer.graded_by(source));
		if let Some(found) = computation.zip(duplicate) {
			return Ok(found);
		}
	}
	Err(WireError::UnknownMessage)
}

fn dropped(reason: GradReason, label: &'static str) -> GradAnswer {
	count_dropped(label);
	GradAnswer { weight: 0.0, reason }
}

fn count_dropped(reason: &'static str) {
	counter!("bittensor_miner_grads_dropped_total", "reason" => reason).increment(1);
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

/// Passes the error to the component when it is its turn. Returns ∂L/∂d_j by account.
async fn take_in(
	core: &Core,
	upstream: UpstreamGrad,
	turn: Turn,
) -> Option<Vec<(AccountId, Vectors)>> {
	let computed = timeout(core.config.grad_time, async {
		let _place = turn.wait().await.ok()?;
		Some(core.component.grad(upstream).await)
	});
	match computed.await {
		Ok(Some(Ok(errors))) => {
			counter!("bittensor_miner_grads_served_total").increment(1);
			return Some(errors);
		}
		Ok(Some(Err(error))) => {
			tracing::warn!(%error, "a Grad was not computed");
			count_dropped("failed");
		}
		// It made room for another caller.
		Ok(None) => count_dropped("busy"),
		Err(_) => {
			tracing::warn!("a Grad was not computed in time");
			count_dropped("late");
		}
	}
	None
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
		return count_dropped("busy");
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
