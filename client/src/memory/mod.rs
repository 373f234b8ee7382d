//! The twin of the chain in memory, for tests: same trait, same rules, no node.
//!
//! [`MemoryChain::advance`] makes blocks; an epoch is merged, solved and paid in one block, with the
//! solver of the runtime, or in as many as [`MemoryChain::set_solve_blocks`] says. Every block's state
//! is kept, so that reads at a block work.

mod effects;
mod state;

use crate::{
	AccountId, Bid, BlockEvents, Call, Chain, ChainError, ComponentInfo, EpochStatus, Hash, Head,
	Parameters, Phase, RowInfo, Unbonding,
};
use async_trait::async_trait;
use futures::{stream::BoxStream, StreamExt};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use state::State;
use std::sync::{
	atomic::{AtomicU32, Ordering},
	Arc,
};
use tokio::sync::broadcast;

/// Blocks that a slow reader of [`Chain::blocks`] may be behind.
const BACKLOG: usize = 1_024;

struct Shared {
	parameters: Parameters,
	/// Blocks from the start of a solve to the payout, at least 1.
	solve_blocks: AtomicU32,
	/// The state after each block, from block 0 on; never empty.
	states: Mutex<Vec<State>>,
	blocks: broadcast::Sender<BlockEvents>,
}

/// A chain in memory, seen by one account.
#[derive(Clone)]
pub struct MemoryChain {
	shared: Arc<Shared>,
	account: AccountId,
}

impl MemoryChain {
	/// A chain at block 0 with these balances in units, seen by `account`.
	pub fn new(
		parameters: Parameters,
		balances: impl IntoIterator<Item = (AccountId, u64)>,
		account: AccountId,
	) -> Self {
		let states = Mutex::new(vec![State::genesis(balances)]);
		let (blocks, _) = broadcast::channel(BACKLOG);
		let shared = Shared { parameters, solve_blocks: 1.into(), states, blocks };
		Self { shared: Arc::new(shared), account }
	}

	/// The same chain, seen by another account.
	pub fn seen_by(&self, account: AccountId) -> Self {
		Self { shared: self.shared.clone(), account }
	}

	/// Makes every later solve span this many blocks, as those of a large network do.
	pub fn set_solve_blocks(&self, blocks: u32) {
		self.shared.solve_blocks.store(blocks.max(1), Ordering::Relaxed);
	}

	/// Makes one block; at the end of an epoch it merges, solves and pays.
	pub fn advance(&self) {
		let mut states = self.shared.states.lock();
		let mut state = newest(&states).clone();
		let solve_blocks = self.shared.solve_blocks.load(Ordering::Relaxed);
		let events = state.advance(&self.shared.parameters, solve_blocks);
		let head = head_of(state.block);
		states.push(state);
		drop(states);
		// An error means that nobody listens.
		let _ = self.shared.blocks.send(BlockEvents { head, events });
	}

	/// Drops the blocks after `number`, as a reorganisation does. A hash names a number only: blocks
	/// made later have those of the blocks dropped.
	pub fn revert(&self, number: u32) {
		self.shared.states.lock().retain(|state| state.block <= number);
	}

	/// The state after a block.
	fn at(&self, at: Option<Hash>) -> Result<MappedMutexGuard<'_, State>, ChainError> {
		MutexGuard::try_map(self.shared.states.lock(), |states| match at {
			None => states.last_mut(),
			Some(hash) => states.iter_mut().find(|state| head_of(state.block).hash == hash),
		})
		.map_err(|_| ChainError::NoBlock { block: at.map_or("best".into(), hex::encode) })
	}
}

fn newest(states: &[State]) -> &State {
	&states[states.len() - 1]
}

fn head_of(number: u32) -> Head {
	let mut hash = [0xB1; 32];
	hash[..4].copy_from_slice(&number.to_le_bytes());
	Head { number, hash }
}

#[async_trait]
impl Chain for MemoryChain {
	fn genesis_hash(&self) -> Hash {
		head_of(0).hash
	}

	async fn head(&self, number: Option<u32>) -> Result<Head, ChainError> {
		let newest = self.at(None)?.block;
		match number {
			Some(number) if number > newest => {
				Err(ChainError::NoBlock { block: number.to_string() })
			}
			number => Ok(head_of(number.unwrap_or(newest))),
		}
	}

	async fn head_at(&self, hash: Hash) -> Result<Head, ChainError> {
		Ok(head_of(self.at(Some(hash))?.block))
	}

	async fn components(&self, at: Option<Hash>) -> Result<Vec<ComponentInfo>, ChainError> {
		Ok(self.at(at)?.components.values().cloned().collect())
	}

	async fn component_of(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<u32>, ChainError> {
		Ok(self.at(at)?.component_of(account))
	}

	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError> {
		Ok(self.at(at)?.rows.get(&uid).cloned())
	}

	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError> {
		Ok(self.at(at)?.rows.values().cloned().collect())
	}

	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Option<Vec<Bid>>, ChainError> {
		let state = self.at(at)?;
		if state.solving.is_some() {
			return Ok(None);
		}
		let bids = state.rows.values().filter_map(|row| {
			let active = row.active.as_ref()?;
			let edge = active.edges.iter().find(|edge| edge.target == uid)?;
			let share = u32::from(edge.share);
			let payout = state.components.get(&row.uid)?.payout;
			let flow = contribution::flow(payout, share, active.self_share);
			Some(Bid { uid: row.uid, share, flow })
		});
		Ok(Some(bids.collect()))
	}

	async fn parameters(&self) -> Result<Parameters, ChainError> {
		Ok(self.shared.parameters)
	}

	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError> {
		let state = self.at(at)?;
		let length = self.shared.parameters.epoch_length;
		Ok(EpochStatus {
			epoch: state.epoch,
			phase: if state.solving.is_some() { Phase::Sweep } else { Phase::Idle },
			sweep: 0,
			cursor: 0,
			components: state.uid_space(),
			registered: state.components.len() as u32,
			started: state.epoch_began,
			next_payout_in: match &state.solving {
				Some(solving) => solving.blocks_left,
				None => length - (state.block - state.epoch_began) % length,
			},
			minted_total: state.minted_total,
			total_stake: state.components.values().map(|component| component.stake).sum(),
			deposit: state.deposit(&self.shared.parameters),
			last: state.last.clone(),
		})
	}

	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError> {
		Ok(self.at(at)?.balances.get(&account).copied().unwrap_or(0))
	}

	async fn unbonding(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Vec<Unbonding>, ChainError> {
		Ok(self.at(at)?.unbonding.get(&account).cloned().unwrap_or_default())
	}

	/// There are no fees here.
	async fn fee(&self, _: &Call) -> Result<u64, ChainError> {
		Ok(0)
	}

	async fn submit(&self, call: Call) -> Result<Head, ChainError> {
		let mut state = self.at(None)?;
		state.apply(self.account, &call, &self.shared.parameters)?;
		Ok(head_of(state.block))
	}

	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>> {
		futures::stream::unfold(self.shared.blocks.subscribe(), |mut receiver| async move {
			loop {
				match receiver.recv().await {
					Ok(block) => return Some((Ok(block), receiver)),
					Err(broadcast::error::RecvError::Lagged(_)) => {}
					Err(broadcast::error::RecvError::Closed) => return None,
				}
			}
		})
		.boxed()
	}
}
