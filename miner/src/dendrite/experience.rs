//! What calls to peers were like: how long answers take, since when none comes, at which version a peer
//! answers, and how long its vectors are.

use bittensor_wire::{AccountId, Vectors};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Decay of the running means, per answer.
const DECAY: f64 = 0.95;
/// Peers that are remembered.
const PEERS: usize = 4_096;

/// What is known about a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
	/// Version of its parameters at its last answer.
	pub version: Option<u64>,
	/// Running mean of the milliseconds from call to answer.
	pub millis: f64,
	/// Running mean of the squared entries of its vectors of passages.
	pub square: f64,
	/// Answers.
	pub answers: u64,
	/// The first call since its last answer; `None` if it answered the last one.
	pub silent_since: Option<Instant>,
	/// The last call was refused for want of a bid.
	pub unpaid: bool,
}

impl Known {
	/// Time without an answer.
	pub fn silent(&self, now: Instant) -> Option<Duration> {
		self.silent_since.map(|since| now.saturating_duration_since(since))
	}

	/// Root mean square of the entries of its vectors of passages; `None` before the first one.
	pub fn rms(&self) -> Option<f64> {
		(self.answers > 0).then(|| self.square.sqrt())
	}
}

/// What calls to peers were like.
#[derive(Debug, Default)]
pub struct Experience(Mutex<HashMap<AccountId, Known>>);

impl Experience {
	/// What is known about a peer.
	pub fn of(&self, peer: &AccountId) -> Known {
		self.0.lock().get(peer).copied().unwrap_or_default()
	}

	/// Forgets a peer.
	pub fn forget(&self, peer: &AccountId) {
		self.0.lock().remove(peer);
	}

	/// The peer answered passages after so long.
	pub(super) fn answered(
		&self,
		peer: &AccountId,
		version: u64,
		vectors: &Vectors,
		time: Duration,
	) {
		let values = vectors.values();
		let squares: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
		let square = squares / values.len().max(1) as f64;
		let millis = time.as_secs_f64() * 1e3;
		self.with(peer, |known| {
			let decay = if known.answers == 0 { 0.0 } else { DECAY };
			known.millis = decay * known.millis + (1.0 - decay) * millis;
			known.square = decay * known.square + (1.0 - decay) * square;
			known.version = Some(version);
			known.answers += 1;
			(known.silent_since, known.unpaid) = (None, false);
		});
	}

	/// The peer did not answer; `unpaid`: for want of a bid.
	pub fn missed(&self, peer: &AccountId, unpaid: bool, now: Instant) {
		self.with(peer, |known| {
			known.silent_since.get_or_insert(now);
			known.unpaid = unpaid;
		});
	}

	fn with(&self, peer: &AccountId, note: impl FnOnce(&mut Known)) {
		let mut peers = self.0.lock();
		if peers.len() < PEERS || peers.contains_key(peer) {
			note(peers.entry(*peer).or_default());
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use bittensor_wire::DIM;

	#[test]
	fn silence_counts_from_the_first_call_without_an_answer() {
		let (experience, start) = (Experience::default(), Instant::now());
		let at = |seconds| start + Duration::from_secs(seconds);
		let peer = [1; 32];
		assert_eq!(experience.of(&peer), Known::default());
		let vectors = Vectors::new(2, vec![2.0; 2 * DIM]).expect("finite");
		experience.answered(&peer, 7, &vectors, Duration::from_millis(10));
		assert_eq!(experience.of(&peer).silent(at(60)), None, "it was not called since");
		experience.missed(&peer, true, at(100));
		experience.missed(&peer, false, at(110));
		let known = experience.of(&peer);
		assert_eq!(known.silent(at(130)), Some(Duration::from_secs(30)));
		assert_eq!((known.version, known.unpaid, known.rms()), (Some(7), false, Some(2.0)));
		experience.answered(&peer, 8, &vectors, Duration::from_millis(30));
		let known = experience.of(&peer);
		assert_eq!((known.silent(at(200)), known.answers), (None, 2));
		assert!((known.millis - 11.0).abs() < 1e-9);
		experience.forget(&peer);
		assert_eq!(experience.of(&peer), Known::default());
	}

	#[test]
	fn the_number_of_peers_is_bounded() {
		let experience = Experience::default();
		for number in 0..10_000_u32 {
			let mut peer = [0; 32];
			peer[..4].copy_from_slice(&number.to_le_bytes());
			experience.missed(&peer, false, Instant::now());
		}
		assert_eq!(experience.0.lock().len(), PEERS);
	}
}
