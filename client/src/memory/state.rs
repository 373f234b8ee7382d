//! The state of the chain in memory, and its epochs.

use super::head_of;
use crate::{AccountId, ComponentInfo, Event, LastPayout, Parameters, RowInfo, Unbonding};
use contribution::{Graph, Payout, Progress, Solve};
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
	/// The solve in progress.
	pub(super) solving: Option<Solving>,
	/// Events of the calls since this block; the next block has them.
	pub(super) events: Vec<Event>,
}

/// A solve that is not paid yet.
#[derive(Clone)]
pub(super) struct Solving {
	/// Blocks to go.
	pub(super) blocks_left: u32,
	sigma: u64,
	contributions: Vec<u64>,
	sweeps: u32,
	residual: u64,
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
			solving: None,
			events: Vec::new(),
		}
	}

	/// uids are 0 to this, less one.
	pub(super) fn uid_space(&self) -> u32 {
		self.components.keys().last().map_or(0, |uid| uid + 1)
	}

	/// The component of an owner or service key; an account has one at most.
	pub(super) fn component_of(&self, account: AccountId) -> Option<u32> {
		let found = self.components.values().find(|component| component.is_of(&account));
		found.map(|component| component.uid)
	}

	/// Makes the next block; returns its events. A solve spans `solve_blocks` blocks.
	pub(super) fn advance(&mut self, parameters: &Parameters, solve_blocks: u32) -> Vec<Event> {
		self.block += 1;
		let mut events = std::mem::take(&mut self.events);
		let due = self.block - self.epoch_began >= parameters.epoch_length;
		if due && self.solving.is_none() {
			events.push(Event::EpochStarted);
			events.extend(self.remove_leaving(parameters));
			self.solving = self.begin(parameters, solve_blocks);
			if self.solving.is_none() {
				self.epoch += 1;
			}
		}
		match self.solving.take() {
			Some(solving) if solving.blocks_left <= 1 => {
				self.pay(solving);
				events.push(Event::EpochPaid);
			}
			Some(mut solving) => {
				solving.blocks_left -= 1;
				self.solving = Some(solving);
			}
			None => {}
		}
		events
	}

	/// Removes the components that are leaving and returns their deposits. What they were paid while they
	/// left unbonds.
	fn remove_leaving(&mut self, parameters: &Parameters) -> Vec<Event> {
		let leaving = self.components.values().filter(|component| component.leaving);
		let leaving: Vec<ComponentInfo> = leaving.cloned().collect();
		for ComponentInfo { uid, owner, stake, deposit, .. } in &leaving {
			self.unbond(*uid, *owner, *stake, parameters);
			self.components.remove(uid);
			self.rows.remove(uid);
			*self.balances.entry(*owner).or_default() += deposit;
		}
		vec![Event::ComponentRemoved; leaving.len()]
	}

	/// The deposit of the next component.
	pub(super) fn deposit(&self, parameters: &Parameters) -> u64 {
		let most = contribution::MAX_COMPONENTS as u32;
		parameters.deposit(self.components.len() as u32, most)
	}

	/// Makes the pending rows active and solves; `None` if there is no source.
	fn begin(&mut self, parameters: &Parameters, solve_blocks: u32) -> Option<Solving> {
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
		let (mut solve, mut vectors) = Solve::begin(&stakes)?;
		let mut budget = u64::MAX;
		while solve.advance(&graph, &mut vectors, &mut budget) == Progress::Paused {}
		Some(Solving {
			blocks_left: solve_blocks,
			sigma,
			contributions: vectors.contribution,
			sweeps: solve.sweep.into(),
			residual: solve.residual,
		})
	}

	/// Pays what a solve found, and closes the epoch.
	fn pay(&mut self, solving: Solving) {
		let Solving { sigma, contributions, sweeps, residual, .. } = solving;
		let mut payout = Payout::new(sigma, contributions.iter().sum());
		let mut minted = 0;
		for (uid, contribution) in (0u32..).zip(&contributions) {
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
			components: contributions.len() as u32,
			sweeps,
			residual,
			paid_at: self.block,
			parent: head_of(self.epoch_began - 1).hash,
			started_at: self.epoch_began,
		});
		self.epoch += 1;
	}

	/// Moves units from the stake of a component to what its owner can withdraw later.
	pub(super) fn unbond(
		&mut self,
		uid: u32,
		owner: AccountId,
		amount: u64,
		parameters: &Parameters,
	) {
		let unlocks_at = parameters.unlocks_at(self.block.into()) as u32;
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
	pub(super) fn withdraw(&mut self, account: AccountId, units: u64) -> Option<()> {
		let balance = self.balances.entry(account).or_default();
		*balance = balance.checked_sub(units)?;
		Some(())
	}
}
