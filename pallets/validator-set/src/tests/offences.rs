//! Slashes.

use crate::{mock::*, types::Removal, Barred, Candidates, Division, Event, Slashes};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use pallet_emission::Stake;
use pallet_session::DisabledValidators;
use sp_runtime::Perbill;

fn joined(ext: Ext, test: impl FnOnce()) {
	ext.run_with(2..=6, test);
}

#[test]
fn an_offence_costs_stake_candidacy_and_the_place() {
	joined(Ext::default(), || {
		let issued = Balances::total_issuance();
		report(5, 40);
		assert_eq!(Emission::staked(&5), 3 * MIN_STAKE);
		assert_eq!(Balances::total_issuance(), issued - 2 * MIN_STAKE, "it is burnt");
		let fraction = Perbill::from_percent(40);
		let slashed =
			Event::ValidatorSlashed { account: 5, session: 2, fraction, amount: 2 * MIN_STAKE };
		assert!(events().contains(&slashed));
		let removed = Event::CandidateRemoved { account: 5, reason: Removal::Slashed };
		assert!(events().contains(&removed));
		assert!(!Candidates::<Test>::contains_key(5));
		assert!(ValidatorSet::status(&5).disabled);
		run_to_session(4);
		assert!(!Session::validators().contains(&5));
	});
}

#[test]
fn a_slash_is_paid_if_genesis_says_so() {
	let mut ext = Ext::default();
	ext.division.slashed = Some(19);
	joined(ext, || {
		let (before, issued) = (Balances::balance(&19), Balances::total_issuance());
		report(6, 50);
		assert_eq!(Balances::balance(&19), before + 3 * MIN_STAKE);
		assert_eq!(Balances::total_issuance(), issued);
		assert_eq!(Division::<Test>::get().slashed, Some(19));
	});
}

#[test]
fn a_session_costs_the_largest_fraction_once() {
	joined(Ext::default(), || {
		report(5, 10);
		assert_eq!(Emission::staked(&5), 5 * MIN_STAKE * 9 / 10);
		report(5, 10);
		report(5, 5);
		assert_eq!(Emission::staked(&5), 5 * MIN_STAKE * 9 / 10);
		report(5, 30);
		assert_eq!(
			Emission::staked(&5),
			5 * MIN_STAKE * 7 / 10,
			"of the stake at the first report"
		);
		report(5, 100);
		assert_eq!(Emission::at_stake(&5), 0);
		// Another session counts for itself.
		report_of(1, 6, 10);
		report_of(2, 6, 10);
		assert_eq!(Emission::staked(&6), 6 * MIN_STAKE * 81 / 100);
	});
}

#[test]
fn what_is_unbonding_is_slashed() {
	joined(Ext::default(), || {
		assert_ok!(Emission::unstake(signed(6), 5 * MIN_STAKE));
		report(6, 50);
		assert_eq!(Emission::staked(&6), 0);
		assert_eq!(Emission::at_stake(&6), 3 * MIN_STAKE);
	});
}

#[test]
fn an_offence_can_be_punished_until_the_window_ends() {
	joined(Ext::default(), || {
		assert_ok!(ValidatorSet::leave(signed(6)));
		run_to_session(4);
		assert!(!Session::validators().contains(&6));
		assert_ok!(Emission::unstake(signed(6), 6 * MIN_STAKE));
		// Offences of session 3 are reported until session 5 ends.
		run_to_session(4 + REPORTS - 1);
		(1..SESSION).for_each(|_| next_block());
		assert_eq!(Session::current_index(), 3 + REPORTS);
		assert_noop!(
			Emission::withdraw_unbonded(signed(6)),
			pallet_emission::Error::<Test>::NothingUnlocked
		);
		report_of(3, 6, 100);
		assert_eq!(Emission::at_stake(&6), 0);
	});
}

#[test]
fn a_slashed_validator_is_disabled_in_each_session_that_it_still_serves() {
	joined(Ext::default(), || {
		// The set of session 3 is planned, and another one than that of session 2.
		assert_ok!(ValidatorSet::leave(signed(2)));
		run_to_session(3);
		report(5, 40);
		let index =
			|who| Session::validators().iter().position(|other| *other == who).unwrap() as u32;
		assert_eq!(Session::disabled_validators(), [index(5)]);
		run_to_session(4);
		assert!(!Session::validators().contains(&2), "the set changed");
		assert!(Session::validators().contains(&5), "it was planned before the report");
		assert_eq!(Session::disabled_validators(), [index(5)]);
		run_to_session(5);
		assert!(!Session::validators().contains(&5));
		assert!(DisabledValidators::<Test>::get().is_empty());
	});
}

#[test]
fn of_more_than_can_be_disabled_the_worst_is_and_from_the_next_session_the_last_in_the_set() {
	Ext { invulnerables: (1..=4).collect(), ..Default::default() }.run(|| {
		run_to_session(1);
		report(2, 56);
		report(3, 10);
		assert_eq!(Session::disabled_validators(), [1], "one of four, for the larger slash");
		run_to_session(2);
		assert_eq!(Session::disabled_validators(), [2]);
	});
}

#[test]
fn an_invulnerable_loses_stake_and_keeps_its_place() {
	let invulnerables = vec![1, 2];
	Ext { invulnerables, ..Default::default() }.run(|| {
		report(2, 50);
		assert_eq!(Emission::staked(&2), MIN_STAKE);
		run_to_session(4);
		assert_eq!(Session::validators(), [1, 2]);
	});
}

#[test]
fn slashes_are_forgotten_when_they_have_no_effect_any_more() {
	joined(Ext::default(), || {
		report(5, 10);
		run_to_session(2 + REPORTS);
		report_of(2, 6, 10);
		assert_eq!(Barred::<Test>::get(6), Some(2 + 2 * REPORTS));
		run_to_session(2 + 2 * REPORTS);
		assert_eq!(Slashes::<Test>::iter().count(), 2);
		run_to_session(3 + 2 * REPORTS);
		assert_eq!(Slashes::<Test>::iter().count(), 0);
		assert_eq!(Barred::<Test>::iter().count(), 0);
	});
}

/// Whether an account is disabled in the running session.
fn disabled(who: AccountId) -> bool {
	ValidatorSet::status(&who).disabled
}

#[test]
fn a_slashed_validator_that_stays_is_enabled_when_it_is_not_barred_any_more() {
	// Four validators: one can be disabled. An invulnerable stays, and so does a candidate that the set needs.
	let four = || Ext { invulnerables: (1..=4).collect(), ..Default::default() };
	four().run(|| {
		run_to_session(1);
		report(3, 40);
		assert_eq!(Session::disabled_validators(), [2]);
		for session in 1..=1 + REPORTS {
			run_to_session(session);
			assert!(disabled(3), "in session {session}");
		}
		run_to_session(2 + REPORTS);
		assert!(!disabled(3));
		assert!(DisabledValidators::<Test>::get().is_empty());
		// Another offence disables it again.
		report(3, 50);
		assert!(disabled(3));
	});
	let ext = Ext { invulnerables: vec![1, 2, 3], ..Default::default() };
	ext.limits(|limits| limits.min_validators = 4).run_with([4], || {
		report(4, 40);
		run_to_session(2 + REPORTS);
		assert!(Session::validators().contains(&4) && disabled(4));
		run_to_session(3 + REPORTS);
		assert!(Session::validators().contains(&4) && !disabled(4));
	});
}

#[test]
fn a_slashed_validator_is_not_enabled_before() {
	let ext = Ext { invulnerables: (1..=4).collect(), ..Default::default() };
	ext.run(|| {
		run_to_session(1);
		report(3, 40);
		run_to_session(2);
		// The bar is longer from the second report on.
		report_of(1, 3, 50);
		run_to_session(2 + REPORTS);
		assert!(disabled(3));
		run_to_session(3 + REPORTS);
		assert!(!disabled(3));
	});
}
