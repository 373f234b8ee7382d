//! Components: registration, removal, endpoint, service key, and free uids.
//!
//! ```text
//!   register ──► registered ──deregister──► leaving ──(Merge)──► removed, uid in the free queue
//!                    ▲                                                  │
//!                    └──────────── in a later epoch ◄───────────────────┘
//! ```
//!
//! An account is looked up first as an owner, then as a service key. So an owner keeps its own
//! component if somebody else sets its account as a service key.

use crate::{
	pages::{get_entry, set_entry},
	types::{Component, Endpoint, FreeUid, ENTRIES_PER_PAGE},
	Components, Config, ContributionPages, Endpoints, Epoch, Error, Event, FreeUidQueue, FreeUids,
	HoldReason, Leaving, Pallet, PendingRows, RegisteredPages, RowPages, StakePages, UidOf,
	UidOfServiceKey, UidSpace, LOG_TARGET,
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
	/// The uid of the component that `account` owns, or else serves.
	pub fn component_of(account: &T::AccountId) -> Option<u32> {
		UidOf::<T>::get(account).or_else(|| UidOfServiceKey::<T>::get(account))
	}

	/// The component that the signer owns; an error if it is leaving.
	pub(crate) fn owned(
		owner: &T::AccountId,
	) -> Result<(u32, Component<T::AccountId>), DispatchError> {
		let uid = UidOf::<T>::get(owner).ok_or(Error::<T>::NotOwner)?;
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotOwner)?;
		ensure!(!component.leaving, Error::<T>::ComponentLeaving);
		Ok((uid, component))
	}

	/// The component that the signer owns or serves; an error if it is leaving.
	pub(crate) fn served(who: &T::AccountId) -> Result<u32, DispatchError> {
		let uid = Self::component_of(who).ok_or(Error::<T>::NotRegistered)?;
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotRegistered)?;
		ensure!(!component.leaving, Error::<T>::ComponentLeaving);
		Ok(uid)
	}

	pub(crate) fn do_register(
		owner: T::AccountId,
		endpoint: Option<Endpoint>,
		service_key: Option<T::AccountId>,
	) -> Result<u32, DispatchError> {
		ensure!(!UidOf::<T>::contains_key(&owner), Error::<T>::AlreadyRegistered);
		ensure!(endpoint.as_ref().is_none_or(Endpoint::is_valid), Error::<T>::InvalidEndpoint);
		let service_key = service_key.unwrap_or_else(|| owner.clone());
		let uid = Self::take_uid()?;
		Self::link_service_key(uid, &owner, &service_key)?;

		let deposit = crate::EmissionParameters::<T>::get().registration_deposit;
		if deposit > 0 {
			let reason = HoldReason::RegistrationDeposit.into();
			ensure!(T::Currency::can_hold(&reason, &owner, deposit), Error::<T>::DepositNotCovered);
			T::Currency::hold(&reason, &owner, deposit)?;
		}

		Self::hold_account(&owner)?;
		set_entry::<RegisteredPages<T>, _, _>(uid, Epoch::<T>::get());
		UidOf::<T>::insert(&owner, uid);
		if let Some(endpoint) = endpoint {
			Endpoints::<T>::insert(uid, endpoint);
		}
		let component = Component { owner: owner.clone(), service_key, deposit, leaving: false };
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::ComponentRegistered { uid, owner });
		Ok(uid)
	}

	pub(crate) fn do_deregister(owner: &T::AccountId) -> DispatchResult {
		let (uid, mut component) = Self::owned(owner)?;
		component.leaving = true;
		Components::<T>::insert(uid, component);
		Leaving::<T>::try_mutate(uid / ENTRIES_PER_PAGE, |page| page.try_push(uid))
			.map_err(|_| DispatchError::Corruption)?;
		PendingRows::<T>::remove(uid);
		Self::mark_pending(uid, false);

		let stake = get_entry::<StakePages<T>, _, _>(uid);
		if stake > 0 {
			set_entry::<StakePages<T>, _, _>(uid, 0);
			let unlocks_at = Self::unbond(owner, stake);
			Self::deposit_event(Event::Unstaked { uid, amount: stake, unlocks_at });
		}
		Self::deposit_event(Event::ComponentLeaving { uid });
		Ok(())
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

	pub(crate) fn do_set_service_key(
		owner: &T::AccountId,
		service_key: T::AccountId,
	) -> DispatchResult {
		let (uid, mut component) = Self::owned(owner)?;
		if component.service_key != *owner {
			UidOfServiceKey::<T>::remove(&component.service_key);
		}
		Self::link_service_key(uid, owner, &service_key)?;
		component.service_key = service_key.clone();
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::ServiceKeySet { uid, service_key });
		Ok(())
	}

	/// Maps `service_key` to `uid`, unless it is the owner, who is mapped already.
	fn link_service_key(
		uid: u32,
		owner: &T::AccountId,
		service_key: &T::AccountId,
	) -> DispatchResult {
		if service_key == owner {
			return Ok(());
		}
		let taken = UidOf::<T>::contains_key(service_key)
			|| UidOfServiceKey::<T>::contains_key(service_key);
		ensure!(!taken, Error::<T>::ServiceKeyInUse);
		UidOfServiceKey::<T>::insert(service_key, uid);
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
			UidOfServiceKey::<T>::remove(&service_key);
		}
		Endpoints::<T>::remove(uid);
		RowPages::<T>::mutate(crate::pages::row_page(uid), |page| page.clear(uid));
		set_entry::<RegisteredPages<T>, _, _>(uid, 0);
		set_entry::<ContributionPages<T>, _, _>(uid, 0);
		// `deregister` unbonded its stake, and payouts since then were unbonded too.
		let stake = get_entry::<StakePages<T>, _, _>(uid);
		if stake > 0 {
			frame_support::defensive!("a leaving component with stake");
			set_entry::<StakePages<T>, _, _>(uid, 0);
			Self::unbond(&owner, stake);
		}
		if deposit > 0 {
			let reason = HoldReason::RegistrationDeposit.into();
			let released = T::Currency::release(&reason, &owner, deposit, Precision::BestEffort);
			if released != Ok(deposit) {
				log::error!(target: LOG_TARGET, "the deposit of {uid} was not whole: {released:?}");
			}
		}
		Self::let_go(&owner);
		FreeUidQueue::<T>::mutate(|queue| {
			FreeUids::<T>::insert(queue.tail, FreeUid { uid, freed: Epoch::<T>::get() });
			queue.tail = queue.tail.wrapping_add(1);
		});
		Self::deposit_event(Event::ComponentRemoved { uid, owner });
	}

	/// An unused uid: the oldest free one if it was freed in an earlier epoch, else a new one.
	fn take_uid() -> Result<u32, DispatchError> {
		let mut queue = FreeUidQueue::<T>::get();
		if queue.head != queue.tail {
			if let Some(free) = FreeUids::<T>::get(queue.head) {
				if free.freed < Epoch::<T>::get() {
					FreeUids::<T>::remove(queue.head);
					queue.head = queue.head.wrapping_add(1);
					FreeUidQueue::<T>::put(queue);
					return Ok(free.uid);
				}
			}
		}
		let uid = UidSpace::<T>::get();
		ensure!(uid < T::MaxComponents::get(), Error::<T>::NoFreeUid);
		UidSpace::<T>::put(uid.saturating_add(1));
		Ok(uid)
	}
}
