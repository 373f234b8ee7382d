//! The mirror of the chain that the miner works from.
//!
//! ```text
//!   blocks ──► EpochPaid, EpochStarted, membership, or every 5th block ──► read at that block
//!                                                                             │
//!        axon (who may call, with what flow) ◄── watch channel ◄── Snapshot ──┘
//!        learning (whom to ask), poster (what is posted)
//! ```
//!
//! Invariants: a snapshot is of one block; readers never wait for the chain; after a lost
//! connection the last snapshot stays until a newer one is read.

use super::{
	flow, AccountId, Bid, BlockEvents, Chain, ChainError, ComponentInfo, EpochStatus, Event, Hash,
	Head, RowInfo,
};
use futures::{stream::BoxStream, StreamExt};
use std::{
	collections::HashMap,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::sync::watch;

/// Without an event the mirror is read again after this many blocks.
const REFRESH_BLOCKS: u32 = 5;

/// The chain at one block.
#[derive(Clone, Debug)]
pub struct Snapshot {
	/// The block.
	pub head: Head,
	/// Its epoch.
	pub epoch: EpochStatus,
	/// All components, by uid.
	pub components: Vec<ComponentInfo>,
	/// Our uid, if our account is owner or service key of a component.
	pub me: Option<u32>,
	/// Our rows.
	pub row: Option<RowInfo>,
	/// The bids for us in the rows that were charged last.
	pub bids: Vec<Bid>,
	/// Positions in `components`, by service key and by owner.
	by_account: HashMap<AccountId, usize>,
	/// Bids for us, by uid of the bidder.
	by_bidder: HashMap<u32, Bid>,
}

impl Snapshot {
	/// Reads the chain at one block, as `account` sees it.
	pub async fn read(
		chain: &dyn Chain,
		account: AccountId,
		head: Option<Head>,
	) -> Result<Self, ChainError> {
		let head = match head {
			Some(head) => head,
			None => chain.head(None).await?,
		};
		let at = Some(head.hash);
		let epoch = chain.epoch_status(at).await?;
		let components = chain.components(at).await?;
		let mut by_account = HashMap::with_capacity(components.len() * 2);
		for (position, component) in components.iter().enumerate() {
			by_account.insert(component.owner, position);
		}
		// A service key wins over an owner with the same account.
		for (position, component) in components.iter().enumerate() {
			by_account.insert(component.service_key, position);
		}
		let me = by_account.get(&account).map(|position| components[*position].uid);
		let (row, bids) = match me {
			Some(uid) => (chain.row(uid, at).await?, chain.bids(uid, at).await?),
			None => (None, Vec::new()),
		};
		let by_bidder = bids.iter().map(|bid| (bid.uid, *bid)).collect();
		Ok(Self { head, epoch, components, me, row, bids, by_account, by_bidder })
	}

	/// The component of a uid.
	pub fn component(&self, uid: u32) -> Option<&ComponentInfo> {
		let position =
			self.components.binary_search_by_key(&uid, |component| component.uid).ok()?;
		self.components.get(position)
	}

	/// The component of a service key or owner.
	pub fn component_of(&self, account: &AccountId) -> Option<&ComponentInfo> {
		self.by_account.get(account).and_then(|position| self.components.get(*position))
	}

	/// The component that a service key serves. Messages are signed by it, never by the owner.
	pub fn served_by(&self, service_key: &AccountId) -> Option<&ComponentInfo> {
		self.component_of(service_key).filter(|component| component.service_key == *service_key)
	}

	/// Our own component.
	pub fn mine(&self) -> Option<&ComponentInfo> {
		self.me.and_then(|uid| self.component(uid))
	}

	/// What a component bids for us in the rows that were charged last; flow in units per epoch.
	pub fn bid_of(&self, account: &AccountId) -> Option<Bid> {
		let uid = self.component_of(account)?.uid;
		self.by_bidder.get(&uid).copied()
	}

	/// Share of `uid` in our charged row, out of 65,536.
	pub fn share_of(&self, uid: u32) -> u32 {
		let row = self.row.as_ref().and_then(|row| row.charged.as_ref());
		row.and_then(|row| row.edges.iter().find(|(target, _)| *target == uid))
			.map_or(0, |(_, share)| u32::from(*share))
	}

	/// Units per epoch that our charged row lets flow to `uid`.
	pub fn flow_to(&self, uid: u32) -> u64 {
		let (Some(mine), Some(row)) =
			(self.mine(), self.row.as_ref().and_then(|row| row.charged.as_ref()))
		else {
			return 0;
		};
		row.edges
			.iter()
			.find(|(target, _)| *target == uid)
			.map_or(0, |(_, share)| flow(mine.payout, u32::from(*share), row.self_share))
	}

	/// The bid with the greatest flow, then share.
	pub fn strongest_bid(&self) -> Option<Bid> {
		self.bids.iter().copied().max_by_key(|bid| (bid.flow, bid.share))
	}
}

/// A handle to the mirror.
#[derive(Clone)]
pub struct View {
	current: watch::Receiver<Arc<Snapshot>>,
	fatal: watch::Receiver<Option<String>>,
}

impl View {
	/// Reads the chain once and keeps the mirror fresh in the background as long as a handle
	/// lives.
	pub async fn start(chain: Arc<dyn Chain>, account: AccountId) -> Result<Self, ChainError> {
		// Subscribed first, so that nothing happens unseen between the two.
		let blocks = chain.blocks();
		let first = Snapshot::read(&*chain, account, None).await?;
		let (publish, current) = watch::channel(Arc::new(first));
		let (fail, fatal) = watch::channel(None);
		tokio::spawn(follow(chain, blocks, account, publish, fail));
		Ok(Self { current, fatal })
	}

	/// The newest snapshot.
	pub fn snapshot(&self) -> Arc<Snapshot> {
		self.current.borrow().clone()
	}

	/// Waits for a newer snapshot; `None` when the mirror has stopped.
	pub async fn changed(&mut self) -> Option<Arc<Snapshot>> {
		self.current.changed().await.ok()?;
		Some(self.current.borrow_and_update().clone())
	}

	/// Waits until the mirror can never be right again, and says why.
	pub async fn failed(&mut self) -> String {
		loop {
			if let Some(reason) = self.fatal.borrow_and_update().clone() {
				return reason;
			}
			if self.fatal.changed().await.is_err() {
				// The mirror stopped because nobody holds it; nothing failed.
				std::future::pending::<()>().await;
			}
		}
	}
}

async fn follow(
	chain: Arc<dyn Chain>,
	mut blocks: BoxStream<'static, Result<BlockEvents, ChainError>>,
	account: AccountId,
	publish: watch::Sender<Arc<Snapshot>>,
	fail: watch::Sender<Option<String>>,
) {
	let mut last_read: Hash = publish.borrow().head.hash;
	let mut last_number = publish.borrow().head.number;
	let mut stale = false;
	let mut complained: Option<Instant> = None;
	loop {
		let block = tokio::select! {
			block = blocks.next() => block,
			_ = publish.closed() => return,
		};
		let block = match block {
			Some(Ok(block)) => block,
			Some(Err(error @ ChainError::WrongGenesis { .. })) => {
				fail.send_replace(Some(error.to_string()));
				return;
			}
			Some(Err(error)) => {
				stale = true;
				// A node that is away is news once, then every half minute.
				if complained.is_none_or(|at| at.elapsed() > Duration::from_secs(30)) {
					tracing::warn!("the chain is out of reach, working on: {error}");
					complained = Some(Instant::now());
				}
				continue;
			}
			None => return,
		};
		if complained.take().is_some() {
			tracing::info!("the chain is back at block {}", block.head.number);
		}
		let news = block.events.iter().any(|event| {
			matches!(
				event,
				Event::EpochStarted { .. } | Event::EpochPaid { .. } | Event::Membership
			)
		});
		let old = block.head.number.saturating_sub(last_number) >= REFRESH_BLOCKS
			|| block.head.number < last_number;
		if !(news || old || stale) || block.head.hash == last_read {
			continue;
		}
		match Snapshot::read(&*chain, account, Some(block.head)).await {
			Ok(snapshot) => {
				last_read = snapshot.head.hash;
				last_number = snapshot.head.number;
				stale = false;
				publish.send_replace(Arc::new(snapshot));
			}
			Err(error) => {
				stale = true;
				tracing::warn!("cannot read block {}: {error}", block.head.number);
			}
		}
	}
}
