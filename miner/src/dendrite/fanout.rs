//! One message to many peers at once, within one deadline.

use super::{
	backoff::Backoff, Breaker, BreakerConfig, Decision, DendriteError, Experience, Peer, Transport,
};
use bittensor_wire::{
	limits::MAX_HOPS,
	message::Hop,
	proto::{GradReason, HopStatus},
	AccountId, Grad, GradAnswer, Spike, SpikeAnswer, Vectors, WireError,
};
use futures::future::join_all;
use metrics::counter;
use std::{sync::Arc, time::Duration};
use tokio::time::{timeout_at, Instant};

/// Settings of the dendrite.
#[derive(Clone, Copy, Debug, Default)]
pub struct DendriteConfig {
	/// When calls to failing peers pause.
	pub breaker: BreakerConfig,
}

/// The answers to a Spike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FanOut {
	/// d_j(x) per peer, in the order of the peers; `None` if late, failed, cut or not called.
	pub vectors: Vec<Option<Vectors>>,
	/// Parameter version per answer, in the same order.
	pub versions: Vec<Option<u64>>,
	/// Peers that refused us for want of a bid, or were not called because they had.
	pub unpaid: Vec<AccountId>,
	/// All calls: ours first, then those that the peers made; at most [`MAX_HOPS`].
	pub hops: Vec<Hop>,
}

/// The client side of a component.
pub struct Dendrite {
	account: AccountId,
	transport: Arc<dyn Transport>,
	breaker: Breaker,
	backoff: Backoff,
	experience: Experience,
}

impl Dendrite {
	/// The dendrite of the component with the service key `account`.
	pub fn new(account: AccountId, transport: Arc<dyn Transport>, config: DendriteConfig) -> Self {
		let breaker = Breaker::new(config.breaker);
		let (backoff, experience) = Default::default();
		Self { account, transport, breaker, backoff, experience }
	}

	/// Service key of the component.
	pub fn account(&self) -> AccountId {
		self.account
	}

	/// The peers' breakers.
	pub fn breaker(&self) -> &Breaker {
		&self.breaker
	}

	/// What calls to peers were like.
	pub fn experience(&self) -> &Experience {
		&self.experience
	}

	/// Sends one Spike, whose path ends with our account, to all peers, and waits until all have
	/// answered or the deadline has passed. Never fails: a missing answer is `None`.
	pub async fn spike(&self, peers: &[Peer], message: &Spike, deadline: Instant) -> FanOut {
		let calls = peers.iter().map(|peer| self.spike_one(peer, message, deadline));
		let answers = join_all(calls).await;
		let mut fan_out = FanOut::default();
		let mut further = Vec::new();
		for (peer, (answer, time)) in peers.iter().zip(answers) {
			let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
			let status = match &answer {
				Ok(answer) if answer.output.is_some() => HopStatus::Ok,
				Ok(_) => HopStatus::Cut,
				Err(error) => status_of(error),
			};
			let (account, caller, uid) = (peer.account, self.account, peer.uid);
			fan_out.hops.push(Hop { account, caller, uid, micros, status });
			let unpaid = answer.as_ref().is_err_and(DendriteError::is_unpaid);
			if unpaid {
				fan_out.unpaid.push(account);
			}
			let (output, version) = match answer {
				Ok(answer) => {
					further.extend(answer.hops);
					if let Some(vectors) = &answer.output {
						self.experience.answered(&account, answer.version, vectors, time);
					}
					(answer.output, Some(answer.version))
				}
				Err(error) => {
					tracing::debug!(uid, %error, "no answer to a Spike");
					self.experience.missed(&account, unpaid, Instant::now());
					(None, None)
				}
			};
			fan_out.vectors.push(output);
			fan_out.versions.push(version);
		}
		fan_out.hops.extend(further);
		fan_out.hops.truncate(MAX_HOPS);
		fan_out
	}

	/// Sends the errors ∂L/∂d_j of a Spike to the peers that answered it, all at once, and returns
	/// their answers in the same order. `message` is the Spike that was sent to them.
	pub async fn grads(
		&self,
		message: &Spike,
		errors: Vec<(Peer, Vectors)>,
		deadline: Instant,
	) -> Vec<Result<GradAnswer, DendriteError>> {
		let calls = errors.into_iter().map(|(peer, error)| {
			let grad = message.grad(error);
			async move { self.grad(&peer, &grad, deadline).await }
		});
		join_all(calls).await
	}

	/// Sends one Grad. A peer on the Grad's path is not called, which ends the cycle here.
	pub async fn grad(
		&self,
		peer: &Peer,
		grad: &Grad,
		deadline: Instant,
	) -> Result<GradAnswer, DendriteError> {
		if grad.path.contains(&peer.account) {
			return Ok(GradAnswer { weight: 0.0, reason: GradReason::Cut });
		}
		let start = Instant::now();
		if let Some(left) = self.backoff.left(&peer.account, start) {
			let retry_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
			return Err(DendriteError::Refused(WireError::RateLimited { retry_ms }));
		}
		if self.breaker.decide(&peer.account, start) == Decision::Suspend {
			return Err(DendriteError::Suspended);
		}
		let answer = timeout_at(deadline, self.transport.grad(peer, grad, deadline))
			.await
			.unwrap_or(Err(DendriteError::Late));
		self.learn(peer, start, answer.as_ref().err());
		answer
	}

	/// Sends a Spike to one peer. A peer on the Spike's path is not called, as it would cut the message.
	pub async fn ask(
		&self,
		peer: &Peer,
		message: &Spike,
		deadline: Instant,
	) -> Result<SpikeAnswer, DendriteError> {
		if message.path.contains(&peer.account) {
			return Ok(SpikeAnswer::cut(0));
		}
		let start = Instant::now();
		if let Some(left) = self.backoff.left(&peer.account, start) {
			counter!("bittensor_miner_spikes_held_back_total").increment(1);
			let retry_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
			return Err(DendriteError::Refused(WireError::RateLimited { retry_ms }));
		}
		if self.breaker.decide(&peer.account, start) == Decision::Suspend {
			return Err(DendriteError::Suspended);
		}
		let answer = timeout_at(deadline, self.transport.spike(peer, message, deadline))
			.await
			.unwrap_or(Err(DendriteError::Late));
		self.learn(peer, start, answer.as_ref().err());
		answer
	}

	/// The answer of one peer, and the time that it took.
	async fn spike_one(
		&self,
		peer: &Peer,
		message: &Spike,
		deadline: Instant,
	) -> (Result<SpikeAnswer, DendriteError>, Duration) {
		let start = Instant::now();
		let answer = self.ask(peer, message, deadline).await;
		// A call that was not made took no time.
		let called = !matches!(answer, Err(DendriteError::Suspended))
			&& !message.path.contains(&peer.account);
		(answer, if called { start.elapsed() } else { Duration::ZERO })
	}

	/// Updates the peer's breaker, and how long it wants to be left alone, with the outcome of a call.
	fn learn(&self, peer: &Peer, start: Instant, error: Option<&DendriteError>) {
		let now = Instant::now();
		if let Some(DendriteError::Refused(WireError::RateLimited { retry_ms })) = error {
			self.backoff.refused(peer, Duration::from_millis(*retry_ms), now);
		}
		match error {
			None | Some(DendriteError::Refused(_)) => self.breaker.answered(&peer.account),
			Some(DendriteError::Late) => {
				// A caller that allows us hardly any time must not make our peers look dead.
				if now.saturating_duration_since(start) >= self.breaker.fair_time() {
					self.breaker.failed(&peer.account, now);
				}
			}
			Some(DendriteError::Unreachable { .. } | DendriteError::Tls { .. }) => {
				self.breaker.failed(&peer.account, now);
			}
			Some(DendriteError::Invalid(error)) => {
				tracing::warn!(uid = peer.uid, %error, "invalid answer: a strike");
				self.breaker.strike(&peer.account, now);
			}
			Some(DendriteError::Unsendable(_) | DendriteError::Suspended) => {}
		}
	}
}

fn status_of(error: &DendriteError) -> HopStatus {
	match error {
		DendriteError::Late => HopStatus::Late,
		DendriteError::Unreachable { .. } | DendriteError::Tls { .. } => HopStatus::Unreachable,
		DendriteError::Refused(_) | DendriteError::Unsendable(_) => HopStatus::Refused,
		DendriteError::Invalid(_) => HopStatus::Invalid,
		DendriteError::Suspended => HopStatus::Suspended,
	}
}
