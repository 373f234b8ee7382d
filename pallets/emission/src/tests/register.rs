//! `register`, `set_endpoint`.

use crate::{mock::*, Components, Endpoints, Error, Event, HoldReason, RegisteredPages};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};

#[test]
fn register_takes_a_deposit_and_gives_a_uid() {
	Ext::default().run(|| {
		assert_ok!(Emission::register(signed(1), Some(endpoint("node.example", 9_000)), Some(21)));
		assert_ok!(Emission::register(signed(2), None, None));
		System::assert_has_event(Event::ComponentRegistered { uid: 1, owner: 2 }.into());
		let component = Components::<Test>::get(0).unwrap();
		assert_eq!((component.owner, component.service_key, component.deposit), (1, 1, DEPOSIT));
		assert_eq!((component.next_service_key, component.next_owner), (Some(21), None));
		assert_eq!(Components::<Test>::get(1).unwrap().service_key, 2);
		assert_eq!(Endpoints::<Test>::get(0).unwrap().port, 9_000);
		assert_eq!(RegisteredPages::<Test>::get(0).to_vec(), [1, 1]);
		let reason = HoldReason::RegistrationDeposit.into();
		assert_eq!(Balances::balance_on_hold(&reason, &1), DEPOSIT);
		assert_eq!(Emission::component_of(&1), Some(0));
		// It has not accepted.
		assert_eq!(Emission::component_of(&21), None);
		assert_eq!(Emission::component_of(&3), None);
	});
}

#[test]
fn one_component_per_owner() {
	Ext::with(1).run(|| {
		assert_noop!(Emission::register(signed(1), None, None), Error::<Test>::AlreadyRegistered);
	});
}

#[test]
fn the_deposit_must_be_covered() {
	Ext::default().run(|| {
		assert_noop!(Emission::register(signed(99), None, None), Error::<Test>::DepositNotCovered);
		assert_ok!(Balances::transfer_allow_death(signed(1), 99, DEPOSIT + ED - 1));
		assert_noop!(Emission::register(signed(99), None, None), Error::<Test>::DepositNotCovered);
		assert_ok!(Balances::transfer_allow_death(signed(1), 99, 1));
		assert_ok!(Emission::register(signed(99), None, None));
	});
}

#[test]
fn no_deposit_if_there_is_none() {
	Ext::default().parameters(|p| p.registration_deposit = 0).run(|| {
		// But an account that does not exist has nothing that could be held.
		assert_noop!(Emission::register(signed(99), None, None), Error::<Test>::DepositNotCovered);
		assert_ok!(Balances::transfer_allow_death(signed(1), 99, ED));
		assert_ok!(Emission::register(signed(99), None, None));
		assert_ok!(Emission::deregister(signed(99)));
		pay_epoch();
		assert_eq!(Components::<Test>::iter().count(), 0);
	});
}

#[test]
fn endpoints_are_checked() {
	Ext::with(1).run(|| {
		let invalid = [
			endpoint("", 9_000),
			endpoint("node.example", 0),
			endpoint("https://node.example/", 9_000),
			endpoint("two words", 9_000),
			endpoint("nöde", 9_000),
		];
		for bad in invalid {
			assert_noop!(
				Emission::set_endpoint(signed(1), Some(bad.clone())),
				Error::<Test>::InvalidEndpoint
			);
			assert_noop!(
				Emission::register(signed(2), Some(bad), None),
				Error::<Test>::InvalidEndpoint
			);
		}
		for good in ["127.0.0.1", "::1", "fe80::a1", "a-b_c.example", &"x".repeat(253)] {
			assert_ok!(Emission::set_endpoint(signed(1), Some(endpoint(good, 1))));
			System::assert_last_event(Event::EndpointSet { uid: 0 }.into());
		}
		assert_ok!(Emission::set_endpoint(signed(1), None));
		assert_eq!(Endpoints::<Test>::get(0), None);
	});
}

#[test]
fn strangers_can_do_nothing() {
	Ext::with(1).run(|| {
		assert_noop!(Emission::deregister(signed(9)), Error::<Test>::NotOwner);
		assert_noop!(Emission::set_service_key(signed(9), 8), Error::<Test>::NotOwner);
		assert_noop!(Emission::stake(signed(9), 5_000), Error::<Test>::NotOwner);
		assert_noop!(Emission::unstake(signed(9), 5_000), Error::<Test>::NotOwner);
		assert_noop!(Emission::set_endpoint(signed(9), None), Error::<Test>::NotRegistered);
		assert_noop!(Emission::post_row(signed(9), row(&[])), Error::<Test>::NotRegistered);
		assert_noop!(Emission::set_edge(signed(9), 0, 1), Error::<Test>::NotRegistered);
		assert_noop!(Emission::withdraw_unbonded(signed(9)), Error::<Test>::NothingUnlocked);
		assert_noop!(
			Emission::register(RuntimeOrigin::root(), None, None),
			sp_runtime::DispatchError::BadOrigin
		);
	});
}

#[test]
fn the_deposit_rises_with_occupancy() {
	Ext { max_components: 10, ..Ext::default() }.run(|| {
		let mut deposits = Vec::new();
		for owner in 1..=10 {
			let quoted = Emission::epoch_status().deposit;
			assert_ok!(Emission::register(signed(owner), None, None));
			let reason = HoldReason::RegistrationDeposit.into();
			assert_eq!(Balances::balance_on_hold(&reason, &owner), quoted);
			deposits.push(quoted / DEPOSIT);
		}
		assert_eq!(deposits, [1, 1, 1, 2, 2, 4, 6, 11, 25, 100]);
		// Each gets back what it paid, and the deposit falls again.
		assert_ok!(Emission::deregister(signed(10)));
		assert_ok!(Emission::deregister(signed(1)));
		pay_epoch();
		assert_eq!(Balances::free_balance(10), ENDOWMENT);
		assert_eq!(Balances::free_balance(1), ENDOWMENT);
		assert_eq!(Emission::epoch_status().deposit, DEPOSIT * 25);
	});
}

#[test]
fn the_uid_space_cannot_be_bought() {
	let parameters = parameters();
	let all: u128 = (0..65_536).map(|used| u128::from(parameters.deposit(used, 65_536))).sum();
	// About 1.6 · 65,536² deposits: at one BIT each 7 billion BIT.
	assert!(all > 7_000_000_000 * u128::from(DEPOSIT), "{all}");
	assert_eq!(parameters.deposit(0, 65_536), DEPOSIT);
	assert_eq!(parameters.deposit(u32::MAX, 65_536), DEPOSIT << 32);
	let dear = crate::types::Parameters { registration_deposit: u64::MAX, ..parameters };
	assert_eq!(dear.deposit(65_535, 65_536), u64::MAX);
}

#[test]
fn a_dead_component_gives_way_when_all_uids_are_taken() {
	// Rows live for 8 epochs.
	Ext { max_components: 4, ..Ext::with(2) }.run(|| {
		let dead = |uid| Emission::component(uid).unwrap().dead;
		let remove = |uid| Emission::remove_dead(signed(9), uid);
		assert_ok!(Emission::register(signed(3), None, None));
		post(2, &[]);
		for _ in 0..9 {
			assert!((0..3).all(|uid| !dead(uid)));
			assert_noop!(remove(2), Error::<Test>::UidsLeft);
			pay_epoch();
		}
		// 2 never had a row or stake. 0 has stake, 1 an expired row and stake.
		assert_eq!([dead(0), dead(1), dead(2)], [false, false, true]);
		assert_noop!(remove(2), Error::<Test>::UidsLeft);
		assert_ok!(Emission::register(signed(4), None, None));
		assert_noop!(Emission::register(signed(5), None, None), Error::<Test>::NoFreeUid);
		for alive in [0, 1, 3, 99] {
			assert_noop!(remove(alive), Error::<Test>::NotDead);
		}
		assert_noop!(
			Emission::remove_dead(RuntimeOrigin::root(), 2),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_ok!(remove(2));
		System::assert_last_event(Event::ComponentLeaving { uid: 2 }.into());
		assert_noop!(remove(2), Error::<Test>::ComponentLeaving);
		pay_epoch();
		assert_eq!(Balances::free_balance(3), ENDOWMENT);
		assert_ok!(Emission::register(signed(5), None, None));
		assert_eq!(Emission::component_of(&5), Some(2));
	});
}

#[test]
fn a_component_dies_a_lifetime_after_its_last_sign_of_life() {
	Ext { max_components: 2, ..Ext::with(2) }.run(|| {
		let lives = || {
			let mut epochs = 0;
			while !Emission::component(0).unwrap().dead {
				pay_epoch();
				epochs += 1;
			}
			epochs
		};
		assert_ok!(Emission::unstake(signed(1), 1_000));
		assert_eq!(lives(), 9);
		// A row is a sign of life, and so is the loss of its stake.
		post(1, &[]);
		assert_eq!(lives(), 9);
		assert_ok!(Emission::stake(signed(1), 1_000));
		assert!(!Emission::component(0).unwrap().dead);
		assert_ok!(Emission::unstake(signed(1), 1_000));
		assert_eq!(lives(), 9);
		// A pending row counts already.
		post(1, &[]);
		assert_noop!(Emission::remove_dead(signed(9), 0), Error::<Test>::NotDead);
	});
	// Where rows never expire, nothing is dead.
	Ext { max_components: 2, ..Ext::with(2) }.parameters(|p| p.row_lifetime = 0).run(|| {
		assert_ok!(Emission::unstake(signed(1), 1_000));
		for _ in 0..20 {
			pay_epoch();
		}
		assert!(!Emission::component(0).unwrap().dead);
	});
}

#[test]
fn uids_run_out() {
	Ext { max_components: 2, ..Ext::with(2) }.run(|| {
		assert_noop!(Emission::register(signed(3), None, None), Error::<Test>::NoFreeUid);
		assert_ok!(Emission::deregister(signed(1)));
		assert_noop!(Emission::register(signed(3), None, None), Error::<Test>::NoFreeUid);
		pay_epoch();
		assert_ok!(Emission::register(signed(3), None, None));
		assert_eq!(Emission::component_of(&3), Some(0));
	});
}
