//! Finished computations, kept for later callers and for the Grads that follow.
//!
//! moka bounds the cache by bytes (the least recently used computation goes first) and by age. Its
//! `sync` cache is enough: tokio's [`OnceCell`] lets all requests for one computation share one run.
//! A run that fails or times out passes to the next request that waits for it.

use super::DownstreamAnswer;
use bittensor_wire::{
	limits::MAX_DEADLINE_MS, message::Hop, AccountId, Grad, Hash, MessageId, Spike, Vectors,
	WireError,
};
use moka::{policy::EvictionPolicy, sync::Cache as Moka, Expiry};
use parking_lot::Mutex;
use std::{
	collections::HashMap,
	future::Future,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// Identifies one computation.
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

/// Approximate bytes per account in [`Computation::callers`].
const ACCOUNT_BYTES: usize = 128;

/// A finished computation.
#[derive(Debug)]
pub(crate) struct Computation {
	pub(crate) texts: Arc<[String]>,
	pub(crate) downstream: Vec<DownstreamAnswer>,
	/// `None` for words, whose vectors are not kept.
	pub(crate) output: Option<Vectors>,
	pub(crate) version: u64,
	/// When it was finished.
	pub(crate) at: Instant,
	pub(crate) hops: Vec<Hop>,
	/// Accounts that got the answer, and whether their error for it has arrived.
	pub(crate) callers: Mutex<HashMap<AccountId, bool>>,
}

impl Computation {
	/// The vectors of words, computed now.
	pub(crate) fn of_words(texts: Arc<[String]>, version: u64) -> Self {
		let (downstream, hops) = (Vec::new(), Vec::new());
		let (at, callers) = (Instant::now(), Default::default());
		Self { texts, downstream, output: None, version, at, hops, callers }
	}

	/// Whether the error of `account` has arrived; `None` if the account never got the answer.
	pub(crate) fn graded_by(&self, account: &AccountId) -> Option<bool> {
		self.callers.lock().get(account).copied()
	}

	/// Records that the error of `account` has arrived; `false` if it had arrived before.
	pub(crate) fn note_grad(&self, account: AccountId) -> bool {
		self.callers.lock().insert(account, true) != Some(true)
	}

	/// Approximate size in memory.
	fn bytes(&self) -> usize {
		let texts: usize = self.texts.iter().map(|text| text.len() + 24).sum();
		let values = |vectors: &Vectors| vectors.values().len() * 4;
		let downstream: usize = self
			.downstream
			.iter()
			.map(|answer| 64 + answer.vectors.as_ref().map_or(0, values))
			.sum();
		let output = self.output.as_ref().map_or(0, values);
		let callers = self.callers.lock().len() * ACCOUNT_BYTES;
		512 + texts + downstream + output + self.hops.len() * 96 + callers
	}
}

/// Counts an entry's age from its creation; a new caller does not prolong it.
struct Age(Duration);

impl Expiry<Key, Arc<Computation>> for Age {
	fn expire_after_create(&self, _: &Key, _: &Arc<Computation>, _: Instant) -> Option<Duration> {
		Some(self.0)
	}
}

/// Runs that the cache remembers; far more than can wait at once.
const RUNS: u64 = 16_384;

/// Finished computations, and the runs that will produce more of them.
pub(crate) struct Cache {
	finished: Moka<Key, Arc<Computation>>,
	/// Runs in progress, and failed runs until no request can wait for them any longer.
	running: Moka<Key, Arc<OnceCell<Arc<Computation>>>>,
}

impl Cache {
	/// A cache of at most `limit` bytes that keeps a computation for `ttl`.
	pub(crate) fn new(limit: usize, ttl: Duration) -> Self {
		let weight = |_: &Key, computation: &Arc<Computation>| {
			u32::try_from(computation.bytes()).unwrap_or(u32::MAX)
		};
		let finished = Moka::builder()
			.max_capacity(limit as u64)
			.weigher(weight)
			.eviction_policy(EvictionPolicy::lru())
			.expire_after(Age(ttl));
		let running = Moka::builder()
			.max_capacity(RUNS)
			.eviction_policy(EvictionPolicy::lru())
			.time_to_idle(Duration::from_millis(MAX_DEADLINE_MS));
		Self { finished: finished.build(), running: running.build() }
	}

	/// The finished computation, without recording a caller.
	pub(crate) fn get(&self, key: &Key) -> Option<Arc<Computation>> {
		self.finished.get(key)
	}

	/// The finished computation; records that `caller` gets the answer.
	pub(crate) fn answer(&self, key: Key, caller: AccountId) -> Option<Arc<Computation>> {
		let computation = self.finished.get(&key)?;
		self.note_caller(key, &computation, caller);
		Some(computation)
	}

	/// The finished computation, or the result of the run in progress, or of `run`; records that
	/// `caller` gets the answer. The flag tells whether `run` produced it.
	pub(crate) async fn answer_or_run(
		&self,
		key: Key,
		caller: AccountId,
		run: impl Future<Output = Result<Computation, WireError>>,
	) -> Result<(Arc<Computation>, bool), WireError> {
		let mut ran = false;
		let cell = self.running.get_with(key, Arc::default);
		let computation = cell
			.get_or_try_init(|| async {
				// Another run may have finished between the caller's look into the cache and here.
				let computation = match self.finished.get(&key) {
					Some(computation) => computation,
					None => {
						let computation = Arc::new(run.await?);
						ran = true;
						self.insert(key, computation.clone());
						computation
					}
				};
				self.running.invalidate(&key);
				Ok(computation)
			})
			.await?
			.clone();
		self.note_caller(key, &computation, caller);
		Ok((computation, ran))
	}

	/// Keeps a computation that was made for `caller`.
	pub(crate) fn insert_for(&self, key: Key, computation: Computation, caller: AccountId) {
		computation.callers.lock().insert(caller, false);
		self.insert(key, Arc::new(computation));
	}

	fn note_caller(&self, key: Key, computation: &Arc<Computation>, caller: AccountId) {
		let mut callers = computation.callers.lock();
		if callers.contains_key(&caller) {
			return;
		}
		callers.insert(caller, false);
		drop(callers);
		// The computation is larger now: moka weighs it again.
		self.insert(key, computation.clone());
	}

	fn insert(&self, key: Key, computation: Arc<Computation>) {
		self.finished.insert(key, computation);
		// moka evicts in batches; the limit should hold at once.
		self.finished.run_pending_tasks();
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
			output: Some(Vectors::new(rows, vec![0.5; rows * DIM]).expect("finite")),
			version: 1,
			at: Instant::now(),
			hops: Vec::new(),
			callers: Mutex::default(),
		})
	}

	#[test]
	fn the_oldest_goes_when_the_bytes_are_used_up() {
		let one = computation(16).bytes();
		let limit = 3 * one + 3 * ACCOUNT_BYTES;
		let cache = Cache::new(limit, Duration::from_secs(60));
		for number in 0..3 {
			cache.insert(key(number), computation(16));
			assert!(cache.answer(key(number), [9; 32]).is_some());
		}
		cache.insert(key(3), computation(16));
		assert!(cache.answer(key(0), [9; 32]).is_none());
		assert!(cache.answer(key(1), [9; 32]).is_some());
		assert!(cache.answer(key(3), [9; 32]).is_some());
		assert!(cache.finished.weighted_size() <= limit as u64);
		// A computation larger than the whole cache is not kept, and displaces no other.
		cache.insert(key(4), computation(200));
		assert!(cache.answer(key(4), [9; 32]).is_none());
		assert!(cache.answer(key(3), [9; 32]).is_some());
		assert_eq!(cache.finished.entry_count(), 3);
	}

	#[test]
	fn callers_count_as_bytes_too() {
		let limit = computation(1).bytes() + 10 * ACCOUNT_BYTES;
		let cache = Cache::new(limit, Duration::from_secs(60));
		cache.insert(key(0), computation(1));
		for caller in 0..=10u8 {
			assert!(cache.answer(key(0), [caller; 32]).is_some());
		}
		assert!(cache.answer(key(0), [0; 32]).is_none());
		assert_eq!((cache.finished.weighted_size(), cache.finished.entry_count()), (0, 0));
	}

	#[test]
	fn an_answer_expires_and_can_be_computed_again() {
		let ttl = Duration::from_millis(400);
		let cache = Cache::new(1 << 20, ttl);
		cache.insert(key(0), computation(1));
		assert!(cache.answer(key(0), [9; 32]).is_some());
		std::thread::sleep(ttl / 2);
		// A new caller does not prolong it.
		assert!(cache.answer(key(0), [8; 32]).is_some());
		std::thread::sleep(ttl * 6 / 10);
		assert!(cache.answer(key(0), [9; 32]).is_none());
		assert!(cache.get(&key(0)).is_none());
		cache.insert(key(0), computation(1));
		assert!(cache.answer(key(0), [9; 32]).is_some());
		assert_eq!(cache.finished.entry_count(), 1);
	}

	#[test]
	fn only_who_got_the_answer_may_send_one_error() {
		let cache = Cache::new(1 << 20, Duration::from_secs(60));
		cache.insert(key(0), computation(1));
		let entry = cache.get(&key(0)).expect("kept");
		assert_eq!(entry.graded_by(&[7; 32]), None);
		assert!(cache.answer(key(0), [7; 32]).is_some());
		assert_eq!(entry.graded_by(&[7; 32]), Some(false));
		assert!(entry.note_grad([7; 32]));
		assert!(!entry.note_grad([7; 32]));
		assert_eq!(entry.graded_by(&[7; 32]), Some(true));
		assert_eq!(entry.graded_by(&[8; 32]), None);
	}

	#[tokio::test]
	async fn requests_for_one_computation_share_one_run() {
		let cache = Cache::new(1 << 20, Duration::from_secs(60));
		let run = |milliseconds, outcome: Result<Arc<Computation>, WireError>| async move {
			tokio::time::sleep(Duration::from_millis(milliseconds)).await;
			outcome.map(|outcome| Arc::into_inner(outcome).expect("not shared"))
		};
		// The first run fails; the second, which waited for it, runs; the third gets its result.
		let (first, second, third) = tokio::join!(
			cache.answer_or_run(key(0), [1; 32], run(20, Err(WireError::Busy))),
			cache.answer_or_run(key(0), [2; 32], run(20, Ok(computation(1)))),
			cache.answer_or_run(key(0), [3; 32], run(20, Err(WireError::Internal))),
		);
		assert_eq!(first.err(), Some(WireError::Busy));
		let (computation, ran) = second.expect("it ran");
		assert!(ran);
		let (shared, ran) = third.expect("it was served");
		assert!(Arc::ptr_eq(&computation, &shared) && !ran);
		assert_eq!(shared.graded_by(&[1; 32]), None);
		assert_eq!(shared.graded_by(&[3; 32]), Some(false));
		cache.running.run_pending_tasks();
		assert_eq!(cache.running.entry_count(), 0);
	}
}
