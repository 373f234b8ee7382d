//! The invariants after every block, numbered as in the crate's documentation.

use crate::{
	types::Voter, Absent, Barred, Bound, Candidates, Config, Invulnerables, Limits, Pallet,
	Planned, PlannedKeys, Proven, ReportSessions, Served, SessionLength, Slashes, Turns,
};
use alloc::{collections::BTreeMap, collections::BTreeSet, vec::Vec};
use frame_support::{ensure, traits::Get};
use sp_runtime::{
	traits::{Hash, OpaqueKeys},
	TryRuntimeError,
};

impl<T: Config> Pallet<T> {
	/// Checks all invariants.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_limits()?;
		Self::check_candidates()?;
		Self::check_planned()?;
		Self::check_served()?;
		Self::check_turns()?;
		Self::check_barred()?;
		Self::check_proven()?;
		Self::check_absent()
	}

	/// 1. The limits are in range.
	fn check_limits() -> Result<(), TryRuntimeError> {
		let limits = Limits::<T>::get();
		ensure!(limits.is_valid::<T>(), "the limits are out of range");
		let invulnerables = Invulnerables::<T>::get();
		ensure!(invulnerables.len() <= limits.max_validators as usize, "too many invulnerables");
		let distinct: BTreeSet<_> = invulnerables.iter().collect();
		ensure!(distinct.len() == invulnerables.len(), "an invulnerable twice");
		ensure!(SessionLength::<T>::get() >= 1, "a session has no block");
		Ok(())
	}

	/// 2. Candidates have keys and are not barred.
	fn check_candidates() -> Result<(), TryRuntimeError> {
		let count = Candidates::<T>::iter().count();
		ensure!(count == Candidates::<T>::count() as usize, "the count of candidates is wrong");
		ensure!(count <= T::MaxCandidates::get() as usize, "too many candidates");
		for (who, since) in Candidates::<T>::iter() {
			ensure!(since <= Self::session(), "a candidate of the future");
			ensure!(Self::has_keys(&who), "a candidate without keys");
			ensure!(!Self::is_barred(&who), "a slashed candidate");
		}
		Ok(())
	}

	/// 3. The planned set is what pallet-session has queued.
	fn check_planned() -> Result<(), TryRuntimeError> {
		let planned = Planned::<T>::get();
		let distinct: BTreeSet<_> = planned.iter().collect();
		ensure!(distinct.len() == planned.len(), "a validator is planned twice");
		let queued = pallet_session::Pallet::<T>::queued_keys();
		let accounts: Vec<_> = queued.iter().map(|(who, _)| who.clone()).collect();
		ensure!(accounts == planned.into_inner(), "the planned set is not queued");
		if !queued.is_empty() {
			let keys: Vec<_> = queued.iter().map(|(who, keys)| (who, Some(keys))).collect();
			let hash = T::Hashing::hash_of(&keys);
			ensure!(hash == PlannedKeys::<T>::get(), "other keys are queued than planned");
		}
		Ok(())
	}

	/// 4. What is remembered of sessions.
	fn check_served() -> Result<(), TryRuntimeError> {
		if Planned::<T>::get().is_empty() {
			// A genesis without validators.
			ensure!(Served::<T>::iter().next().is_none(), "a set out of nothing");
			return Ok(());
		}
		let session = Self::session();
		let oldest = session.saturating_sub(ReportSessions::<T>::get());
		let known: BTreeSet<_> = Served::<T>::iter_keys().collect();
		ensure!(
			known == (oldest..=session.saturating_add(1)).collect(),
			"other sessions are known"
		);
		let mut last = BTreeMap::new();
		for session in known {
			for voter in Served::<T>::get(session) {
				last.insert(voter.account, session);
			}
		}
		ensure!(last == Bound::<T>::iter().collect(), "an account is bound to another session");
		let running = Served::<T>::get(session).into_iter().map(|voter| voter.account);
		let validators = pallet_session::Pallet::<T>::validators();
		ensure!(running.collect::<Vec<_>>() == validators, "another set serves");
		let queued = pallet_session::Pallet::<T>::queued_keys();
		let voters = queued.into_iter().map(|(account, keys)| {
			let key = T::Hashing::hash(keys.get_raw(T::VoteKey::get()));
			Voter { account, key }
		});
		let next = Served::<T>::get(session.saturating_add(1));
		ensure!(next.into_inner() == voters.collect::<Vec<_>>(), "other voters are planned");
		Ok(())
	}

	/// 5. Each validator has a count.
	fn check_turns() -> Result<(), TryRuntimeError> {
		let turns = Turns::<T>::get();
		let validators = pallet_session::Pallet::<T>::validators();
		ensure!(turns.len() == validators.len(), "a validator is not counted");
		ensure!(turns.iter().all(|turn| turn.paid <= turn.authored), "more is paid than authored");
		Ok(())
	}

	/// 6. A barred account was slashed, and a disabled validator is barred.
	fn check_barred() -> Result<(), TryRuntimeError> {
		let mut slashed = BTreeSet::new();
		for (session, who, _) in Slashes::<T>::iter() {
			ensure!(session <= Self::session(), "an offence of the future");
			slashed.insert(who);
		}
		let known = Barred::<T>::iter_keys().all(|who| slashed.contains(&who));
		ensure!(known, "an account is barred without a slash");
		let validators = pallet_session::Pallet::<T>::validators();
		let barred = Self::disabled()
			.into_iter()
			.all(|index| validators.get(index as usize).is_some_and(Self::is_barred));
		ensure!(barred, "a validator is disabled and not barred");
		Ok(())
	}

	/// 7. Who is known to author.
	fn check_proven() -> Result<(), TryRuntimeError> {
		let (proven, planned) = (Proven::<T>::get(), Planned::<T>::get());
		ensure!(proven.iter().all(|who| planned.contains(who)), "a proven stranger");
		let distinct: BTreeSet<_> = proven.iter().collect();
		ensure!(distinct.len() == proven.len(), "a validator is proven twice");
		Ok(())
	}

	/// 8. Who must wait was chosen for a session that is remembered.
	fn check_absent() -> Result<(), TryRuntimeError> {
		for who in Absent::<T>::iter_keys() {
			ensure!(Bound::<T>::contains_key(&who), "a stranger was absent");
			ensure!(!Candidates::<T>::contains_key(&who), "a candidate that must wait");
		}
		Ok(())
	}
}
