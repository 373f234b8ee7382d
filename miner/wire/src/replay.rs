//! Each request is accepted once.
//!
//! ```text
//!        start                      now − window          now   now + skew
//!          │ ─────────────────────────┼────────────────────┼──────┤
//!  BeforeStart │       Expired        │   accepted, once    │  yes │ IssuedInFuture
//! ```
//!
//! Per sender the guard keeps the (time of issue, nonce) of what it accepted for as long as the window
//! would accept it again, so what it forgets is refused by time. What was issued before this process
//! started is refused, since nobody knows what was accepted then: a replay does not survive a restart.
//! A caller whose clock is behind by s seconds is therefore refused during our first s seconds.
//!
//! Bounded: at most `per_account` nonces for an account and `total` for all together. The caller of
//! [`ReplayGuard::check`] admits registered accounts with a genuine signature only.

use crate::{envelope::Nonce, AccountId, Header, WireError};
use std::collections::{BTreeSet, HashMap};

/// How long and how much the guard remembers.
#[derive(Clone, Copy, Debug)]
pub struct ReplayLimits {
	/// Milliseconds after its issue for which a request is accepted.
	pub window_ms: u64,
	/// Milliseconds by which a sender's clock may be ahead.
	pub skew_ms: u64,
	/// Nonces kept for one account.
	pub per_account: usize,
	/// Nonces kept for all accounts.
	pub total: usize,
}

impl Default for ReplayLimits {
	fn default() -> Self {
		Self { window_ms: 15_000, skew_ms: 5_000, per_account: 16_384, total: 262_144 }
	}
}

/// The memory of accepted requests. About 50 bytes per nonce.
#[derive(Debug)]
pub struct ReplayGuard {
	limits: ReplayLimits,
	started_ms: u64,
	seen: HashMap<AccountId, BTreeSet<(u64, Nonce)>>,
	nonces: usize,
}

impl ReplayGuard {
	/// A guard that starts empty at `started_ms` and refuses everything issued before.
	pub fn new(limits: ReplayLimits, started_ms: u64) -> Self {
		Self { limits, started_ms, seen: HashMap::new(), nonces: 0 }
	}

	/// Checks the times of a request without remembering it: `Expired`, `IssuedInFuture` or
	/// `BeforeStart`.
	pub fn check_times(&self, header: &Header, now_ms: u64) -> Result<(), WireError> {
		let issued = header.issued_at_ms;
		let latest = now_ms.saturating_add(self.limits.skew_ms);
		if issued > latest {
			return Err(WireError::IssuedInFuture { ahead_ms: issued - now_ms });
		}
		let last = header.deadline_ms.min(issued.saturating_add(self.limits.window_ms));
		if now_ms > last {
			return Err(WireError::Expired { late_ms: now_ms - last });
		}
		if issued < self.started_ms {
			return Err(WireError::BeforeStart);
		}
		Ok(())
	}

	/// Checks times and nonce, and remembers the request if it is accepted.
	pub fn check(&mut self, header: &Header, now_ms: u64) -> Result<(), WireError> {
		self.check_times(header, now_ms)?;
		if self.nonces >= self.limits.total {
			self.forget(now_ms);
			if self.nonces >= self.limits.total {
				return Err(WireError::TooManyNonces);
			}
		}
		let oldest = now_ms.saturating_sub(self.limits.window_ms);
		let seen = self.seen.entry(header.from).or_default();
		self.nonces -= drop_older(seen, oldest);
		let entry = (header.issued_at_ms, header.nonce);
		if seen.contains(&entry) {
			return Err(WireError::Replayed);
		}
		if seen.len() >= self.limits.per_account {
			return Err(WireError::TooManyNonces);
		}
		seen.insert(entry);
		self.nonces += 1;
		Ok(())
	}

	/// Drops what the window refuses anyway, of all accounts.
	pub fn forget(&mut self, now_ms: u64) {
		let oldest = now_ms.saturating_sub(self.limits.window_ms);
		let mut dropped = 0;
		self.seen.retain(|_, seen| {
			dropped += drop_older(seen, oldest);
			!seen.is_empty()
		});
		self.nonces -= dropped;
	}

	/// Nonces remembered now.
	pub fn len(&self) -> usize {
		self.nonces
	}

	/// Whether no nonce is remembered.
	pub fn is_empty(&self) -> bool {
		self.nonces == 0
	}

	/// Accounts with remembered nonces.
	pub fn accounts(&self) -> usize {
		self.seen.len()
	}
}

/// Removes entries issued before `oldest`; returns how many.
fn drop_older(seen: &mut BTreeSet<(u64, Nonce)>, oldest: u64) -> usize {
	let before = seen.len();
	while let Some(first) = seen.first() {
		if first.0 >= oldest {
			break;
		}
		seen.pop_first();
	}
	before - seen.len()
}
