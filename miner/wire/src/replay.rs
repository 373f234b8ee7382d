//! Replay protection: a request is accepted once.
//!
//! ```text
//!        start                      now − window          now   now + skew
//!          │ ─────────────────────────┼────────────────────┼──────┤
//!  BeforeStart │       Expired        │   accepted, once    │  yes │ IssuedInFuture
//! ```
//!
//! The guard keeps the (time of issue, nonce) of each accepted request, per sender, for the length of
//! the window; older requests are refused by their time. Requests issued before this process started
//! are refused, because the nonces accepted then are lost. As a side effect, a caller whose clock is s
//! seconds behind is refused during our first s seconds.
//!
//! Bounds: at most `per_account` nonces per account and `total` for all accounts. Call
//! [`ReplayGuard::check`] only for registered accounts with a verified signature.

use crate::{envelope::Nonce, AccountId, Header, WireError};
use std::collections::{BTreeSet, HashMap};

/// Time window and memory limits of the guard.
#[derive(Clone, Copy, Debug)]
pub struct ReplayLimits {
	/// Milliseconds after its issue during which a request is accepted.
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

/// The accepted requests. About 50 bytes per nonce.
#[derive(Debug)]
pub struct ReplayGuard {
	limits: ReplayLimits,
	started_ms: u64,
	seen: HashMap<AccountId, BTreeSet<(u64, Nonce)>>,
	nonces: usize,
}

impl ReplayGuard {
	/// An empty guard that refuses requests issued before `started_ms`.
	pub fn new(limits: ReplayLimits, started_ms: u64) -> Self {
		Self { limits, started_ms, seen: HashMap::new(), nonces: 0 }
	}

	/// Checks the times of a request without recording it. Errors: `Expired`, `IssuedInFuture`,
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

	/// Checks times and nonce, and records the request if it is accepted. Errors: those of
	/// [`ReplayGuard::check_times`], `Replayed`, `TooManyNonces`.
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

	/// Drops the nonces outside the window, of all accounts.
	pub fn forget(&mut self, now_ms: u64) {
		let oldest = now_ms.saturating_sub(self.limits.window_ms);
		let mut dropped = 0;
		self.seen.retain(|_, seen| {
			dropped += drop_older(seen, oldest);
			!seen.is_empty()
		});
		self.nonces -= dropped;
	}

	/// Nonces recorded.
	pub fn len(&self) -> usize {
		self.nonces
	}

	/// Whether no nonce is recorded.
	pub fn is_empty(&self) -> bool {
		self.nonces == 0
	}

	/// Accounts with recorded nonces.
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
