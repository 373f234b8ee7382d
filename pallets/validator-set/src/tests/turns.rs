//! Authored and missed slots.

use crate::{mock::*, types::Removal, Absent, Candidates, Error, Event, Turns};
use frame_support::{assert_noop, assert_ok};

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
			// It is not slashed. It authored before, so it may try again at once.
			assert_eq!(ValidatorSet::status(&3).stake, 3 * MIN_STAKE);
			assert_ok!(ValidatorSet::register(signed(3)));
		},
	);
}

/// Four invulnerables, and a newcomer, account 5, whose node does not run: up to the end of session 2, its
/// first. `then` is what it does in that session.
fn idle_newcomer(then: impl FnOnce(), test: impl FnOnce()) {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		register([5]);
		run_to_session(2);
		assert!(Session::validators().contains(&5));
		then();
		session_without(&[5]);
		assert!(!Candidates::<Test>::contains_key(5));
		test();
	});
}

#[test]
fn a_newcomer_that_never_authored_waits_before_it_registers_again() {
	idle_newcomer(
		|| (),
		|| {
			// It was chosen for session 3 before.
			let last = 3 + REPORTS;
			for session in 3..=last {
				assert_eq!(Session::current_index(), session);
				assert_eq!(ValidatorSet::status(&5).absent_until, Some(last));
				assert_noop!(ValidatorSet::register(signed(5)), Error::<Test>::Absent);
				session_without(&[5]);
			}
			assert!(!Session::validators().contains(&5));
			assert_eq!(ValidatorSet::status(&5).absent_until, None);
			assert_eq!(ValidatorSet::status(&5).stake, 5 * MIN_STAKE, "it lost no stake");
			assert_eq!(Absent::<Test>::iter().count(), 0, "it is forgotten");
			register([5]);
		},
	);
}

#[test]
fn leaving_in_time_is_no_way_around_the_wait() {
	let leave = || {
		assert_ok!(ValidatorSet::leave(signed(5)));
		assert_noop!(ValidatorSet::register(signed(5)), Error::<Test>::Absent);
	};
	idle_newcomer(leave, || {
		assert_noop!(ValidatorSet::register(signed(5)), Error::<Test>::Absent);
	});
	// When it is chosen, and has not served yet.
	Ext::default().run(|| {
		register([5]);
		run_to_session(1);
		leave();
		assert_eq!(ValidatorSet::status(&5).absent_until, Some(2 + REPORTS));
	});
	// One that was not chosen took no place, and waits for nothing.
	Ext::default().run(|| {
		register([5]);
		assert_ok!(ValidatorSet::leave(signed(5)));
		register([5]);
	});
}

#[test]
fn who_authors_after_all_does_not_wait() {
	idle_newcomer(
		|| (),
		|| {
			run_to_session(4);
			assert!(!Session::validators().contains(&5));
			assert_eq!(ValidatorSet::status(&5).absent_until, None);
			register([5]);
		},
	);
	// It has a block of this session when it leaves.
	Ext::default().run_with([4], || {
		register([5]);
		run_to_session(4);
		while turn(5).0 == 0 {
			next_block();
		}
		assert_ok!(ValidatorSet::leave(signed(5)));
		register([5]);
	});
}

#[test]
fn a_candidate_that_authored_before_may_register_at_once() {
	joined(
		|_| {},
		|| {
			register([6]);
			run_to_session(5);
			session_without(&[6]);
			assert!(!Candidates::<Test>::contains_key(6));
			assert_eq!(ValidatorSet::status(&6).absent_until, None);
			register([6]);
		},
	);
}

#[test]
fn a_candidate_whose_node_never_runs_holds_a_place_for_a_part_of_the_time() {
	// Whatever an owner does whose node never runs: it registers as soon as it can, and may leave first.
	for leaves in [false, true] {
		Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
			let mut served = 0;
			for _ in 0..10 * (REPORTS + 4) {
				let _ = ValidatorSet::register(signed(5));
				if leaves && Session::validators().contains(&5) {
					let _ = ValidatorSet::leave(signed(5));
				}
				session_without(&[5]);
				served += u32::from(Session::validators().contains(&5));
			}
			// Two sessions, the wait, and two until it is chosen again.
			assert!((10..=20).contains(&served), "{served} of {} sessions", 10 * (REPORTS + 4));
		});
	}
}

#[test]
fn an_invulnerable_and_a_validator_that_the_set_needs_do_not_wait() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		let all = vec![1, 2, 3, 4, 5];
		assert_ok!(ValidatorSet::set_invulnerables(RuntimeOrigin::root(), all));
		run_to_session(2);
		session_without(&[5]);
		assert_eq!(Absent::<Test>::iter().count(), 0);
	});
	let ext = Ext { invulnerables: (1..=4).collect(), ..Default::default() };
	ext.limits(|limits| limits.min_validators = 5).run(|| {
		register([5]);
		run_to_session(2);
		session_without(&[5]);
		assert!(Candidates::<Test>::contains_key(5));
		assert_eq!(Absent::<Test>::iter().count(), 0);
	});
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
