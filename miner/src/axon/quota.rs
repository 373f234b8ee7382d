//! Token buckets: a rate per second, with unused tokens saved up to a burst.
//!
//! Not governor: its keyed limiter has one rate for all keys and takes a token or none, and a free
//! caller's rate here follows the number of free callers. moka bounds the number of buckets.

use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{hash::Hash, sync::Arc, time::Duration};
use tokio::time::Instant;

/// One bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
	level: f64,
	at: Instant,
}

impl Bucket {
	pub(crate) fn new(level: f64, now: Instant) -> Self {
		Self { level, at: now }
	}

	/// Adds the tokens of the time since the last call. Returns how many it holds.
	pub(crate) fn fill(&mut self, rate: f64, burst: f64, now: Instant) -> f64 {
		let filled = now.saturating_duration_since(self.at).as_secs_f64() * rate;
		self.level = (self.level + filled).min(burst);
		self.at = self.at.max(now);
		self.level
	}

	/// Takes tokens; never more than it holds.
	pub(crate) fn spend(&mut self, cost: f64) {
		self.level = (self.level - cost).max(0.0);
	}
}

/// Time until a bucket that holds `level` holds `cost`.
pub(crate) fn wait(level: f64, cost: f64, rate: f64) -> Duration {
	Duration::try_from_secs_f64((cost - level).max(0.0) / rate).unwrap_or(Duration::MAX)
}

/// Buckets by key. A key without a bucket has a full one; the least recently used ones are forgotten.
pub(crate) struct Buckets<K>(Cache<K, Arc<Mutex<Bucket>>>);

impl<K: Eq + Hash + Copy + Send + Sync + 'static> Buckets<K> {
	/// At most `capacity` buckets.
	pub(crate) fn new(capacity: u64) -> Self {
		let lru = EvictionPolicy::lru();
		Self(Cache::builder().max_capacity(capacity).eviction_policy(lru).build())
	}

	/// Takes `cost` from the bucket of `key`, which fills with `rate` per second up to `burst`. The
	/// error is the time until the bucket holds enough.
	pub(crate) fn take(
		&self,
		key: K,
		cost: f64,
		rate: f64,
		burst: f64,
		now: Instant,
	) -> Result<(), Duration> {
		let bucket = self.0.get_with(key, || Arc::new(Mutex::new(Bucket::new(burst, now))));
		let mut bucket = bucket.lock();
		let level = bucket.fill(rate, burst, now);
		if level < cost {
			return Err(wait(level, cost, rate));
		}
		bucket.spend(cost);
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_bucket_empties_and_fills_at_its_rate() {
		let now = Instant::now();
		let buckets = Buckets::new(8);
		assert_eq!(buckets.take(1, 20.0, 10.0, 20.0, now), Ok(()));
		assert_eq!(buckets.take(1, 5.0, 10.0, 20.0, now), Err(Duration::from_millis(500)));
		let later = now + Duration::from_millis(500);
		assert_eq!(buckets.take(1, 5.0, 10.0, 20.0, later), Ok(()));
		// Another key has its own bucket, and a bucket never holds more than the burst.
		assert_eq!(buckets.take(2, 20.0, 10.0, 20.0, now), Ok(()));
		let much_later = now + Duration::from_secs(3600);
		assert!(buckets.take(1, 21.0, 10.0, 20.0, much_later).is_err());
	}

	#[test]
	fn the_number_of_buckets_is_bounded() {
		let now = Instant::now();
		let buckets = Buckets::new(100);
		for key in 0..10_000 {
			assert_eq!(buckets.take(key, 1.0, 10.0, 20.0, now), Ok(()));
			buckets.0.run_pending_tasks();
			assert!(buckets.0.entry_count() <= 100);
		}
	}
}
