//! What calls do to the chain in memory: the rules of the pallet, and the names of its errors.

use super::state::State;
use crate::{AccountId, Call, ChainError, ComponentInfo, Event, Parameters, Row, RowInfo};
use contribution::check_row;

/// Name of the pallet's error, and what to do.
type Refusal = (String, String);

fn refuse(name: &str, hint: &str) -> Refusal {
	(name.into(), hint.into())
}

fn check(holds: bool, name: &str, hint: &str) -> Result<(), Refusal> {
	if holds {
		Ok(())
	} else {
		Err(refuse(name, hint))
	}
}

fn positive(amount: u64) -> Result<(), Refusal> {
	check(amount > 0, "ZeroAmount", "Give the number of units.")
}

impl State {
	/// Applies a call of `account`, or refuses it with the name of the pallet's error.
	pub(super) fn apply(
		&mut self,
		account: AccountId,
		call: &Call,
		parameters: &Parameters,
	) -> Result<(), ChainError> {
		self.effect(account, call, parameters).map_err(|(name, hint)| ChainError::Dispatch {
			call: call.name().as_str(),
			name: format!("{}::{name}", call.name().pallet()),
			hint,
		})
	}

	/// The component that an account serves or owns.
	fn served(&mut self, account: AccountId) -> Result<&mut ComponentInfo, Refusal> {
		let uid = self.component_of(account);
		let component = uid.and_then(|uid| self.components.get_mut(&uid));
		let component = component.ok_or_else(|| refuse("NotRegistered", "Register first."))?;
		check(!component.leaving, "ComponentLeaving", "Register again later.")?;
		Ok(component)
	}

	/// The component that an account owns.
	fn owned(&mut self, account: AccountId) -> Result<&mut ComponentInfo, Refusal> {
		let mut components = self.components.values_mut();
		let component = components.find(|component| component.owner == account);
		let component = component.ok_or_else(|| refuse("NotOwner", "Register first."))?;
		check(!component.leaving, "ComponentLeaving", "Register again later.")?;
		Ok(component)
	}

	/// Refuses an account that owns or serves a component.
	fn unlinked(&self, account: AccountId) -> Result<(), Refusal> {
		let found = self.components.values().find(|one| one.is_of(&account));
		match found.map(|component| component.owner == account) {
			None => Ok(()),
			Some(true) => Err(refuse("AlreadyRegistered", "Use its component.")),
			Some(false) => Err(refuse("AlreadyServes", "Resign first.")),
		}
	}

	/// Refuses a key that owns or serves a component.
	fn unused(&self, key: AccountId) -> Result<(), Refusal> {
		let used = self.component_of(key).is_some();
		check(!used, "ServiceKeyInUse", "Choose another key.")
	}

	fn effect(
		&mut self,
		account: AccountId,
		call: &Call,
		parameters: &Parameters,
	) -> Result<(), Refusal> {
		match call {
			Call::Register { endpoint, service_key } => {
				self.unlinked(account)?;
				let next_service_key = service_key.filter(|key| *key != account);
				next_service_key.map_or(Ok(()), |key| self.unused(key))?;
				let deposit = self.deposit(parameters);
				let paid = self.withdraw(account, deposit);
				paid.ok_or_else(|| refuse("DepositNotCovered", "Fund the account."))?;
				let uid = self.uid_space();
				let component = ComponentInfo {
					uid,
					owner: account,
					service_key: account,
					next_service_key,
					next_owner: None,
					endpoint: endpoint.clone(),
					registered: self.epoch,
					leaving: false,
					stake: 0,
					source: 0,
					payout: 0,
					deposit,
					dead: false,
				};
				self.components.insert(uid, component);
				self.events.push(Event::ComponentRegistered);
				self.events.extend(next_service_key.map(|_| Event::ServiceKeyNamed));
			}
			Call::SetServiceKey { service_key } => {
				let component = self.owned(account)?;
				if *service_key == account || *service_key == component.service_key {
					component.next_service_key = None;
					component.service_key = *service_key;
					self.events.push(Event::ServiceKeySet);
				} else {
					self.unused(*service_key)?;
					self.owned(account)?.next_service_key = Some(*service_key);
					self.events.push(Event::ServiceKeyNamed);
				}
			}
			Call::AcceptServiceKey { owner } => {
				let named = self.owned(*owner)?.next_service_key == Some(account);
				check(named, "NotNamed", "Ask the owner to name this key.")?;
				self.unlinked(account)?;
				let component = self.owned(*owner)?;
				component.next_service_key = None;
				component.service_key = account;
				self.events.push(Event::ServiceKeySet);
			}
			Call::ResignServiceKey => {
				let uid = self.component_of(account);
				let component = uid.and_then(|uid| self.components.get_mut(&uid));
				let component =
					component.ok_or_else(|| refuse("NotRegistered", "Register first."))?;
				check(component.owner != account, "AlreadyRegistered", "Use its component.")?;
				component.service_key = component.owner;
				self.events.push(Event::ServiceKeySet);
			}
			Call::OfferComponent { new_owner } => {
				self.owned(account)?.next_owner = new_owner.filter(|new| *new != account);
			}
			Call::AcceptComponent { owner } => {
				self.accept_component(account, *owner)?;
			}
			Call::Stake { amount } => {
				let stake = self.owned(account)?.stake;
				positive(*amount)?;
				let enough = stake.saturating_add(*amount) >= parameters.min_stake;
				check(enough, "StakeBelowMinimum", "Stake more.")?;
				let paid = self.withdraw(account, *amount);
				paid.ok_or_else(|| refuse("NotEnoughBalance", "Stake less."))?;
				self.owned(account)?.stake += amount;
			}
			Call::Unstake { amount } => {
				let component = self.owned(account)?;
				let (uid, stake) = (component.uid, component.stake);
				positive(*amount)?;
				let left = stake.checked_sub(*amount);
				let left = left.ok_or_else(|| refuse("NotEnoughStake", "Unstake less."))?;
				let enough = left == 0 || left >= parameters.min_stake;
				check(enough, "StakeBelowMinimum", "Unstake all.")?;
				self.unbond(uid, account, *amount, parameters);
			}
			Call::Withdraw => {
				let now = self.block;
				let chunks = self.unbonding.entry(account).or_default();
				let unlocked = chunks.iter().filter(|chunk| chunk.unlocks_at <= now);
				let amount: u64 = unlocked.map(|chunk| chunk.amount).sum();
				check(amount > 0, "NothingUnlocked", "Wait for a later block.")?;
				chunks.retain(|chunk| chunk.unlocks_at > now);
				*self.balances.entry(account).or_default() += amount;
			}
			Call::Deregister => {
				let component = self.owned(account)?;
				component.leaving = true;
				component.next_service_key = None;
				component.next_owner = None;
				let (uid, stake) = (component.uid, component.stake);
				self.unbond(uid, account, stake, parameters);
				self.events.push(Event::ComponentLeaving);
			}
			Call::SetEndpoint { endpoint } => {
				self.served(account)?.endpoint = endpoint.clone();
				self.events.push(Event::EndpointSet);
			}
			Call::PostRow { row } => {
				let uid = self.served(account)?.uid;
				let known = |target| self.components.contains_key(&target);
				let self_share = check_row(uid, row, known).map_err(|error| {
					// The variants are named as the errors of the pallet.
					let variant = format!("{error:?}");
					(variant.split(' ').next().unwrap_or_default().into(), error.to_string())
				})?;
				let rows =
					self.rows.entry(uid).or_insert_with(|| RowInfo { uid, ..RowInfo::default() });
				rows.pending = Some(Row { posted: self.epoch, self_share, edges: row.clone() });
			}
			Call::Transfer { to, amount } => {
				let paid = self.withdraw(account, *amount);
				paid.ok_or_else(|| refuse("InsufficientBalance", "Transfer less."))?;
				*self.balances.entry(*to).or_default() += amount;
			}
			Call::SetKeys { .. }
			| Call::RegisterValidator
			| Call::LeaveValidators
			| Call::PurgeKeys => {
				return Err(refuse("NoValidators", "A chain in memory has none: use a node."))
			}
		}
		Ok(())
	}

	/// Makes `account` the owner instead of `owner`; each has its own deposit on hold.
	fn accept_component(&mut self, account: AccountId, owner: AccountId) -> Result<(), Refusal> {
		let component = self.owned(owner)?;
		let deposit = component.deposit;
		let named = component.next_owner == Some(account);
		let serves_it = component.service_key == account;
		check(named, "NotNamed", "Ask the owner to offer it.")?;
		if !serves_it {
			self.unlinked(account)?;
		}
		let paid = self.withdraw(account, deposit);
		paid.ok_or_else(|| refuse("DepositNotCovered", "Fund the account."))?;
		*self.balances.entry(owner).or_default() += deposit;
		let component = self.owned(owner)?;
		component.owner = account;
		if component.service_key == owner {
			component.service_key = account;
			self.events.push(Event::ServiceKeySet);
		}
		let component = self.owned(account)?;
		component.next_service_key = None;
		component.next_owner = None;
		self.events.push(Event::OwnerSet);
		Ok(())
	}
}
