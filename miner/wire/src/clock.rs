//! The wall clock in milliseconds, the unit of envelopes.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; 0 if the machine's clock is set before it.
pub fn now_ms() -> u64 {
	SystemTime::now()
		.duration_since(UNIX_EPOCH)
		.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
