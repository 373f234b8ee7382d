//! The API `TryRuntime`: upgrades and blocks, with the checks of all pallets. `make test-try-runtime` runs these
//! tests; the others are compiled without the feature.

use crate::{
	chain::{build, preset, sign, succeed, time_of},
	governance::as_root,
	validators::join,
};
use bittensor_runtime::{Block, Runtime, RuntimeCall, UncheckedExtrinsic, UNIT, VERSION};
use frame_support::{storage::unhashed, BoundedVec};
use frame_system::LastRuntimeUpgrade;
use frame_try_runtime::{
	runtime_decl_for_try_runtime::TryRuntimeV1 as TryRuntime, TryStateSelect, UpgradeCheckSelect,
};
use pallet_emission::types::{Edge, SolveState};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie};
use sp_runtime::traits::Block as _;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What `try-runtime` does with the state of a chain before an upgrade.
fn upgrade() {
	LastRuntimeUpgrade::<Runtime>::mutate(|last| {
		if let Some(last) = last {
			last.spec_version = (VERSION.spec_version - 1).into();
		}
	});
	<Runtime as TryRuntime<Block>>::on_runtime_upgrade(UpgradeCheckSelect::All);
}

/// Builds a block as its author does, and then executes it on the same state with all checks.
fn execute(number: u32, extrinsics: Vec<UncheckedExtrinsic>) {
	// Not by `with_transaction`, which counts its levels in the storage and so in its root.
	sp_io::storage::start_transaction();
	let (header, results) = build(number, extrinsics.clone());
	sp_io::storage::rollback_transaction();
	assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");
	let extrinsics = [time_of(number)].into_iter().chain(extrinsics).collect();
	let block = Block::new(header.clone(), extrinsics);
	<Runtime as TryRuntime<Block>>::execute_block(block.into(), true, true, TryStateSelect::All);
	succeed(&header);
}

/// The calls of one account, from its first on.
fn signed(who: Sr25519Keyring, calls: Vec<RuntimeCall>) -> Vec<UncheckedExtrinsic> {
	calls.into_iter().zip(0..).map(|(call, nonce)| sign(who, nonce, call)).collect()
}

#[test]
fn every_preset_passes_the_checks_of_all_pallets() {
	for name in ["development", "local_testnet", "testnet"] {
		preset(name).execute_with(upgrade);
	}
}

#[test]
fn a_chain_in_use_passes_the_checks_of_all_pallets_after_each_block_and_an_upgrade() {
	use pallet_emission::Call::{post_row, register, stake};
	let emission = RuntimeCall::Emission;
	preset("development").execute_with(|| {
		let row = vec![Edge { target: 0, share: 16_384 }].try_into().expect("a short row");
		let delegate = Alice.to_account_id().into();
		let proxy = pallet_proxy::Call::add_proxy {
			delegate,
			proxy_type: bittensor_runtime::configs::accounts::ProxyType::Any,
			delay: 0,
		};
		let bob = vec![
			emission(register { endpoint: None, service_key: None }),
			emission(stake { amount: 50 * UNIT }),
			emission(post_row { row }),
			RuntimeCall::Proxy(proxy),
		];
		let abort = RuntimeCall::Emission(pallet_emission::Call::abort_solve {});
		let proposal = Box::new(as_root(abort));
		let propose = pallet_collective::Call::propose { threshold: 2, proposal, length_bound: 99 };
		let noted = pallet_preimage::Call::note_preimage { bytes: vec![7; 99] };
		let alice = vec![RuntimeCall::TechnicalCommittee(propose), RuntimeCall::Preimage(noted)];
		execute(1, signed(Charlie, join(&Charlie.to_account_id(), 1_000)));
		execute(2, [signed(Bob, bob), signed(Alice, alice)].concat());
		// Two sessions, three epochs.
		(3..=35).for_each(|number| execute(number, vec![]));
		let leave = pallet_validator_set::Call::leave {};
		let unstake = pallet_emission::Call::unstake { amount: 20 * UNIT };
		execute(
			36,
			vec![
				sign(Charlie, 4, RuntimeCall::ValidatorSet(leave)),
				sign(Bob, 4, emission(unstake)),
			],
		);
		execute(37, vec![]);
		upgrade();
		(38..=45).for_each(|number| execute(number, vec![]));
		upgrade();
	});
}

#[test]
fn a_solve_that_an_upgrade_interrupts_passes_the_checks() {
	preset("development").execute_with(|| {
		execute(1, vec![]);
		let phase = bittensor_emission::Phase::Merge;
		pallet_emission::Solve::<Runtime>::put(SolveState { phase, ..Default::default() });
		upgrade();
		execute(2, vec![]);
	});
}

/// Whether the checks of an upgrade, or of a block, find the damage.
fn is_seen(damage: fn(), check: fn()) -> bool {
	preset("development").execute_with(|| {
		damage();
		catch_unwind(AssertUnwindSafe(check)).is_err()
	})
}

#[test]
fn a_damaged_state_is_seen() {
	let damages: [(&str, fn()); 4] = [
		("nothing", || ()),
		("more was minted than scheduled", || {
			pallet_emission::MintedTotal::<Runtime>::put(UNIT);
		}),
		("a validator has no turns", || pallet_validator_set::Turns::<Runtime>::kill()),
		("a proposal is missing", || {
			let proposals = vec![Default::default()].try_into().expect("one");
			pallet_collective::Proposals::<Runtime>::put::<BoundedVec<_, _>>(proposals);
		}),
	];
	for (name, damage) in damages {
		assert_eq!(is_seen(damage, upgrade), name != "nothing", "{name}: by an upgrade");
		assert_eq!(is_seen(damage, || execute(1, vec![])), name != "nothing", "{name}: by a block");
	}
	// Only an upgrade reads all of the state.
	let undecodable = || {
		unhashed::put_raw(&pallet_emission::Solve::<Runtime>::hashed_key(), &[0xff]);
	};
	assert!(is_seen(undecodable, upgrade), "a value that does not decode");
}
