//! Waits as long as a peer says when it refuses us for want of a bid.
//!
//! Not the breaker's part: a peer that refuses works well, and names the time itself.

use super::Peer;
use bittensor_wire::AccountId;
use metrics::counter;
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// The longest wait, whatever a peer says.
const LONGEST: Duration = Duration::from_secs(60);
/// Time between two lines of the log about one peer.
const LINE_EVERY: Duration = Duration::from_secs(600);
/// Peers that are remembered.
const PEERS: usize = 4_096;

struct Refusal {
	until: Instant,
	logged: Instant,
}

/// The peers that refused us, and until when.
#[derive(Default)]
pub(super) struct Backoff(Mutex<HashMap<AccountId, Refusal>>);

impl Backoff {
	/// How long the peer is still not to be called; `None` if it may be called.
	pub(super) fn left(&self, peer: &AccountId, now: Instant) -> Option<Duration> {
		let until = self.0.lock().get(peer)?.until;
		until.checked_duration_since(now).filter(|left| !left.is_zero())
	}

	/// The peer refused a request and may be called after `retry`.
	pub(super) fn refused(&self, peer: &Peer, retry: Duration, now: Instant) {
		counter!("bittensor_miner_refused_by_peers_total").increment(1);
		let until = now + retry.min(LONGEST);
		let mut peers = self.0.lock();
		if peers.len() >= PEERS {
			peers.retain(|_, refusal| refusal.until > now || refusal.logged + LINE_EVERY > now);
		}
		if let Some(refusal) = peers.get_mut(&peer.account) {
			refusal.until = refusal.until.max(until);
			if now.saturating_duration_since(refusal.logged) < LINE_EVERY {
				return;
			}
			refusal.logged = now;
		} else if peers.len() < PEERS {
			peers.insert(peer.account, Refusal { until, logged: now });
		}
		tracing::warn!(
			"component {} serves paying callers only beyond the free tier: bid for it (post a row \
			 with a share for it, on a component with stake), or it answers now and then only",
			peer.uid
		);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn peer(number: u32) -> Peer {
		let mut account = [0; 32];
		account[..4].copy_from_slice(&number.to_le_bytes());
		Peer { uid: number, account, host: "127.0.0.1".into(), port: 1, tls_spki: None }
	}

	#[test]
	fn a_peer_is_left_alone_as_long_as_it_says_but_not_for_days() {
		let (backoff, now) = (Backoff::default(), Instant::now());
		let (one, other) = (peer(1), peer(2));
		assert_eq!(backoff.left(&one.account, now), None);
		backoff.refused(&one, Duration::from_millis(700), now);
		assert_eq!(backoff.left(&one.account, now), Some(Duration::from_millis(700)));
		assert_eq!(backoff.left(&other.account, now), None);
		// A shorter time, for a smaller request, does not end the longer one.
		backoff.refused(&one, Duration::from_millis(1), now);
		assert_eq!(backoff.left(&one.account, now), Some(Duration::from_millis(700)));
		assert_eq!(backoff.left(&one.account, now + Duration::from_millis(700)), None);
		backoff.refused(&other, Duration::MAX, now);
		assert_eq!(backoff.left(&other.account, now), Some(LONGEST));
	}

	#[test]
	fn the_number_of_peers_is_bounded() {
		let (backoff, now) = (Backoff::default(), Instant::now());
		for number in 0..10_000 {
			backoff.refused(&peer(number), Duration::from_secs(1), now);
		}
		assert_eq!(backoff.0.lock().len(), PEERS);
	}
}
