//! Phases, the schedule, sources and payouts.

use crate::{
	mock::*,
	types::{Halvings, Phase},
	Epoch, Event, LastPaid, MintedTotal, Solve, Started,
};
use frame_support::{assert_ok, weights::Weight};
use sp_core::H256;

#[test]
fn an_epoch_goes_round_in_one_block() {
	Ext::with(3).run(|| {
		post(1, &[(1, 30_000)]);
		post(2, &[(2, 30_000)]);
		post(3, &[(0, 30_000)]);
		while System::block_number() < 9 {
			next_block();
			assert!(events().is_empty());
			let left = 10 - System::block_number() as u32;
			assert_eq!(Emission::epoch_status().next_payout_in, left);
		}
		next_block();
		let parent = H256::from_low_u64_be(9);
		let minted = 10 * SIGMA;
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!((last.epoch, last.minted, last.components), (1, minted, 3));
		assert_eq!((last.paid_at, last.started_at, last.parent), (10, 10, parent));
		let paid = Event::EpochPaid {
			epoch: 1,
			minted,
			components: 3,
			sweeps: last.sweeps,
			residual: last.residual,
		};
		assert_eq!(events(), [Event::EpochStarted { epoch: 1, parent }, paid]);
		assert_eq!(payouts(), 1);
		assert_eq!(MintedTotal::<Test>::get(), minted);
		assert_eq!((Epoch::<Test>::get(), Started::<Test>::get()), (2, 10));
		assert_eq!(Solve::<Test>::get(), Default::default());
		assert_eq!(stakes().iter().sum::<u64>(), 6_000 + minted);
		assert_eq!(pay_epoch(), 10);
	});
}

#[test]
fn a_payout_by_hand() {
	Ext { components: vec![(1, 6_000), (2, 4_000)], ..Default::default() }.run(|| {
		// 0 gives half of its mass to 1, which keeps all it receives.
		post(1, &[(1, 32_768)]);
		post(2, &[]);
		pay_epoch();
		let minted = 10 * SIGMA;
		assert_eq!(contributions(), [minted * 3 / 10, minted - minted * 3 / 10]);
	});
}

#[test]
fn stake_without_a_row_is_no_source_and_still_receives() {
	Ext::with(3).run(|| {
		post(1, &[(1, 32_768)]);
		pay_epoch();
		let minted = 10 * SIGMA;
		assert_eq!(contributions(), [minted / 2, minted - minted / 2, 0]);
		assert_eq!(stakes()[2], 3_000);
	});
}

#[test]
fn an_expired_row_passes_mass_on_and_is_no_source() {
	Ext::with(3).parameters(|p| p.row_lifetime = 2).run(|| {
		post(1, &[(1, 32_768)]);
		post(2, &[(2, 32_768)]);
		for _ in 0..2 {
			pay_epoch();
			post(1, &[(1, 32_768)]);
		}
		// Posted in epoch 1, still live in epoch 3.
		assert!(Emission::component(1).unwrap().source > 0);
		pay_epoch();
		post(1, &[(1, 32_768)]);
		assert_eq!(Emission::component(1).unwrap().source, 0);
		pay_epoch();
		let minted = 10 * SIGMA;
		// All mass comes from 0: half of it goes to 1, and half of that to 2.
		let paid = contributions();
		assert_eq!(paid.iter().sum::<u64>(), minted);
		assert!(paid[0].abs_diff(minted / 2) <= 1);
		assert!(paid[1].abs_diff(minted / 4) <= 1);
		assert!(paid[2].abs_diff(minted / 4) <= 1);
	});
}

#[test]
fn nothing_payable_is_nothing_minted_and_nothing_carried() {
	Ext::with(2).run(|| {
		pay_epoch();
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!((last.minted, last.sweeps, last.components), (0, 0, 2));
		assert_eq!(stakes(), [1_000, 2_000]);
		post(1, &[]);
		pay_epoch();
		assert_eq!(contributions(), [10 * SIGMA, 0]);
		// All rows expire, so the last payout is not repeated.
		for _ in 0..9 {
			pay_epoch();
		}
		assert_eq!(contributions(), [0, 0]);
		assert_eq!(MintedTotal::<Test>::get(), 9 * 10 * SIGMA);
	});
}

#[test]
fn an_empty_network_goes_round() {
	Ext::default().run(|| {
		assert_eq!(pay_epoch(), 9);
		assert_eq!(LastPaid::<Test>::get().unwrap().components, 0);
		assert_eq!(pay_epoch(), 10);
	});
}

#[test]
fn the_emission_halves() {
	let halvings = Halvings { interval: 15, max: 20 };
	Ext::with(1).parameters(|p| p.halvings = halvings).run(|| {
		post(1, &[]);
		let rates = [SIGMA, SIGMA / 2, SIGMA / 4, SIGMA / 8];
		for epoch in 0..5u64 {
			if epoch == 4 {
				post(1, &[]);
			}
			pay_epoch();
			let blocks = epoch * 10 + 1..=epoch * 10 + 10;
			let due: u64 = blocks.map(|b| rates[((b - 1) / 15) as usize]).sum();
			assert_eq!(LastPaid::<Test>::get().unwrap().minted, due);
		}
	});
}

#[test]
fn fees_and_burns_below_what_was_minted_are_an_honest_state() {
	Ext::with(1).build().execute_with(|| {
		let burn = |who: u64| {
			assert_ok!(Balances::burn(signed(who), Balances::free_balance(who) - ED, true));
		};
		post(1, &[]);
		(2..=40).for_each(burn);
		accept_issuance();
		pay_epoch();
		let stake = stakes()[0];
		assert_ok!(Emission::unstake(signed(1), stake));
		pay_epoch();
		pay_epoch();
		assert_ok!(Emission::withdraw_unbonded(signed(1)));
		burn(1);
		accept_issuance();
		assert!(Balances::total_issuance() < MintedTotal::<Test>::get());
		assert_ok!(Emission::check_invariants());
	});
}

#[test]
fn skipped_blocks_delay_and_lose_nothing() {
	Ext::with(1).run(|| {
		post(1, &[]);
		pay_epoch();
		// The hook has no weight at all for 25 blocks.
		for _ in 0..25 {
			next_block_with(0);
		}
		assert_eq!(Emission::epoch_status().next_payout_in, 1);
		next_block();
		assert_eq!(LastPaid::<Test>::get().unwrap().minted, 26 * SIGMA);
		assert_eq!(MintedTotal::<Test>::get(), 36 * SIGMA);
		// The next is due ten blocks after this Begin.
		assert_eq!(pay_epoch(), 10);
	});
}

#[test]
fn a_step_that_does_not_fit_is_seen() {
	Ext::with(3).run(|| {
		post(1, &[(1, 5)]);
		while System::block_number() < 9 {
			next_block();
		}
		ServiceWeight::set(Weight::from_parts(25, 0));
		next_block();
		// Merge first checks that it could remove a component.
		let stalled = Event::SolveStalled {
			phase: Phase::Merge,
			required: Weight::from_parts(31, 0),
			available: Weight::from_parts(24, 0),
		};
		assert_eq!(events(), std::slice::from_ref(&stalled));
		next_block();
		assert_eq!(events(), [stalled]);
		ServiceWeight::set(Weight::from_parts(1_000_000, 0));
		next_block();
		assert_eq!(payouts(), 1);
		assert_eq!(LastPaid::<Test>::get().unwrap().minted, 12 * SIGMA);
	});
}

#[test]
fn every_phase_can_stall() {
	Ext::with(3).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		let mut seen = std::collections::BTreeSet::new();
		while payouts() == 0 {
			for service in [66, 50, 75, 75, 20, 75, 20, 103, 20, 78, 60] {
				ServiceWeight::set(Weight::from_parts(service, 0));
				next_block();
				for event in events() {
					if let Event::SolveStalled { phase, required, available } = event {
						assert!(required.any_gt(available));
						seen.insert(format!("{phase:?}"));
					}
				}
			}
		}
		assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Begin", "Emit", "Merge", "Sweep"]);
	});
}

#[test]
fn posts_during_a_solve_wait_for_the_next() {
	Ext::with(3).service(LEAST_SERVICE).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		let active = Emission::row(0).unwrap().active;
		post(1, &[(2, 1_000)]);
		assert_ok!(Emission::stake(signed(1), 5_000_000));
		pay_epoch();
		assert_eq!(Emission::row(0).unwrap().active, active);
		assert_eq!(Emission::row(0).unwrap().pending.unwrap().edges, edges(&[(2, 1_000)]));
		// The next epoch is due already, but the paying block does not start it.
		let paid_at = LastPaid::<Test>::get().unwrap().paid_at;
		pay_epoch();
		assert!(LastPaid::<Test>::get().unwrap().started_at > paid_at);
		assert_eq!(Emission::row(0).unwrap().active.unwrap().edges, edges(&[(2, 1_000)]));
	});
}

#[test]
fn an_issuance_without_room_mints_nothing() {
	Ext::with(1).run(|| {
		// Genesis refuses this much; other pallets may have minted since.
		crate::EmissionParameters::<Test>::mutate(|parameters| parameters.sigma = u64::MAX / 10);
		post(1, &[]);
		// Without the checker, which expects the schedule.
		let mut meter = frame_support::weights::WeightMeter::new();
		System::set_block_number(10);
		Emission::service(10, &mut meter);
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!((last.minted, MintedTotal::<Test>::get()), (0, 0));
		assert_eq!(contributions(), [0]);
	});
}

#[test]
fn rows_at_the_limit_converge() {
	// A ring against the uid order with minimum self-shares converges slowest.
	let count = 40u64;
	Ext::with(count).run(|| {
		for owner in 1..=count {
			let before = (owner + count - 2) % count;
			post(owner, &[(before as u32, 57_344)]);
		}
		pay_epoch();
		let sweeps = LastPaid::<Test>::get().unwrap().sweeps;
		assert!((100..=156).contains(&sweeps), "{sweeps} sweeps");
	});
}

#[test]
fn a_truncated_solve_pays_what_was_absorbed() {
	let count = 40u64;
	Ext::with(count).service(600).run(|| {
		for owner in 1..=count {
			let before = (owner + count - 2) % count;
			post(owner, &[(before as u32, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		// No graph needs that many sweeps, so the counter is set.
		Solve::<Test>::mutate(|state| state.sweep = contribution::MAX_SWEEPS - 1);
		let number = System::block_number() + 1;
		System::set_block_number(number);
		let mut meter = frame_support::weights::WeightMeter::new();
		Emission::service(number, &mut meter);
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!((last.epoch, last.sweeps), (1, u32::from(contribution::MAX_SWEEPS)));
		assert!(last.residual > 1 << 33);
		let truncated = Event::SolveTruncated { epoch: 1, residual: last.residual };
		assert!(events().contains(&truncated));
		assert_eq!(last.minted, SIGMA * last.started_at);
		assert_eq!(contributions().iter().sum::<u64>(), last.minted);
	});
}
