//! Serving a Grad: acknowledged at once, computed after, and sent on to the components below.

use super::{
	admission::Admitted,
	cache::{Computation, Graded, Key},
	server::Core,
	stats::count,
	Upstream,
};
use crate::dendrite::lock;
use bittensor_wire::{proto::GradReason, AccountId, Grad, GradAnswer, WireError, DIM};
use futures::future::join_all;
use std::sync::Arc;
use tokio::time::{timeout, Instant};

/// Acknowledges a Grad and, if it is accepted, starts its computation.
pub(crate) fn serve(core: &Arc<Core>, admitted: &Admitted) -> Result<GradAnswer, WireError> {
	let source = admitted.header.from;
	let mut grad = Grad::decode(&admitted.body, &source)?;
	core.admission.charge(admitted, grad.error.rows())?;
	if grad.path.contains(&core.account) {
		return Ok(drop_it(core, GradReason::Cut));
	}
	grad.ttl = grad.ttl.min(core.config.max_ttl);
	let key = Key::of_grad(&grad);
	let (computation, duplicate) = match lock(&core.cache).graded(&key, &source, Instant::now()) {
		Graded::Unknown => return Err(WireError::UnknownMessage),
		Graded::Duplicate(computation) => (computation, true),
		Graded::Open(computation) => (computation, false),
	};
	check_rows(&grad, &computation)?;
	// Without a charged bid an error moves nothing (eq. 12), so it is not even computed.
	let weight = admitted.standing.weight;
	if !(weight.is_finite() && weight > 0.0) {
		return Ok(drop_it(core, GradReason::NoBid));
	}
	if duplicate {
		return Ok(drop_it(core, GradReason::Duplicate));
	}
	let Ok(permit) = core.grads.clone().try_acquire_owned() else {
		return Ok(drop_it(core, GradReason::Busy));
	};
	if !lock(&core.cache).note_grad(&key, &source) {
		return Ok(drop_it(core, GradReason::Duplicate));
	}
	let core = core.clone();
	tokio::spawn(async move {
		propagate(&core, source, weight, grad, computation).await;
		drop(permit);
	});
	Ok(GradAnswer { weight, reason: GradReason::Accepted })
}

fn drop_it(core: &Core, reason: GradReason) -> GradAnswer {
	count(&core.stats.grads_dropped, 1);
	GradAnswer { weight: 0.0, reason }
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

/// Hands the error to the nucleus, and what it means for d_j to the components that gave d_j.
async fn propagate(
	core: &Core,
	source: AccountId,
	weight: f64,
	grad: Grad,
	computation: Arc<Computation>,
) {
	let upstream = Upstream {
		source,
		weight,
		version: computation.version,
		texts: computation.texts.clone(),
		downstream: computation.downstream.clone(),
		error: grad.error.clone(),
	};
	let time = core.config.grad_time;
	let errors = match timeout(time, core.nucleus.grad(upstream)).await {
		Ok(Ok(errors)) => errors,
		Ok(Err(error)) => {
			tracing::warn!(%error, "a Grad was not computed");
			count(&core.stats.grads_dropped, 1);
			return;
		}
		Err(_) => {
			tracing::warn!("a Grad was not computed in time");
			count(&core.stats.grads_dropped, 1);
			return;
		}
	};
	count(&core.stats.grads_served, 1);
	let rows = computation.texts.len();
	let took_part = |account: &AccountId| {
		let slot = computation.downstream.iter().find(|slot| slot.account == *account);
		slot.is_some_and(|slot| slot.vectors.is_some())
	};
	let deadline = Instant::now() + time;
	let calls = errors.into_iter().filter_map(|(account, error)| {
		if error.rows() != rows || !took_part(&account) {
			return None;
		}
		let peer = core.peers.peer(&account)?;
		let onward = grad.onward(core.account, error)?;
		Some(async move { core.dendrite.grad(&peer, &onward, deadline).await })
	});
	for answer in join_all(calls).await {
		match answer {
			Ok(answer) if answer.accepted() => count(&core.stats.grads_forwarded, 1),
			Ok(answer) => tracing::debug!(reason = ?answer.reason, "a Grad was not accepted below"),
			Err(error) => tracing::debug!(%error, "a Grad did not arrive below"),
		}
	}
}
