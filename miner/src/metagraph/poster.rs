//! Posts the row when it is due.
//!
//! ```text
//!   learning ── newest row (watch channel, never blocks) ──► poster ── post_row ──► chain
//!                                                              ▲
//!                                                 snapshots: epoch, what is posted
//! ```
//!
//! A row is due at most once per epoch, and only if it is the first, moved by at least 1 % since
//! the one on chain, or the heartbeat is due: a row that is older than the row lifetime no longer
//! counts, so it is renewed after half of that. These are the posts whose fee the chain refunds.
//! One call is in flight; a refused one is tried again in the next epoch; training never waits.

use super::{view::View, Call, Chain, ChainError, Row, RowInfo, SHARE_ONE};
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// A row that moved by less than this part of 65,536, in L1, is not posted.
pub const MOVE: u32 = SHARE_ONE.div_ceil(100);

/// Shares for other components by account, as learning wants them posted; the rest is ours.
pub type WantedRow = Vec<(super::AccountId, u16)>;

/// What the poster did, for telemetry.
#[derive(Clone, Debug, Default)]
pub struct Posted {
	/// Posts that are in a block.
	pub posts: u64,
	/// Posts that failed.
	pub failures: u64,
	/// The last error.
	pub last_error: Option<String>,
	/// The last row that is in a block, as (uid, share).
	pub row: Option<Vec<(u32, u16)>>,
}

/// Why a row is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
	/// There is no row yet.
	First,
	/// It moved.
	Moved {
		/// L1 distance out of 65,536.
		distance: u32,
	},
	/// The one on chain grows old.
	Heartbeat,
}

/// L1 distance of two rows out of 65,536, self-shares included, halved: the share that moved.
pub fn distance(a: &[(u32, u16)], b: &[(u32, u16)]) -> u32 {
	let mut difference: BTreeMap<u32, i64> = BTreeMap::new();
	for (uid, share) in a {
		*difference.entry(*uid).or_default() += i64::from(*share);
	}
	for (uid, share) in b {
		*difference.entry(*uid).or_default() -= i64::from(*share);
	}
	// Each row sums to 65,536, so the self-share moves by the balance of the others.
	let own: i64 = difference.values().sum();
	let total: i64 = difference.values().map(|d| d.abs()).sum::<i64>() + own.abs();
	u32::try_from(total / 2).unwrap_or(u32::MAX)
}

/// Whether `wanted` is to be posted in `epoch`, given the newest row on chain.
pub fn due(
	wanted: &[(u32, u16)],
	newest: Option<&Row>,
	epoch: u32,
	row_lifetime: u32,
) -> Option<Reason> {
	let Some(newest) = newest else { return Some(Reason::First) };
	if newest.posted >= epoch {
		return None;
	}
	let distance = distance(wanted, &newest.edges);
	if distance >= MOVE {
		return Some(Reason::Moved { distance });
	}
	// A lifetime of 0 is for ever.
	let old = row_lifetime > 0 && epoch - newest.posted >= row_lifetime.div_ceil(2);
	old.then_some(Reason::Heartbeat)
}

/// The newest of a component's rows.
pub fn newest(row: Option<&RowInfo>) -> Option<&Row> {
	row.and_then(|row| row.pending.as_ref().or(row.charged.as_ref()))
}

/// A handle to the poster.
#[derive(Clone)]
pub struct Poster {
	wanted: watch::Sender<Option<WantedRow>>,
	posted: Arc<Mutex<Posted>>,
}

impl Poster {
	/// Starts the poster; it stops when the handle is dropped.
	pub fn start(chain: Arc<dyn Chain>, view: View, row_lifetime: u32) -> Self {
		let (wanted, receiver) = watch::channel(None);
		let posted = Arc::new(Mutex::new(Posted::default()));
		tokio::spawn(run(chain, view, row_lifetime, receiver, posted.clone()));
		Self { wanted, posted }
	}

	/// Replaces the row that is wanted on chain.
	pub fn want(&self, row: WantedRow) {
		self.wanted.send_if_modified(|current| {
			let changed = current.as_ref() != Some(&row);
			*current = Some(row);
			changed
		});
	}

	/// What was done so far.
	pub fn posted(&self) -> Posted {
		self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
	}
}

async fn run(
	chain: Arc<dyn Chain>,
	mut view: View,
	row_lifetime: u32,
	mut wanted: watch::Receiver<Option<WantedRow>>,
	posted: Arc<Mutex<Posted>>,
) {
	// The epoch in which the last call was made, successful or not, and the row that is on chain
	// since then: the mirror may be a few blocks older.
	let mut last: Option<(u32, Vec<(u32, u16)>)> = None;
	loop {
		let stop = tokio::select! {
			changed = wanted.changed() => changed.is_err(),
			snapshot = view.changed() => snapshot.is_none(),
		};
		if stop {
			return;
		}
		let Some(row) = wanted.borrow_and_update().clone() else { continue };
		let snapshot = view.snapshot();
		let Some(me) = snapshot.me else { continue };
		// Accounts become uids as late as possible: a component may have left meanwhile.
		let mut edges: Vec<(u32, u16)> = row
			.iter()
			.filter_map(|(account, share)| {
				let uid = snapshot.component_of(account)?.uid;
				(uid != me && *share > 0).then_some((uid, *share))
			})
			.collect();
		edges.sort_unstable();
		let epoch = snapshot.epoch.epoch;
		// A chain that began anew knows nothing of what was posted before.
		last = last.filter(|(posted, _)| *posted <= epoch);
		let ours = last.as_ref().map(|(epoch, edges)| Row {
			posted: *epoch,
			self_share: 0,
			edges: edges.clone(),
		});
		let on_chain = newest(snapshot.row.as_ref());
		let newest = match (&ours, on_chain) {
			(Some(ours), Some(seen)) if seen.posted > ours.posted => Some(seen),
			// In a later epoch the mirror would show it: the chain lost it.
			(Some(ours), None) if epoch > ours.posted => None,
			(Some(ours), _) => Some(ours),
			(None, seen) => seen,
		};
		let Some(reason) = due(&edges, newest, epoch, row_lifetime) else { continue };
		let result = chain.submit(Call::PostRow { row: edges.clone() }).await;
		let mut posted = posted.lock().unwrap_or_else(PoisonError::into_inner);
		match result {
			Ok(head) => {
				tracing::info!("row posted in block {} ({reason:?}): {edges:?}", head.number);
				posted.posts += 1;
				posted.row = Some(edges.clone());
				last = Some((epoch, edges));
			}
			Err(error) => {
				tracing::warn!("row not posted: {error}");
				posted.failures += 1;
				posted.last_error = Some(error.to_string());
				// A refusal is final for this epoch; otherwise the next snapshot tries again.
				if let ChainError::Dispatch { .. } = error {
					let edges = newest.map(|row| row.edges.clone()).unwrap_or_default();
					last = Some((epoch, edges));
				}
			}
		}
	}
}
