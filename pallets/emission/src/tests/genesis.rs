//! The state at genesis.

use crate::{
	mock::*,
	types::{Halvings, Phase},
	Components, EmissionParameters, Epoch, HoldReason, MintedTotal, Pallet, Parameters,
};
use frame_support::traits::{fungible::InspectHold, GetStorageVersion, Hooks, StorageVersion};
use frame_support::weights::Weight;

#[test]
fn genesis_writes_parameters_and_components() {
	Ext::with(2).build().execute_with(|| {
		assert_eq!(EmissionParameters::<Test>::get(), parameters());
		assert_eq!(Epoch::<Test>::get(), 1);
		assert_eq!(Emission::on_chain_storage_version(), StorageVersion::new(2));
		assert_eq!(stakes(), [1_000, 2_000]);
		assert_eq!(Components::<Test>::get(1).unwrap().owner, 2);
		let reason = HoldReason::RegistrationDeposit.into();
		assert_eq!(Balances::balance_on_hold(&reason, &2), DEPOSIT);
		assert_eq!(Balances::free_balance(Emission::pot()), 3_000 + ED);
		let status = Emission::epoch_status();
		assert_eq!((status.epoch, status.phase, status.registered), (1, Phase::Idle, 2));
		assert_eq!((status.components, status.total_stake), (2, 3_000));
	});
}

#[test]
fn the_pot_is_never_dusted() {
	Ext::default().build().execute_with(|| {
		let pot = Emission::pot();
		assert_eq!(Balances::free_balance(pot), ED);
		// One provider from genesis, one from its balance.
		assert_eq!(System::providers(&pot), 2);
	});
}

fn builds(change: impl FnOnce(&mut Parameters)) {
	Ext::default().parameters(change).build();
}

#[test]
#[should_panic(expected = "emission.parameters: epochLength is 0: choose 1 to 1000000 blocks")]
fn an_epoch_has_a_block() {
	builds(|parameters| parameters.epoch_length = 0);
}

#[test]
#[should_panic(expected = "unbondingBlocks is 19: choose at least 20 blocks, two epochs")]
fn unbonding_takes_two_epochs() {
	builds(|parameters| parameters.unbonding_blocks = 2 * parameters.epoch_length - 1);
}

#[test]
#[should_panic(expected = "minStake is 0: choose 1 to 1000000000 units")]
fn the_least_stake_is_a_unit() {
	builds(|parameters| parameters.min_stake = 0);
}

#[test]
#[should_panic(expected = "the issuance must fit 64 bits")]
fn an_emission_fits() {
	builds(|parameters| {
		parameters.sigma = u64::MAX;
		parameters.halvings = Halvings { interval: 2, max: 64 };
	});
}

#[test]
#[should_panic(expected = "halvings.interval is 0: choose 1 to")]
fn an_emission_without_halvings_is_refused() {
	builds(|parameters| parameters.halvings = Halvings { interval: 0, max: 64 });
}

#[test]
#[should_panic(expected = "halvings.max is 19: choose at least 20")]
fn an_emission_with_an_endless_tail_is_refused() {
	// σ is just below 2^20, so 19 halvings leave one unit per block.
	builds(|parameters| parameters.halvings = Halvings { interval: 10, max: 19 });
}

#[test]
fn an_emission_that_ends_mints_its_total_and_no_more() {
	let halvings = Halvings { interval: 3, max: 20 };
	Ext::with(1).parameters(|parameters| parameters.halvings = halvings).run(|| {
		let total = parameters().sigma * 6;
		for _ in 0..9 {
			post(1, &[]);
			pay_epoch();
		}
		let schedule = EmissionParameters::<Test>::get().schedule();
		let minted = MintedTotal::<Test>::get();
		assert_eq!(Some(minted), schedule.total());
		assert!(minted <= total && minted + 3 * 20 > total, "{minted} of {total}");
		post(1, &[]);
		pay_epoch();
		assert_eq!(MintedTotal::<Test>::get(), minted);
	});
}

#[test]
#[should_panic(expected = "each genesis owner needs its stake")]
fn genesis_components_have_their_stake() {
	Ext { components: vec![(1, MIN_STAKE - 1)], ..Default::default() }.build();
}

#[test]
fn constants_fit_each_other() {
	Ext::default().build().execute_with(Pallet::<Test>::integrity_test);
}

#[test]
#[should_panic(expected = "raise it")]
fn service_weight_must_hold_the_smallest_unit() {
	Ext::default().build().execute_with(|| {
		ServiceWeight::set(Weight::from_parts(2_000, 0));
		Pallet::<Test>::integrity_test();
	});
}

#[test]
#[should_panic(expected = "65,536 at most")]
fn uids_fit_a_row_page() {
	Ext::default().build().execute_with(|| {
		MaxComponents::set(65_537);
		Pallet::<Test>::integrity_test();
	});
}

#[test]
fn the_schedule_is_that_of_the_parameters() {
	let mut parameters = parameters();
	parameters.halvings = Halvings { interval: 100, max: 3 };
	let schedule = parameters.schedule();
	assert_eq!((schedule.sigma, schedule.halving_interval, schedule.max_halvings), (SIGMA, 100, 3));
}
