//! Upgrades and governance: the storage version, restarts, aborts and parameters.

use crate::{
	mock::*,
	pages::row_page,
	types::{Phase, RowPage},
	EmissionParameters, Epoch, Error, Event, LastPaid, MintedTotal, Pallet, ResidualPieces,
	RestartDue, RowPages, Solve, Started,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{GetStorageVersion, Hooks, StorageVersion},
	weights::Weight,
};
use proptest::prelude::*;
use sp_runtime::DispatchError;

/// The largest solve of these tests, in components.
const COUNT: u64 = 100;

/// A ring of components whose solves take many blocks of [`LEAST_SERVICE`].
fn ring(service: u64, test: impl FnOnce()) {
	Ext::with(COUNT).service(service).run(|| {
		for owner in 1..=COUNT {
			post(owner, &[((owner % COUNT) as u32, 50_000)]);
		}
		test();
	});
}

fn upgrade() {
	Pallet::<Test>::on_runtime_upgrade();
}

fn aborted(events: &[Event<Test>]) -> Option<u64> {
	events.iter().find_map(|event| match event {
		Event::SolveAborted { lapsed, .. } => Some(*lapsed),
		_ => None,
	})
}

#[test]
fn another_storage_version_halts_everything() {
	ring(LEAST_SERVICE, || {
		run_to_phase(Phase::Sweep);
		let solve = Solve::<Test>::get();
		StorageVersion::new(1).put::<Emission>();
		for _ in 0..3 {
			next_block();
			assert_eq!(Solve::<Test>::get(), solve, "the hook went on");
			assert!(events().is_empty());
		}
		let error = Error::<Test>::OtherStorageVersion;
		assert_noop!(Emission::register(signed(39), None, None), error);
		assert_noop!(Emission::deregister(signed(1)), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::set_endpoint(signed(1), None), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::set_service_key(signed(1), 33), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::stake(signed(1), 1_000), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::unstake(signed(1), 1), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::withdraw_unbonded(signed(1)), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::post_row(signed(1), row(&[])), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::set_edge(signed(1), 2, 1), Error::<Test>::OtherStorageVersion);
		let accept = Emission::accept_service_key(signed(33), 1);
		assert_noop!(accept, Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::resign_service_key(signed(1)), Error::<Test>::OtherStorageVersion);
		let offer = Emission::offer_component(signed(1), Some(33));
		assert_noop!(offer, Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::accept_component(signed(33), 1), Error::<Test>::OtherStorageVersion);
		assert_noop!(Emission::remove_dead(signed(33), 1), Error::<Test>::OtherStorageVersion);
		let root = RuntimeOrigin::root;
		assert_noop!(Emission::abort_solve(root()), Error::<Test>::OtherStorageVersion);
		let set = Emission::set_parameters(root(), None, None, None);
		assert_noop!(set, Error::<Test>::OtherStorageVersion);
		assert_eq!(Emission::bids(0, 0, 10), None);

		// The migration writes the version, and the solve goes on where it was.
		Emission::in_code_storage_version().put::<Emission>();
		pay_epoch();
	});
}

#[test]
fn an_unreadable_page_of_rows_halts_the_solve() {
	ring(1_000_000, || {
		pay_epoch();
		let page = row_page(40);
		let good = RowPages::<Test>::get(page);
		let (epoch, minted) = (Epoch::<Test>::get(), MintedTotal::<Test>::get());
		let key = RowPages::<Test>::hashed_key_for(page);
		let other = RowPage { version: 7, ..good.clone() };
		let damaged: [Vec<u8>; 2] = [codec::Encode::encode(&other), vec![1, 2, 3]];
		for bytes in damaged {
			sp_io::storage::set(&key, &bytes);
			System::set_block_number(u64::from(epoch + 1) * u64::from(EPOCH));
			System::reset_events();
			let mut meter = frame_support::weights::WeightMeter::new();
			Emission::on_poll(System::block_number(), &mut meter);
			assert_eq!(events().last(), Some(&Event::RowPageUnreadable { page }));
			assert_eq!(Epoch::<Test>::get(), epoch);
			assert_eq!(MintedTotal::<Test>::get(), minted, "nothing is minted by rows not read");
			assert_eq!(Solve::<Test>::get().phase, Phase::Begin);
			assert_eq!(sp_io::storage::get(&key).unwrap().to_vec(), bytes, "the page is kept");
		}
		// A pending row of that page waits too, instead of replacing the other 31.
		RowPages::<Test>::insert(page, good.clone());
		pay_epoch();
		post(41, &[(7, 100)]);
		sp_io::storage::set(&key, &[9]);
		let due = Started::<Test>::get() + u64::from(EPOCH);
		System::set_block_number(due);
		System::reset_events();
		Emission::on_poll(due, &mut frame_support::weights::WeightMeter::new());
		assert_eq!(events().last(), Some(&Event::RowPageUnreadable { page }));
		assert_eq!(Solve::<Test>::get().phase, Phase::Merge);
		RowPages::<Test>::insert(page, good);
		pay_epoch();
		assert_eq!(Emission::row(40).unwrap().active.unwrap().edges.len(), 1);
	});
}

#[test]
fn an_upgrade_restarts_a_solve_and_no_emission_is_lost() {
	for wanted in [Phase::Merge, Phase::Sweep] {
		ring(LEAST_SERVICE, || {
			run_to_phase(wanted);
			let started = Started::<Test>::get();
			upgrade();
			next_block();
			assert!(!RestartDue::<Test>::get());
			let restarted = Event::SolveRestarted { epoch: 1, phase: wanted };
			assert_eq!(events().first(), Some(&restarted));
			pay_epoch();
			let last = LastPaid::<Test>::get().unwrap();
			assert!(last.started_at > started);
			// All blocks until the second `Begin`, and none twice.
			assert_eq!(last.minted, SIGMA * last.started_at);
			assert_eq!(last.minted, MintedTotal::<Test>::get());
		});
	}
}

#[test]
fn an_upgrade_while_idle_or_paying_changes_nothing() {
	ring(LEAST_SERVICE, || {
		upgrade();
		next_block();
		assert!(!RestartDue::<Test>::get());
		assert!(events().is_empty());
		run_to_phase(Phase::Emit);
		while Solve::<Test>::get().minted.is_none() {
			next_block();
		}
		if Solve::<Test>::get().phase == Phase::Emit {
			upgrade();
			next_block();
			let restarted = |event: &Event<Test>| matches!(event, Event::SolveRestarted { .. });
			assert!(!events().iter().any(restarted));
		}
		pay_epoch();
	});
}

#[test]
fn a_restart_without_room_waits() {
	ring(LEAST_SERVICE, || {
		run_to_phase(Phase::Sweep);
		let state = Solve::<Test>::get();
		upgrade();
		// The poll fits, the removal of the vectors does not.
		ServiceWeight::set(Weight::from_parts(2, 0));
		next_block();
		assert_eq!(Solve::<Test>::get(), state);
		assert!(RestartDue::<Test>::get());
		assert!(matches!(events()[0], Event::SolveStalled { phase: Phase::Sweep, .. }));
		ServiceWeight::set(Weight::from_parts(LEAST_SERVICE, 0));
		next_block();
		assert!(!RestartDue::<Test>::get());
		pay_epoch();
	});
}

#[test]
fn an_aborted_solve_costs_one_epoch() {
	ring(LEAST_SERVICE, || {
		run_to_phase(Phase::Sweep);
		let started = Started::<Test>::get();
		let stakes_before = stakes();
		assert!(ResidualPieces::<Test>::iter().count() > 0);
		assert_ok!(abort());
		assert_eq!(aborted(&events()), Some(SIGMA * started));
		assert_eq!(stakes(), stakes_before);
		assert_eq!(ResidualPieces::<Test>::iter().count(), 0);
		assert_eq!(Solve::<Test>::get(), Default::default());
		assert_eq!(Emission::bids(0, 0, 10), None, "the rows are newer than the payouts");
		assert_eq!(Epoch::<Test>::get(), 1);
		check_state();
		pay_epoch();
		// The next solve pays the blocks since the aborted one, and no others.
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!(last.epoch, 1);
		assert_eq!(last.minted, SIGMA * (last.started_at - started));
		assert!(Emission::bids(0, 0, 300).is_some());
	});
}

#[test]
fn only_governance_aborts_and_only_a_solve() {
	ring(LEAST_SERVICE, || {
		assert_noop!(Emission::abort_solve(RuntimeOrigin::root()), Error::<Test>::NoSolve);
		run_to_phase(Phase::Sweep);
		assert_noop!(Emission::abort_solve(signed(1)), DispatchError::BadOrigin);
		while Solve::<Test>::get().minted.is_none() {
			next_block();
		}
		assert_eq!(Solve::<Test>::get().phase, Phase::Emit);
		assert_noop!(Emission::abort_solve(RuntimeOrigin::root()), Error::<Test>::BeingPaid);
		pay_epoch();
	});
}

#[test]
fn parameters_are_set_within_their_bounds() {
	Ext::with(2).run(|| {
		let set = |stake, deposit, lifetime| {
			Emission::set_parameters(RuntimeOrigin::root(), stake, deposit, lifetime)
		};
		let before = EmissionParameters::<Test>::get();
		for stake in [0, 99, 1_000_000_001, u64::MAX] {
			assert_noop!(set(Some(stake), None, None), Error::<Test>::MinStakeOutOfBounds);
		}
		for deposit in [0, 9, 1_000_000_001, u64::MAX] {
			assert_noop!(set(None, Some(deposit), None), Error::<Test>::DepositOutOfBounds);
		}
		for lifetime in [0, 1, 101, u32::MAX] {
			assert_noop!(set(None, None, Some(lifetime)), Error::<Test>::RowLifetimeOutOfBounds);
		}
		// All or nothing.
		assert_noop!(set(Some(200), Some(9), None), Error::<Test>::DepositOutOfBounds);
		let by_owner = Emission::set_parameters(signed(1), Some(200), None, None);
		assert_noop!(by_owner, DispatchError::BadOrigin);

		assert_ok!(set(Some(100), Some(10), Some(2)));
		assert_ok!(set(Some(1_000_000_000), Some(1_000_000_000), Some(100)));
		assert_ok!(set(Some(200), None, None));
		let expected = crate::Parameters {
			min_stake: 200,
			registration_deposit: 1_000_000_000,
			row_lifetime: 100,
			..before
		};
		assert_eq!(EmissionParameters::<Test>::get(), expected);
		let event = Event::ParametersSet {
			min_stake: 200,
			registration_deposit: 1_000_000_000,
			row_lifetime: 100,
		};
		assert_eq!(events().last(), Some(&event));

		// They count from now on, and a deposit on hold stays as it is.
		assert_ok!(set(None, Some(700), None));
		assert_ok!(Emission::register(signed(30), None, None));
		assert_ok!(Emission::stake(signed(30), 200));
		assert_eq!(Emission::component(0).unwrap().deposit, DEPOSIT);
		assert_eq!(Emission::component(2).unwrap().deposit, 700);
	});
}

/// What happens between two blocks of a solve.
#[derive(Clone, Copy, Debug)]
enum Interruption {
	None,
	Upgrade,
	Abort,
	Unstake(u64),
	Leave(u64),
	Post(u64, u32),
}

fn interruption() -> impl Strategy<Value = Interruption> {
	prop_oneof![
		20 => Just(Interruption::None),
		3 => Just(Interruption::Upgrade),
		2 => Just(Interruption::Abort),
		2 => (1..=COUNT).prop_map(Interruption::Unstake),
		1 => (1..=COUNT).prop_map(Interruption::Leave),
		2 => (1..=COUNT, 0..COUNT as u32).prop_map(|(who, to)| Interruption::Post(who, to)),
	]
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

	/// At any point of a solve that spans many blocks: after each block `next_block` checks all invariants,
	/// and each payout against the contribution crate with the emission of exactly the blocks that no abort
	/// let lapse.
	#[test]
	fn a_solve_survives_upgrades_and_aborts_at_any_point(
		service in LEAST_SERVICE..400u64,
		interruptions in prop::collection::vec(interruption(), 40..100),
	) {
		ring(service, || {
			let mut lapsed = 0;
			for interruption in interruptions {
				match interruption {
					Interruption::None => {}
					Interruption::Upgrade => upgrade(),
					Interruption::Abort => {
						if abort().is_ok() {
							lapsed += aborted(&events()).unwrap();
						}
					}
					Interruption::Unstake(who) => {
						let _ = Emission::unstake(signed(who), who * 999);
					}
					Interruption::Leave(who) => {
						let _ = Emission::deregister(signed(who));
					}
					Interruption::Post(who, to) => {
						let _ = Emission::post_row(signed(who), row(&[(to, 20_000)]));
					}
				}
				check_state();
				next_block();
			}
			ServiceWeight::set(Weight::from_parts(1_000_000, 0));
			pay_epoch();
			// Every unit of the schedule was minted or lapsed; there was a live row in every epoch.
			let schedule = EmissionParameters::<Test>::get().schedule();
			let due = schedule.between(0, Started::<Test>::get());
			assert_eq!(MintedTotal::<Test>::get() + lapsed, due);
		});
	}
}
