//! Settings of the axon, and errors at its start.

use bittensor_wire::ReplayLimits;
use std::time::Duration;

/// Quotas of callers.
///
/// One text in a Spike or Grad costs one unit. Every registered component has the free tier, so that
/// newcomers can show their worth; a bidder also has its part, by flow, of the paid tier.
#[derive(Clone, Copy, Debug)]
pub struct QuotaConfig {
	/// Texts per second for each registered component.
	pub free_texts_per_second: f64,
	/// Texts per second that all bidders share in proportion to their flows.
	pub paid_texts_per_second: f64,
	/// Seconds of unused quota that a caller can save up.
	pub burst_seconds: f64,
	/// Signatures verified per second for each network address. Requests are charged to the address
	/// until their signature is verified, so nobody can use up another caller's quota.
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
	/// Limits of the replay protection.
	pub replay: ReplayLimits,
	/// Quotas of callers.
	pub quota: QuotaConfig,
	/// Hops that a message may make beyond us; a larger ttl is reduced to it.
	pub max_ttl: u32,
	/// Spikes computed at the same time.
	pub concurrent_spikes: usize,
	/// How many of them may be for callers without a bid.
	pub concurrent_free_spikes: usize,
	/// Grads computed and forwarded at the same time; further ones are answered `Busy`.
	pub concurrent_grads: usize,
	/// Bytes of finished computations that are kept.
	pub cache_bytes: usize,
	/// How long a finished computation is kept.
	pub cache_ttl: Duration,
	/// Part of the remaining time that downstream components get.
	pub child_fraction: f64,
	/// Time subtracted from that part.
	pub child_margin: Duration,
	/// Time to compute an accepted Grad, and again to forward the errors that follow from it.
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

/// Why the axon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AxonError {
	/// The address is not `host:port`, or the host is unknown.
	#[error("cannot listen on '{address}': {reason}; give host:port, such as 127.0.0.1:8091")]
	Address {
		/// Address as given.
		address: String,
		/// Reason given by the system.
		reason: String,
	},
	/// Another process listens on the port.
	#[error("cannot listen on '{address}': the port is in use; stop the other process or choose another port (0 for any)")]
	PortInUse {
		/// Address as given.
		address: String,
	},
	/// The system refuses to listen there.
	#[error("cannot listen on '{address}': {source}")]
	Bind {
		/// Address as given.
		address: String,
		/// Error of the system.
		source: std::io::Error,
	},
	/// The server ended without being told to.
	#[error("the gRPC server ended: {reason}; start the miner again")]
	Ended {
		/// Error of the server.
		reason: String,
	},
}
