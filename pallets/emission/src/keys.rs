//! Who owns and who serves a component.
//!
//! ```text
//!   owner ──set_service_key(K)──► named ──K: accept_service_key──► K serves ──K: resign──► owner serves
//!   owner ──offer_component(N)──► offered ──N: accept_component──► N owns
//! ```
//!
//! `UidOf` maps each owner and each service key to its component, so an account has one component at
//! most, whatever its role. An account gets into the map only by a call that it signs: `register` or an
//! accept. To be named by others changes nothing for an account, and any number of components can name
//! it. An accept names the owner and not the uid, because a uid can pass to somebody else meanwhile.

use crate::{types::Component, Components, Config, Error, Event, Pallet, UidOf, Validators};
use frame_support::ensure;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// The uid of the component that `account` owns or serves.
	pub fn component_of(account: &T::AccountId) -> Option<u32> {
		UidOf::<T>::get(account)
	}

	/// The component that the signer owns; an error if it is leaving.
	pub(crate) fn owned(
		owner: &T::AccountId,
	) -> Result<(u32, Component<T::AccountId>), DispatchError> {
		let uid = UidOf::<T>::get(owner).ok_or(Error::<T>::NotOwner)?;
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotOwner)?;
		ensure!(component.owner == *owner, Error::<T>::NotOwner);
		ensure!(!component.leaving, Error::<T>::ComponentLeaving);
		Ok((uid, component))
	}

	/// The component that the signer owns or serves; an error if it is leaving.
	pub(crate) fn served(who: &T::AccountId) -> Result<u32, DispatchError> {
		let uid = UidOf::<T>::get(who).ok_or(Error::<T>::NotRegistered)?;
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotRegistered)?;
		ensure!(!component.leaving, Error::<T>::ComponentLeaving);
		Ok(uid)
	}

	/// An error if the account owns or serves a component.
	pub(crate) fn ensure_unlinked(account: &T::AccountId) -> DispatchResult {
		let Some(uid) = UidOf::<T>::get(account) else { return Ok(()) };
		let owns = Components::<T>::get(uid).is_some_and(|component| component.owner == *account);
		Err(if owns { Error::<T>::AlreadyRegistered } else { Error::<T>::AlreadyServes }.into())
	}

	/// The component of `owner`, if it names the signer; an error if it is leaving.
	fn naming(
		owner: &T::AccountId,
		names: impl Fn(&Component<T::AccountId>) -> bool,
	) -> Result<(u32, Component<T::AccountId>), DispatchError> {
		let (uid, component) = Self::owned(owner)?;
		ensure!(names(&component), Error::<T>::NotNamed);
		Ok((uid, component))
	}

	pub(crate) fn do_set_service_key(
		owner: &T::AccountId,
		service_key: T::AccountId,
	) -> DispatchResult {
		let (uid, mut component) = Self::owned(owner)?;
		if service_key == *owner || service_key == component.service_key {
			component.next_service_key = None;
			return Self::serve(uid, component, service_key);
		}
		ensure!(!UidOf::<T>::contains_key(&service_key), Error::<T>::ServiceKeyInUse);
		component.next_service_key = Some(service_key.clone());
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::ServiceKeyNamed { uid, service_key });
		Ok(())
	}

	pub(crate) fn do_accept_service_key(who: T::AccountId, owner: &T::AccountId) -> DispatchResult {
		let (uid, mut component) =
			Self::naming(owner, |component| component.next_service_key.as_ref() == Some(&who))?;
		Self::ensure_unlinked(&who)?;
		component.next_service_key = None;
		Self::serve(uid, component, who)
	}

	pub(crate) fn do_resign_service_key(who: T::AccountId) -> DispatchResult {
		let uid = UidOf::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?;
		let component = Components::<T>::get(uid).ok_or(Error::<T>::NotRegistered)?;
		ensure!(component.owner != who, Error::<T>::AlreadyRegistered);
		let owner = component.owner.clone();
		Self::serve(uid, component, owner)
	}

	/// Makes `service_key` serve the component instead of the present service key.
	fn serve(
		uid: u32,
		mut component: Component<T::AccountId>,
		service_key: T::AccountId,
	) -> DispatchResult {
		let previous = core::mem::replace(&mut component.service_key, service_key.clone());
		if previous != service_key {
			Self::hold_account(&service_key)?;
			UidOf::<T>::insert(&service_key, uid);
			if previous != component.owner {
				UidOf::<T>::remove(&previous);
				Self::let_go(&previous);
			}
		}
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::ServiceKeySet { uid, service_key });
		Ok(())
	}

	pub(crate) fn do_offer_component(
		owner: &T::AccountId,
		new_owner: Option<T::AccountId>,
	) -> DispatchResult {
		let (uid, mut component) = Self::owned(owner)?;
		let new_owner = new_owner.filter(|account| account != owner);
		let free = new_owner.is_none() || T::Validators::may_hand_over(owner);
		ensure!(free, Error::<T>::ComponentBonded);
		component.next_owner = new_owner.clone();
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::ComponentOffered { uid, new_owner });
		Ok(())
	}

	pub(crate) fn do_accept_component(who: T::AccountId, owner: &T::AccountId) -> DispatchResult {
		let (uid, mut component) =
			Self::naming(owner, |component| component.next_owner.as_ref() == Some(&who))?;
		ensure!(T::Validators::may_hand_over(owner), Error::<T>::ComponentBonded);
		// The service key of this very component can become its owner.
		if component.service_key != who {
			Self::ensure_unlinked(&who)?;
		}
		Self::hold_deposit(&who, component.deposit)?;
		Self::hold_account(&who)?;
		UidOf::<T>::insert(&who, uid);
		UidOf::<T>::remove(owner);
		Self::release_deposit(uid, owner, component.deposit);
		Self::let_go(owner);
		component.owner = who.clone();
		if component.service_key == *owner {
			component.service_key = who.clone();
			Self::deposit_event(Event::ServiceKeySet { uid, service_key: who.clone() });
		}
		component.next_service_key = None;
		component.next_owner = None;
		Components::<T>::insert(uid, component);
		Self::deposit_event(Event::OwnerSet { uid, owner: who, previous: owner.clone() });
		Ok(())
	}
}
