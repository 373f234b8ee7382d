//! Admission of requests: cheap checks first; an account is charged only after its signature is
//! verified.

use super::{quota::Buckets, AxonConfig, Peers, Standing};
use bittensor_wire::{
	clock, limits::MAX_TEXTS, proto::Method, proto::Sealed, AccountId, Hash, Header, ReplayGuard,
	Unverified, WireError,
};
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Buckets kept for network addresses, and for accounts.
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

pub(crate) struct Admission {
	genesis: Hash,
	account: AccountId,
	config: AxonConfig,
	peers: Arc<dyn Peers>,
	replay: Mutex<ReplayGuard>,
	addresses: Buckets<IpAddr>,
	accounts: Buckets<AccountId>,
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
			accounts: Buckets::new(BUCKETS),
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

	/// Charges the texts of a request to its sender, whose rate is the free tier plus its part of the
	/// paid tier by flow.
	pub(crate) fn charge(&self, admitted: &Admitted, texts: usize) -> Result<(), WireError> {
		let quota = &self.config.quota;
		let total = self.peers.total_flow();
		let part = if admitted.standing.flow == 0 {
			0.0
		} else {
			(admitted.standing.flow as f64 / total.max(1) as f64).min(1.0)
		};
		let rate = quota.free_texts_per_second + part * quota.paid_texts_per_second;
		// The largest Spike fits into any bucket, however slowly it fills.
		let burst = (rate * quota.burst_seconds).max(MAX_TEXTS as f64);
		self.accounts
			.take(admitted.header.from, texts as f64, rate, burst, Instant::now())
			.map_err(limited)
	}
}

fn limited(wait: Duration) -> WireError {
	let retry_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
	WireError::RateLimited { retry_ms }
}
