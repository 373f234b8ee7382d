//! Answers for a while, and what is needed to recompute them when a Grad comes.

use super::Downstream;
use bittensor_wire::{message::Hop, AccountId, Grad, Hash, MessageId, Spike, Vectors};
use std::{
	collections::{HashMap, HashSet, VecDeque},
	sync::Arc,
	time::Duration,
};
use tokio::time::Instant;

/// The name of one computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
	root: AccountId,
	id: MessageId,
	digest: Hash,
	ttl: u32,
}

impl Key {
	pub(crate) fn of_spike(spike: &Spike) -> Self {
		Self { root: spike.root, id: spike.id, digest: spike.digest(), ttl: spike.ttl }
	}

	pub(crate) fn of_grad(grad: &Grad) -> Self {
		Self { root: grad.root, id: grad.id, digest: grad.digest, ttl: grad.ttl }
	}
}

/// A finished computation.
#[derive(Debug)]
pub(crate) struct Computation {
	pub(crate) texts: Arc<[String]>,
	pub(crate) downstream: Vec<Downstream>,
	pub(crate) output: Vectors,
	pub(crate) version: u64,
	pub(crate) hops: Vec<Hop>,
}

impl Computation {
	/// Bytes it takes, near enough.
	fn bytes(&self) -> usize {
		let texts: usize = self.texts.iter().map(|text| text.len() + 24).sum();
		let vectors: usize = self
			.downstream
			.iter()
			.map(|slot| 64 + slot.vectors.as_ref().map_or(0, |vectors| vectors.values().len() * 4))
			.sum();
		512 + texts + vectors + self.output.values().len() * 4 + self.hops.len() * 96
	}
}

/// Bytes that an account takes in both of an entry's sets, near enough.
const ACCOUNT_BYTES: usize = 128;

#[derive(Debug)]
struct Entry {
	computation: Arc<Computation>,
	/// Who got the answer.
	answered: HashSet<AccountId>,
	/// Who sent an error for it.
	graded: HashSet<AccountId>,
	bytes: usize,
	expires: Instant,
}

/// What the cache knows of the message that a Grad is for.
#[derive(Debug)]
pub(crate) enum Graded {
	/// Nothing, or the sender never got its answer.
	Unknown,
	/// The sender's error is here already.
	Duplicate(Arc<Computation>),
	/// The sender may send an error.
	Open(Arc<Computation>),
}

/// Bounded by bytes and age; the oldest goes first.
#[derive(Debug)]
pub(crate) struct Cache {
	entries: HashMap<Key, Entry>,
	order: VecDeque<Key>,
	bytes: usize,
	limit: usize,
	ttl: Duration,
}

impl Cache {
	pub(crate) fn new(limit: usize, ttl: Duration) -> Self {
		Self { entries: HashMap::new(), order: VecDeque::new(), bytes: 0, limit, ttl }
	}

	/// The computation, noting that `caller` gets its answer.
	pub(crate) fn answer(
		&mut self,
		key: &Key,
		caller: &AccountId,
		now: Instant,
	) -> Option<Arc<Computation>> {
		let entry = self.entries.get_mut(key).filter(|entry| now < entry.expires)?;
		if entry.answered.insert(*caller) {
			entry.bytes += ACCOUNT_BYTES;
			self.bytes += ACCOUNT_BYTES;
		}
		let computation = entry.computation.clone();
		self.shrink(now);
		Some(computation)
	}

	pub(crate) fn insert(&mut self, key: Key, computation: Arc<Computation>, now: Instant) {
		let bytes = computation.bytes();
		if bytes > self.limit || self.entries.contains_key(&key) && !self.remove_expired(&key, now)
		{
			return;
		}
		self.bytes += bytes;
		self.order.push_back(key);
		self.entries.insert(
			key,
			Entry {
				computation,
				answered: HashSet::new(),
				graded: HashSet::new(),
				bytes,
				expires: now + self.ttl,
			},
		);
		self.shrink(now);
	}

	/// What is known of the message of a Grad by `source`.
	pub(crate) fn graded(&self, key: &Key, source: &AccountId, now: Instant) -> Graded {
		match self.entries.get(key).filter(|entry| now < entry.expires) {
			Some(entry) if entry.graded.contains(source) => {
				Graded::Duplicate(entry.computation.clone())
			}
			Some(entry) if entry.answered.contains(source) => {
				Graded::Open(entry.computation.clone())
			}
			_ => Graded::Unknown,
		}
	}

	/// Notes that the error of `source` is here; `false` if it was here already or the entry is gone.
	pub(crate) fn note_grad(&mut self, key: &Key, source: &AccountId) -> bool {
		self.entries.get_mut(key).is_some_and(|entry| entry.graded.insert(*source))
	}

	/// Drops what is too old, then the oldest until the limit holds.
	fn shrink(&mut self, now: Instant) {
		while let Some(first) = self.order.front() {
			let expired = self.entries.get(first).is_none_or(|entry| now >= entry.expires);
			if !expired && self.bytes <= self.limit {
				break;
			}
			if let Some(key) = self.order.pop_front() {
				self.remove(&key);
			}
		}
	}

	fn remove(&mut self, key: &Key) {
		if let Some(entry) = self.entries.remove(key) {
			self.bytes -= entry.bytes;
		}
	}

	/// Removes the entry if it is too old; whether it did.
	fn remove_expired(&mut self, key: &Key, now: Instant) -> bool {
		self.shrink(now);
		!self.entries.contains_key(key)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use bittensor_wire::DIM;

	fn key(number: u8) -> Key {
		Key { root: [1; 32], id: [number; 16], digest: [2; 32], ttl: 0 }
	}

	fn computation(rows: usize) -> Arc<Computation> {
		Arc::new(Computation {
			texts: vec!["text".to_string(); rows].into(),
			downstream: Vec::new(),
			output: Vectors::new(rows, vec![0.5; rows * DIM]).expect("finite"),
			version: 1,
			hops: Vec::new(),
		})
	}

	#[test]
	fn the_oldest_goes_when_the_bytes_are_used_up() {
		let now = Instant::now();
		let one = computation(16).bytes();
		let mut cache = Cache::new(3 * one + 3 * ACCOUNT_BYTES, Duration::from_secs(60));
		for number in 0..3 {
			cache.insert(key(number), computation(16), now);
			assert!(cache.answer(&key(number), &[9; 32], now).is_some());
		}
		cache.insert(key(3), computation(16), now);
		assert!(cache.answer(&key(0), &[9; 32], now).is_none());
		assert!(cache.answer(&key(1), &[9; 32], now).is_some());
		assert!(cache.answer(&key(3), &[9; 32], now).is_some());
		assert!(cache.bytes <= cache.limit);
		// Nothing is kept that is larger than the whole cache.
		cache.insert(key(4), computation(200), now);
		assert!(cache.answer(&key(4), &[9; 32], now).is_none());
		assert!(cache.answer(&key(3), &[9; 32], now).is_some());
		assert_eq!(cache.entries.len(), cache.order.len());
	}

	#[test]
	fn callers_count_as_bytes_too() {
		let now = Instant::now();
		let mut cache =
			Cache::new(computation(1).bytes() + 10 * ACCOUNT_BYTES, Duration::from_secs(60));
		cache.insert(key(0), computation(1), now);
		for caller in 0..=10u8 {
			assert!(cache.answer(&key(0), &[caller; 32], now).is_some());
		}
		assert!(cache.answer(&key(0), &[0; 32], now).is_none());
		assert_eq!((cache.bytes, cache.entries.len(), cache.order.len()), (0, 0, 0));
	}

	#[test]
	fn an_answer_expires_and_can_be_computed_again() {
		let now = Instant::now();
		let later = now + Duration::from_secs(2);
		let mut cache = Cache::new(1 << 20, Duration::from_secs(1));
		cache.insert(key(0), computation(1), now);
		assert!(cache.answer(&key(0), &[9; 32], now).is_some());
		assert!(cache.answer(&key(0), &[9; 32], later).is_none());
		assert!(matches!(cache.graded(&key(0), &[9; 32], later), Graded::Unknown));
		cache.insert(key(0), computation(1), later);
		assert!(cache.answer(&key(0), &[9; 32], later).is_some());
		assert_eq!((cache.entries.len(), cache.order.len()), (1, 1));
	}

	#[test]
	fn only_who_got_the_answer_may_send_one_error() {
		let now = Instant::now();
		let mut cache = Cache::new(1 << 20, Duration::from_secs(1));
		cache.insert(key(0), computation(1), now);
		assert!(matches!(cache.graded(&key(0), &[7; 32], now), Graded::Unknown));
		assert!(cache.answer(&key(0), &[7; 32], now).is_some());
		assert!(matches!(cache.graded(&key(0), &[7; 32], now), Graded::Open(_)));
		assert!(cache.note_grad(&key(0), &[7; 32]));
		assert!(!cache.note_grad(&key(0), &[7; 32]));
		assert!(matches!(cache.graded(&key(0), &[7; 32], now), Graded::Duplicate(_)));
		assert!(matches!(cache.graded(&key(0), &[8; 32], now), Graded::Unknown));
	}
}
