//! Components: registration, removal, endpoint, and free uids.
//!
//! ```text
//!   register ──► registered ──deregister──► leaving ──(Merge)──► removed, uid in the free queue
//!                    ▲                                                  │
//!                    └──────────── in a later epoch ◄───────────────────┘
//! ```
//!
//! Who owns and who serves a component is in `keys`.

use crate::{
	pages::{get_entry, set_entry},
	types::{Balance, Component, Endpoint, FreeUid},
	Components, Config, Endpoints, Epoch, Error, Event, FreeUidQueue, FreeUids, HoldReason,
	Leaving, LeavingQueue, Pallet, PendingRows, RegisteredPages, RowPages, StakePages, UidOf,
	UidSpace, Validators, LOG_TARGET,
};
use frame_support::{
	ensure,
	traits::{
		fungible::hold::{Inspect as _, Mutate as _},
		tokens::Precision,
		Get,
	},
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(
		owner: T::AccountId,
		endpoint: Option<Endpoint>,
		service_key: Option<T::AccountId>,
	) -> Result<u32, DispatchError> {
		Self::ensure_unlinked(&owner)?;
		ensure!(endpoint.as_ref().is_none_or(Endpoint::is_valid), Error::<T>::InvalidEndpoint);
		let next_service_key = service_key.filter(|key| *key != owner);
		if let Some(key) = &next_service_key {
			ensure!(!UidOf::<T>::contains_key(key), Error::<T>::ServiceKeyInUse);
		}
		let deposit = Self::next_deposit();
		let uid = Self::take_uid()?;
		Self::hold_deposit(&owner, deposit)?;
		Self::hold_account(&owner)?;
		set_entry::<RegisteredPages<T>, _, _>(uid, Epoch::<T>::get());
		UidOf::<T>::insert(&owner, uid);
		if let Some(endpoint) = endpoint {
			Endpoints::<T>::insert(uid, endpoint);
		}
		Self::deposit_event(Event::ComponentRegistered { uid, owner: owner.clone() });
		if let Some(service_key) = next_service_key.clone() {
			Self::deposit_event(Event::ServiceKeyNamed { uid, service_key });
		}
		let component = Component {
			service_key: owner.clone(),
			owner,
			next_service_key,
			next_owner: None,
			deposit,
			unstaked: 0,
			leaving: false,
		};
		Components::<T>::insert(uid, component);
		Ok(uid)
	}

	pub(crate) fn do_deregister(owner: &T::AccountId) -> DispatchResult {
		let (uid, component) = Self::owned(owner)?;
		ensure!(T::Validators::least_stake(owner) == 0, Error::<T>::StakeBonded);
		Self::leave(uid, component);
		Ok(())
	}

	/// Removes a dead component of somebody else, if all uids are taken.
	pub(crate) fn do_remove_dead(uid: u32) -> DispatchResult {
		ensure!(Self::uids_in_use() >= T::MaxComponents::get(), Error::<T>::UidsLeft);
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotDead)?;
		ensure!(!component.leaving, Error::<T>::ComponentLeaving);
		let pending = PendingRows::<T>::get(uid).map_or(0, |row| row.posted);
		let posted = RowPages::<T>::get(crate::pages::row_page(uid)).posted(uid).max(pending);
		let registered = get_entry::<RegisteredPages<T>, _, _>(uid);
		let last = posted.max(registered).max(component.unstaked);
		let stake = get_entry::<StakePages<T>, _, _>(uid);
		let parameters = crate::EmissionParameters::<T>::get();
		ensure!(parameters.is_dead(last, stake, Epoch::<T>::get()), Error::<T>::NotDead);
		Self::leave(uid, component);
		Ok(())
	}

	/// Marks a component as leaving and unbonds its stake.
	fn leave(uid: u32, mut component: Component<T::AccountId>) {
		let owner = component.owner.clone();
		component.leaving = true;
		component.next_service_key = None;
		component.next_owner = None;
		Components::<T>::insert(uid, component);
		LeavingQueue::<T>::mutate(|queue| Leaving::<T>::insert(queue.push(), uid));
		PendingRows::<T>::remove(uid);
		Self::mark_pending(uid, false);

		Self::unbond_all(uid, &owner);
		Self::deposit_event(Event::ComponentLeaving { uid });
	}

	/// Unbonds the stake of a component that leaves.
	fn unbond_all(uid: u32, owner: &T::AccountId) {
		let stake = get_entry::<StakePages<T>, _, _>(uid);
		if stake > 0 {
			set_entry::<StakePages<T>, _, _>(uid, 0);
			let unlocks_at = Self::unbond(owner, stake);
			Self::deposit_event(Event::Unstaked { uid, amount: stake, unlocks_at });
		}
	}

	pub(crate) fn do_set_endpoint(
		who: &T::AccountId,
		endpoint: Option<Endpoint>,
	) -> DispatchResult {
		let uid = Self::served(who)?;
		match endpoint {
			Some(endpoint) => {
				ensure!(endpoint.is_valid(), Error::<T>::InvalidEndpoint);
				Endpoints::<T>::insert(uid, endpoint);
			}
			None => Endpoints::<T>::remove(uid),
		}
		Self::deposit_event(Event::EndpointSet { uid });
		Ok(())
	}

	/// Removes a leaving component: clears its row, frees its uid and releases its deposit.
	pub(crate) fn remove_component(uid: u32) {
		let Some(component) = Components::<T>::take(uid) else {
			frame_support::defensive!("a leaving uid without a component");
			return;
		};
		let Component { owner, service_key, deposit, .. } = component;
		UidOf::<T>::remove(&owner);
		if service_key != owner {
			UidOf::<T>::remove(&service_key);
			Self::let_go(&service_key);
		}
		Endpoints::<T>::remove(uid);
		let index = crate::pages::row_page(uid);
		match Self::load_row_page(index) {
			Ok(mut page) => {
				page.clear(uid);
				RowPages::<T>::insert(index, page);
			}
			// `Begin` halts at it, so the row is not used before the page is repaired.
			Err(_) => log::error!(target: LOG_TARGET, "row page {index} cannot be read"),
		}
		set_entry::<RegisteredPages<T>, _, _>(uid, 0);
		// `deregister` unbonded its stake; this is what it was paid since then.
		Self::unbond_all(uid, &owner);
		Self::release_deposit(uid, &owner, deposit);
		Self::let_go(&owner);
		FreeUidQueue::<T>::mutate(|queue| {
			FreeUids::<T>::insert(queue.push(), FreeUid { uid, freed: Epoch::<T>::get() });
		});
		Self::deposit_event(Event::ComponentRemoved { uid, owner });
	}

	/// Number of uids in use: registered and leaving.
	pub(crate) fn uids_in_use() -> u32 {
		UidSpace::<T>::get().saturating_sub(FreeUidQueue::<T>::get().len())
	}

	/// The deposit of the next component.
	pub(crate) fn next_deposit() -> Balance {
		let parameters = crate::EmissionParameters::<T>::get();
		parameters.deposit(Self::uids_in_use(), T::MaxComponents::get())
	}

	/// Puts the deposit of a component on hold at its owner.
	pub(crate) fn hold_deposit(owner: &T::AccountId, deposit: Balance) -> DispatchResult {
		if deposit == 0 {
			return Ok(());
		}
		let reason = HoldReason::RegistrationDeposit.into();
		ensure!(T::Currency::can_hold(&reason, owner, deposit), Error::<T>::DepositNotCovered);
		T::Currency::hold(&reason, owner, deposit)
	}

	/// Releases the deposit of a component.
	pub(crate) fn release_deposit(uid: u32, owner: &T::AccountId, deposit: Balance) {
		if deposit == 0 {
			return;
		}
		let reason = HoldReason::RegistrationDeposit.into();
		let released = T::Currency::release(&reason, owner, deposit, Precision::BestEffort);
		if released != Ok(deposit) {
			log::error!(target: LOG_TARGET, "the deposit of {uid} was not whole: {released:?}");
		}
	}

	/// An unused uid: the oldest free one if it was freed in an earlier epoch, else a new one.
	fn take_uid() -> Result<u32, DispatchError> {
		let mut queue = FreeUidQueue::<T>::get();
		if let Some(entry) = queue.pop() {
			let free = FreeUids::<T>::get(entry).filter(|free| free.freed < Epoch::<T>::get());
			if let Some(free) = free {
				FreeUids::<T>::remove(entry);
				FreeUidQueue::<T>::put(queue);
				return Ok(free.uid);
			}
		}
		let uid = UidSpace::<T>::get();
		ensure!(uid < T::MaxComponents::get(), Error::<T>::NoFreeUid);
		UidSpace::<T>::put(uid.saturating_add(1));
		Ok(uid)
	}
}
