//! An upgrade of the runtime by the technical committee of `testnet`, and what it does to a solve.
//!
//! The new runtime is the smallest WebAssembly module with a version in the section where nodes read it.
//! The chain stores it as its code; it is not executed.

use crate::{
	chain::{author, preset},
	governance::{as_root, decide, submit},
};
use bittensor_runtime::{Hash, Runtime, RuntimeCall, RuntimeEvent, System, VERSION};
use frame_support::storage::unhashed;
use frame_system::{Call, Error, Event, LastRuntimeUpgrade};
use pallet_emission::{types::SolveState, Solve};
use sp_core::{storage::well_known_keys::CODE, traits::ReadRuntimeVersionExt};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// A module of this version.
fn runtime(spec_version: u32) -> Vec<u8> {
	let version = sp_version::RuntimeVersion { spec_version, ..VERSION };
	sp_version::embed::embed_runtime_version(b"\0asm\x01\0\0\0", version).expect("a module")
}

/// A chain whose node reads the version of a runtime as it does in production.
fn chain() -> TestExternalities {
	let mut state = preset("testnet");
	let executor = sc_executor::WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	state.register_extension(ReadRuntimeVersionExt::new(executor));
	state
}

fn authorize(code: &[u8]) -> RuntimeCall {
	let code_hash: Hash = BlakeTwo256::hash(code);
	as_root(RuntimeCall::System(Call::authorize_upgrade { code_hash }))
}

fn apply(code: Vec<u8>) -> RuntimeCall {
	RuntimeCall::System(Call::apply_authorized_upgrade { code })
}

fn code() -> Option<Vec<u8>> {
	unhashed::get_raw(CODE)
}

#[test]
fn two_of_three_upgrade_the_runtime() {
	chain().execute_with(|| {
		let new = runtime(VERSION.spec_version + 1);
		assert_eq!(decide(authorize(&new), &[Alice, Bob]), Some(Ok(())));
		assert_ne!(code().as_ref(), Some(&new));
		// Anybody can bring the code.
		let (result, events) = submit(Dave, apply(new.clone()));
		assert_eq!(result, Ok(()));
		assert!(events
			.contains(&RuntimeEvent::System(Event::CodeUpdated { hash: BlakeTwo256::hash(&new) })));
		assert_eq!(code(), Some(new));
	});
}

#[test]
fn two_of_three_set_the_code_at_once() {
	chain().execute_with(|| {
		let new = runtime(VERSION.spec_version + 1);
		let set = as_root(RuntimeCall::System(Call::set_code { code: new.clone() }));
		assert_eq!(decide(set, &[Bob, Charlie]), Some(Ok(())));
		assert_eq!(code(), Some(new));
	});
}

#[test]
fn a_minority_or_a_stranger_upgrades_nothing() {
	chain().execute_with(|| {
		let before = code();
		for (version, voters) in (1..).zip([&[Alice][..], &[Dave, Alice], &[Alice, Dave]]) {
			let new = runtime(VERSION.spec_version + version);
			assert_eq!(decide(authorize(&new), voters), None);
			let (result, _) = submit(Bob, apply(new));
			assert_eq!(result, Err(Error::<Runtime>::NothingAuthorized.into()));
		}
		assert_eq!(code(), before);
	});
}

#[test]
fn another_code_or_no_later_version_is_refused() {
	chain().execute_with(|| {
		let before = code();
		let new = runtime(VERSION.spec_version + 1);
		assert_eq!(decide(authorize(&new), &[Alice, Bob]), Some(Ok(())));
		let (result, _) = submit(Dave, apply(runtime(VERSION.spec_version + 2)));
		assert_eq!(result, Err(Error::<Runtime>::Unauthorized.into()));
		// The version is checked when the code comes; the authorization is used up.
		let same = runtime(VERSION.spec_version);
		assert_eq!(decide(authorize(&same), &[Alice, Bob]), Some(Ok(())));
		let (_, events) = submit(Dave, apply(same));
		assert!(events.iter().any(|event| matches!(
			event,
			RuntimeEvent::System(Event::RejectedInvalidAuthorizedUpgrade { .. })
		)));
		assert_eq!(code(), before);
	});
}

#[test]
fn a_new_version_restarts_a_solve_and_pays_its_epoch() {
	use pallet_emission::Event::{EpochPaid, SolveRestarted};
	preset("testnet").execute_with(|| {
		author(1, vec![]);
		let phase = bittensor_emission::Phase::Begin;
		Solve::<Runtime>::put(SolveState { phase, ..Default::default() });
		// As it is in the first block after an upgrade.
		LastRuntimeUpgrade::<Runtime>::mutate(|last| {
			if let Some(last) = last {
				last.spec_version = (VERSION.spec_version - 1).into();
			}
		});
		let (_, events) = author(2, vec![]);
		let ours: Vec<_> = events
			.into_iter()
			.filter_map(|event| match event {
				RuntimeEvent::Emission(event) => Some(event),
				_ => None,
			})
			.collect();
		assert_eq!(ours.first(), Some(&SolveRestarted { epoch: 1, phase }));
		assert!(matches!(ours.last(), Some(EpochPaid { epoch: 1, .. })), "{ours:?}");
		// Only the first block of a version restarts.
		let (_, events) = author(3, vec![]);
		let restarted =
			|event: &RuntimeEvent| matches!(event, RuntimeEvent::Emission(SolveRestarted { .. }));
		assert!(!events.iter().any(restarted));
		assert_eq!(System::block_number(), 3);
	});
}
