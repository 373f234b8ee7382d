//! Authored and missed slots.

use crate::{mock::*, types::Removal, Candidates, Event, Turns};
use frame_support::assert_ok;

fn turn(who: AccountId) -> (u32, u32) {
	let status = ValidatorSet::status(&who);
	(status.authored, status.missed)
}

fn joined(limit: impl FnOnce(&mut crate::ValidatorLimits), test: impl FnOnce()) {
	Ext::default().limits(limit).run_with(2..=4, test);
}

#[test]
fn slots_are_counted_for_those_who_could_use_them() {
	joined(
		|_| {},
		|| {
			let set = Session::validators();
			let slots = |count: u64| (1..=count).map(|ahead| Slot::get() + ahead);
			let author = |slot: u64| set[slot as usize % 4];
			// Eight slots without 3: six blocks.
			let mut expected = std::collections::BTreeMap::new();
			for slot in slots(8) {
				let (authored, missed): &mut (u32, u32) = expected.entry(author(slot)).or_default();
				match author(slot) {
					3 => *missed += 1,
					_ => *authored += 1,
				}
			}
			let last = Slot::get() + 8;
			while Slot::get() < last {
				// The last slot may be one of 3, which the next block counts.
				block_without(&[3], true);
			}
			if Slot::get() > last {
				*expected.entry(author(Slot::get())).or_default() = {
					let (authored, missed) = expected[&author(Slot::get())];
					(authored + 1, missed)
				};
			}
			for (who, counts) in expected {
				assert_eq!(turn(who), counts, "{who}");
			}
			assert_eq!(turn(3).0, 0);
			assert!(turn(3).1 >= 2);
		},
	);
}

#[test]
fn an_outage_of_the_chain_counts_for_nobody() {
	joined(
		|_| {},
		|| {
			let missed = || (1..=4).map(|who| turn(who).1).sum::<u32>();
			// Three slots of a round of four are missed by their owners.
			Slot::set(Slot::get() + 3);
			next_block();
			assert_eq!(missed(), 3);
			Slot::set(Slot::get() + 4);
			next_block();
			assert_eq!(missed(), 3);
			Slot::set(Slot::get() + 1_000_000_000);
			next_block();
			assert_eq!(missed(), 3);
		},
	);
}

#[test]
fn a_candidate_that_misses_too_many_slots_is_dropped() {
	joined(
		|_| {},
		|| {
			session_without(&[3]);
			let removed = Event::CandidateRemoved { account: 3, reason: Removal::MissedSlots };
			assert!(events().contains(&removed));
			assert!(!Candidates::<Test>::contains_key(3));
			assert!(!ValidatorSet::status(&3).planned);
			run_to_session(4);
			assert!(!Session::validators().contains(&3));
			// It is not slashed, and may try again.
			assert_eq!(ValidatorSet::status(&3).stake, 3 * MIN_STAKE);
			assert_ok!(ValidatorSet::register(signed(3)));
		},
	);
}

#[test]
fn nobody_is_dropped_if_the_set_would_be_too_small() {
	joined(
		|limits| limits.min_validators = 3,
		|| {
			session_without(&[3, 4]);
			let dropped = events()
				.iter()
				.filter(|event| matches!(event, Event::CandidateRemoved { .. }))
				.count();
			assert_eq!(dropped, 1);
			assert_eq!(ValidatorSet::validators().len(), 4, "planned before");
			session_without(&[3, 4]);
			assert_eq!(Candidates::<Test>::count(), 2);
			run_to_session(5);
			assert_eq!(Session::validators().len(), 3);
		},
	);
}

#[test]
fn nobody_is_dropped_with_a_limit_of_all_slots() {
	joined(
		|limits| limits.max_missed = sp_runtime::Percent::one(),
		|| {
			session_without(&[2, 3]);
			assert_eq!(Candidates::<Test>::count(), 3);
		},
	);
}

#[test]
fn invulnerables_are_not_dropped() {
	joined(
		|_| {},
		|| {
			session_without(&[1]);
			assert!(Session::validators().contains(&1));
			run_to_session(6);
			assert!(Session::validators().contains(&1));
		},
	);
}

#[test]
fn each_session_counts_from_zero() {
	joined(
		|_| {},
		|| {
			session_without(&[3]);
			let counted: u32 =
				Turns::<Test>::get().iter().map(|turn| turn.authored + turn.missed).sum();
			assert_eq!(counted, 0, "the block that ends a session belongs to it");
		},
	);
}
