//! Newcomers that never author a block do not end finality.

use crate::{mock::*, plan::tolerated, Proven};
use frame_support::assert_ok;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Checks that those of the running set who are online can finalise blocks.
fn finality_goes_on(offline: &[AccountId]) {
	let set = Session::validators();
	let absent = set.iter().filter(|who| offline.contains(who)).count();
	assert!(
		absent <= tolerated(set.len()),
		"session {}: of {set:?}, {offline:?} are offline",
		Session::current_index(),
	);
}

#[test]
fn two_offline_candidates_join_four_validators_and_finality_goes_on() {
	let offline = [5, 6];
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		assert_eq!(limits().churn, 2);
		register(offline);
		let mut joined = BTreeSet::new();
		for _ in 0..20 {
			session_without(&offline);
			finality_goes_on(&offline);
			joined.extend(Session::validators());
			// They try again as soon as they may.
			for who in offline {
				let _ = ValidatorSet::register(signed(who));
			}
		}
		assert!(joined.contains(&6), "one at a time joins");
	});
}

#[test]
fn two_online_candidates_join_one_after_the_other() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		let full = || ValidatorSet::status(&5).newcomers_full;
		assert!(full(), "nobody is known to author");
		register([5, 6]);
		run_to_session(1);
		assert!(ValidatorSet::status(&6).planned);
		assert!(full(), "6 is chosen, and 5 waits for its first block");
		run_to_session(2);
		assert_eq!(Session::validators(), [1, 2, 3, 4, 6]);
		assert!(full());
		run_to_session(3);
		assert!(ValidatorSet::status(&5).planned);
		run_to_session(4);
		assert_eq!(Session::validators(), [1, 2, 3, 4, 6, 5]);
		run_to_session(5);
		assert!(!full(), "all have authored");
	});
}

#[test]
fn an_absent_invulnerable_counts_as_a_newcomer() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		// It authored in session 0, and then no more.
		run_to_session(1);
		assert!(Proven::<Test>::get().contains(&1));
		session_without(&[1]);
		assert!(!Proven::<Test>::get().contains(&1));
		register([6]);
		for _ in 0..6 {
			session_without(&[1]);
			assert_eq!(Session::validators(), [1, 2, 3, 4], "one of five may be offline");
		}
		// It is back.
		run_to_session(Session::current_index() + 3);
		assert_eq!(Session::validators(), [1, 2, 3, 4, 6]);
	});
}

#[test]
fn validators_that_are_replaced_stay_until_the_new_ones_run() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		run_to_session(1);
		assert_ok!(ValidatorSet::set_invulnerables(RuntimeOrigin::root(), vec![1, 2, 5, 6]));
		// Accounts 3 and 4 have 3 and 4 times the least stake.
		run_to_session(3);
		assert_eq!(Session::validators(), [1, 2, 5, 4]);
		for _ in 0..4 {
			session_without(&[5]);
			finality_goes_on(&[5]);
		}
		assert_eq!(Session::validators(), [1, 2, 5, 4], "5 does not run: 6 waits, and 4 stays");
		run_to_session(Session::current_index() + 5);
		assert_eq!(Session::validators(), [1, 2, 5, 6]);
	});
}

#[test]
fn validators_that_do_not_run_leave_at_once() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		run_to_session(1);
		session_without(&[3, 4]);
		assert_eq!(Proven::<Test>::get().into_inner(), [1, 2]);
		assert_ok!(ValidatorSet::set_invulnerables(RuntimeOrigin::root(), vec![1, 2]));
		session_without(&[3, 4]);
		session_without(&[3, 4]);
		assert_eq!(Session::validators(), [1, 2]);
	});
}

#[test]
fn who_comes_back_is_proven_anew() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		register([6]);
		run_to_session(3);
		assert_ok!(ValidatorSet::leave(signed(6)));
		run_to_session(6);
		assert_eq!(Session::validators(), [1, 2, 3, 4]);
		assert!(!Proven::<Test>::get().contains(&6));
	});
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

	/// Four or more invulnerables that run, and any candidates that join, leave and try again: as long as no
	/// candidate that has run stops, the set has enough validators online.
	#[test]
	fn offline_candidates_never_end_finality(
		invulnerables in 4..=8u64,
		churn in 1..=6u32,
		most in 0..=6u32,
		sessions in prop::collection::vec((prop::collection::vec(11..=17u64, 0..6), any::<bool>()), 8..30),
		offline in prop::collection::btree_set(11..=17u64, 0..=7),
	) {
		let offline: Vec<_> = offline.into_iter().collect();
		let ext = Ext {
			invulnerables: (1..=invulnerables).collect(),
			components: (11..=17).map(|owner| (owner, owner * MIN_STAKE)).collect(),
			keys: (11..=17).collect(),
			..Default::default()
		};
		ext.limits(|limits| {
			limits.churn = churn;
			limits.max_validators = invulnerables as u32 + most;
		})
		.run(|| {
			for (accounts, join) in sessions {
				for who in accounts {
					let _ = match join {
						true => ValidatorSet::register(signed(who)),
						false => ValidatorSet::leave(signed(who)),
					};
				}
				session_without(&offline);
				finality_goes_on(&offline);
			}
		});
	}
}
