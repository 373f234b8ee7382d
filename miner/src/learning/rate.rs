//! How many Grads go to one component per second.

use bittensor_client::AccountId;
use std::collections::HashMap;
use tokio::time::Instant;

/// A token bucket per component; a full one holds a second's worth.
pub struct Rates {
	per_second: f64,
	buckets: HashMap<AccountId, (f64, Instant)>,
}

impl Rates {
	/// Buckets that fill at this rate; 0 lets nothing through.
	pub fn new(per_second: u32) -> Self {
		Self { per_second: f64::from(per_second), buckets: HashMap::new() }
	}

	/// Takes one out of the component's bucket, if there is one.
	pub fn take(&mut self, account: &AccountId) -> bool {
		let now = Instant::now();
		let (tokens, filled) = self.buckets.entry(*account).or_insert((self.per_second, now));
		let fresh = now.saturating_duration_since(*filled).as_secs_f64() * self.per_second;
		*tokens = (*tokens + fresh).min(self.per_second);
		*filled = now;
		if *tokens < 1.0 {
			return false;
		}
		*tokens -= 1.0;
		true
	}
}
