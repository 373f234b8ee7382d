//! A post is an extrinsic that the runtime accepts, and its row is what is told later.

use std::collections::BTreeSet;

use bittensor_bench_chain::{
	limits::Limits,
	poster::{call, declared_in_block_ms, declared_ms, row, sign},
	state::{account, signers, State},
	sustain::is_last,
};
use bittensor_runtime::{Runtime, RuntimeCall, System, UncheckedExtrinsic};
use codec::Decode;
use pallet_emission::types::{Edge, Row, RowInfo};
use sp_runtime::{generic::ExtrinsicFormat, traits::Checkable};

use crate::state::{case, settings};

#[test]
fn the_runtime_accepts_the_signature_and_reads_the_call() -> anyhow::Result<()> {
	let state = State::build(&case(), &settings())?;
	let keys = signers(2)?;
	state.read(|| {
		let genesis = System::block_hash(0);
		// One below and one above 256 bytes, where the payload is hashed before it is signed.
		for edges in [1, 39] {
			let post = call(row(1, 3, edges, 40))?;
			let bytes = sign(&keys[1], 0, genesis, &post);
			let extrinsic = UncheckedExtrinsic::decode(&mut &bytes[..])?;
			let checked = extrinsic
				.check(&frame_system::ChainContext::<Runtime>::default())
				.expect("the signature is valid");
			assert_eq!(checked.function, post);
			match checked.format {
				ExtrinsicFormat::Signed(who, _) => assert_eq!(who, account(&keys[1])),
				other => panic!("{other:?} is not signed"),
			}
			let other = sign(&keys[0], 0, sp_core::H256::zero(), &post);
			UncheckedExtrinsic::decode(&mut &other[..])?
				.check(&frame_system::ChainContext::<Runtime>::default())
				.expect_err("another chain's signature");
		}
		Ok(())
	})
}

#[test]
fn signers_own_the_first_components() -> anyhow::Result<()> {
	let state = State::build(&case(), &settings())?;
	let keys = signers(5)?;
	state.read(|| {
		for (uid, key) in (0u32..).zip(&keys) {
			assert_eq!(pallet_emission::Pallet::<Runtime>::component_of(&account(key)), Some(uid));
		}
	});
	Ok(())
}

#[test]
fn rows_are_well_formed_and_move_with_every_round() {
	for components in [1, 2, 40, 65, 66, 1_000, 65_536] {
		for (uid, edges) in [(0, 64), (components - 1, 10), (components / 2, 1), (0, 0)] {
			let mut last = Vec::new();
			for round in 0..50 {
				let row = row(uid, round, edges, components);
				assert_eq!(row.len() as u32, edges.min(components - 1));
				let targets: BTreeSet<u32> = row.iter().map(|&(target, _)| target).collect();
				assert_eq!(targets.len(), row.len(), "no target twice");
				assert!(targets.iter().all(|&target| target != uid && target < components));
				assert!(row.iter().all(|&(_, share)| share > 0));
				let given: u32 = row.iter().map(|&(_, share)| u32::from(share)).sum();
				assert!(given <= 57_344, "{given}");
				assert!(row.is_empty() || row != last, "round {round} posts the same row");
				last = row;
			}
		}
	}
}

#[test]
fn a_post_takes_more_of_a_block_than_its_call() -> anyhow::Result<()> {
	let state = State::build(&case(), &settings())?;
	let limits = Limits::of(&state);
	assert!(limits.service_ms < limits.normal_ms && limits.normal_ms < limits.block_ms);
	state.read(|| {
		let (few, many) = (declared_ms(1, 40)?, declared_ms(39, 40)?);
		assert!(few < many, "{few} {many}");
		assert!(many < declared_in_block_ms(39, 40)?);
		assert!(declared_in_block_ms(39, 40)? < limits.normal_ms);
		Ok(())
	})
}

#[test]
fn the_row_that_counts_next_is_the_pending_one() {
	let of = |edges: &[(u32, u16)]| Row {
		posted: 1,
		self_share: 0,
		edges: edges.iter().map(|&(target, share)| Edge { target, share }).collect(),
	};
	let (old, new) = ([(1, 2)], [(2, 3), (1, 2)]);
	let both = RowInfo { uid: 0, active: Some(of(&old)), pending: Some(of(&new)) };
	assert!(is_last(&both, &[(1, 2), (2, 3)]) && !is_last(&both, &old));
	let active = RowInfo { uid: 0, active: Some(of(&old)), pending: None };
	assert!(is_last(&active, &old) && !is_last(&active, &new));
	assert!(!is_last(&RowInfo { uid: 0, active: None, pending: None }, &[]));
}

#[test]
fn a_row_that_no_call_carries_is_refused() {
	let error = call((0..257).map(|uid| (uid, 1)).collect()).expect_err("too long");
	assert!(error.to_string().contains("257"), "{error}");
	assert!(matches!(call(vec![(1, 1)]), Ok(RuntimeCall::Emission(_))));
}
