//! Token buckets: so much per second, with some saved up.

use std::{collections::HashMap, hash::Hash, time::Duration};
use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
struct Bucket {
	level: f64,
	at: Instant,
}

/// Buckets by key. At most `capacity` of them are kept; a key without one has a full bucket.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
	buckets: HashMap<K, Bucket>,
	capacity: usize,
}

impl<K: Eq + Hash + Copy> Buckets<K> {
	pub(crate) fn new(capacity: usize) -> Self {
		Self { buckets: HashMap::new(), capacity: capacity.max(1) }
	}

	/// Takes `cost` from the bucket of `key`, which fills with `rate` per second up to `burst`. The
	/// error is the time until it would hold enough.
	pub(crate) fn take(
		&mut self,
		key: K,
		cost: f64,
		rate: f64,
		burst: f64,
		now: Instant,
	) -> Result<(), Duration> {
		if !self.buckets.contains_key(&key) {
			self.make_room(burst / rate, now);
		}
		let bucket = self.buckets.entry(key).or_insert(Bucket { level: burst, at: now });
		let filled = now.saturating_duration_since(bucket.at).as_secs_f64() * rate;
		bucket.level = (bucket.level + filled).min(burst);
		bucket.at = now;
		if bucket.level >= cost {
			bucket.level -= cost;
			return Ok(());
		}
		let wait = (cost - bucket.level) / rate;
		Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
	}

	/// Forgets the buckets that nobody used for as long as one takes to fill, then any others, until
	/// there is room for one more.
	fn make_room(&mut self, seconds_to_fill: f64, now: Instant) {
		if self.buckets.len() < self.capacity {
			return;
		}
		self.buckets.retain(|_, bucket| {
			now.saturating_duration_since(bucket.at).as_secs_f64() < seconds_to_fill
		});
		while self.buckets.len() >= self.capacity {
			let Some(key) = self.buckets.keys().next().copied() else { break };
			self.buckets.remove(&key);
		}
	}

	#[cfg(test)]
	fn len(&self) -> usize {
		self.buckets.len()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_bucket_empties_and_fills_at_its_rate() {
		let now = Instant::now();
		let mut buckets = Buckets::new(8);
		assert_eq!(buckets.take(1, 20.0, 10.0, 20.0, now), Ok(()));
		assert_eq!(buckets.take(1, 5.0, 10.0, 20.0, now), Err(Duration::from_millis(500)));
		let later = now + Duration::from_millis(500);
		assert_eq!(buckets.take(1, 5.0, 10.0, 20.0, later), Ok(()));
		// Another key has a bucket of its own, and no bucket holds more than the burst.
		assert_eq!(buckets.take(2, 20.0, 10.0, 20.0, now), Ok(()));
		let much_later = now + Duration::from_secs(3600);
		assert!(buckets.take(1, 21.0, 10.0, 20.0, much_later).is_err());
	}

	#[test]
	fn the_number_of_buckets_is_bounded() {
		let now = Instant::now();
		let mut buckets = Buckets::new(100);
		for key in 0..10_000 {
			assert_eq!(buckets.take(key, 1.0, 10.0, 20.0, now), Ok(()));
			assert!(buckets.len() <= 100);
		}
	}
}
