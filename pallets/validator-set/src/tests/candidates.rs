//! `register`, `leave`, `purge_keys`.

use crate::{mock::*, types::Removal, Candidates, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::testing::UintAuthorityId;

#[test]
fn a_candidate_validates_from_the_session_after_the_next() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(4)));
		System::assert_last_event(
			Event::CandidateRegistered { account: 4, stake: 4 * MIN_STAKE }.into(),
		);
		let status = ValidatorSet::status(&4);
		assert!(status.keys && status.candidate && !status.validator && !status.planned);
		assert_eq!((status.stake, status.min_stake), (4 * MIN_STAKE, MIN_STAKE));
		assert_eq!((status.session, status.next_session), (0, u64::from(SESSION)));
		run_to_session(1);
		assert_eq!(System::block_number(), u64::from(SESSION));
		let planned = Event::ValidatorsPlanned { session: 2, joined: vec![4], left: vec![] };
		assert!(events().contains(&planned));
		assert!(ValidatorSet::status(&4).planned);
		assert_eq!(Session::validators(), [1]);
		run_to_session(2);
		assert_eq!(Session::validators(), [1, 4]);
		let status = ValidatorSet::status(&4);
		assert!(status.validator && status.planned);
		assert_eq!(status.bound_until, Some(3));
	});
}

#[test]
fn register_needs_keys() {
	Ext::default().run(|| {
		assert_ok!(Emission::register(signed(9), None, None));
		assert_ok!(Emission::stake(signed(9), MIN_STAKE));
		assert_noop!(ValidatorSet::register(signed(9)), Error::<Test>::NoKeys);
		assert_ok!(Session::set_keys(signed(9), UintAuthorityId(9), vec![]));
		assert_ok!(ValidatorSet::register(signed(9)));
	});
}

#[test]
fn register_needs_stake() {
	Ext::default().run(|| {
		assert_ok!(Session::set_keys(signed(9), UintAuthorityId(9), vec![]));
		assert_noop!(ValidatorSet::register(signed(9)), Error::<Test>::StakeBelowMinimum);
		assert_ok!(Emission::register(signed(9), None, None));
		assert_ok!(Emission::stake(signed(9), MIN_STAKE - 1));
		assert_noop!(ValidatorSet::register(signed(9)), Error::<Test>::StakeBelowMinimum);
		assert_ok!(Emission::stake(signed(9), 1));
		assert_ok!(ValidatorSet::register(signed(9)));
	});
}

#[test]
fn the_emissions_minimum_holds_for_candidates_too() {
	Ext::default().limits(|limits| limits.min_stake = 0).run(|| {
		assert_ok!(Session::set_keys(signed(9), UintAuthorityId(9), vec![]));
		assert_noop!(ValidatorSet::register(signed(9)), Error::<Test>::StakeBelowMinimum);
		assert_eq!(ValidatorSet::status(&9).min_stake, UNIT);
	});
}

#[test]
fn an_account_registers_once() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(2)));
		assert_noop!(ValidatorSet::register(signed(2)), Error::<Test>::AlreadyCandidate);
		assert_noop!(ValidatorSet::register(signed(1)), Error::<Test>::Invulnerable);
	});
}

#[test]
fn a_slashed_account_waits() {
	Ext::default().run(|| {
		assert_ok!(ValidatorSet::register(signed(5)));
		run_to_session(2);
		report(5, 10);
		assert_noop!(ValidatorSet::register(signed(5)), Error::<Test>::Slashed);
		assert_eq!(ValidatorSet::status(&5).barred_until, Some(2 + REPORTS));
		run_to_session(2 + REPORTS);
		assert_noop!(ValidatorSet::register(signed(5)), Error::<Test>::Slashed);
		run_to_session(3 + REPORTS);
		assert_eq!(ValidatorSet::status(&5).barred_until, None);
		assert_ok!(ValidatorSet::register(signed(5)));
	});
}

#[test]
fn a_full_list_takes_an_account_with_more_stake() {
	Ext::default().run(|| {
		register(2..=6);
		(7..=11).for_each(|who| {
			equip(who, MIN_STAKE + who);
			assert_ok!(ValidatorSet::register(signed(who)));
		});
		assert_eq!(Candidates::<Test>::count(), 10);
		equip(12, MIN_STAKE + 7);
		assert_noop!(ValidatorSet::register(signed(12)), Error::<Test>::CandidatesFull);
		assert_ok!(Emission::stake(signed(12), 1));
		assert_ok!(ValidatorSet::register(signed(12)));
		let removed = Event::CandidateRemoved { account: 7, reason: Removal::Outbid };
		assert!(events().contains(&removed));
		assert_eq!(Candidates::<Test>::count(), 10);
	});
}

#[test]
fn a_candidate_that_validates_keeps_its_place_in_a_full_list() {
	Ext::default().run_with(2..=6, || {
		equip(7, MIN_STAKE);
		register([7]);
		run_to_session(3);
		// Six are the most: 7 is not chosen, with the least stake.
		assert!(!ValidatorSet::status(&7).planned);
		(8..=11).for_each(|who| {
			equip(who, MIN_STAKE + who);
			assert_ok!(ValidatorSet::register(signed(who)));
		});
		// Now 2 has the least stake of all.
		assert_ok!(Emission::unstake(signed(2), MIN_STAKE));
		equip(12, 2 * MIN_STAKE);
		assert_ok!(ValidatorSet::register(signed(12)));
		let removed = Event::CandidateRemoved { account: 7, reason: Removal::Outbid };
		assert!(events().contains(&removed));
		assert!(Candidates::<Test>::contains_key(2));
	});
}

#[test]
fn only_a_candidate_leaves() {
	Ext::default().run(|| {
		assert_noop!(ValidatorSet::leave(signed(2)), Error::<Test>::NotCandidate);
		assert_ok!(ValidatorSet::register(signed(2)));
		assert_ok!(ValidatorSet::leave(signed(2)));
		System::assert_last_event(Event::CandidateLeft { account: 2 }.into());
		assert_noop!(ValidatorSet::leave(signed(2)), Error::<Test>::NotCandidate);
		run_to_session(2);
		assert_eq!(Session::validators(), [1], "it was never chosen");
	});
}

#[test]
fn keys_have_a_deposit_and_stay_while_they_are_used() {
	Ext::default().run(|| {
		let before = Balances::free_balance(9);
		assert_ok!(Session::set_keys(signed(9), UintAuthorityId(9), vec![]));
		assert_eq!(Balances::free_balance(9), before - KEY_DEPOSIT);
		assert_ok!(Emission::register(signed(9), None, None));
		assert_ok!(Emission::stake(signed(9), MIN_STAKE));
		assert_ok!(ValidatorSet::register(signed(9)));
		assert_noop!(ValidatorSet::purge_keys(signed(9)), Error::<Test>::StillValidator);
		run_to_session(2);
		assert_ok!(ValidatorSet::leave(signed(9)));
		assert_noop!(ValidatorSet::purge_keys(signed(9)), Error::<Test>::StillValidator);
		run_to_session(4);
		assert_eq!(Session::validators(), [1]);
		let before = Balances::free_balance(9);
		assert_ok!(ValidatorSet::purge_keys(signed(9)));
		assert_eq!(Balances::free_balance(9), before + KEY_DEPOSIT);
		assert_noop!(ValidatorSet::purge_keys(signed(9)), pallet_session::Error::<Test>::NoKeys);
		assert_noop!(ValidatorSet::purge_keys(signed(1)), Error::<Test>::StillValidator);
	});
}

#[test]
fn candidates_are_listed_by_stake() {
	Ext::default().run(|| {
		register(2..=4);
		let listed = ValidatorSet::candidates();
		let accounts: Vec<_> = listed.iter().map(|info| info.account).collect();
		assert_eq!(accounts, [4, 3, 2]);
		assert!(listed.iter().all(|info| info.eligible && !info.validator && info.since == 0));
	});
}
