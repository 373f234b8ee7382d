//! Serving a Grad: acknowledge at once, compute later, forward errors downstream.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	server::Core,
	UpstreamGrad,
};
use bittensor_wire::{proto::GradReason, AccountId, Grad, GradAnswer, WireError, DIM};
use futures::future::join_all;
use metrics::counter;
use std::sync::Arc;
use tokio::time::{timeout, Instant};

/// Acknowledges a Grad and, if it is accepted, starts its computation.
pub(crate) fn serve(core: &Arc<Core>, admitted: &Admitted) -> Result<GradAnswer, WireError> {
	let source = admitted.header.from;
	let mut grad = Grad::decode(&admitted.body, &source)?;
	core.admission.charge(admitted, grad.error.rows())?;
	if grad.path.contains(&core.account) {
		return Ok(dropped(GradReason::Cut, "cut"));
	}
	grad.ttl = grad.ttl.min(core.config.max_ttl);
	let computation = core.cache.get(&Key::of_grad(&grad)).ok_or(WireError::UnknownMessage)?;
	let duplicate = computation.graded_by(&source).ok_or(WireError::UnknownMessage)?;
	check_rows(&grad, &computation)?;
	// Without an active bid an error moves nothing (eq. 12), so it is not computed.
	let weight = admitted.standing.weight;
	if !(weight.is_finite() && weight > 0.0) {
		return Ok(dropped(GradReason::NoBid, "no-bid"));
	}
	if duplicate {
		return Ok(dropped(GradReason::Duplicate, "duplicate"));
	}
	let Ok(permit) = core.grads.clone().try_acquire_owned() else {
		return Ok(dropped(GradReason::Busy, "busy"));
	};
	if !computation.note_grad(source) {
		return Ok(dropped(GradReason::Duplicate, "duplicate"));
	}
	let core = core.clone();
	tokio::spawn(async move {
		propagate(&core, source, weight, grad, computation).await;
		drop(permit);
	});
	Ok(GradAnswer { weight, reason: GradReason::Accepted })
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

/// Passes the error to the component, and each ∂L/∂d_j to the peer that answered d_j.
async fn propagate(
	core: &Core,
	source: AccountId,
	weight: f64,
	grad: Grad,
	computation: Arc<Computation>,
) {
	let upstream = UpstreamGrad {
		source,
		weight,
		version: computation.version,
		texts: computation.texts.clone(),
		downstream: computation.downstream.clone(),
		error: grad.error.clone(),
	};
	let time = core.config.grad_time;
	let errors = match timeout(time, core.component.grad(upstream)).await {
		Ok(Ok(errors)) => errors,
		Ok(Err(error)) => {
			tracing::warn!(%error, "a Grad was not computed");
			count_dropped("failed");
			return;
		}
		Err(_) => {
			tracing::warn!("a Grad was not computed in time");
			count_dropped("late");
			return;
		}
	};
	counter!("bittensor_miner_grads_served_total").increment(1);
	let rows = computation.texts.len();
	let answered = |account: &AccountId| {
		let mut answers = computation.downstream.iter();
		answers.any(|answer| answer.account == *account && answer.vectors.is_some())
	};
	let deadline = Instant::now() + time;
	let calls = errors.into_iter().filter_map(|(account, error)| {
		if error.rows() != rows || !answered(&account) {
			return None;
		}
		let peer = core.peers.peer(&account)?;
		let onward = grad.onward(core.account, error)?;
		Some(async move { core.dendrite.grad(&peer, &onward, deadline).await })
	});
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
