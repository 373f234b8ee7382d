//! The in-memory twin of the chain, for tests: same trait, same rules, no node.
//!
//! Blocks are made by [`MemoryChain::advance`]; an epoch is merged, solved and paid in one block
//! with the product's own solver. Every block's state is kept, so that reads at a block work.

use super::{
	AccountId, Bid, BlockEvents, Call, Chain, ChainError, ComponentInfo, EpochStatus, Event, Hash,
	Head, LastPayout, Parameters, Phase, Row, RowInfo, MAX_EDGES, MIN_SELF_SHARE, SHARE_ONE,
};
use async_trait::async_trait;
use contribution::{check_row, Graph, Payout, Progress, Solve};
use futures::{stream::BoxStream, StreamExt};
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;

/// Units minted per block.
const SIGMA: u64 = 1_000_000_000;
/// Edge visits of one solve; a solve in memory is not interrupted.
const BUDGET: u64 = u64::MAX;

#[derive(Clone)]
struct State {
	block: u32,
	epoch: u32,
	components: BTreeMap<u32, ComponentInfo>,
	rows: BTreeMap<u32, RowInfo>,
	balances: BTreeMap<AccountId, u64>,
	minted_total: u64,
	last: Option<LastPayout>,
	epoch_began: u32,
}

struct Shared {
	genesis: Hash,
	parameters: Parameters,
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
	/// A chain at block 0 with `balances`, seen by `account`.
	pub fn new(
		parameters: Parameters,
		balances: impl IntoIterator<Item = (AccountId, u64)>,
		account: AccountId,
	) -> Self {
		let state = State {
			block: 0,
			// As on the chain: a row posted in epoch 0 is none.
			epoch: 1,
			components: BTreeMap::new(),
			rows: BTreeMap::new(),
			balances: balances.into_iter().collect(),
			minted_total: 0,
			last: None,
			epoch_began: 0,
		};
		let (blocks, _) = broadcast::channel(1_024);
		let shared =
			Shared { genesis: [7; 32], parameters, states: Mutex::new(vec![state]), blocks };
		Self { shared: Arc::new(shared), account }
	}

	/// The same chain, seen by another account.
	pub fn seen_by(&self, account: AccountId) -> Self {
		Self { shared: self.shared.clone(), account }
	}

	/// Makes one block; at the end of an epoch it merges, solves and pays.
	pub fn advance(&self) {
		let mut states = self.states();
		let mut state = newest(&states).clone();
		state.block += 1;
		let mut events = Vec::new();
		if state.block - state.epoch_began >= self.shared.parameters.epoch_length {
			self.solve(&mut state, &mut events);
		}
		let head = head_of(state.block);
		states.push(state);
		drop(states);
		// Nobody may be listening.
		let _ = self.shared.blocks.send(BlockEvents { head, events });
	}

	fn states(&self) -> MutexGuard<'_, Vec<State>> {
		self.shared.states.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn at(&self, at: Option<Hash>) -> Result<State, ChainError> {
		let states = self.states();
		match at {
			None => Ok(newest(&states).clone()),
			Some(hash) => states
				.iter()
				.find(|state| head_of(state.block).hash == hash)
				.cloned()
				.ok_or_else(|| ChainError::NoBlock { block: hex::encode(hash) }),
		}
	}

	fn solve(&self, state: &mut State, events: &mut Vec<Event>) {
		state.epoch += 1;
		events.push(Event::EpochStarted { epoch: state.epoch });
		let parent = head_of(state.block - 1).hash;
		let known: Vec<u32> = state.components.keys().copied().collect();
		for row in state.rows.values_mut() {
			if let Some(pending) = row.pending.take() {
				row.charged = Some(pending);
			}
		}
		let size = state.components.keys().last().map_or(0, |uid| *uid as usize + 1);
		let mut graph = Graph::with_capacity(size, 0);
		let mut stakes = vec![0; size];
		for uid in 0..size as u32 {
			let row = state.rows.get(&uid).and_then(|row| row.charged.as_ref());
			let edges = row.map(|row| row.edges.clone()).unwrap_or_default();
			let targets: Vec<u16> = edges.iter().map(|(uid, _)| *uid as u16).collect();
			let shares: Vec<u16> = edges.iter().map(|(_, share)| *share).collect();
			graph.push_row(&targets, &shares, |target| known.contains(&u32::from(target)));
			if let (Some(component), Some(_)) = (state.components.get_mut(&uid), row) {
				component.source = component.stake;
				stakes[uid as usize] = component.stake;
			}
		}
		let blocks = state.block - state.epoch_began;
		state.epoch_began = state.block;
		let Some((mut solve, mut vectors)) = Solve::begin(&stakes) else { return };
		let mut budget = BUDGET;
		while let Progress::Paused = solve.advance(&graph, &mut vectors, &mut budget) {}
		let sigma = SIGMA * u64::from(blocks);
		let total = vectors.contribution.iter().sum();
		let mut payout = Payout::new(sigma, total);
		let mut minted = 0;
		for uid in 0..size as u32 {
			let paid = payout.next(vectors.contribution[uid as usize]);
			if let Some(component) = state.components.get_mut(&uid) {
				component.payout = paid;
				component.stake += paid;
				minted += paid;
			}
		}
		state.minted_total += minted;
		state.last = Some(LastPayout {
			epoch: state.epoch,
			minted,
			components: state.components.len() as u32,
			sweeps: u32::from(solve.sweep),
			residual: solve.residual,
			paid_at: state.block,
			parent,
			started_at: state.block,
		});
		events.push(Event::EpochPaid { epoch: state.epoch, minted });
	}

	fn apply(&self, state: &mut State, call: &Call) -> Result<(), ChainError> {
		let refuse = |name: &str, hint: &str| ChainError::Dispatch {
			call: call.name().into(),
			name: format!("Emission::{name}"),
			hint: hint.into(),
		};
		let mine = state
			.components
			.values()
			.find(|c| c.owner == self.account || c.service_key == self.account)
			.map(|component| component.uid);
		let not_registered = || refuse("NotRegistered", "Register first.");
		match call {
			Call::Register { endpoint, service_key } => {
				if mine.is_some() {
					return Err(refuse("AlreadyRegistered", "One component per account."));
				}
				let deposit = self.shared.parameters.registration_deposit;
				let balance = state.balances.entry(self.account).or_default();
				if *balance < deposit {
					return Err(refuse("InsufficientBalance", "Fund the account first."));
				}
				*balance -= deposit;
				let uid = state.components.keys().last().map_or(0, |uid| uid + 1);
				let component = ComponentInfo {
					uid,
					owner: self.account,
					service_key: service_key.unwrap_or(self.account),
					endpoint: endpoint.clone(),
					registered: state.epoch,
					leaving: false,
					stake: 0,
					source: 0,
					payout: 0,
				};
				state.components.insert(uid, component);
			}
			Call::Stake { amount } => {
				let uid = mine.ok_or_else(not_registered)?;
				let balance = state.balances.entry(self.account).or_default();
				if *balance < *amount {
					return Err(refuse("InsufficientBalance", "Stake no more than you have."));
				}
				*balance -= amount;
				if let Some(component) = state.components.get_mut(&uid) {
					component.stake += amount;
				}
			}
			Call::SetEndpoint { endpoint } => {
				let uid = mine.ok_or_else(not_registered)?;
				if let Some(component) = state.components.get_mut(&uid) {
					component.endpoint = endpoint.clone();
				}
			}
			Call::PostRow { row } => {
				let uid = mine.ok_or_else(not_registered)?;
				if row.len() > MAX_EDGES {
					return Err(refuse("TooManyEdges", "At most 64."));
				}
				let self_share =
					check_row(uid, row, |target| state.components.contains_key(&target))
						.map_err(|error| refuse("InvalidRow", &format!("{error:?}")))?;
				debug_assert!((MIN_SELF_SHARE..=SHARE_ONE).contains(&self_share));
				let entry =
					state.rows.entry(uid).or_insert(RowInfo { uid, charged: None, pending: None });
				entry.pending = Some(Row { posted: state.epoch, self_share, edges: row.clone() });
			}
		}
		Ok(())
	}
}

fn newest(states: &[State]) -> &State {
	// A chain is made with block 0 and only grows.
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
		self.shared.genesis
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
		Ok(self.at(at)?.components.into_values().collect())
	}

	async fn component_of(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<u32>, ChainError> {
		let components = self.at(at)?.components;
		Ok(components
			.values()
			.find(|c| c.service_key == account || c.owner == account)
			.map(|component| component.uid))
	}

	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError> {
		Ok(self.at(at)?.rows.get(&uid).cloned())
	}

	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError> {
		Ok(self.at(at)?.rows.into_values().collect())
	}

	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Vec<Bid>, ChainError> {
		let state = self.at(at)?;
		let bids = state.rows.values().filter_map(|row| {
			let charged = row.charged.as_ref()?;
			let (_, share) = charged.edges.iter().find(|(target, _)| *target == uid)?;
			let share = u32::from(*share);
			let payout = state.components.get(&row.uid)?.payout;
			Some(Bid { uid: row.uid, share, flow: super::flow(payout, share, charged.self_share) })
		});
		Ok(bids.collect())
	}

	async fn parameters(&self) -> Result<Parameters, ChainError> {
		Ok(self.shared.parameters)
	}

	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError> {
		let state = self.at(at)?;
		let length = self.shared.parameters.epoch_length;
		Ok(EpochStatus {
			epoch: state.epoch,
			phase: Phase::Idle,
			sweep: 0,
			cursor: 0,
			components: state.components.keys().last().map_or(0, |uid| uid + 1),
			registered: state.components.len() as u32,
			started: state.epoch_began,
			next_payout_in: length - (state.block - state.epoch_began) % length,
			minted_total: state.minted_total,
			total_stake: state.components.values().map(|component| component.stake).sum(),
			last: state.last,
		})
	}

	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError> {
		Ok(self.at(at)?.balances.get(&account).copied().unwrap_or(0))
	}

	async fn submit(&self, call: Call) -> Result<Head, ChainError> {
		let mut states = self.states();
		let last = states.len() - 1;
		let mut state = states[last].clone();
		self.apply(&mut state, &call)?;
		let head = head_of(state.block);
		states[last] = state;
		Ok(head)
	}

	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>> {
		futures::stream::unfold(self.shared.blocks.subscribe(), |mut receiver| async move {
			loop {
				match receiver.recv().await {
					Ok(block) => return Some((Ok(block), receiver)),
					Err(broadcast::error::RecvError::Lagged(_)) => continue,
					Err(broadcast::error::RecvError::Closed) => return None,
				}
			}
		})
		.boxed()
	}
}
