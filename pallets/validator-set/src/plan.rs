//! The choice of a set.
//!
//! ```text
//!   wanted  = invulnerables, then candidates by stake, up to max_validators
//!   now     = the set planned last
//!
//!   now ─┬─ slashed, or without keys ──► out at once
//!        ├─ wanted ────────────────────► stays
//!        └─ not wanted ────────────────► at most `churn` leave, the smallest stakes first
//!   wanted and not in now ─────────────► at most `churn` join
//!   fewer than min_validators ─────────► more join, else fewer leave, else slashed ones stay
//! ```

use crate::{
	types::Balance, Candidates, Config, Event, Invulnerables, Limits, Pallet, Planned, PlannedKeys,
};
use alloc::vec::Vec;
use core::cmp::Reverse;
use frame_support::{traits::Get, BoundedVec};
use pallet_emission::Stake;
use pallet_session::NextKeys;
use sp_runtime::traits::Hash;
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
	/// The candidates that can be chosen and their stakes, the largest first. Of equal stakes the one that
	/// registered earlier is first.
	pub(crate) fn ranking() -> Vec<(Balance, T::AccountId)> {
		let minimum = Self::min_stake();
		let mut ranked: Vec<_> = Candidates::<T>::iter()
			.map(|(who, since)| (Reverse(T::Stake::staked(&who)), since, who))
			.filter(|(stake, _, who)| stake.0 >= minimum && Self::has_keys(who))
			.collect();
		ranked.sort();
		ranked.into_iter().map(|(stake, _, who)| (stake.0, who)).collect()
	}

	/// Chooses the set of a session. `None` if it is the set planned last with the same keys.
	pub(crate) fn plan(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		let now = Planned::<T>::get().into_inner();
		let next = Self::choose(session, &now);
		if next.is_empty() {
			// Nobody has keys: the set stays as it is.
			return None;
		}
		let keys = Self::fingerprint(&next);
		let same = keys == PlannedKeys::<T>::get();
		Self::remember(session, &next);
		if same {
			return None;
		}
		let missing_in = |set: &[T::AccountId], others: &[T::AccountId]| -> Vec<T::AccountId> {
			others.iter().filter(|who| !set.contains(who)).cloned().collect()
		};
		let (joined, left) = (missing_in(&now, &next), missing_in(&next, &now));
		if !joined.is_empty() || !left.is_empty() {
			Self::deposit_event(Event::ValidatorsPlanned { session, joined, left });
		}
		PlannedKeys::<T>::put(keys);
		Planned::<T>::put(BoundedVec::truncate_from(next.clone()));
		Some(next)
	}

	/// Hash of a set with the session keys of its members.
	pub(crate) fn fingerprint(set: &[T::AccountId]) -> T::Hash {
		let keys: Vec<_> = set.iter().map(|who| (who, NextKeys::<T>::get(who))).collect();
		T::Hashing::hash_of(&keys)
	}

	/// The set of a session, after the set `now`.
	fn choose(session: SessionIndex, now: &[T::AccountId]) -> Vec<T::AccountId> {
		let limits = Limits::<T>::get();
		let (least, most) = (limits.min_validators as usize, limits.max_validators as usize);
		let churn = limits.churn as usize;
		let invulnerables = Invulnerables::<T>::get();

		let ranking = Self::ranking();
		let permanent = invulnerables.iter().filter(|who| Self::has_keys(who));
		let candidates =
			ranking.iter().map(|(_, who)| who).filter(|who| !invulnerables.contains(who));
		let wanted: Vec<&T::AccountId> = permanent.chain(candidates).take(most).collect();

		let trusted = |who: &T::AccountId| {
			Self::has_keys(who) && (invulnerables.contains(who) || !Self::is_barred(who))
		};
		let (kept, out): (Vec<_>, Vec<_>) = now.iter().partition(|who| trusted(who));

		// The largest stakes leave last.
		let mut leaving: Vec<_> =
			kept.iter().copied().filter(|who| !wanted.contains(who)).collect();
		leaving.sort_by_cached_key(|who| T::Stake::staked(who));
		let waiting = leaving.split_off(churn.min(leaving.len()));
		let mut joining = wanted.iter().copied().filter(|who| !now.contains(who));
		let mut next: Vec<&T::AccountId> =
			kept.into_iter().filter(|who| wanted.contains(who) || waiting.contains(who)).collect();
		let room = most.saturating_sub(next.len());
		next.extend(joining.by_ref().take(churn.min(room)));

		let short = |next: &[&T::AccountId]| least.saturating_sub(next.len());
		next.extend(joining.take(short(&next)));
		next.extend(leaving.into_iter().rev().take(short(&next)));
		let slashed = out.into_iter().filter(|who| Self::has_keys(who));
		next.extend(slashed.take(short(&next)));
		if short(&next) > 0 {
			let (found, wanted) = (next.len() as u32, limits.min_validators);
			Self::deposit_event(Event::TooFewValidators { session, found, wanted });
		}
		next.truncate(T::MaxValidators::get() as usize);
		next.into_iter().cloned().collect()
	}
}
