//! Candidates: registration and leaving; keys, invulnerables and limits.

use crate::{
	types::{Balance, Removal, ValidatorLimits},
	Absent, Barred, Bound, Candidates, Config, Error, Event, Invulnerables, Limits, Pallet,
	ReportSessions,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	ensure,
	traits::{Get, GetStorageVersion},
	BoundedVec,
};
use frame_system::RawOrigin;
use pallet_emission::Stake;
use pallet_session::NextKeys;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Whether the storage has the version that this code reads. Otherwise nothing is read or written
	/// until a migration has run.
	pub(crate) fn is_current() -> bool {
		Self::on_chain_storage_version() == Self::in_code_storage_version()
	}

	/// An error while the storage has another version than the code.
	pub(crate) fn ensure_current() -> DispatchResult {
		ensure!(Self::is_current(), Error::<T>::OtherStorageVersion);
		Ok(())
	}

	/// The signer of a call. Fails while the storage has another version than the code.
	pub(crate) fn signed(origin: T::RuntimeOrigin) -> Result<T::AccountId, DispatchError> {
		let who = frame_system::ensure_signed(origin)?;
		Self::ensure_current()?;
		Ok(who)
	}

	/// The running session.
	pub(crate) fn session() -> u32 {
		pallet_session::Pallet::<T>::current_index()
	}

	/// Whether an account has session keys.
	pub(crate) fn has_keys(who: &T::AccountId) -> bool {
		NextKeys::<T>::contains_key(who)
	}

	/// Whether an account was slashed and must wait.
	pub(crate) fn is_barred(who: &T::AccountId) -> bool {
		Barred::<T>::get(who).is_some_and(|until| until >= Self::session())
	}

	/// The last session in which an account cannot register, as it stopped being a candidate before it
	/// authored a block.
	pub(crate) fn absent_until(who: &T::AccountId) -> Option<u32> {
		let last = Bound::<T>::get(who).filter(|_| Absent::<T>::contains_key(who))?;
		Some(last.saturating_add(ReportSessions::<T>::get()))
	}

	/// Whether genesis or governance chose an account.
	pub(crate) fn is_invulnerable(who: &T::AccountId) -> bool {
		Invulnerables::<T>::get().contains(who)
	}

	/// Whether an account is chosen for the running session or a later one.
	pub(crate) fn is_chosen(who: &T::AccountId) -> bool {
		Bound::<T>::get(who).is_some_and(|last| last >= Self::session())
	}

	/// The least stake of a candidate, in units.
	pub(crate) fn min_stake() -> Balance {
		Limits::<T>::get().min_stake.max(T::Stake::least())
	}

	pub(crate) fn do_register(who: T::AccountId) -> DispatchResult {
		ensure!(!Candidates::<T>::contains_key(&who), Error::<T>::AlreadyCandidate);
		ensure!(!Self::is_barred(&who), Error::<T>::Slashed);
		ensure!(!Absent::<T>::contains_key(&who), Error::<T>::Absent);
		ensure!(!Self::is_invulnerable(&who), Error::<T>::Invulnerable);
		ensure!(Self::has_keys(&who), Error::<T>::NoKeys);
		let stake = T::Stake::staked(&who);
		ensure!(stake >= Self::min_stake(), Error::<T>::StakeBelowMinimum);
		if Candidates::<T>::count() >= T::MaxCandidates::get() {
			let (least, account) = Self::least_candidate().ok_or(Error::<T>::CandidatesFull)?;
			ensure!(least < stake, Error::<T>::CandidatesFull);
			Self::remove_candidate(account, Removal::Outbid);
		}
		Candidates::<T>::insert(&who, Self::session());
		Self::deposit_event(Event::CandidateRegistered { account: who, stake });
		Ok(())
	}

	/// The candidate with the least stake that is not chosen for a session, and that stake; it counts as 0
	/// if the candidate cannot be chosen.
	fn least_candidate() -> Option<(Balance, T::AccountId)> {
		let minimum = Self::min_stake();
		let free = Candidates::<T>::iter_keys().filter(|who| !Self::is_chosen(who));
		let stakes = free.map(|who| {
			let stake = T::Stake::staked(&who);
			(if stake < minimum { 0 } else { stake }, who)
		});
		stakes.min()
	}

	/// Removes a candidate against its will.
	pub(crate) fn remove_candidate(account: T::AccountId, reason: Removal) {
		Candidates::<T>::remove(&account);
		Self::deposit_event(Event::CandidateRemoved { account, reason });
	}

	pub(crate) fn do_leave(who: T::AccountId) -> DispatchResult {
		ensure!(Candidates::<T>::contains_key(&who), Error::<T>::NotCandidate);
		Candidates::<T>::remove(&who);
		if Self::is_chosen(&who) && !Self::has_authored(&who) {
			Absent::<T>::insert(&who, ());
		}
		Self::deposit_event(Event::CandidateLeft { account: who });
		Ok(())
	}

	pub(crate) fn do_purge_keys(who: T::AccountId) -> DispatchResult {
		let in_use = Candidates::<T>::contains_key(&who)
			|| Self::is_chosen(&who)
			|| Self::is_invulnerable(&who);
		ensure!(!in_use, Error::<T>::StillValidator);
		pallet_session::Pallet::<T>::purge_keys(RawOrigin::Signed(who).into())
	}

	/// Checks the number of invulnerables and that each is named once.
	pub(crate) fn check_invulnerables(accounts: &[T::AccountId]) -> Result<(), Error<T>> {
		ensure!(accounts.len() <= Self::max_invulnerables(), Error::<T>::TooManyInvulnerables);
		let distinct: BTreeSet<_> = accounts.iter().collect();
		ensure!(distinct.len() == accounts.len(), Error::<T>::DuplicateInvulnerable);
		Ok(())
	}

	pub(crate) fn do_set_invulnerables(accounts: Vec<T::AccountId>) -> DispatchResult {
		Self::check_invulnerables(&accounts)?;
		ensure!(accounts.iter().all(Self::has_keys), Error::<T>::NoKeys);
		Invulnerables::<T>::put(BoundedVec::truncate_from(accounts.clone()));
		Self::deposit_event(Event::InvulnerablesSet { accounts });
		Ok(())
	}

	pub(crate) fn do_set_limits(limits: ValidatorLimits) -> DispatchResult {
		let invulnerables = Invulnerables::<T>::get().len() as u32;
		let valid = limits.is_valid::<T>() && limits.max_validators >= invulnerables;
		ensure!(valid, Error::<T>::LimitsOutOfRange);
		Limits::<T>::put(limits);
		Self::deposit_event(Event::LimitsSet { limits });
		Ok(())
	}
}
