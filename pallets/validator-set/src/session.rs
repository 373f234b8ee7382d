//! The ends of sessions, and what is remembered of them.
//!
//! The pallet rotates sessions itself, in its `on_initialize`, with a measured weight. pallet-session
//! would take the whole block for it, and the emission and users would lose that block.

use crate::{
	types::Voter, Absent, Barred, Bound, Config, Invulnerables, Pallet, Planned, PlannedKeys,
	ReportSessions, Served, SessionLength, Slashes,
};
use alloc::vec::Vec;
use frame_support::{
	traits::{EstimateNextSessionRotation, Get},
	weights::Weight,
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::{DisabledValidators, NextKeys};
use sp_runtime::{
	traits::{Hash, OpaqueKeys},
	Permill, SaturatedConversion,
};
use sp_staking::{offence::OffenceSeverity, SessionIndex};

impl<T: Config> Pallet<T> {
	/// Whether a session ends in this block.
	pub(crate) fn is_due(now: u32) -> bool {
		now > 0 && now.checked_rem(SessionLength::<T>::get()) == Some(0)
	}

	/// The block after `now` in which the next session starts.
	pub(crate) fn next_rotation(now: u32) -> u32 {
		let length = SessionLength::<T>::get().max(1);
		(now / length).saturating_add(1).saturating_mul(length)
	}

	/// Validators disabled in the running session, as positions in the set.
	pub(crate) fn disabled() -> Vec<u32> {
		DisabledValidators::<T>::get().into_iter().map(|(index, _)| index).collect()
	}

	/// The first set: the invulnerables. `None` if genesis has none.
	fn plan_genesis(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		let set = Invulnerables::<T>::get();
		if set.is_empty() {
			return None;
		}
		for who in &set {
			assert!(
				Self::has_keys(who),
				"validatorSet: the invulnerable {who:?} has no keys: add it to session.keys",
			);
		}
		PlannedKeys::<T>::put(Self::fingerprint(&set));
		Planned::<T>::put(&set);
		Self::remember(session, &set);
		Some(set.into_inner())
	}

	/// Remembers the set of a session, whose offences can be reported, and its keys: pallet-session queues
	/// those that are registered when a session is planned.
	pub(crate) fn remember(session: SessionIndex, set: &[T::AccountId]) {
		let voters = set.iter().filter_map(|who| {
			let keys = NextKeys::<T>::get(who)?;
			Bound::<T>::insert(who, session);
			let key = T::Hashing::hash(keys.get_raw(T::VoteKey::get()));
			Some(Voter { account: who.clone(), key })
		});
		Served::<T>::insert(session, BoundedVec::truncate_from(voters.collect()));
	}

	/// The validator that votes by this public key in a session, and the number of validators of that
	/// session. `None` if nobody does, or if offences of the session cannot be reported.
	pub fn voter(session: SessionIndex, key: &[u8]) -> Option<(T::AccountId, u32)> {
		if session > Self::session() || !Self::is_current() {
			return None;
		}
		let voters = Served::<T>::get(session).into_inner();
		let (count, hash) = (voters.len() as u32, T::Hashing::hash(key));
		let owner = voters.into_iter().find(|voter| voter.key == hash)?;
		Some((owner.account, count))
	}

	/// Forgets the sessions whose offences cannot be reported any more.
	fn forget(now: SessionIndex) {
		let window = ReportSessions::<T>::get();
		let Some(past) = now.checked_sub(window).and_then(|oldest| oldest.checked_sub(1)) else {
			return;
		};
		for Voter { account: who, .. } in Served::<T>::take(past) {
			if Bound::<T>::get(&who).is_some_and(|last| last <= past) {
				Bound::<T>::remove(&who);
				Absent::<T>::remove(&who);
			}
		}
		// The last report of this session barred its account until `past + 2 · window` at most.
		let Some(past) = past.checked_sub(window) else { return };
		let slashed: Vec<_> = Slashes::<T>::drain_prefix(past).map(|(who, _)| who).collect();
		for who in slashed {
			if Barred::<T>::get(&who).is_some_and(|until| until < now) {
				Barred::<T>::remove(&who);
			}
		}
	}

	fn start(session: SessionIndex) {
		let validators = pallet_session::Pallet::<T>::validators();
		Self::reset_turns(validators.len());
		Self::forget(session);
		// pallet-session enables all validators of a set that changed, and nobody of one that did not.
		for index in Self::disabled() {
			let barred = validators.get(index as usize).is_some_and(Self::is_barred);
			if !barred {
				pallet_session::Pallet::<T>::reenable_index(index);
			}
		}
		for who in validators {
			if Self::is_barred(&who) {
				let severity = OffenceSeverity::max_severity();
				pallet_session::Pallet::<T>::report_offence(who, severity);
			}
		}
	}

	fn end() {
		let validators = pallet_session::Pallet::<T>::validators();
		Self::carry_turns(&validators);
		Self::drop_absent(&validators);
		Self::note_proven(&validators);
	}
}

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
	fn new_session(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::plan(session)
	}

	fn new_session_genesis(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::plan_genesis(session)
	}

	fn start_session(session: SessionIndex) {
		Self::start(session);
	}

	fn end_session(_: SessionIndex) {
		Self::end();
	}
}

/// pallet-session never ends a session of its own accord.
impl<T: Config> pallet_session::ShouldEndSession<BlockNumberFor<T>> for Pallet<T> {
	fn should_end_session(_: BlockNumberFor<T>) -> bool {
		false
	}
}

impl<T: Config> EstimateNextSessionRotation<BlockNumberFor<T>> for Pallet<T> {
	fn average_session_length() -> BlockNumberFor<T> {
		SessionLength::<T>::get().into()
	}

	fn estimate_current_session_progress(now: BlockNumberFor<T>) -> (Option<Permill>, Weight) {
		let length = SessionLength::<T>::get().max(1);
		let now: u32 = now.saturated_into();
		let done = now.checked_rem(length).unwrap_or_default().saturating_add(1);
		(Some(Permill::from_rational(done, length)), Weight::zero())
	}

	fn estimate_next_session_rotation(
		now: BlockNumberFor<T>,
	) -> (Option<BlockNumberFor<T>>, Weight) {
		(Some(Self::next_rotation(now.saturated_into()).into()), Weight::zero())
	}
}
