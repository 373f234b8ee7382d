//! The choice of a set.
//!
//! ```text
//!   wanted  = invulnerables, then candidates by stake, up to max_validators
//!   now     = the set planned last
//!
//!   now ─┬─ slashed, or without keys ──► out at once
//!        ├─ wanted ────────────────────► stays
//!        └─ not wanted ────────────────► at most `churn` leave, the smallest stakes first
//!   wanted and not in now ─────────────► at most `churn` join, unproven ones only within the tolerance
//!   fewer than min_validators ─────────► more join within it, else fewer leave, else slashed ones stay
//! ```
//!
//! A validator is *proven* if it authored a block in the last session in which it had a slot. Finality needs
//! more than two thirds of the set: of `n` validators, [`tolerated`]`(n) = ⌊(n − 1) / 3⌋` can be offline. So
//! at most that many of a set may be unproven: nobody joins beyond it, and proven validators stay until it
//! holds. This goes before `min_validators`: a set that would need more unproven ones is smaller.
//!
//! A set of less than four tolerates nobody. There one unproven validator may join, or the set could never
//! grow. Finality stops if that one does not run.

use crate::{
	types::Balance, Candidates, Config, Event, Invulnerables, Limits, Pallet, Planned, PlannedKeys,
	Proven,
};
use alloc::vec::Vec;
use core::cmp::Reverse;
use frame_support::{traits::Get, BoundedVec};
use pallet_emission::Stake;
use pallet_session::NextKeys;
use sp_runtime::traits::Hash;
use sp_staking::SessionIndex;

/// The number of validators that can be offline in a set of this size.
pub(crate) fn tolerated(validators: usize) -> usize {
	validators.saturating_sub(1) / 3
}

/// How many validators of a set are not proven.
fn unproven<'s, A: PartialEq + 's>(set: impl Iterator<Item = &'s A>, proven: &[A]) -> usize {
	set.filter(|who| !proven.contains(who)).count()
}

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
		Proven::<T>::mutate(|proven| proven.retain(|who| next.contains(who)));
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

	/// Whether no unproven validator may join the set planned last, as it has as many as it may.
	pub(crate) fn newcomers_full() -> bool {
		let planned = Planned::<T>::get();
		unproven(planned.iter(), &Proven::<T>::get())
			>= Self::most_unproven(planned.len().saturating_add(1))
	}

	/// The most unproven validators of a set of this size that an unproven one joins.
	fn most_unproven(validators: usize) -> usize {
		tolerated(validators).max(1)
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
		let mut next: Vec<&T::AccountId> =
			kept.into_iter().filter(|who| wanted.contains(who) || waiting.contains(who)).collect();

		let proven = Proven::<T>::get();
		let unproven = |set: &[&T::AccountId]| unproven(set.iter().copied(), &proven);
		let mut joined: usize = 0;
		for who in wanted.iter().copied().filter(|who| !now.contains(who)) {
			let full = next.len() >= most || (joined >= churn && next.len() >= least);
			if full {
				break;
			}
			let may = Self::most_unproven(next.len().saturating_add(1));
			if proven.contains(who) || unproven(&next) < may {
				next.push(who);
				joined = joined.saturating_add(1);
			}
		}
		leaving.reverse();
		// Some of those that stay are unproven themselves: newcomers give way to them.
		let surplus = |next: &[&T::AccountId]| {
			let fresh = |who: &&T::AccountId| !now.contains(*who) && !proven.contains(*who);
			let over = unproven(next) > Self::most_unproven(next.len());
			over.then(|| next.iter().rposition(fresh)).flatten()
		};
		for _ in 0..2 {
			for &who in &leaving {
				let needed = next.len() < most
					&& proven.contains(who)
					&& unproven(&next) > tolerated(next.len());
				if (needed || next.len() < least) && !next.contains(&who) {
					next.push(who);
				}
			}
			while let Some(newcomer) = surplus(&next) {
				next.remove(newcomer);
			}
		}
		let short = |next: &[&T::AccountId]| least.saturating_sub(next.len());
		let slashed = out.into_iter().filter(|who| Self::has_keys(who));
		next.extend(slashed.take(short(&next)));
		while let Some(newcomer) = surplus(&next) {
			next.remove(newcomer);
		}
		if short(&next) > 0 {
			let (found, wanted) = (next.len() as u32, limits.min_validators);
			Self::deposit_event(Event::TooFewValidators { session, found, wanted });
		}
		next.truncate(T::MaxValidators::get() as usize);
		next.into_iter().cloned().collect()
	}
}
