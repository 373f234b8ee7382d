//! `deregister`: leaving, removal, and reuse of uids.

use crate::{
	mock::*,
	types::{Phase, Queue},
	Components, Endpoints, Error, Event, FreeUidQueue, HoldReason, Leaving, LeavingQueue,
	PendingRows, Unbonding,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};

#[test]
fn leaving_unbonds_at_once_and_is_removed_in_merge() {
	Ext::with(2).run(|| {
		serve(1, 21);
		assert_ok!(Emission::set_endpoint(signed(1), Some(endpoint("a", 1))));
		post(1, &[(1, 500)]);
		assert_ok!(Emission::deregister(signed(1)));
		assert_eq!(
			events()[events().len() - 2..],
			[
				Event::Unstaked { uid: 0, amount: 1_000, unlocks_at: 30 },
				Event::ComponentLeaving { uid: 0 },
			]
		);
		assert_eq!(stakes(), [0, 2_000]);
		assert_eq!(Unbonding::<Test>::get(1)[0].amount, 1_000);
		assert!(Emission::component(0).unwrap().leaving);
		assert!(!PendingRows::<Test>::contains_key(0));
		let reason = HoldReason::RegistrationDeposit.into();
		assert_eq!(Balances::balance_on_hold(&reason, &1), DEPOSIT);
		check_state();

		pay_epoch();
		assert!(events().contains(&Event::ComponentRemoved { uid: 0, owner: 1 }));
		assert_eq!(Balances::balance_on_hold(&reason, &1), 0);
		assert!(!Components::<Test>::contains_key(0) && !Endpoints::<Test>::contains_key(0));
		assert_eq!((Emission::component_of(&1), Emission::component_of(&21)), (None, None));
		assert_eq!(Emission::row(0), None);
		pay_epoch();
		pay_epoch();
		assert_ok!(Emission::withdraw_unbonded(signed(1)));
		assert_eq!(Balances::free_balance(1), ENDOWMENT);
	});
}

#[test]
fn one_that_leaves_can_do_no_more() {
	Ext::with(2).run(|| {
		assert_ok!(Emission::deregister(signed(1)));
		let leaving = Error::<Test>::ComponentLeaving;
		assert_noop!(Emission::deregister(signed(1)), leaving);
		assert_noop!(Emission::stake(signed(1), 5_000), Error::<Test>::ComponentLeaving);
		assert_noop!(Emission::unstake(signed(1), 1), Error::<Test>::ComponentLeaving);
		assert_noop!(Emission::set_endpoint(signed(1), None), Error::<Test>::ComponentLeaving);
		assert_noop!(Emission::set_service_key(signed(1), 5), Error::<Test>::ComponentLeaving);
		assert_noop!(
			Emission::offer_component(signed(1), Some(5)),
			Error::<Test>::ComponentLeaving
		);
		assert_noop!(Emission::post_row(signed(1), row(&[])), Error::<Test>::ComponentLeaving);
		assert_noop!(Emission::set_edge(signed(1), 1, 1), Error::<Test>::ComponentLeaving);
		assert_noop!(Emission::register(signed(1), None, None), Error::<Test>::AlreadyRegistered);
		pay_epoch();
		assert_ok!(Emission::register(signed(1), None, None));
	});
}

#[test]
fn what_is_paid_while_leaving_unbonds_when_it_is_removed() {
	Ext::with(3).service(LEAST_SERVICE).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		assert_ok!(Emission::deregister(signed(2)));
		assert_eq!(Unbonding::<Test>::get(2)[0].amount, 2_000);
		pay_epoch();
		let paid = contributions()[1];
		assert!(paid > 0);
		assert_eq!(stakes()[1], paid);
		assert_eq!(Unbonding::<Test>::get(2).iter().map(|c| c.amount).sum::<u64>(), 2_000);
		// It stays until the next Merge.
		assert!(Emission::component(1).is_some());
		while Emission::component(1).is_some() {
			next_block();
		}
		let unlocks_at = Unbonding::<Test>::get(2).last().unwrap().unlocks_at;
		let event = Event::Unstaked { uid: 1, amount: paid, unlocks_at };
		assert_eq!(events().into_iter().filter(|seen| *seen == event).count(), 1);
		assert_eq!(Unbonding::<Test>::get(2).iter().map(|c| c.amount).sum::<u64>(), 2_000 + paid);
		assert_eq!(stakes()[1], 0);
		pay_epoch();
		assert_eq!(contributions()[1], 0);
	});
}

#[test]
fn leaving_between_two_pages_of_emit_is_paid_once() {
	// 600 components: two pages of stakes, paid in two blocks.
	Ext::with(600).service(200).run(|| {
		post(1, &[(550, 30_000), (20, 20_000)]);
		for owner in [2u64, 21, 551, 600] {
			post(owner, &[]);
		}
		let service =
			|units| ServiceWeight::set(frame_support::weights::Weight::from_parts(units, 0));
		run_to_phase(Phase::Sweep);
		// Room for some windows per block, too little to pay a page as well.
		service(108);
		run_to_phase(Phase::Emit);
		assert_eq!(Emission::epoch_status().cursor, 0);
		// Room for one page.
		service(100);
		while Emission::epoch_status().cursor == 0 {
			next_block();
		}
		assert_eq!(Emission::epoch_status().cursor, 1);
		// 20 is paid, 550 is not.
		assert_ok!(Emission::deregister(signed(21)));
		assert_ok!(Emission::deregister(signed(551)));
		pay_epoch();
		assert!(contributions()[20] > 0 && contributions()[550] > 0);
		for owner in [21u64, 551] {
			let uid = owner as usize - 1;
			let unbonding: u64 = Unbonding::<Test>::get(owner).iter().map(|c| c.amount).sum();
			// What was paid before it left is in the stake that unbonds, what was paid after is stake.
			assert_eq!(unbonding + stakes()[uid], owner * MIN_STAKE + contributions()[uid]);
			assert_eq!(stakes()[uid] == 0, owner == 21);
		}
	});
}

#[test]
fn a_freed_uid_is_used_in_a_later_epoch_only() {
	// Exactly enough for Merge and Begin in one block.
	Ext::with(3).service(160).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		assert_ok!(Emission::deregister(signed(1)));
		assert_ok!(Emission::deregister(signed(2)));
		run_to_phase(Phase::Sweep);
		assert_eq!(FreeUidQueue::<Test>::get(), Queue { head: 0, tail: 2 });
		// That uid was freed in this epoch, so a new one is assigned.
		assert_ok!(Emission::register(signed(4), None, None));
		assert_eq!(Emission::component_of(&4), Some(3));
		pay_epoch();
		// The one that left first is free first.
		assert_ok!(Emission::register(signed(5), None, None));
		assert_eq!(Emission::component_of(&5), Some(0));
		assert_ok!(Emission::register(signed(6), None, None));
		assert_eq!(Emission::component_of(&6), Some(1));
		assert_ok!(Emission::register(signed(7), None, None));
		assert_eq!(Emission::component_of(&7), Some(4));
		assert_eq!(FreeUidQueue::<Test>::get(), Queue { head: 2, tail: 2 });
	});
}

#[test]
fn a_merge_of_many_spans_blocks() {
	Ext::with(80).service(LEAST_SERVICE).run(|| {
		for owner in 1..=80 {
			post(owner, &[(owner as u32 % 80, 1_000)]);
		}
		for owner in 1..=10 {
			assert_ok!(Emission::deregister(signed(owner)));
		}
		run_to_phase(Phase::Merge);
		let (mut blocks, mut removed) = (0, 0);
		while Emission::epoch_status().phase == Phase::Merge {
			removed = 80 - Emission::epoch_status().registered;
			assert!(blocks == 0 || removed > 0);
			// It joins the queue, and may be removed in this Merge.
			if blocks == 1 {
				assert_ok!(Emission::deregister(signed(80)));
			}
			next_block();
			blocks += 1;
		}
		assert!(blocks > 3, "{blocks} blocks");
		assert!(removed >= 10);
		pay_epoch();
		pay_epoch();
		assert!(Leaving::<Test>::iter().next().is_none());
		assert_eq!(Emission::epoch_status().registered, 69);
	});
}

#[test]
fn a_mass_of_leavers_delays_only_itself() {
	// Without a maximum, 300 removals of 30 units each took 90 blocks of 100 units, and nobody was paid.
	Ext::with(400).service(400).run(|| {
		MaxRemovals::set(20);
		post(400, &[]);
		for owner in 1..=300 {
			assert_ok!(Emission::deregister(signed(owner)));
		}
		// The weight of the call pays for the removal too.
		let call = RuntimeCall::Emission(crate::Call::deregister {});
		let weight = frame_support::dispatch::GetDispatchInfo::get_dispatch_info(&call).call_weight;
		assert_eq!(weight.ref_time(), 10 + 30);
		for epoch in 1..=15 {
			let blocks = pay_epoch();
			assert!(blocks <= EPOCH + 3, "epoch {epoch} took {blocks} blocks");
			assert_eq!(400 - Emission::epoch_status().registered, 20 * epoch);
			// In the order in which they left.
			assert!(Emission::component(20 * epoch - 1).is_none());
			assert_eq!(Emission::component(20 * epoch).unwrap().leaving, epoch < 15);
		}
		assert_eq!(LeavingQueue::<Test>::get(), Queue { head: 300, tail: 300 });
	});
}
