//! Admission of requests: cheap checks first; an account is charged only after its signature is
//! verified.

use super::{fair::Caller, free::FreeTier, quota::Buckets, AxonConfig, Peers, Standing};
use bittensor_wire::{
	clock,
	proto::{Method, Sealed},
	AccountId, Hash, Header, ReplayGuard, Unverified, WireError,
};
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Part of the work that callers without a bid get beside those with one.
const FREE_PART: f64 = 1.0 / 16.0;
/// Buckets kept for network addresses.
const BUCKETS: u64 = 65_536;

/// A genuine, fresh request of a registered component.
#[derive(Debug)]
pub(crate) struct Admitted {
	pub(crate) header: Header,
	pub(crate) body: Vec<u8>,
	pub(crate) standing: Standing,
	/// When the caller stops waiting.
	pub(crate) deadline: Instant,
}

impl Admitted {
	/// Whether its sender has an active bid for us.
	pub(crate) fn pays(&self) -> bool {
		self.standing.flow > 0
	}
}

pub(crate) struct Admission {
	genesis: Hash,
	account: AccountId,
	config: AxonConfig,
	peers: Arc<dyn Peers>,
	replay: Mutex<ReplayGuard>,
	addresses: Buckets<IpAddr>,
	free: FreeTier,
}

impl Admission {
	pub(crate) fn new(
		genesis: Hash,
		account: AccountId,
		config: AxonConfig,
		peers: Arc<dyn Peers>,
	) -> Self {
		Self {
			genesis,
			account,
			config,
			peers,
			replay: Mutex::new(ReplayGuard::new(config.replay, clock::now_ms())),
			addresses: Buckets::new(BUCKETS),
			free: FreeTier::new(config.quota, Instant::now()),
		}
	}

	/// Checks, in this order: size; chain, method and receiver; times; registration; signature checks
	/// left for this network address; signature and body; replay. [`Admission::charge`] checks the
	/// quota later, when the number of texts is known.
	pub(crate) fn admit(
		&self,
		method: Method,
		sealed: Sealed,
		address: Option<IpAddr>,
	) -> Result<Admitted, WireError> {
		let now_ms = clock::now_ms();
		let now = Instant::now();
		let parsed = Unverified::parse(sealed)?;
		parsed.check_address(&self.genesis, method, &self.account)?;
		self.replay.lock().check_times(parsed.header(), now_ms)?;
		let standing =
			self.peers.standing(&parsed.header().from).ok_or(WireError::UnknownCaller)?;
		if let Some(address) = address {
			let rate = self.config.quota.verifications_per_second;
			let burst = rate.max(1.0) * self.config.quota.burst_seconds.max(1.0);
			self.addresses.take(address, 1.0, rate, burst, now).map_err(limited)?;
		}
		let opened = parsed.verify()?;
		self.replay.lock().check(&opened.header, now_ms)?;
		let remaining = Duration::from_millis(opened.header.remaining_ms(now_ms));
		Ok(Admitted {
			header: opened.header,
			body: opened.body,
			standing,
			deadline: now + remaining,
		})
	}

	/// Charges a request, in texts, to the free tier if its sender has no bid.
	pub(crate) fn charge(&self, admitted: &Admitted, texts: f64) -> Result<(), WireError> {
		if admitted.pays() {
			return Ok(());
		}
		self.free.take(&admitted.standing, texts, Instant::now()).map_err(limited)
	}

	/// In whose name the work for a request is queued, and with what flow.
	pub(crate) fn caller(&self, admitted: &Admitted) -> (Caller, f64) {
		if admitted.pays() {
			return (Caller::Paying(admitted.header.from), admitted.standing.flow as f64);
		}
		(Caller::Free, self.peers.total_flow() as f64 * FREE_PART)
	}
}

fn limited(wait: Duration) -> WireError {
	let retry_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
	WireError::RateLimited { retry_ms }
}
