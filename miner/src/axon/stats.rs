//! What the axon served and refused.

use bittensor_wire::WireError;
use parking_lot::Mutex;
use std::{
	collections::BTreeMap,
	sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counters since the start.
#[derive(Debug, Default)]
pub struct AxonStats {
	pub(crate) spikes_served: AtomicU64,
	pub(crate) texts_served: AtomicU64,
	pub(crate) spikes_cut: AtomicU64,
	pub(crate) spikes_cached: AtomicU64,
	pub(crate) grads_served: AtomicU64,
	pub(crate) grads_dropped: AtomicU64,
	pub(crate) grads_forwarded: AtomicU64,
	refused: Mutex<BTreeMap<String, u64>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct StatsSnapshot {
	/// Spikes answered with vectors, from cache or not.
	pub spikes_served: u64,
	/// Texts in them.
	pub texts_served: u64,
	/// Spikes answered CUT.
	pub spikes_cut: u64,
	/// Spikes answered from cache, or with the result of the same computation.
	pub spikes_cached: u64,
	/// Grads accepted and computed.
	pub grads_served: u64,
	/// Grads acknowledged but not accepted, and accepted ones that could not be computed.
	pub grads_dropped: u64,
	/// Grads that we sent on to components below, and that they accepted.
	pub grads_forwarded: u64,
	/// Requests refused, by the name of the error.
	pub refused: BTreeMap<String, u64>,
}

impl AxonStats {
	/// The counters now.
	pub fn snapshot(&self) -> StatsSnapshot {
		StatsSnapshot {
			spikes_served: self.spikes_served.load(Relaxed),
			texts_served: self.texts_served.load(Relaxed),
			spikes_cut: self.spikes_cut.load(Relaxed),
			spikes_cached: self.spikes_cached.load(Relaxed),
			grads_served: self.grads_served.load(Relaxed),
			grads_dropped: self.grads_dropped.load(Relaxed),
			grads_forwarded: self.grads_forwarded.load(Relaxed),
			refused: self.refused.lock().clone(),
		}
	}

	pub(crate) fn refuse(&self, error: &WireError) {
		*self.refused.lock().entry(error.name()).or_default() += 1;
	}
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, number: usize) {
	counter.fetch_add(u64::try_from(number).unwrap_or(u64::MAX), Relaxed);
}
