//! Warns when nothing comes from the chain any more.
//!
//! The miner goes on with the last state of the chain cache: it serves, learns, and queries the same
//! components. New bids, payouts and rows wait for the chain.

use crate::chain::cache::ChainCache;
use std::time::Duration;

/// Time between two looks at the chain cache.
const EVERY: Duration = Duration::from_secs(1);

/// What a look at the chain cache changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
	/// The cache has become stale.
	Stale,
	/// Blocks arrive again.
	Back,
}

/// Decides whether the chain cache is stale, and reports each change once.
#[derive(Clone, Copy, Debug)]
pub struct Watchdog {
	limit: Duration,
	stale: bool,
}

impl Watchdog {
	/// The cache is stale if its last block arrived longer ago than `limit`.
	pub fn new(limit: Duration) -> Self {
		Self { limit, stale: false }
	}

	/// Looks at the age of the cache. Each change is returned once.
	pub fn look(&mut self, age: Duration) -> Option<Change> {
		let before = std::mem::replace(&mut self.stale, age > self.limit);
		match (before, self.stale) {
			(false, true) => Some(Change::Stale),
			(true, false) => Some(Change::Back),
			_ => None,
		}
	}

	/// Looks once a second and logs each change. Never returns.
	pub async fn run(mut self, cache: ChainCache, address: String) -> anyhow::Result<()> {
		let mut ticks = tokio::time::interval(EVERY);
		loop {
			ticks.tick().await;
			let age = cache.age();
			metrics::gauge!("bittensor_miner_chain_age_seconds").set(age.as_secs_f64());
			let block = cache.snapshot().head.number;
			match self.look(age) {
				Some(Change::Stale) => tracing::warn!(
					"no block from the chain at {address} for {} s: the miner goes on with the \
					 state of block {block}. Check the node and the connection to it",
					age.as_secs()
				),
				Some(Change::Back) => tracing::info!("the chain at {address} is back"),
				None => {}
			}
		}
	}
}
