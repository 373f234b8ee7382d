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
