//! Block limits, checked at every slot length of the presets.

use bittensor_runtime::{
	slots::{self, limits_of, MAX_SLOT_DURATION, MIN_SLOT_DURATION},
	AllPalletsWithSystem, Runtime, RuntimeCall,
};
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{Get, IntegrityTest},
	weights::constants::WEIGHT_REF_TIME_PER_MILLIS,
};
use pallet_emission::{types::Edge, Call};
use sp_io::TestExternalities;

/// The slot lengths of the presets and of a public chain, in milliseconds.
const SLOTS: [u64; 3] = [1_000, 3_000, 6_000];

fn with_slots(milliseconds: u64, test: impl FnOnce()) {
	TestExternalities::default().execute_with(|| {
		slots::SlotDuration::<Runtime>::put(milliseconds);
		test();
	});
}

#[test]
fn a_block_takes_a_third_of_its_slot() {
	for slot in SLOTS {
		with_slots(slot, || {
			let limits = <Runtime as frame_system::Config>::BlockWeights::get();
			assert_eq!(limits.max_block.ref_time(), slot * WEIGHT_REF_TIME_PER_MILLIS / 3);
			let period = <Runtime as pallet_timestamp::Config>::MinimumPeriod::get();
			assert_eq!(period, slot / 2);
		});
	}
}

#[test]
fn every_slot_length_has_valid_limits() {
	for slot in (MIN_SLOT_DURATION..=MAX_SLOT_DURATION).step_by(250) {
		assert!(limits_of(slot).validate().is_ok(), "{slot} ms");
	}
	// A value that genesis refuses does not make a limit zero.
	with_slots(0, || {
		assert_eq!(slots::Length::get(), MIN_SLOT_DURATION);
		let limits = <Runtime as frame_system::Config>::BlockWeights::get();
		assert!(limits.validate().is_ok());
	});
}

#[test]
fn the_emission_takes_a_quarter_of_a_block() {
	for slot in SLOTS {
		with_slots(slot, || {
			let service = <Runtime as pallet_emission::Config>::MaxServiceWeight::get();
			let block = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
			assert_eq!(service.ref_time(), block.ref_time() / 4);
		});
	}
}

#[test]
fn slots_of_two_seconds_hold_all_components() {
	for (slot, components) in [(1_000, 32_768), (2_000, 65_536), (6_000, 65_536)] {
		with_slots(slot, || {
			assert_eq!(<Runtime as pallet_emission::Config>::MaxComponents::get(), components);
		});
	}
}

#[test]
fn integrity_holds_at_every_slot_length() {
	for slot in std::iter::once(MIN_SLOT_DURATION).chain(SLOTS) {
		with_slots(slot, <AllPalletsWithSystem as IntegrityTest>::integrity_test);
	}
}

#[test]
fn every_slot_length_has_room_for_an_upgrade() {
	with_slots(MIN_SLOT_DURATION, || {
		let code = RuntimeCall::System(frame_system::Call::set_code { code: Vec::new() });
		let upgrade = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(code) });
		let info = upgrade.get_dispatch_info();
		assert_eq!(info.class, DispatchClass::Operational);
		let most = limits_of(MIN_SLOT_DURATION).get(info.class).max_extrinsic;
		let most = most.expect("operational calls have a limit");
		assert!(info.call_weight.all_lte(most), "{} of {most}", info.call_weight);
		// The slots that genesis refuses have none.
		let short = limits_of(500).get(info.class).max_extrinsic.expect("a limit");
		assert!(!info.call_weight.all_lte(short));
	});
}

#[test]
fn a_post_of_64_edges_takes_less_than_three_milliseconds() {
	with_slots(6_000, || {
		let row = vec![Edge { target: 1, share: 1 }; contribution::MAX_EDGES]
			.try_into()
			.expect("a full row");
		let post = RuntimeCall::Emission(Call::post_row { row }).get_dispatch_info().call_weight;
		println!("post_row of 64 edges: {} µs", post.ref_time() / 1_000_000);
		assert!(post.ref_time() <= 3 * WEIGHT_REF_TIME_PER_MILLIS, "{post}");
	});
}

#[test]
fn every_call_of_the_emission_fits_a_block() {
	let row =
		vec![Edge { target: 1, share: 1 }; contribution::MAX_EDGES].try_into().expect("a full row");
	let calls = [
		Call::register { endpoint: None, service_key: None },
		Call::deregister {},
		Call::remove_dead { uid: 0 },
		Call::set_endpoint { endpoint: None },
		Call::set_service_key { service_key: [0; 32].into() },
		Call::accept_service_key { owner: [0; 32].into() },
		Call::resign_service_key {},
		Call::offer_component { new_owner: None },
		Call::accept_component { owner: [0; 32].into() },
		Call::stake { amount: 1 },
		Call::unstake { amount: 1 },
		Call::withdraw_unbonded {},
		Call::post_row { row },
		Call::set_edge { target: 1, share: 1 },
		Call::set_parameters { min_stake: None, registration_deposit: None, row_lifetime: None },
		Call::abort_solve {},
	];
	for slot in SLOTS {
		let limits = limits_of(slot);
		let most =
			limits.get(DispatchClass::Normal).max_extrinsic.expect("normal calls have a limit");
		for call in &calls {
			let weight = RuntimeCall::Emission(call.clone()).get_dispatch_info().call_weight;
			// A block of the shortest slot has room for a hundred calls of the largest weight.
			assert!((weight * 100).all_lte(most), "{call:?} takes {weight:?} of {most:?}");
			assert!(weight.ref_time() > 0, "{call:?} is free");
		}
	}
}
