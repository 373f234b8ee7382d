//! `stake`, `unstake`, `withdraw_unbonded`.

use crate::{mock::*, types::MAX_UNBONDING_CHUNKS, Epoch, Error, Event, Unbonding};
use frame_support::{assert_noop, assert_ok};

#[test]
fn stake_moves_coins_into_the_pot() {
	Ext::with(1).run(|| {
		let (free, pot) = (Balances::free_balance(1), Balances::free_balance(Emission::pot()));
		assert_ok!(Emission::stake(signed(1), 2_500));
		System::assert_last_event(Event::Staked { uid: 0, amount: 2_500, stake: 3_500 }.into());
		assert_eq!(stakes(), [3_500]);
		assert_eq!(Balances::free_balance(1), free - 2_500);
		assert_eq!(Balances::free_balance(Emission::pot()), pot + 2_500);
	});
}

#[test]
fn stake_has_a_minimum() {
	Ext::default().run(|| {
		assert_ok!(Emission::register(signed(1), None, None));
		assert_noop!(Emission::stake(signed(1), 0), Error::<Test>::ZeroAmount);
		assert_noop!(Emission::stake(signed(1), MIN_STAKE - 1), Error::<Test>::StakeBelowMinimum);
		assert_ok!(Emission::stake(signed(1), MIN_STAKE));
		// The sum counts.
		assert_ok!(Emission::stake(signed(1), 1));
	});
}

#[test]
fn staking_leaves_the_existential_deposit() {
	Ext::default().run(|| {
		assert_ok!(Balances::transfer_allow_death(signed(1), 99, 5_000));
		assert_ok!(Emission::register(signed(99), None, None));
		let free = 5_000 - DEPOSIT;
		for amount in [free - ED + 1, free, u64::MAX] {
			assert_noop!(Emission::stake(signed(99), amount), Error::<Test>::NotEnoughBalance);
		}
		assert_ok!(Emission::stake(signed(99), free - ED));
		assert_eq!(Balances::free_balance(99), ED);
	});
}

#[test]
fn unstake_leaves_nothing_or_the_minimum() {
	Ext::with(3).run(|| {
		assert_noop!(Emission::unstake(signed(3), 0), Error::<Test>::ZeroAmount);
		assert_noop!(Emission::unstake(signed(3), 3_001), Error::<Test>::NotEnoughStake);
		assert_noop!(Emission::unstake(signed(3), 2_001), Error::<Test>::StakeBelowMinimum);
		assert_ok!(Emission::unstake(signed(3), 2_000));
		System::assert_last_event(Event::Unstaked { uid: 2, amount: 2_000, unlocks_at: 30 }.into());
		assert_ok!(Emission::unstake(signed(3), 1_000));
		assert_eq!(stakes(), [1_000, 2_000, 0]);
		// One chunk per epoch.
		assert_eq!(Unbonding::<Test>::get(3).len(), 1);
		assert_eq!(Unbonding::<Test>::get(3)[0].amount, 3_000);
	});
}

#[test]
fn unbonding_takes_its_blocks() {
	Ext::with(1).run(|| {
		let free = Balances::free_balance(1);
		assert_ok!(Emission::unstake(signed(1), 1_000));
		// 20 blocks, and until the end of that epoch.
		while System::block_number() < 30 {
			assert_noop!(Emission::withdraw_unbonded(signed(1)), Error::<Test>::NothingUnlocked);
			next_block();
		}
		assert_ok!(Emission::withdraw_unbonded(signed(1)));
		System::assert_last_event(Event::Withdrawn { account: 1, amount: 1_000 }.into());
		assert_eq!(Balances::free_balance(1), free + 1_000);
		assert!(!Unbonding::<Test>::contains_key(1));
		assert_noop!(Emission::withdraw_unbonded(signed(1)), Error::<Test>::NothingUnlocked);
	});
}

#[test]
fn only_what_is_unlocked_is_withdrawn() {
	Ext::with(4).run(|| {
		assert_ok!(Emission::unstake(signed(4), 1_000));
		pay_epoch();
		next_block();
		assert_ok!(Emission::unstake(signed(4), 500));
		pay_epoch();
		pay_epoch();
		assert_ok!(Emission::withdraw_unbonded(signed(4)));
		System::assert_last_event(Event::Withdrawn { account: 4, amount: 1_000 }.into());
		assert_eq!(Unbonding::<Test>::get(4).len(), 1);
		pay_epoch();
		assert_ok!(Emission::withdraw_unbonded(signed(4)));
		System::assert_last_event(Event::Withdrawn { account: 4, amount: 500 }.into());
	});
}

#[test]
fn chunks_are_bounded() {
	Ext { components: vec![(1, 100_000)], ..Default::default() }
		.parameters(|p| p.epoch_length = 1)
		.parameters(|p| p.unbonding_blocks = 1_000)
		.run(|| {
			for _ in 0..MAX_UNBONDING_CHUNKS {
				assert_ok!(Emission::unstake(signed(1), 10));
				pay_epoch();
			}
			assert_noop!(Emission::unstake(signed(1), 10), Error::<Test>::TooManyUnbonding);
			// Leaving is never refused: the amount joins the last chunk, which unlocks later.
			let left = stakes()[0];
			assert_ok!(Emission::deregister(signed(1)));
			let chunks = Unbonding::<Test>::get(1);
			assert_eq!(chunks.len() as u32, MAX_UNBONDING_CHUNKS);
			let last = chunks.last().unwrap();
			assert_eq!(last.amount, 10 + left);
			assert_eq!(last.unlocks_at, System::block_number() + 1_000);
		});
}

#[test]
fn a_full_list_takes_more_of_the_same_epoch() {
	Ext { components: vec![(1, 100_000)], ..Default::default() }
		.parameters(|p| p.epoch_length = 1)
		.parameters(|p| p.unbonding_blocks = 1_000)
		.run(|| {
			for _ in 1..MAX_UNBONDING_CHUNKS {
				assert_ok!(Emission::unstake(signed(1), 10));
				pay_epoch();
			}
			assert_ok!(Emission::unstake(signed(1), 10));
			assert_ok!(Emission::unstake(signed(1), 10));
			assert_eq!(Unbonding::<Test>::get(1).last().unwrap().amount, 20);
		});
}

#[test]
fn coins_sent_to_the_pot_are_surplus() {
	Ext::with(1).run(|| {
		let before = Emission::surplus().unwrap();
		assert_ok!(Balances::transfer_allow_death(signed(2), Emission::pot(), 777));
		assert_eq!(Emission::surplus().unwrap(), before + 777);
		post(1, &[]);
		pay_epoch();
		assert_eq!(Emission::surplus().unwrap(), before + 777);
		assert_eq!(stakes(), [1_000 + SIGMA * u64::from(EPOCH)]);
	});
}

#[test]
fn all_can_be_taken_out() {
	Ext::with(3).run(|| {
		for owner in 1..=3 {
			post(owner, &[]);
		}
		pay_epoch();
		let minted = Emission::epoch_status().minted_total;
		for (owner, stake) in (1..=3).zip(stakes()) {
			assert_ok!(Emission::unstake(signed(owner), stake));
		}
		pay_epoch();
		pay_epoch();
		for owner in 1..=3 {
			assert_ok!(Emission::withdraw_unbonded(signed(owner)));
		}
		assert_eq!(Balances::free_balance(Emission::pot()), ED);
		let deposits: u64 = (0..3).map(|uid| Emission::component(uid).unwrap().deposit).sum();
		let free: u64 = (1..=3).map(Balances::free_balance).sum();
		assert_eq!(free, 3 * ENDOWMENT - deposits + minted);
		// With no stake nothing is minted.
		let total = Balances::total_issuance();
		pay_epoch();
		assert_eq!(Balances::total_issuance(), total);
	});
}

#[test]
fn an_account_that_is_owed_anything_keeps_its_nonce() {
	Ext::with(2).parameters(|parameters| parameters.registration_deposit = 0).run(|| {
		System::inc_account_nonce(1);
		let take_all = || {
			assert_ok!(Balances::transfer_all(signed(1), 3, false));
			Balances::free_balance(1)
		};
		assert_eq!((take_all(), System::consumers(&1)), (ED, 1));
		assert_ok!(Emission::deregister(signed(1)));
		pay_epoch();
		// Its component is gone, its stake unbonds.
		assert_eq!(Emission::component_of(&1), None);
		assert_eq!((take_all(), System::consumers(&1)), (ED, 1));
		// A new component and the unbonding stake share the reference.
		assert_ok!(Emission::register(signed(1), None, None));
		assert_eq!(System::consumers(&1), 1);
		pay_epoch();
		pay_epoch();
		assert_ok!(Emission::withdraw_unbonded(signed(1)));
		assert_eq!((take_all(), System::consumers(&1)), (ED, 1));
		assert_ok!(Emission::deregister(signed(1)));
		pay_epoch();
		// Nothing is owed: the account may end.
		assert_eq!((System::account_nonce(1), System::consumers(&1)), (1, 0));
		assert_eq!(take_all(), 0);
		assert!(!System::account_exists(&1));
	});
}

#[test]
fn stake_unlocks_although_no_solve_ever_ends() {
	Ext::with(2).run(|| {
		post(1, &[]);
		assert_ok!(Emission::unstake(signed(2), 1_000));
		// The share of the emission is too small for a single step.
		let step = |_| next_block_with(2);
		(2..30).for_each(step);
		assert_noop!(Emission::withdraw_unbonded(signed(2)), Error::<Test>::NothingUnlocked);
		next_block_with(2);
		assert_eq!((System::block_number(), Epoch::<Test>::get()), (30, 1));
		assert_ok!(Emission::withdraw_unbonded(signed(2)));
		System::assert_last_event(Event::Withdrawn { account: 2, amount: 1_000 }.into());
	});
}
