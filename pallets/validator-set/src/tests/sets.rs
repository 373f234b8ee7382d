//! Who is chosen.

use crate::{mock::*, Event};
use frame_support::assert_ok;

fn set() -> Vec<AccountId> {
	let mut set = Session::validators();
	set.sort();
	set
}

#[test]
fn the_largest_stakes_fill_the_places_within_the_churn() {
	Ext::default().limits(|limits| limits.max_validators = 4).run(|| {
		register(2..=6);
		run_to_session(2);
		assert_eq!(set(), [1, 6]);
		run_to_session(4);
		assert_eq!(set(), [1, 5, 6]);
		run_to_session(6);
		assert_eq!(set(), [1, 4, 5, 6]);
		run_to_session(9);
		assert_eq!(set(), [1, 4, 5, 6], "there are four places");
		// More stake takes the place of the least.
		assert_ok!(Emission::stake(signed(2), 3 * MIN_STAKE));
		run_to_session(11);
		assert_eq!(set(), [1, 2, 5, 6]);
	});
}

#[test]
fn at_most_the_churn_joins() {
	// Seven invulnerables tolerate two that are offline.
	let ext = Ext { invulnerables: (7..=13).collect(), ..Default::default() };
	let joined = |churn| {
		move |limits: &mut crate::ValidatorLimits| {
			(limits.churn, limits.max_validators) = (churn, 12);
		}
	};
	ext.limits(joined(1)).run(|| {
		register(2..=6);
		for session in [2, 3] {
			run_to_session(session);
			assert_eq!(set().len() as u32, 6 + session);
		}
	});
	let ext = Ext { invulnerables: (7..=13).collect(), ..Default::default() };
	ext.limits(joined(5)).run(|| {
		register(2..=6);
		run_to_session(2);
		// Of ten, three may be unproven; of eleven no more.
		assert_eq!(set(), (4..=13).collect::<Vec<_>>());
		run_to_session(3);
		assert_eq!(set().len(), 10);
		run_to_session(4);
		assert_eq!(set().len(), 12);
	});
}

#[test]
fn of_equal_stakes_the_earlier_candidate_is_chosen() {
	let components = (2..=4).map(|owner| (owner, 2 * MIN_STAKE)).collect();
	Ext { components, ..Default::default() }.limits(|limits| limits.max_validators = 2).run(|| {
		register([3]);
		run_to_session(1);
		register([2, 4]);
		run_to_session(4);
		assert_eq!(set(), [1, 3]);
	});
}

#[test]
fn a_set_that_stays_is_not_planned_again() {
	Ext::default().run(|| {
		register([2]);
		run_to_session(3);
		assert!(!pallet_session::QueuedChanged::<Test>::get());
		run_to_session(4);
		assert!(!pallet_session::QueuedChanged::<Test>::get());
		// Other keys of a validator change the set.
		assert_ok!(Session::set_keys(signed(2), sp_runtime::testing::UintAuthorityId(22), vec![]));
		run_to_session(5);
		assert!(pallet_session::QueuedChanged::<Test>::get());
		run_to_session(6);
		assert!(!pallet_session::QueuedChanged::<Test>::get());
	});
}

#[test]
fn at_most_the_churn_leaves() {
	Ext::default().run_with(2..=6, || {
		assert_ok!(ValidatorSet::set_limits(
			RuntimeOrigin::root(),
			crate::ValidatorLimits { churn: 1, ..limits() }
		));
		for who in 2..=6 {
			assert_ok!(ValidatorSet::leave(signed(who)));
		}
		run_to_session(4);
		// The smallest stakes leave first, one per session.
		assert_eq!(set(), [1, 3, 4, 5, 6]);
		run_to_session(5);
		assert_eq!(set(), [1, 4, 5, 6]);
		run_to_session(8);
		assert_eq!(set(), [1]);
	});
}

#[test]
fn the_set_is_never_below_the_minimum() {
	Ext::default().limits(|limits| limits.min_validators = 3).run_with(2..=4, || {
		for who in 2..=4 {
			assert_ok!(ValidatorSet::leave(signed(who)));
		}
		run_to_session(6);
		assert_eq!(set(), [1, 3, 4], "the largest stakes stay");
		// They are replaced one after the other, and stay until the new one runs.
		register([2, 5]);
		run_to_session(8);
		assert_eq!(set(), [1, 3, 4, 5]);
		run_to_session(10);
		assert_eq!(set(), [1, 2, 4, 5]);
		run_to_session(12);
		assert_eq!(set(), [1, 2, 5]);
	});
}

#[test]
fn slashed_validators_leave_at_once_whatever_the_churn() {
	Ext::default().run_with(2..=6, || {
		assert_ok!(ValidatorSet::set_limits(
			RuntimeOrigin::root(),
			crate::ValidatorLimits { churn: 1, ..limits() }
		));
		(4..=6).for_each(|who| report(who, 30));
		run_to_session(4);
		assert_eq!(set(), [1, 2, 3]);
	});
}

#[test]
fn a_slashed_validator_stays_if_nobody_else_is_there() {
	Ext::default().limits(|limits| limits.min_validators = 2).run(|| {
		register([2]);
		run_to_session(2);
		report(2, 100);
		run_to_session(4);
		assert_eq!(set(), [1, 2]);
		register([3]);
		run_to_session(6);
		assert_eq!(set(), [1, 2, 3], "until 3 runs");
		run_to_session(8);
		assert_eq!(set(), [1, 3]);
	});
}

#[test]
fn too_few_validators_are_an_event() {
	Ext::default().limits(|limits| limits.min_validators = 2).run(|| {
		run_to_session(1);
		assert!(events().contains(&Event::TooFewValidators { session: 2, found: 1, wanted: 2 }));
	});
}

#[test]
fn stake_below_a_raised_minimum_is_not_chosen() {
	Ext::default().run_with([2, 6], || {
		let limits = crate::ValidatorLimits { min_stake: 3 * MIN_STAKE, ..limits() };
		assert_ok!(ValidatorSet::set_limits(RuntimeOrigin::root(), limits));
		run_to_session(4);
		assert_eq!(set(), [1, 6]);
		assert!(!ValidatorSet::candidates()[1].eligible);
	});
}
