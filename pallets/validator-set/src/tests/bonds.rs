//! The stake of a candidate or validator stays.

use crate::mock::*;
use frame_support::{assert_noop, assert_ok};
use pallet_emission::Error;

#[test]
fn a_candidate_keeps_the_minimum() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(5)));
		let bonded = Error::<Test>::StakeBonded;
		assert_noop!(Emission::unstake(signed(5), 5 * MIN_STAKE), bonded);
		assert_noop!(Emission::unstake(signed(5), 4 * MIN_STAKE + 1), Error::<Test>::StakeBonded);
		assert_noop!(Emission::deregister(signed(5)), Error::<Test>::StakeBonded);
		assert_ok!(Emission::unstake(signed(5), 4 * MIN_STAKE));
		assert_ok!(ValidatorSet::leave(signed(5)));
		assert_ok!(Emission::unstake(signed(5), MIN_STAKE));
	});
}

#[test]
fn a_validator_that_left_keeps_it_until_its_last_session_ends() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(5)));
		run_to_session(2);
		assert_ok!(ValidatorSet::leave(signed(5)));
		assert_eq!(ValidatorSet::status(&5).bound_until, Some(3));
		let all = 5 * MIN_STAKE;
		run_to_session(3);
		(1..SESSION).for_each(|_| next_block());
		assert_noop!(Emission::unstake(signed(5), all), Error::<Test>::StakeBonded);
		run_to_session(4);
		assert_ok!(Emission::unstake(signed(5), all));
	});
}

#[test]
fn a_component_is_not_handed_over_while_an_offence_can_be_reported() {
	Ext::default().run(|| {
		assert_ok!(Emission::offer_component(signed(5), Some(15)));
		assert_ok!(ValidatorSet::register(signed(5)));
		let bonded = Error::<Test>::ComponentBonded;
		assert_noop!(Emission::accept_component(signed(15), 5), bonded);
		run_to_session(2);
		assert_ok!(ValidatorSet::leave(signed(5)));
		run_to_session(3 + REPORTS);
		assert_noop!(Emission::accept_component(signed(15), 5), Error::<Test>::ComponentBonded);
		run_to_session(4 + REPORTS);
		assert_eq!(ValidatorSet::status(&5).bound_until, None);
		assert_ok!(Emission::accept_component(signed(15), 5));
	});
}

#[test]
fn a_candidate_that_was_never_chosen_is_free_at_once() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(5)));
		assert_ok!(ValidatorSet::leave(signed(5)));
		assert_ok!(Emission::offer_component(signed(5), Some(15)));
		assert_ok!(Emission::accept_component(signed(15), 5));
	});
}

#[test]
fn an_invulnerable_has_no_bond() {
	Ext { invulnerables: vec![2], ..Default::default() }.run(|| {
		assert_ok!(Emission::unstake(signed(2), 2 * MIN_STAKE));
		// What unbonds can be slashed, but not what somebody else has.
		assert_noop!(
			Emission::offer_component(signed(2), Some(15)),
			Error::<Test>::ComponentBonded
		);
		assert_ok!(Emission::deregister(signed(2)));
	});
}

#[test]
fn an_invulnerable_that_becomes_a_candidate_has_one() {
	Ext { invulnerables: vec![1, 2], ..Default::default() }.run(|| {
		assert_ok!(ValidatorSet::set_invulnerables(RuntimeOrigin::root(), vec![1]));
		assert_ok!(ValidatorSet::register(signed(2)));
		assert_noop!(Emission::unstake(signed(2), 2 * MIN_STAKE), Error::<Test>::StakeBonded);
	});
}
