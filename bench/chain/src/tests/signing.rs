//! A post is an extrinsic that the runtime accepts, and its row can be told later.

use std::collections::BTreeSet;

use super::state::{case, state};
use crate::{
	poster::{declared_ms, row},
	state::{account, signers},
	sustain::is_last,
};
use bittensor_client::{Call, Offline};
use bittensor_emission::{Edge, Row, RowInfo};
use bittensor_runtime::{Emission, Runtime, RuntimeCall, System, UncheckedExtrinsic, VERSION};
use codec::Decode;
use sp_runtime::{generic::ExtrinsicFormat, traits::Checkable};
use subxt::metadata::Metadata;

/// A post of key `index`, for the chain of block 0 `genesis`. Needs a state.
fn signed(index: usize, genesis: [u8; 32], edges: u32) -> anyhow::Result<Vec<u8>> {
	let metadata = Runtime::metadata_at_version(15).expect("the runtime has it");
	let metadata = Metadata::decode_from(&metadata)?;
	let (spec, transaction) = (VERSION.spec_version, VERSION.transaction_version);
	let offline = Offline::new(metadata, genesis, spec, transaction)?;
	Ok(offline.sign(&Call::PostRow { row: row(1, 3, edges, 40) }, &signers(2)?[index], 0)?)
}

#[test]
fn the_runtime_accepts_the_signature_and_reads_the_call() -> anyhow::Result<()> {
	state(&case())?.read(|| {
		let genesis = System::block_hash(0).0;
		// One below and one above 256 bytes, where the payload is hashed before it is signed.
		for edges in [1, 39] {
			let check = |genesis| {
				let extrinsic = UncheckedExtrinsic::decode(&mut &signed(1, genesis, edges)?[..])?;
				anyhow::Ok(extrinsic.check(&frame_system::ChainContext::<Runtime>::default()))
			};
			let checked = check(genesis)?.expect("the signature is valid");
			let RuntimeCall::Emission(pallet_emission::Call::post_row { row: posted }) =
				checked.function
			else {
				panic!("{:?} is not a post", checked.function)
			};
			assert_eq!(posted.to_vec(), row(1, 3, edges, 40));
			match checked.format {
				ExtrinsicFormat::Signed(who, _) => assert_eq!(who, account(&signers(2)?[1])),
				other => panic!("{other:?} is not signed"),
			}
			check([9; 32])?.expect_err("another chain's signature");
		}
		Ok(())
	})
}

#[test]
fn signers_own_the_first_components() -> anyhow::Result<()> {
	let keys = signers(5)?;
	state(&case())?.read(|| {
		for (uid, key) in (0u32..).zip(&keys) {
			assert_eq!(Emission::component_of(&account(key)), Some(uid));
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
				let targets: BTreeSet<u32> = row.iter().map(|edge| edge.target).collect();
				assert_eq!(targets.len(), row.len(), "no target twice");
				assert!(targets.iter().all(|&target| target != uid && target < components));
				assert!(row.iter().all(|edge| edge.share > 0));
				let given: u32 = row.iter().map(|edge| u32::from(edge.share)).sum();
				assert!(given <= 57_344, "{given}");
				assert!(row.is_empty() || row != last, "round {round} posts the same row");
				last = row;
			}
		}
	}
}

#[test]
fn a_post_takes_more_of_a_block_than_its_call() -> anyhow::Result<()> {
	let state = state(&case())?;
	let limits = state.limits();
	assert!(limits.service_ms < limits.normal_ms);
	let declared = |edges| state.read(|| declared_ms(&signed(0, [0; 32], edges)?));
	let ([few, _], [many, in_block]) = (declared(1)?, declared(39)?);
	assert!(
		few < many && many < in_block && in_block < limits.normal_ms,
		"{few} {many} {in_block}"
	);
	declared_ms(b"no extrinsic").expect_err("no extrinsic");
	Ok(())
}

#[test]
fn the_row_that_counts_next_is_the_pending_one() {
	let edges = |edges: &[(u32, u16)]| -> Vec<Edge> {
		edges.iter().map(|&(target, share)| Edge { target, share }).collect()
	};
	let of = |edges: &[Edge]| Some(Row { posted: 1, self_share: 0, edges: edges.to_vec() });
	let (old, new) = (edges(&[(1, 2)]), edges(&[(2, 3), (1, 2)]));
	let both = RowInfo { uid: 0, active: of(&old), pending: of(&new) };
	assert!(is_last(&both, edges(&[(1, 2), (2, 3)])) && !is_last(&both, old.clone()));
	let active = RowInfo { uid: 0, active: of(&old), pending: None };
	assert!(is_last(&active, old) && !is_last(&active, new));
	assert!(!is_last(&RowInfo { uid: 0, active: None, pending: None }, vec![]));
}
