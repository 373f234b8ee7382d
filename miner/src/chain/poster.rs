//! Posts the row when it is due.
//!
//! ```text
//!   learning ── newest row (watch channel, never blocks) ──► poster ── post_row ──► chain
//!                                                              ▲
//!                                              chain cache: epoch, posted row
//! ```
//!
//! A row is posted only when [`contribution::due`] says so: these are the posts whose fee the chain
//! refunds. One call is in flight; a refused one is tried again in the next epoch; training never
//! waits.

use super::cache::ChainCache;
use bittensor_client::{AccountId, Call, Chain, ChainError, Edge};
use contribution::due;
use metrics::counter;
use parking_lot::Mutex;
use std::{future::Future, sync::Arc};
use tokio::sync::watch;

/// Shares for other components by account, as learning wants them posted; the rest is ours.
pub type WantedRow = Vec<(AccountId, u16)>;

/// The last results of the poster.
#[derive(Clone, Debug, Default)]
pub struct Posted {
	/// The last error.
	pub last_error: Option<String>,
	/// The last row that is in a block.
	pub row: Option<Vec<Edge>>,
}

/// A handle to the poster.
#[derive(Clone)]
pub struct Poster {
	wanted: watch::Sender<Option<WantedRow>>,
	posted: Arc<Mutex<Posted>>,
}

impl Poster {
	/// Returns the handle, and the task that posts until the handle is dropped.
	pub fn start(
		chain: Arc<dyn Chain>,
		cache: ChainCache,
		row_lifetime: u32,
	) -> (Self, impl Future<Output = anyhow::Result<()>>) {
		let (wanted, receiver) = watch::channel(None);
		let posted = Arc::new(Mutex::new(Posted::default()));
		let task = run(chain, cache, row_lifetime, receiver, posted.clone());
		(Self { wanted, posted }, task)
	}

	/// Replaces the row that is wanted on chain.
	pub fn want(&self, row: WantedRow) {
		self.wanted.send_if_modified(|current| {
			let changed = current.as_ref() != Some(&row);
			*current = Some(row);
			changed
		});
	}

	/// The last results.
	pub fn posted(&self) -> Posted {
		self.posted.lock().clone()
	}
}

async fn run(
	chain: Arc<dyn Chain>,
	mut cache: ChainCache,
	row_lifetime: u32,
	mut wanted: watch::Receiver<Option<WantedRow>>,
	posted: Arc<Mutex<Posted>>,
) -> anyhow::Result<()> {
	// The epoch of the last call, successful or not, and the row that is on chain since then: the
	// cache may be a few blocks older.
	let mut last: Option<(u32, Vec<Edge>)> = None;
	loop {
		tokio::select! {
			changed = wanted.changed() => if changed.is_err() { return Ok(()) },
			_ = cache.changed() => {},
		}
		let Some(row) = wanted.borrow_and_update().clone() else { continue };
		let snapshot = cache.snapshot();
		let Some(me) = snapshot.me else { continue };
		// Accounts become uids as late as possible: a component may have left meanwhile.
		let mut edges: Vec<Edge> = row
			.iter()
			.filter_map(|&(account, share)| {
				let target = snapshot.component_of(&account)?.uid;
				(target != me && share > 0).then_some(Edge { target, share })
			})
			.collect();
		edges.sort_unstable();
		let epoch = snapshot.epoch.epoch;
		// A chain that restarted does not have the rows posted before.
		last = last.filter(|(posted, _)| *posted <= epoch);
		let ours = last.as_ref().map(|(posted, edges)| (*posted, edges.as_slice()));
		let on_chain = snapshot.row.as_ref().and_then(|row| row.newest());
		let on_chain = on_chain.map(|row| (row.posted, row.edges.as_slice()));
		let newest = match (ours, on_chain) {
			(Some((posted, _)), Some(seen)) if seen.0 > posted => Some(seen),
			// In a later epoch the cache would show it: the chain lost it.
			(Some((posted, _)), None) if epoch > posted => None,
			(Some(ours), _) => Some(ours),
			(None, seen) => seen,
		};
		let Some(reason) = due(&edges, newest, epoch, row_lifetime) else { continue };
		let result = chain.submit(Call::PostRow { row: edges.clone() }).await;
		let mut posted = posted.lock();
		match result {
			Ok(head) => {
				tracing::info!("row posted in block {} ({reason:?}): {edges:?}", head.number);
				counter!("bittensor_miner_posts_total").increment(1);
				posted.row = Some(edges.clone());
				last = Some((epoch, edges));
			}
			Err(error) => {
				tracing::warn!("row not posted: {error}");
				counter!("bittensor_miner_post_failures_total").increment(1);
				posted.last_error = Some(error.to_string());
				// A refusal is final for this epoch; otherwise the next snapshot tries again.
				if let ChainError::Dispatch { .. } | ChainError::Unfunded { .. } = error {
					let edges = newest.map(|(_, edges)| edges.to_vec()).unwrap_or_default();
					last = Some((epoch, edges));
				}
			}
		}
	}
}
