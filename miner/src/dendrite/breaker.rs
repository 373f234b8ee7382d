//! Leaves peers alone that fail, and finds out when they are back.
//!
//! ```text
//!            3 failures in a row,
//!            or one bad answer                    pause over: one probe,
//!   closed ──────────────────────► open ────────► next one a pause later
//!     ▲                              ▲                 │        │
//!     └──────────── answer ──────────┼─────────────────┘        │
//!                                    └── failure: pause doubles ┘
//! ```
//!
//! A peer that does not answer costs a fan-out its whole deadline, so it is called rarely until it
//! answers again. A probe is an ordinary call; a probe whose outcome is never reported (its caller was
//! cancelled) blocks nothing, since the next one is due a pause later anyway.

use super::lock;
use bittensor_wire::AccountId;
use std::{collections::HashMap, sync::Mutex, time::Duration};
use tokio::time::Instant;

/// When peers are left alone, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerConfig {
	/// Failures in a row that open the breaker.
	pub failures: u32,
	/// First pause; it doubles with every failed probe.
	pub first_pause: Duration,
	/// Longest pause after failures.
	pub longest_pause: Duration,
	/// Pause after a bad answer, times the number of bad answers so far, at most ten times.
	pub strike_pause: Duration,
	/// A call that had less time than this and was late says nothing about the peer.
	pub fair_time: Duration,
}

impl Default for BreakerConfig {
	fn default() -> Self {
		Self {
			failures: 3,
			first_pause: Duration::from_millis(500),
			longest_pause: Duration::from_secs(15),
			strike_pause: Duration::from_secs(15),
			fair_time: Duration::from_millis(100),
		}
	}
}

/// Whether to call a peer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
	/// It works, as far as is known.
	Call,
	/// It failed, and this call finds out whether it is back.
	Probe,
	/// It failed, and its pause is not over.
	Suspend,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
	/// Failures since the last answer.
	failures: u32,
	/// Bad answers, ever.
	strikes: u32,
	/// Pause that the next failed probe doubles, and its end; `None` while closed.
	open: Option<(Duration, Instant)>,
}

/// The breakers of all peers. An entry exists only for a peer that failed.
#[derive(Debug)]
pub struct Breaker {
	config: BreakerConfig,
	peers: Mutex<HashMap<AccountId, Trouble>>,
}

impl Breaker {
	/// Breakers that are all closed.
	pub fn new(config: BreakerConfig) -> Self {
		Self { config, peers: Mutex::new(HashMap::new()) }
	}

	/// Whether to call the peer now. A probe moves the next one a pause ahead.
	pub fn decide(&self, peer: &AccountId, now: Instant) -> Decision {
		let mut peers = lock(&self.peers);
		match peers.get_mut(peer).and_then(|trouble| trouble.open.as_mut()) {
			None => Decision::Call,
			Some((_, until)) if now < *until => Decision::Suspend,
			Some((pause, until)) => {
				*until = now + *pause;
				Decision::Probe
			}
		}
	}

	/// The peer answered, be it with a refusal: it is alive, and its breaker closes.
	pub fn answered(&self, peer: &AccountId) {
		let mut peers = lock(&self.peers);
		if let Some(trouble) = peers.get_mut(peer) {
			if trouble.strikes == 0 {
				peers.remove(peer);
			} else {
				trouble.failures = 0;
				trouble.open = None;
			}
		}
	}

	/// The peer was late or could not be reached.
	pub fn failed(&self, peer: &AccountId, now: Instant) {
		let mut peers = lock(&self.peers);
		let trouble = peers.entry(*peer).or_default();
		trouble.failures = trouble.failures.saturating_add(1);
		let pause = match trouble.open {
			Some((pause, _)) => pause.saturating_mul(2).min(self.config.longest_pause.max(pause)),
			None if trouble.failures >= self.config.failures => self.config.first_pause,
			None => return,
		};
		trouble.open = Some((pause, now + pause));
	}

	/// The peer answered with something that is no valid answer.
	pub fn strike(&self, peer: &AccountId, now: Instant) {
		let mut peers = lock(&self.peers);
		let trouble = peers.entry(*peer).or_default();
		trouble.strikes = trouble.strikes.saturating_add(1);
		let pause = self.config.strike_pause.saturating_mul(trouble.strikes.min(10));
		trouble.open = Some((pause, now + pause));
	}

	/// Whether the peer is left alone at present.
	pub fn is_open(&self, peer: &AccountId) -> bool {
		lock(&self.peers).get(peer).is_some_and(|trouble| trouble.open.is_some())
	}

	/// Bad answers of the peer so far.
	pub fn strikes(&self, peer: &AccountId) -> u32 {
		lock(&self.peers).get(peer).map_or(0, |trouble| trouble.strikes)
	}

	pub(crate) fn fair_time(&self) -> Duration {
		self.config.fair_time
	}
}
