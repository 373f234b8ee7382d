//! Pauses calls to peers that fail, and probes whether they work again.
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
//! cancelled) blocks nothing, because the next one is due a pause later.
//!
//! Kept rather than taken from a crate: the growing pause after invalid answers, one probe per pause
//! and the rule for calls with too little time are specific to this network.

use bittensor_wire::AccountId;
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// When calls to a peer pause, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerConfig {
	/// Failures in a row that open the breaker.
	pub failures: u32,
	/// First pause; it doubles with each failed probe.
	pub first_pause: Duration,
	/// Longest pause after failures.
	pub longest_pause: Duration,
	/// Pause after a bad answer, times the number of bad answers so far, at most ten times.
	pub strike_pause: Duration,
	/// A late answer counts as a failure only if the call had at least this much time.
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
	/// No failure is known, or too few.
	Call,
	/// The pause is over; this call finds out whether the peer works again.
	Probe,
	/// The pause is not over.
	Suspend,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
	/// Failures since the last answer.
	failures: u32,
	/// Bad answers so far; never reset.
	strikes: u32,
	/// Length of the pause, which the next failed probe doubles, and its end; `None` while closed.
	open: Option<(Duration, Instant)>,
}

/// The breakers of all peers. Only peers that failed have an entry.
#[derive(Debug)]
pub struct Breaker {
	config: BreakerConfig,
	peers: Mutex<HashMap<AccountId, Trouble>>,
}

impl Breaker {
	/// All breakers closed.
	pub fn new(config: BreakerConfig) -> Self {
		Self { config, peers: Mutex::new(HashMap::new()) }
	}

	/// Whether to call the peer now. A probe schedules the next one a pause later.
	pub fn decide(&self, peer: &AccountId, now: Instant) -> Decision {
		let mut peers = self.peers.lock();
		match peers.get_mut(peer).and_then(|trouble| trouble.open.as_mut()) {
			None => Decision::Call,
			Some((_, until)) if now < *until => Decision::Suspend,
			Some((pause, until)) => {
				*until = now + *pause;
				Decision::Probe
			}
		}
	}

	/// The peer answered, even with a refusal: its breaker closes.
	pub fn answered(&self, peer: &AccountId) {
		let mut peers = self.peers.lock();
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
		let mut peers = self.peers.lock();
		let trouble = peers.entry(*peer).or_default();
		trouble.failures = trouble.failures.saturating_add(1);
		let pause = match trouble.open {
			Some((pause, _)) => pause.saturating_mul(2).min(self.config.longest_pause.max(pause)),
			None if trouble.failures >= self.config.failures => self.config.first_pause,
			None => return,
		};
		trouble.open = Some((pause, now + pause));
	}

	/// The peer sent an invalid answer.
	pub fn strike(&self, peer: &AccountId, now: Instant) {
		let mut peers = self.peers.lock();
		let trouble = peers.entry(*peer).or_default();
		trouble.strikes = trouble.strikes.saturating_add(1);
		let pause = self.config.strike_pause.saturating_mul(trouble.strikes.min(10));
		trouble.open = Some((pause, now + pause));
	}

	/// Whether calls to the peer are paused now.
	pub fn is_open(&self, peer: &AccountId) -> bool {
		self.peers.lock().get(peer).is_some_and(|trouble| trouble.open.is_some())
	}

	/// Bad answers of the peer so far.
	pub fn strikes(&self, peer: &AccountId) -> u32 {
		self.peers.lock().get(peer).map_or(0, |trouble| trouble.strikes)
	}

	pub(crate) fn fair_time(&self) -> Duration {
		self.config.fair_time
	}
}
