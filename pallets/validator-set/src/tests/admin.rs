//! `set_invulnerables` and `set_limits`.

use crate::{mock::*, Error, Event, Invulnerables, Limits, ValidatorLimits};
use codec::Decode;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError::BadOrigin, Percent};

#[test]
fn governance_sets_invulnerables() {
	Ext::default().run(|| {
		assert_noop!(ValidatorSet::set_invulnerables(signed(1), vec![2]), BadOrigin);
		let root = RuntimeOrigin::root;
		assert_ok!(ValidatorSet::set_invulnerables(root(), vec![2, 3]));
		System::assert_last_event(Event::InvulnerablesSet { accounts: vec![2, 3] }.into());
		// One joins after the other, as neither is known to run.
		run_to_session(2);
		assert_eq!(Session::validators(), [2, 1]);
		run_to_session(6);
		assert_eq!(Session::validators(), [2, 3]);
	});
}

#[test]
fn invulnerables_have_keys_are_distinct_and_have_places() {
	Ext::default().run(|| {
		let set = |accounts| ValidatorSet::set_invulnerables(RuntimeOrigin::root(), accounts);
		assert_noop!(set(vec![2, 9]), Error::<Test>::NoKeys);
		assert_noop!(set(vec![2, 2]), Error::<Test>::DuplicateInvulnerable);
		assert_noop!(set((1..=7).collect()), Error::<Test>::TooManyInvulnerables);
		assert_ok!(set((1..=6).collect()));
		assert_ok!(set(vec![]));
		assert!(Invulnerables::<Test>::get().is_empty());
		run_to_session(3);
		assert_eq!(Session::validators().len(), 1, "not below the minimum");
	});
}

#[test]
fn governance_sets_limits_within_the_bounds() {
	Ext { invulnerables: vec![1, 2], ..Default::default() }.run(|| {
		let set = |limits| ValidatorSet::set_limits(RuntimeOrigin::root(), limits);
		assert_noop!(ValidatorSet::set_limits(signed(1), limits()), BadOrigin);
		let wrong: [fn(&mut ValidatorLimits); 7] = [
			|limits| limits.min_validators = 0,
			|limits| limits.min_validators = limits.max_validators + 1,
			|limits| limits.max_validators = 33,
			|limits| limits.max_validators = 1,
			|limits| limits.churn = 0,
			|limits| limits.churn = 11,
			|limits| limits.min_stake = MOST_STAKE + 1,
		];
		for change in wrong {
			let mut limits = limits();
			change(&mut limits);
			assert_noop!(set(limits), Error::<Test>::LimitsOutOfRange);
		}
		// A part of more than 100 % does not decode.
		assert!(Percent::decode(&mut &[101u8][..]).is_err());
		let right =
			ValidatorLimits { max_validators: 32, churn: 10, min_stake: MOST_STAKE, ..limits() };
		assert_ok!(set(right));
		System::assert_last_event(Event::LimitsSet { limits: right }.into());
		assert_eq!(Limits::<Test>::get(), right);
	});
}

#[test]
fn a_lowered_maximum_takes_effect_within_the_churn() {
	Ext::default().run_with(2..=6, || {
		let limits = ValidatorLimits { max_validators: 2, churn: 2, ..limits() };
		assert_ok!(ValidatorSet::set_limits(RuntimeOrigin::root(), limits));
		run_to_session(4);
		assert_eq!(Session::validators().len(), 4);
		run_to_session(5);
		assert_eq!(Session::validators(), [1, 6]);
	});
}

#[test]
fn the_constants_fit() {
	use frame_support::traits::Hooks;
	Ext::default().build().execute_with(ValidatorSet::integrity_test);
}
