//! Service keys and owners: an account gets a component only by a call that it signs.

use crate::{mock::*, types::Phase, Components, Error, Event, HoldReason, Unbonding};
use frame_support::{assert_noop, assert_ok, dispatch::Pays, traits::fungible::InspectHold};

fn held(account: AccountId) -> u64 {
	Balances::balance_on_hold(&HoldReason::RegistrationDeposit.into(), &account)
}

#[test]
fn nobody_is_made_to_answer_for_a_component_of_another() {
	// The attack: the owner of uids 0 and 1 frees 0 and sets a victim as the service key of 1. The
	// victim then registers. Two components answered to its key, and what others attributed to the
	// victim could go to the attacker's.
	Ext::with(2).run(|| {
		assert_ok!(Emission::deregister(signed(1)));
		pay_epoch();
		let victim = 9;
		assert_ok!(Emission::set_service_key(signed(2), victim));
		assert_eq!(Emission::component_of(&victim), None);
		assert_ok!(Emission::register(signed(victim), None, None));
		assert_eq!(Emission::component_of(&victim), Some(0));
		assert_eq!(Emission::component(1).unwrap().service_key, 2);
		let of_victim = |one: &bittensor_emission::ComponentInfo<u64>| one.is_of(&victim);
		assert_eq!(Emission::components(0, 9).iter().filter(|one| of_victim(one)).count(), 1);
		// Not even if the victim would accept now.
		assert_noop!(
			Emission::accept_service_key(signed(victim), 2),
			Error::<Test>::AlreadyRegistered
		);
	});
}

#[test]
fn a_key_that_is_named_can_be_used_elsewhere() {
	Ext::with(2).run(|| {
		// Any number of components can name a key; it takes nothing from its owner.
		assert_ok!(Emission::set_service_key(signed(1), 21));
		assert_ok!(Emission::set_service_key(signed(2), 21));
		assert_ok!(Emission::register(signed(3), None, Some(21)));
		assert_noop!(Emission::set_endpoint(signed(21), None), Error::<Test>::NotRegistered);
		assert_ok!(Emission::accept_service_key(signed(21), 3));
		assert_eq!(Emission::component_of(&21), Some(2));
		// Now it serves one.
		let serves = Error::<Test>::AlreadyServes;
		assert_noop!(Emission::accept_service_key(signed(21), 1), serves);
		assert_noop!(Emission::register(signed(21), None, None), Error::<Test>::AlreadyServes);
		let used = Error::<Test>::ServiceKeyInUse;
		assert_noop!(Emission::set_service_key(signed(1), 21), used);
		assert_noop!(Emission::set_service_key(signed(1), 2), Error::<Test>::ServiceKeyInUse);
		assert_noop!(Emission::register(signed(4), None, Some(21)), Error::<Test>::ServiceKeyInUse);
	});
}

#[test]
fn the_service_key_serves_and_does_not_own() {
	Ext::with(2).run(|| {
		assert_ok!(Emission::set_service_key(signed(1), 21));
		System::assert_last_event(Event::ServiceKeyNamed { uid: 0, service_key: 21 }.into());
		let named = || Error::<Test>::NotNamed;
		assert_noop!(Emission::accept_service_key(signed(22), 1), named());
		assert_noop!(Emission::accept_service_key(signed(21), 2), Error::<Test>::NotNamed);
		assert_noop!(Emission::accept_service_key(signed(21), 5), Error::<Test>::NotOwner);
		let accepted = Emission::accept_service_key(signed(21), 1).unwrap();
		assert_eq!(accepted.pays_fee, Pays::No);
		System::assert_last_event(Event::ServiceKeySet { uid: 0, service_key: 21 }.into());
		assert_noop!(Emission::accept_service_key(signed(21), 1), Error::<Test>::NotNamed);
		assert_ok!(Emission::set_endpoint(signed(21), Some(endpoint("a", 1))));
		assert_ok!(Emission::post_row(signed(21), row(&[(1, 5)])));
		assert_ok!(Emission::set_edge(signed(21), 1, 6));
		// The owner can still do the same.
		assert_ok!(Emission::set_edge(signed(1), 1, 7));
		assert_noop!(Emission::stake(signed(21), 5_000), Error::<Test>::NotOwner);
		assert_noop!(Emission::unstake(signed(21), 1_000), Error::<Test>::NotOwner);
		assert_noop!(Emission::deregister(signed(21)), Error::<Test>::NotOwner);
		assert_noop!(Emission::set_service_key(signed(21), 22), Error::<Test>::NotOwner);
		assert_noop!(Emission::offer_component(signed(21), Some(22)), Error::<Test>::NotOwner);

		// The present key serves until the next one accepts.
		assert_ok!(Emission::set_service_key(signed(1), 22));
		assert_ok!(Emission::set_edge(signed(21), 1, 8));
		assert_ok!(Emission::accept_service_key(signed(22), 1));
		assert_noop!(Emission::set_edge(signed(21), 1, 8), Error::<Test>::NotRegistered);
		assert_ok!(Emission::set_edge(signed(22), 1, 8));
		// Back to the owner at once, and the same key twice.
		assert_ok!(Emission::set_service_key(signed(1), 1));
		assert_ok!(Emission::set_service_key(signed(1), 1));
		assert_noop!(Emission::set_edge(signed(22), 1, 9), Error::<Test>::NotRegistered);
		assert_ok!(Emission::set_edge(signed(1), 1, 9));
	});
}

#[test]
fn what_was_named_can_be_taken_back() {
	Ext::with(2).run(|| {
		serve(1, 21);
		for back in [21, 1] {
			assert_ok!(Emission::set_service_key(signed(1), 22));
			assert_ok!(Emission::set_service_key(signed(1), back));
			assert_eq!(Components::<Test>::get(0).unwrap().service_key, back);
			let named = || Error::<Test>::NotNamed;
			assert_noop!(Emission::accept_service_key(signed(22), 1), named());
		}
		assert_ok!(Emission::set_service_key(signed(1), 22));
		assert_ok!(Emission::offer_component(signed(1), Some(30)));
		assert_ok!(Emission::deregister(signed(1)));
		let leaving = || Error::<Test>::ComponentLeaving;
		assert_noop!(Emission::accept_service_key(signed(22), 1), leaving());
		assert_noop!(Emission::accept_component(signed(30), 1), leaving());
	});
}

#[test]
fn a_service_key_can_resign() {
	Ext::with(2).run(|| {
		assert_noop!(Emission::resign_service_key(signed(1)), Error::<Test>::AlreadyRegistered);
		assert_noop!(Emission::resign_service_key(signed(21)), Error::<Test>::NotRegistered);
		serve(1, 21);
		// A key that serves keeps its account and its nonce, as an owner does.
		assert_eq!(System::consumers(&21), 1);
		assert_ok!(Emission::resign_service_key(signed(21)));
		System::assert_last_event(Event::ServiceKeySet { uid: 0, service_key: 1 }.into());
		assert_eq!((Emission::component_of(&21), System::consumers(&21)), (None, 0));
		assert_ok!(Emission::register(signed(21), None, None));
		// Also from a component that leaves.
		serve(2, 22);
		assert_ok!(Emission::deregister(signed(2)));
		assert_ok!(Emission::resign_service_key(signed(22)));
		assert_ok!(Emission::register(signed(22), None, None));
	});
}

#[test]
fn a_component_is_handed_over_with_its_stake() {
	Ext::with(2).run(|| {
		assert_ok!(Emission::set_endpoint(signed(1), Some(endpoint("a", 1))));
		assert_ok!(Emission::stake(signed(1), 4_000));
		assert_ok!(Emission::unstake(signed(1), 1_000));
		post(1, &[(1, 500)]);
		let named = || Error::<Test>::NotNamed;
		assert_noop!(Emission::accept_component(signed(9), 1), named());
		assert_ok!(Emission::offer_component(signed(1), Some(9)));
		let offered = Event::ComponentOffered { uid: 0, new_owner: Some(9) };
		System::assert_last_event(offered.into());
		// An offer alone changes nothing.
		assert_eq!(Emission::component_of(&9), None);
		assert_noop!(Emission::accept_component(signed(8), 1), named());
		assert_ok!(Emission::accept_component(signed(9), 1));
		System::assert_last_event(Event::OwnerSet { uid: 0, owner: 9, previous: 1 }.into());

		let info = Emission::component(0).unwrap();
		assert_eq!((info.owner, info.service_key, info.next_owner), (9, 9, None));
		assert_eq!((info.stake, info.endpoint), (4_000, Some(endpoint("a", 1))));
		assert_eq!(Emission::row(0).unwrap().pending.unwrap().edges, edges(&[(1, 500)]));
		assert_eq!((held(1), held(9)), (0, DEPOSIT));
		// What unbonds stays with the one that unstaked, and holds its account. The new owner has that
		// reference too, and one for its deposit.
		assert_eq!(Unbonding::<Test>::get(1)[0].amount, 1_000);
		assert_eq!((System::consumers(&1), System::consumers(&9)), (1, 2));
		assert_noop!(Emission::stake(signed(1), 5_000), Error::<Test>::NotOwner);
		assert_ok!(Emission::unstake(signed(9), 4_000));
		// The old owner is free.
		assert_ok!(Emission::register(signed(1), None, None));
	});
}

#[test]
fn a_service_key_stays_when_the_owner_changes() {
	Ext::with(2).run(|| {
		serve(1, 21);
		assert_ok!(Emission::set_service_key(signed(1), 22));
		assert_ok!(Emission::offer_component(signed(1), Some(9)));
		assert_ok!(Emission::accept_component(signed(9), 1));
		assert_ok!(Emission::set_edge(signed(21), 1, 5));
		// What the old owner named is void.
		assert_noop!(Emission::accept_service_key(signed(22), 9), Error::<Test>::NotNamed);
		// The service key itself becomes the owner.
		assert_ok!(Emission::offer_component(signed(9), Some(21)));
		assert_ok!(Emission::accept_component(signed(21), 9));
		let component = Components::<Test>::get(0).unwrap();
		assert_eq!((component.owner, component.service_key), (21, 21));
		assert_eq!((Emission::component_of(&9), System::consumers(&9)), (None, 0));
		assert_eq!(System::consumers(&21), 2);
	});
}

#[test]
fn a_component_goes_only_to_an_account_that_can_have_it() {
	Ext::with(2).run(|| {
		serve(2, 22);
		assert_ok!(Emission::offer_component(signed(1), Some(2)));
		let owns = Error::<Test>::AlreadyRegistered;
		assert_noop!(Emission::accept_component(signed(2), 1), owns);
		assert_ok!(Emission::offer_component(signed(1), Some(22)));
		assert_noop!(Emission::accept_component(signed(22), 1), Error::<Test>::AlreadyServes);
		assert_ok!(Emission::offer_component(signed(1), Some(99)));
		assert_ok!(Balances::transfer_allow_death(signed(3), 99, DEPOSIT + ED - 1));
		let uncovered = Error::<Test>::DepositNotCovered;
		assert_noop!(Emission::accept_component(signed(99), 1), uncovered);
		// An offer to oneself is none.
		assert_ok!(Emission::offer_component(signed(1), Some(1)));
		assert_noop!(Emission::accept_component(signed(1), 1), Error::<Test>::NotNamed);
	});
}

#[test]
fn what_is_paid_during_a_solve_goes_to_the_new_owner() {
	Ext::with(3).service(LEAST_SERVICE).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		assert_ok!(Emission::offer_component(signed(2), Some(9)));
		assert_ok!(Emission::accept_component(signed(9), 2));
		pay_epoch();
		let paid = contributions()[1];
		assert!(paid > 0);
		assert_eq!(Emission::component(1).unwrap().stake, 2_000 + paid);
		assert_ok!(Emission::unstake(signed(9), 2_000 + paid));
	});
}
