//! Posts the row when it is due.
//!
//! ```text
//!   learning ── newest row (watch channel, never blocks) ──► poster ── post_row ──► chain
//!                                                              ▲
//!                                              chain cache: epoch, posted row
//! ```
//!
//! A row is posted only when [`contribution::due`] says so: these are the posts whose fee the chain
//! refunds. The row is compared with the newest one on the chain, whoever posted it: a row that the
//! chain lost, or that another holder of the key replaced, is posted again in the next epoch. One call
//! is in flight; a refused one is tried again in the next epoch; training never waits.

use super::{
	cache::{ChainCache, Snapshot},
	earnings::{percent, row_text},
};
use bittensor_client::{AccountId, Call, Chain, ChainError, Edge};
use contribution::{due, Due};
use metrics::counter;
use parking_lot::Mutex;
use std::{future::Future, sync::Arc};
use tokio::sync::watch;

/// Shares for other components by account, as learning wants them posted; the rest is ours.
pub type WantedRow = Vec<(AccountId, u16)>;

/// The last results of the poster.
#[derive(Clone, Debug, Default)]
pub struct Posted {
	/// Why the last post failed; `None` after one that did not.
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

/// A row that is in a block.
struct Sent {
	/// The block.
	block: u32,
	/// The epoch of the chain cache when it was sent.
	epoch: u32,
	edges: Vec<Edge>,
}

/// Epoch and edges of the newest row of ours. The chain decides, except that the cache may be a few
/// blocks older than the row that we sent last.
fn newest<'a>(snapshot: &'a Snapshot, sent: Option<&'a Sent>) -> Option<(u32, &'a [Edge])> {
	let unseen = |sent: &&Sent| {
		// In an earlier epoch the chain restarted, and never had it.
		snapshot.head.number <= sent.block && snapshot.epoch.epoch >= sent.epoch
	};
	if let Some(sent) = sent.filter(unseen) {
		return Some((sent.epoch, &sent.edges));
	}
	let row = snapshot.row.as_ref().and_then(|row| row.newest())?;
	Some((row.posted, &row.edges))
}

/// Why a post is due.
fn why(reason: Due) -> String {
	match reason {
		Due::First => "the first one".into(),
		Due::Moved { distance } => format!("as {} of it moved", percent(distance)),
		Due::Heartbeat => "before the last one gets too old".into(),
	}
}

/// Reports that the chain has another row than the one that we sent last.
fn report_change(me: u32, sent: &Sent, newest: Option<(u32, &[Edge])>, snapshot: &Snapshot) {
	let Some((posted, newest)) = newest.filter(|(posted, _)| *posted >= sent.epoch) else {
		tracing::warn!("the chain lost the row of block {}: posting it again", sent.block);
		return;
	};
	// The chain drops edges to components that left.
	let counts = |edge: &&Edge| {
		let target = snapshot.component(edge.target);
		target.is_some_and(|target| target.registered <= sent.epoch)
	};
	let ours = newest.iter().all(|edge| sent.edges.contains(edge))
		&& sent.edges.iter().filter(counts).all(|edge| newest.contains(edge));
	if !ours {
		tracing::warn!(
			"the row of component {me}, posted in epoch {posted}, is not this miner's: another \
			 process uses its key. Posting our own again"
		);
	}
}

async fn run(
	chain: Arc<dyn Chain>,
	mut cache: ChainCache,
	row_lifetime: u32,
	mut wanted: watch::Receiver<Option<WantedRow>>,
	posted: Arc<Mutex<Posted>>,
) -> anyhow::Result<()> {
	let mut sent: Option<Sent> = None;
	// The epoch in which the chain refused a row.
	let mut refused: Option<u32> = None;
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
		if refused == Some(epoch) {
			continue;
		}
		let newest = newest(&snapshot, sent.as_ref());
		let Some(reason) = due(&edges, newest, epoch, row_lifetime) else {
			posted.lock().last_error = None;
			continue;
		};
		if let Some(sent) = &sent {
			report_change(me, sent, newest, &snapshot);
		}
		let result = chain.submit(Call::PostRow { row: edges.clone() }).await;
		let mut posted = posted.lock();
		match result {
			Ok(head) => {
				let row = row_text(edges.iter().map(|edge| (edge.target, edge.share.into())));
				tracing::info!("row posted in block {}, {}: {row}", head.number, why(reason));
				counter!("bittensor_miner_posts_total").increment(1);
				posted.row = Some(edges.clone());
				posted.last_error = None;
				sent = Some(Sent { block: head.number, epoch, edges });
			}
			Err(error) => {
				tracing::warn!("row not posted: {error}");
				counter!("bittensor_miner_post_failures_total").increment(1);
				posted.last_error = Some(error.to_string());
				// A refusal is final for this epoch; otherwise the next snapshot tries again.
				if let ChainError::Dispatch { .. } | ChainError::Unfunded { .. } = error {
					refused = Some(epoch);
				}
			}
		}
	}
}
