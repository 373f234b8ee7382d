//! Settings of the axon, and errors at its start.

use bittensor_wire::ReplayLimits;
use std::time::Duration;

/// Quotas of callers without a bid, and of network addresses.
///
/// A bid, by its flow, buys a part of the work that the component does for others; see `fair`. These
/// quotas are what everybody else gets. One passage in a Spike or Grad costs one unit, a word an eighth.
#[derive(Clone, Copy, Debug)]
pub struct QuotaConfig {
	/// Texts per second for all callers without a bid together.
	pub free_texts_per_second: f64,
	/// Texts per second for one of them, at most.
	pub free_texts_per_caller: f64,
	/// Texts that each newly met registration may send before the free tier holds for it: enough to
	/// measure this component, post a row, and wait until the row is active.
	pub grace_texts: f64,
	/// Texts that all graces together can save up.
	pub grace_burst: f64,
	/// Texts per second that they get back.
	pub grace_texts_per_second: f64,
	/// Seconds of unused quota that can be saved up.
	pub burst_seconds: f64,
	/// Signatures verified per second for each network address. Requests are charged to the address
	/// until their signature is verified, so nobody can use up another caller's quota.
	pub verifications_per_second: f64,
}

impl Default for QuotaConfig {
	fn default() -> Self {
		Self {
			free_texts_per_second: 64.0,
			free_texts_per_caller: 32.0,
			grace_texts: 16_384.0,
			grace_burst: 8.0 * 16_384.0,
			grace_texts_per_second: 256.0,
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
	/// Spikes and Grads given to the component at the same time: few, so that the order in which they
	/// wait follows flow.
	pub concurrent_computations: usize,
	/// Spikes and Grads, of each ttl, whose onward calls are in progress at the same time.
	pub concurrent_onward: usize,
	/// Spikes and Grads of one caller that wait; further ones are answered `Busy`. All callers without
	/// a bid count as one.
	pub waiting_per_caller: usize,
	/// Spikes and Grads that wait.
	pub waiting: usize,
	/// Bytes of finished computations that are kept.
	pub cache_bytes: usize,
	/// How long a finished computation is kept.
	pub cache_ttl: Duration,
	/// Bytes of words that are kept for their Grads, without their vectors.
	pub words_bytes: usize,
	/// How long words are kept for their Grads.
	pub words_ttl: Duration,
	/// Age of an answer from which on a Grad for it is stale, whatever the number of steps since.
	pub grad_ttl: Duration,
	/// The same for an answer of words, whose errors the sender gathers over many of its steps.
	pub words_grad_ttl: Duration,
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
			concurrent_computations: 2,
			concurrent_onward: 16,
			waiting_per_caller: 32,
			waiting: 512,
			cache_bytes: 64 << 20,
			cache_ttl: Duration::from_secs(60),
			words_bytes: 16 << 20,
			words_ttl: Duration::from_secs(300),
			grad_ttl: Duration::from_secs(30),
			words_grad_ttl: Duration::from_secs(120),
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
