//! Settings of the axon, and what can go wrong when it starts.

use bittensor_wire::ReplayLimits;
use std::time::Duration;

/// How much each caller may ask for.
///
/// One text is one unit, in a Spike or in a Grad. A registered component without a bid has the free
/// tier, so that newcomers can show what they are worth; a bidder has its part, by flow, of the paid
/// tier on top.
#[derive(Clone, Copy, Debug)]
pub struct QuotaConfig {
	/// Texts per second of every registered component.
	pub free_texts_per_second: f64,
	/// Texts per second that all bidders share by flow.
	pub paid_texts_per_second: f64,
	/// Seconds of unused quota that a caller may save up.
	pub burst_seconds: f64,
	/// Signatures verified per second for one network address. What fails before its signature is
	/// known to be genuine is charged here, so that nobody can use up another's quota.
	pub verifications_per_second: f64,
}

impl Default for QuotaConfig {
	fn default() -> Self {
		Self {
			free_texts_per_second: 1_024.0,
			paid_texts_per_second: 16_384.0,
			burst_seconds: 4.0,
			verifications_per_second: 4_000.0,
		}
	}
}

/// Settings of the axon.
#[derive(Clone, Copy, Debug)]
pub struct AxonConfig {
	/// What is remembered against replays.
	pub replay: ReplayLimits,
	/// How much each caller may ask for.
	pub quota: QuotaConfig,
	/// Hops that a message may make beyond us; a larger ttl is cut down to it.
	pub max_ttl: u32,
	/// Spikes computed at once.
	pub concurrent_spikes: usize,
	/// How many of them may be for callers without a bid.
	pub concurrent_free_spikes: usize,
	/// Grads computed and sent on at once; one more is not accepted.
	pub concurrent_grads: usize,
	/// Bytes of answers, with what is needed to recompute them for a Grad.
	pub cache_bytes: usize,
	/// How long an answer is kept.
	pub cache_ttl: Duration,
	/// Part of the remaining time that the components below get.
	pub child_fraction: f64,
	/// What is taken off their time besides.
	pub child_margin: Duration,
	/// Time for an accepted Grad: to compute it, and again to send on what follows.
	pub grad_time: Duration,
}

impl Default for AxonConfig {
	fn default() -> Self {
		Self {
			replay: ReplayLimits::default(),
			quota: QuotaConfig::default(),
			max_ttl: 2,
			concurrent_spikes: 64,
			concurrent_free_spikes: 48,
			concurrent_grads: 64,
			cache_bytes: 64 << 20,
			cache_ttl: Duration::from_secs(60),
			child_fraction: 0.8,
			child_margin: Duration::from_millis(5),
			grad_time: Duration::from_secs(10),
		}
	}
}

/// Why the axon did not start.
#[derive(Debug, thiserror::Error)]
pub enum AxonError {
	/// The address is not `host:port`, or the host is unknown.
	#[error("cannot listen on '{address}': {reason}; give host:port, such as 127.0.0.1:8091")]
	Address {
		/// What was given.
		address: String,
		/// What the system says.
		reason: String,
	},
	/// Another process listens there.
	#[error("cannot listen on '{address}': the port is in use; stop the other process or choose another port (0 for any)")]
	PortInUse {
		/// What was given.
		address: String,
	},
	/// The system does not let us listen there.
	#[error("cannot listen on '{address}': {source}")]
	Bind {
		/// What was given.
		address: String,
		/// What the system says.
		source: std::io::Error,
	},
}
