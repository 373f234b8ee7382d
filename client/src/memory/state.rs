//! The state of the chain in memory, what calls do to it, and its epochs.

use super::head_of;
use crate::{
	AccountId, Call, ChainError, ComponentInfo, Event, LastPayout, Parameters, Row, RowInfo,
	Unbonding,
};
use contribution::{check_row, Graph, Payout, Progress, Solve};
use std::collections::BTreeMap;

/// The state after a block.
#[derive(Clone)]
pub(super) struct State {
	pub(super) block: u32,
	pub(super) epoch: u32,
	pub(super) components: BTreeMap<u32, ComponentInfo>,
	pub(super) rows: BTreeMap<u32, RowInfo>,
	pub(super) balances: BTreeMap<AccountId, u64>,
	pub(super) unbonding: BTreeMap<AccountId, Vec<Unbonding>>,
	pub(super) minted_total: u64,
	pub(super) last: Option<LastPayout>,
	pub(super) epoch_began: u32,
	/// Events of the calls since this block; the next block has them.
	events: Vec<Event>,
}

impl State {
	/// The state of block 0. Epochs count from 1, as on the chain: 0 stands for no row.
	pub(super) fn genesis(balances: impl IntoIterator<Item = (AccountId, u64)>) -> Self {
		Self {
			block: 0,
			epoch: 1,
			components: BTreeMap::new(),
			rows: BTreeMap::new(),
			balances: balances.into_iter().collect(),
			unbonding: BTreeMap::new(),
			minted_total: 0,
			last: None,
			epoch_began: 0,
			events: Vec::new(),
		}
	}

	/// uids are 0 to this, less one.
	pub(super) fn uid_space(&self) -> u32 {
		self.components.keys().last().map_or(0, |uid| uid + 1)
	}

	/// The component of a service key or owner.
	pub(super) fn component_of(&self, account: AccountId) -> Option<u32> {
		let found = self
			.components
			.values()
			.find(|component| component.service_key == account || component.owner == account);
		found.map(|component| component.uid)
	}

	/// Makes the next block; returns its events.
	pub(super) fn advance(&mut self, parameters: &Parameters) -> Vec<Event> {
		self.block += 1;
		let mut events = std::mem::take(&mut self.events);
		if self.block - self.epoch_began >= parameters.epoch_length {
			events.push(Event::EpochStarted);
			events.extend(self.remove_leaving(parameters));
			if self.solve(parameters) {
				events.push(Event::EpochPaid);
			}
		}
		events
	}

	/// Removes the components that are leaving and returns their deposits.
	fn remove_leaving(&mut self, parameters: &Parameters) -> Vec<Event> {
		let leaving = self.components.values().filter(|component| component.leaving);
		let leaving: Vec<(u32, AccountId)> = leaving.map(|one| (one.uid, one.owner)).collect();
		for (uid, owner) in &leaving {
			self.components.remove(uid);
			self.rows.remove(uid);
			*self.balances.entry(*owner).or_default() += parameters.registration_deposit;
		}
		vec![Event::ComponentRemoved; leaving.len()]
	}

	/// Starts an epoch, solves and pays it; `false` if there is no source.
	fn solve(&mut self, parameters: &Parameters) -> bool {
		self.epoch += 1;
		for row in self.rows.values_mut() {
			row.active = row.pending.take().or(row.active.take());
		}
		let size = self.uid_space();
		let mut graph = Graph::with_capacity(size as usize, 0);
		let mut stakes = vec![0; size as usize];
		for uid in 0..size {
			let row = self.rows.get(&uid).and_then(|row| row.active.as_ref());
			let edges = row.map(|row| row.edges.as_slice()).unwrap_or_default();
			let (targets, shares): (Vec<u16>, Vec<u16>) =
				edges.iter().map(|edge| (edge.target as u16, edge.share)).unzip();
			let known = |target: u16| self.components.contains_key(&target.into());
			graph.push_row(&targets, &shares, known);
			if let (Some(component), Some(_)) = (self.components.get_mut(&uid), row) {
				component.source = component.stake;
				stakes[uid as usize] = component.stake;
			}
		}
		let began = std::mem::replace(&mut self.epoch_began, self.block);
		let sigma = parameters.schedule().between(began.into(), self.block.into());
		let Some((mut solve, mut vectors)) = Solve::begin(&stakes) else { return false };
		let mut budget = u64::MAX;
		while solve.advance(&graph, &mut vectors, &mut budget) == Progress::Paused {}
		let mut payout = Payout::new(sigma, vectors.contribution.iter().sum());
		let mut minted = 0;
		for (uid, contribution) in (0..size).zip(&vectors.contribution) {
			let paid = payout.next(*contribution);
			if let Some(component) = self.components.get_mut(&uid) {
				component.payout = paid;
				component.stake += paid;
				minted += paid;
			}
		}
		self.minted_total += minted;
		self.last = Some(LastPayout {
			epoch: self.epoch,
			minted,
			components: size,
			sweeps: solve.sweep.into(),
			residual: solve.residual,
			paid_at: self.block,
			parent: head_of(self.block - 1).hash,
			started_at: self.block,
		});
		true
	}

	/// Applies a call of `account`, or refuses it with the name of the pallet's error.
	pub(super) fn apply(
		&mut self,
		account: AccountId,
		call: &Call,
		parameters: &Parameters,
	) -> Result<(), ChainError> {
		let refuse = |name: &str, hint: String| ChainError::Dispatch {
			call: call.name().as_str(),
			name: format!("{}::{name}", call.name().pallet()),
			hint,
		};
		let mine = self.component_of(account);
		let served =
			|| mine.ok_or_else(|| refuse("NotRegistered", "Call `register` first.".into()));
		let owner = self.components.values().find(|component| component.owner == account);
		let owner = owner.map(|one| (one.uid, one.stake, one.leaving));
		let owned = || match owner {
			None => Err(refuse("NotOwner", "Call `register` first.".into())),
			Some((.., true)) => Err(refuse("ComponentLeaving", "Register again later.".into())),
			Some((uid, stake, false)) => Ok((uid, stake)),
		};
		let positive = |amount| match amount {
			0 => Err(refuse("ZeroAmount", "Give the number of units.".into())),
			_ => Ok(()),
		};
		match call {
			Call::Register { endpoint, service_key } => {
				if self.components.values().any(|component| component.owner == account) {
					return Err(refuse("AlreadyRegistered", "Use its component.".into()));
				}
				let paid = self.withdraw(account, parameters.registration_deposit);
				paid.ok_or_else(|| refuse("DepositNotCovered", "Fund the account.".into()))?;
				let uid = self.uid_space();
				let component = ComponentInfo {
					uid,
					owner: account,
					service_key: service_key.unwrap_or(account),
					endpoint: endpoint.clone(),
					registered: self.epoch,
					leaving: false,
					stake: 0,
					source: 0,
					payout: 0,
				};
				self.components.insert(uid, component);
				self.events.push(Event::ComponentRegistered);
			}
			Call::Stake { amount } => {
				let (uid, stake) = owned()?;
				positive(*amount)?;
				if stake.saturating_add(*amount) < parameters.min_stake {
					return Err(refuse("StakeBelowMinimum", "Stake more.".into()));
				}
				let paid = self.withdraw(account, *amount);
				paid.ok_or_else(|| refuse("NotEnoughBalance", "Stake less.".into()))?;
				if let Some(component) = self.components.get_mut(&uid) {
					component.stake += amount;
				}
			}
			Call::Unstake { amount } => {
				let (uid, stake) = owned()?;
				positive(*amount)?;
				let left = stake.checked_sub(*amount);
				let left = left.ok_or_else(|| refuse("NotEnoughStake", "Unstake less.".into()))?;
				if left > 0 && left < parameters.min_stake {
					return Err(refuse("StakeBelowMinimum", "Unstake all.".into()));
				}
				self.unbond(uid, account, *amount, parameters);
			}
			Call::Withdraw => {
				let epoch = self.epoch;
				let chunks = self.unbonding.entry(account).or_default();
				let unlocked = chunks.iter().filter(|chunk| chunk.unlocks_at <= epoch);
				let amount: u64 = unlocked.map(|chunk| chunk.amount).sum();
				if amount == 0 {
					return Err(refuse("NothingUnlocked", "Wait for a later epoch.".into()));
				}
				chunks.retain(|chunk| chunk.unlocks_at > epoch);
				*self.balances.entry(account).or_default() += amount;
			}
			Call::Deregister => {
				let (uid, stake) = owned()?;
				self.unbond(uid, account, stake, parameters);
				if let Some(component) = self.components.get_mut(&uid) {
					component.leaving = true;
				}
				self.events.push(Event::ComponentLeaving);
			}
			Call::SetEndpoint { endpoint } => {
				if let Some(component) = self.components.get_mut(&served()?) {
					component.endpoint = endpoint.clone();
				}
				self.events.push(Event::EndpointSet);
			}
			Call::PostRow { row } => {
				let uid = served()?;
				let known = |target| self.components.contains_key(&target);
				let self_share = check_row(uid, row, known).map_err(|error| {
					// The variants are named as the errors of the pallet.
					let variant = format!("{error:?}");
					refuse(variant.split(' ').next().unwrap_or_default(), error.to_string())
				})?;
				let rows =
					self.rows.entry(uid).or_insert_with(|| RowInfo { uid, ..RowInfo::default() });
				rows.pending = Some(Row { posted: self.epoch, self_share, edges: row.clone() });
			}
			Call::Transfer { to, amount } => {
				let paid = self.withdraw(account, *amount);
				paid.ok_or_else(|| refuse("InsufficientBalance", "Transfer less.".into()))?;
				*self.balances.entry(*to).or_default() += amount;
			}
		}
		Ok(())
	}

	/// Moves units from the stake of a component to what its owner can withdraw later.
	fn unbond(&mut self, uid: u32, owner: AccountId, amount: u64, parameters: &Parameters) {
		let unlocks_at = self.epoch + parameters.unbonding_epochs;
		if let Some(component) = self.components.get_mut(&uid) {
			component.stake -= amount;
		}
		let chunks = self.unbonding.entry(owner).or_default();
		match chunks.last_mut() {
			Some(last) if last.unlocks_at == unlocks_at => last.amount += amount,
			_ if amount > 0 => chunks.push(Unbonding { amount, unlocks_at }),
			_ => (),
		}
	}

	/// Takes units from a balance, if it covers them. There are no fees here.
	fn withdraw(&mut self, account: AccountId, units: u64) -> Option<()> {
		let balance = self.balances.entry(account).or_default();
		*balance = balance.checked_sub(units)?;
		Some(())
	}
}
