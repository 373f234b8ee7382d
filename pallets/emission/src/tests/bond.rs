//! Slashes, bonds, and the validators' part of the emission.

use crate::{mock::*, types::Phase, Error, Event, MintedTotal, Stake, Unbonding};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};

fn unbonding(who: AccountId) -> Vec<u64> {
	Unbonding::<Test>::get(who).iter().map(|chunk| chunk.amount).collect()
}

#[test]
fn a_slash_takes_stake_first_and_then_what_unbonds_newest_first() {
	Ext::with(3).run(|| {
		assert_ok!(Emission::stake(signed(3), 5_000));
		assert_ok!(Emission::unstake(signed(3), 2_000));
		(0..EPOCH).for_each(|_| next_block());
		assert_ok!(Emission::unstake(signed(3), 3_000));
		assert_eq!((Emission::staked(&3), unbonding(3)), (3_000, vec![2_000, 3_000]));
		assert_eq!(Emission::at_stake(&3), 8_000);
		let (issued, surplus) = (Balances::total_issuance(), Emission::surplus());

		assert_eq!(Emission::slash(&3, 1_000, None), 1_000);
		System::assert_last_event(
			pallet_balances::Event::Burned { who: Emission::pot(), amount: 1_000 }.into(),
		);
		assert!(events().contains(&Event::StakeSlashed { account: 3, amount: 1_000 }));
		assert_eq!((Emission::staked(&3), unbonding(3)), (2_000, vec![2_000, 3_000]));

		assert_eq!(Emission::slash(&3, 4_000, None), 4_000);
		assert_eq!((Emission::staked(&3), unbonding(3)), (0, vec![2_000, 1_000]));

		assert_eq!(Emission::slash(&3, u64::MAX, None), 3_000, "no more than there is");
		assert_eq!((Emission::at_stake(&3), unbonding(3)), (0, vec![]));
		assert_eq!(Balances::total_issuance(), issued - 8_000);
		assert_eq!(Emission::surplus(), surplus);
		assert_eq!(Emission::slash(&3, 1, None), 0, "nothing is left");
		accept_issuance();
	});
}

#[test]
fn nothing_is_withdrawn_while_no_offence_can_be_reported() {
	Ext::with(4).run(|| {
		assert_ok!(Emission::unstake(signed(4), 1_000));
		(0..4 * EPOCH).for_each(|_| next_block());
		Halted::set(true);
		assert_noop!(Emission::withdraw_unbonded(signed(4)), Error::<Test>::StakeBonded);
		Halted::set(false);
		assert_ok!(Emission::withdraw_unbonded(signed(4)));
	});
}

#[test]
fn a_slash_is_paid_to_an_account_or_burnt_if_the_account_cannot_take_it() {
	Ext::with(2).run(|| {
		let (before, issued) = (Balances::free_balance(9), Balances::total_issuance());
		assert_eq!(Emission::slash(&2, 700, Some(&9)), 700);
		assert_eq!(Balances::free_balance(9), before + 700);
		assert_eq!(Balances::total_issuance(), issued);
		// Account 77 does not exist, and the existential deposit is 10.
		assert_eq!(Emission::slash(&2, ED - 1, Some(&77)), ED - 1);
		assert_eq!(Balances::free_balance(77), 0);
		assert_eq!(Balances::total_issuance(), issued - (ED - 1));
		accept_issuance();
	});
}

#[test]
fn what_has_finished_unbonding_is_not_at_stake() {
	Ext::with(2).run(|| {
		assert_ok!(Emission::unstake(signed(2), 1_000));
		(0..4 * EPOCH).for_each(|_| next_block());
		assert_eq!((Emission::at_stake(&2), unbonding(2)), (1_000, vec![1_000]));
		assert_eq!(Emission::slash(&2, 2_000, None), 1_000);
		accept_issuance();
		assert_ok!(Emission::withdraw_unbonded(signed(2)));
	});
}

#[test]
fn the_last_slashed_chunk_lets_the_account_go() {
	Ext::with(1).run(|| {
		assert_ok!(Emission::deregister(signed(1)));
		(0..2 * EPOCH).for_each(|_| next_block());
		assert_eq!((Emission::component_of(&1), unbonding(1)), (None, vec![1_000]));
		assert_eq!(System::consumers(&1), 1);
		assert_eq!(Emission::slash(&1, 1_000, None), 1_000);
		assert_eq!(System::consumers(&1), 0);
		accept_issuance();
	});
}

#[test]
fn only_the_owner_has_a_bond() {
	Ext::with(1).run(|| {
		serve(1, 30);
		assert_eq!((Emission::staked(&30), Emission::at_stake(&30)), (0, 0));
		assert_eq!(Emission::slash(&30, 500, None), 0);
		assert_eq!(Emission::staked(&1), 1_000);
	});
}

#[test]
fn a_slash_during_a_solve_leaves_the_payout_to_the_stake_before() {
	// The checker compares the payout with the contribution crate, from the stakes at `Begin`.
	Ext::with(40).service(LEAST_SERVICE).run(|| {
		(1..=40).for_each(|owner| post(owner, &[((owner % 40) as u32, 50_000)]));
		run_to_phase(Phase::Sweep);
		let before = payouts();
		assert_eq!(Emission::slash(&40, 40_000, None), 40_000);
		accept_issuance();
		assert_eq!(Emission::staked(&40), 0);
		while payouts() == before {
			next_block();
		}
		let payout = contributions()[39];
		assert!(payout > 0, "it was a source when the solve began");
		assert_eq!(Emission::staked(&40), payout, "the payout is the stake that is left");
	});
}

#[test]
fn bonded_stake_stays() {
	Ext::with(3).run(|| {
		Bonded::set(vec![(3, 2_000)]);
		assert_noop!(Emission::unstake(signed(3), 1_001), Error::<Test>::StakeBonded);
		assert_noop!(Emission::unstake(signed(3), 3_000), Error::<Test>::StakeBonded);
		assert_noop!(Emission::deregister(signed(3)), Error::<Test>::StakeBonded);
		assert_ok!(Emission::unstake(signed(3), 1_000));
		Bonded::set(vec![]);
		assert_ok!(Emission::deregister(signed(3)));
	});
}

#[test]
fn a_bonded_component_is_not_handed_over() {
	Ext::with(3).run(|| {
		assert_ok!(Emission::offer_component(signed(3), Some(20)));
		Bonded::set(vec![(3, 0)]);
		assert_noop!(Emission::accept_component(signed(20), 3), Error::<Test>::ComponentBonded);
		assert_noop!(
			Emission::offer_component(signed(3), Some(21)),
			Error::<Test>::ComponentBonded
		);
		assert_ok!(Emission::offer_component(signed(3), None));
		Bonded::set(vec![]);
		assert_ok!(Emission::offer_component(signed(3), Some(20)));
		assert_ok!(Emission::accept_component(signed(20), 3));
	});
}

#[test]
#[should_panic(expected = "unbondingBlocks is 20; it must be at least 21")]
fn unbonding_outlasts_the_reports() {
	ReportWindow::set(21);
	Ext::default().build();
}

#[test]
fn the_validators_part_is_minted_to_them_and_the_total_is_as_scheduled() {
	Ext::with(2).run(|| {
		ValidatorPart::set(30);
		post(1, &[]);
		post(2, &[]);
		pay_epoch();
		let (minted, before) = (MintedTotal::<Test>::get(), Balances::balance(&VALIDATOR));
		let since = Emission::epoch_status().started;
		pay_epoch();
		let blocks = Emission::epoch_status().started - since;
		let total = MintedTotal::<Test>::get() - minted;
		assert_eq!(total, SIGMA * blocks);
		assert_eq!(Balances::balance(&VALIDATOR) - before, total * 30 / 100);
		let last = Emission::epoch_status().last.unwrap();
		assert_eq!(last.minted, total - total * 30 / 100);
		assert_eq!(contributions().iter().sum::<u64>(), last.minted);
	});
}

#[test]
fn validators_get_nothing_of_an_epoch_that_pays_nothing() {
	Ext::with(2).run(|| {
		ValidatorPart::set(100);
		let before = Balances::balance(&VALIDATOR);
		pay_epoch();
		assert_eq!(Balances::balance(&VALIDATOR), before);
		assert_eq!(MintedTotal::<Test>::get(), 0);
	});
}
