//! Authored and missed slots.
//!
//! In Aura the validator at position `slot mod n` may author in a slot, and nobody else. So the slots
//! between two blocks name exactly who did not author. They belong to the set of the session in which
//! the later block was authored; the count runs before a session ends in that block.

use crate::{
	types::{Removal, Turn},
	Absent, Candidates, Config, Invulnerables, LastSlot, Limits, Pallet, Proven, Turns,
};
use alloc::vec::Vec;
use core::cmp::Reverse;
use frame_support::{traits::Get, BoundedVec};

impl<T: Config> Pallet<T> {
	/// Counts the block's slot for its author, and the slots since the last block for those who missed
	/// them.
	pub(crate) fn note_slot() {
		Self::note_slot_at(T::Slot::get());
	}

	/// Counts a block in this slot.
	pub(crate) fn note_slot_at(slot: u64) {
		let last = LastSlot::<T>::get();
		if slot <= last {
			return;
		}
		LastSlot::<T>::put(slot);
		Turns::<T>::mutate(|turns| {
			let count = turns.len() as u64;
			let Some(author) = slot.checked_rem(count) else { return };
			let missed = slot.saturating_sub(last).saturating_sub(1);
			// A whole round without a block is an outage of the chain. The first block has no predecessor.
			if last > 0 && missed < count {
				for slot in last.saturating_add(1)..slot {
					let index = slot.checked_rem(count).unwrap_or_default();
					if let Some(turn) = turns.get_mut(index as usize) {
						turn.missed = turn.missed.saturating_add(1);
					}
				}
			}
			if let Some(turn) = turns.get_mut(author as usize) {
				turn.authored = turn.authored.saturating_add(1);
			}
		});
	}

	/// Starts to count for a new session.
	pub(crate) fn reset_turns(validators: usize) {
		let turns = alloc::vec![Turn::default(); validators];
		Turns::<T>::put(BoundedVec::truncate_from(turns));
	}

	/// Notes which validators of the session that ends are known to author: those that did, and not those
	/// that missed all of their slots. Who had no slot stays what it was.
	pub(crate) fn note_proven(validators: &[T::AccountId]) {
		let turns = Turns::<T>::get();
		Proven::<T>::mutate(|proven| {
			for (who, turn) in validators.iter().zip(turns) {
				let known = proven.iter().position(|other| other == who);
				match known {
					None if turn.authored > 0 => {
						// There is room for the planned set and the running one.
						let _ = proven.try_push(who.clone());
						Absent::<T>::remove(who);
					}
					Some(index) if turn.authored == 0 && turn.missed > 0 => {
						proven.swap_remove(index);
					}
					_ => {}
				}
			}
		});
	}

	/// Whether an account is known to author, or did in this session.
	pub(crate) fn has_authored(who: &T::AccountId) -> bool {
		let validators = pallet_session::Pallet::<T>::validators();
		let mut turns = validators.iter().zip(Turns::<T>::get());
		turns.any(|(other, turn)| other == who && turn.authored > 0)
			|| Proven::<T>::get().contains(who)
	}

	/// Removes the candidates that missed too many slots of the session that ends, the most absent first,
	/// as long as enough others can be chosen. Those that never authored cannot register for a while.
	pub(crate) fn drop_absent(validators: &[T::AccountId]) {
		let limits = Limits::<T>::get();
		let turns = Turns::<T>::get();
		let mut absent: Vec<(Turn, &T::AccountId)> = turns
			.into_iter()
			.zip(validators)
			.filter(|(turn, who)| {
				turn.is_absent(limits.max_missed) && Candidates::<T>::contains_key(who)
			})
			.collect();
		if absent.is_empty() {
			return;
		}
		// Who authored in earlier sessions: this one is not noted yet.
		let proven = Proven::<T>::get();
		// Missed per slot, compared by the integer quotient in millionths.
		absent.sort_by_key(|(turn, _)| {
			let slots = u64::from(turn.authored).saturating_add(turn.missed.into()).max(1);
			Reverse(u64::from(turn.missed).saturating_mul(1_000_000) / slots)
		});
		let invulnerables = Invulnerables::<T>::get();
		let ranking = Self::ranking();
		let eligible = |who: &T::AccountId| ranking.iter().any(|(_, ranked)| ranked == who);
		let permanent = invulnerables.iter().filter(|who| Self::has_keys(who)).count();
		let ranked = ranking.iter().filter(|(_, who)| !invulnerables.contains(who)).count();
		let mut spare =
			permanent.saturating_add(ranked).saturating_sub(limits.min_validators as usize);
		for (turn, who) in absent {
			// Others that are absent are dropped only if the set can do without them.
			if eligible(who) && !invulnerables.contains(who) {
				if spare == 0 {
					continue;
				}
				spare = spare.saturating_sub(1);
			}
			Self::remove_candidate(who.clone(), Removal::MissedSlots);
			if turn.authored == 0 && !proven.contains(who) {
				Absent::<T>::insert(who, ());
			}
		}
	}
}
