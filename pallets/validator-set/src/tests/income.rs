//! The validators' part of the emission.

use crate::{mock::*, types::IncomeDivision, Division, Event, Unpaid};
use frame_support::{assert_ok, traits::fungible::Inspect};
use pallet_emission::MintedTotal;
use sp_runtime::Perbill;

fn with_part(percent: u32) -> Ext {
	let division =
		IncomeDivision { emission: Perbill::from_percent(percent), ..Default::default() };
	Ext { division, ..Default::default() }
}

/// Runs blocks until an epoch is paid; returns what it minted in total.
fn pay(absent: &[AccountId]) -> u64 {
	let (minted, epoch) = (MintedTotal::<Test>::get(), Emission::epoch_status().epoch);
	while Emission::epoch_status().epoch == epoch {
		block_without(absent, true);
	}
	MintedTotal::<Test>::get() - minted
}

#[test]
fn validators_are_paid_by_the_blocks_that_they_authored() {
	with_part(20).run_with(2..=4, || {
		post(2);
		pay(&[]);
		let balances = || (1..=4).map(|who| Balances::balance(&who)).collect::<Vec<_>>();
		let before = balances();
		let started = System::block_number();
		// 3 is absent, so the others author all blocks.
		let total = pay(&[3]);
		let blocks = System::block_number() - started;
		assert_eq!(total, SIGMA * blocks);
		let paid: Vec<_> = balances().iter().zip(&before).map(|(after, was)| after - was).collect();
		let part = Perbill::from_percent(20).mul_floor(total);
		assert_eq!(paid[2], 0);
		let sum: u64 = paid.iter().sum();
		assert!(sum <= part && part - sum < 4, "{sum} of {part}");
		for amount in [paid[0], paid[1], paid[3]] {
			let authored = (amount * blocks + part / 2) / part;
			assert!(authored >= 1);
			assert_eq!(amount, part * authored / blocks, "in whole blocks");
		}
		assert!(events().contains(&Event::ValidatorsPaid { amount: sum }));
		let last = Emission::epoch_status().last.unwrap();
		assert_eq!(last.minted + sum, total, "components get the rest");
	});
}

#[test]
fn blocks_of_an_ended_session_are_paid_by_the_next_epoch() {
	with_part(50).run(|| {
		post(2);
		pay(&[]);
		assert_ok!(ValidatorSet::register(signed(5)));
		run_to_session(2);
		pay(&[]);
		assert_ok!(ValidatorSet::leave(signed(5)));
		// Account 5 validates in session 3 for the last time.
		while Session::current_index() < 4 {
			next_block();
		}
		assert!(!Unpaid::<Test>::get().is_empty(), "no epoch was paid in this block");
		let before = Balances::balance(&5);
		pay(&[]);
		let owed = Balances::balance(&5) - before;
		assert!(owed > 0, "it authored before its last session ended");
		assert!(Unpaid::<Test>::get().is_empty());
		let before = Balances::balance(&5);
		pay(&[]);
		assert_eq!(Balances::balance(&5), before, "and nothing since");
	});
}

#[test]
fn without_a_part_nothing_is_counted_or_paid() {
	Ext::default().run(|| {
		post(2);
		pay(&[]);
		let total = pay(&[]);
		assert_eq!(Emission::epoch_status().last.unwrap().minted, total);
		run_to_session(3);
		assert!(Unpaid::<Test>::get().is_empty());
		assert_eq!(Division::<Test>::get(), IncomeDivision::default());
	});
}

#[test]
fn without_an_author_components_get_all() {
	with_part(100).run(|| {
		post(2);
		crate::Turns::<Test>::mutate(|turns| {
			turns.iter_mut().for_each(|turn| turn.paid = turn.authored);
		});
		assert_eq!(<ValidatorSet as pallet_emission::Validators<u64>>::reward(1_000), 0);
	});
}
