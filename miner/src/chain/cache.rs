//! The chain cache: the miner's copy of chain state.
//!
//! ```text
//!   blocks ──► an event that changes it, or every 5th block ──► read at that block
//!                                                                      │
//!        axon (callers and their flows) ◄── watch channel ◄── Snapshot
//!        learning (components to query), poster (our posted row)
//! ```
//!
//! Invariants: a snapshot is of one block; its flows are of one paid epoch, so while a solve is in
//! progress they are those of the block that paid last; readers never wait for the chain; after a lost
//! connection the last snapshot stays until a newer one is read.

use bittensor_client::{
	AccountId, Bid, BlockEvents, Chain, ChainError, ComponentInfo, EpochStatus, Head, Row, RowInfo,
};
use contribution::flow;
use futures::{stream::BoxStream, StreamExt};
use parking_lot::Mutex;
use std::{
	collections::HashMap,
	future::Future,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::sync::watch;

/// Without an event the chain is read again after this many blocks.
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
	/// Our row of the last paid epoch.
	pub paid_row: Option<Row>,
	/// The bids for us in the rows of the last paid epoch.
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
		let me = chain.component_of(account, at).await?;
		// An account has one component at most, whatever its role.
		let by_account = components
			.iter()
			.enumerate()
			.flat_map(|(position, one)| [(one.owner, position), (one.service_key, position)])
			.collect();
		let row = match me {
			Some(uid) => chain.row(uid, at).await?,
			None => None,
		};
		let mut snapshot = Self {
			head,
			epoch,
			components,
			me,
			row,
			paid_row: None,
			bids: Vec::new(),
			by_account,
			by_bidder: HashMap::new(),
		};
		snapshot.read_flows(chain).await?;
		Ok(snapshot)
	}

	/// Reads the bids for us and our row of the last paid epoch.
	async fn read_flows(&mut self, chain: &dyn Chain) -> Result<(), ChainError> {
		let Some(mine) = self.mine().cloned() else { return Ok(()) };
		let Some(paid) = chain.paid_at(self.head.hash).await? else { return Ok(()) };
		let at = Some(paid);
		let mut bids = chain.bids(mine.uid, at).await?.unwrap_or_default();
		if paid == self.head.hash {
			self.paid_row = self.row.clone().and_then(|row| row.active);
		} else {
			// Another component may have had a uid then: its flows are not those of the present one.
			let then = chain.components(at).await?;
			let same = |one: &ComponentInfo| {
				then.iter().any(|was| (was.uid, was.registered) == (one.uid, one.registered))
			};
			if !same(&mine) {
				return Ok(());
			}
			bids.retain(|bid| self.component(bid.uid).is_some_and(same));
			self.paid_row = chain.row(mine.uid, at).await?.and_then(|row| row.active);
		}
		self.by_bidder = bids.iter().map(|bid| (bid.uid, *bid)).collect();
		self.bids = bids;
		Ok(())
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

	/// What a component bids for us, by its row of the last paid epoch.
	pub fn bid_of(&self, account: &AccountId) -> Option<Bid> {
		let uid = self.component_of(account)?.uid;
		self.by_bidder.get(&uid).copied()
	}

	/// Share of `uid` in our row of the last paid epoch, out of 65,536.
	pub fn share_of(&self, uid: u32) -> u32 {
		let edges = self.paid_row.as_ref().map_or(&[][..], |row| &row.edges);
		edges.iter().find(|edge| edge.target == uid).map_or(0, |edge| edge.share.into())
	}

	/// Units that flowed to `uid` in the last paid epoch.
	pub fn flow_to(&self, uid: u32) -> u64 {
		let (Some(mine), Some(row)) = (self.mine(), &self.paid_row) else { return 0 };
		flow(mine.payout, self.share_of(uid), row.self_share)
	}

	/// Self-share of our row of the last paid epoch, out of 65,536.
	pub fn self_share(&self) -> Option<u32> {
		self.paid_row.as_ref().map(|row| row.self_share)
	}

	/// The bid with the greatest flow, then share.
	pub fn strongest_bid(&self) -> Option<Bid> {
		self.bids.iter().copied().max_by_key(|bid| (bid.flow, bid.share))
	}
}

/// A handle to the chain cache.
#[derive(Clone)]
pub struct ChainCache {
	current: watch::Receiver<Arc<Snapshot>>,
	last_block: Arc<Mutex<Instant>>,
}

impl ChainCache {
	/// Reads the chain once. Returns the cache, and the task that keeps it fresh as long as a handle
	/// lives. The task ends with an error if the cache can never be right again.
	pub async fn start(
		chain: Arc<dyn Chain>,
		account: AccountId,
	) -> Result<(Self, impl Future<Output = anyhow::Result<()>>), ChainError> {
		// Subscribed first, so that no block is missed between the two.
		let blocks = chain.blocks();
		let first = Snapshot::read(&*chain, account, None).await?;
		let (publish, current) = watch::channel(Arc::new(first));
		let last_block = Arc::new(Mutex::new(Instant::now()));
		let follower = Follower { chain, account, publish, last_block: last_block.clone() };
		Ok((Self { current, last_block }, follower.run(blocks)))
	}

	/// The newest snapshot.
	pub fn snapshot(&self) -> Arc<Snapshot> {
		self.current.borrow().clone()
	}

	/// Waits for a newer snapshot; without end if the cache has stopped, as its task reports why.
	pub async fn changed(&mut self) -> Arc<Snapshot> {
		if self.current.changed().await.is_err() {
			std::future::pending::<()>().await;
		}
		self.current.borrow_and_update().clone()
	}

	/// Time since the last block arrived, or since the start.
	pub fn age(&self) -> Duration {
		self.last_block.lock().elapsed()
	}
}

/// Keeps the cache fresh.
struct Follower {
	chain: Arc<dyn Chain>,
	account: AccountId,
	publish: watch::Sender<Arc<Snapshot>>,
	last_block: Arc<Mutex<Instant>>,
}

impl Follower {
	async fn run(
		self,
		mut blocks: BoxStream<'static, Result<BlockEvents, ChainError>>,
	) -> anyhow::Result<()> {
		let mut last: Head = self.publish.borrow().head;
		let mut stale = false;
		loop {
			let block = tokio::select! {
				block = blocks.next() => block,
				() = self.publish.closed() => return Ok(()),
			};
			let block = match block {
				Some(Ok(block)) => block,
				Some(Err(error @ ChainError::WrongGenesis { .. })) => return Err(error.into()),
				// The watchdog warns if this lasts.
				Some(Err(error)) => {
					tracing::debug!("no blocks from the chain: {error}");
					stale = true;
					continue;
				}
				None => anyhow::bail!("the chain gives no more blocks"),
			};
			*self.last_block.lock() = Instant::now();
			let head = block.head;
			let old = head.number.saturating_sub(last.number) >= REFRESH_BLOCKS
				|| head.number < last.number;
			if (block.events.is_empty() && !old && !stale) || head.hash == last.hash {
				continue;
			}
			match Snapshot::read(&*self.chain, self.account, Some(head)).await {
				Ok(snapshot) => {
					last = head;
					stale = false;
					self.publish.send_replace(Arc::new(snapshot));
				}
				Err(error) => {
					stale = true;
					tracing::warn!("cannot read block {}: {error}", head.number);
				}
			}
		}
	}
}
