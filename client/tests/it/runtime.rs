//! The client against the metadata of the runtime, without a node.

use bittensor_client::{names, Call, Edge, Endpoint, Offline};
use subxt::Metadata;
use subxt_signer::sr25519::dev;

fn metadata() -> Metadata {
	let bytes = std::fs::read("metadata.scale").expect("`make metadata` writes it");
	Metadata::decode_from(&bytes).expect("metadata")
}

#[test]
fn the_runtime_offers_what_clients_use() {
	names::check(&metadata()).expect("the client fits the runtime");
}

#[test]
fn a_chain_without_validator_calls_is_named_before_anything_is_sent() {
	// The same runtime, in which the pallet has another name.
	let mut bytes = std::fs::read("metadata.scale").expect("`make metadata` writes it");
	let name = b"\x30ValidatorSet";
	let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
	assert!(!places.is_empty());
	for at in places {
		bytes[at + 1] = b'X';
	}
	let error = names::check(&Metadata::decode_from(&bytes).expect("metadata"));
	let said = error.expect_err("no pallet ValidatorSet").to_string();
	for part in ["call ValidatorSet.register", "Use programs built for this chain's runtime"] {
		assert!(said.contains(part), "{part} is not in {said}");
	}
}

#[test]
fn every_call_is_encoded_by_the_metadata() {
	let endpoint =
		Endpoint { host: "::1".try_into().expect("short"), port: 9, tls_spki: None, protocol: 1 };
	let offline = Offline::new(metadata(), [7; 32], 1, 1).expect("it fits");
	let calls = [
		Call::Register { endpoint: Some(endpoint), service_key: Some([1; 32]) },
		Call::Stake { amount: 5 },
		Call::Unstake { amount: 7 },
		Call::Withdraw,
		Call::Deregister,
		Call::SetEndpoint { endpoint: None },
		Call::PostRow { row: vec![Edge { target: 1, share: 2 }, Edge { target: 3, share: 4 }] },
		Call::Transfer { to: [2; 32], amount: 6 },
		Call::SetServiceKey { service_key: [5; 32] },
		Call::AcceptServiceKey { owner: [6; 32] },
		Call::ResignServiceKey,
		Call::OfferComponent { new_owner: Some([8; 32]) },
		Call::AcceptComponent { owner: [9; 32] },
		Call::SetKeys { keys: [[10; 32], [11; 32]], proof: vec![12, 13] },
		Call::RegisterValidator,
		Call::LeaveValidators,
		Call::PurgeKeys,
	];
	// The end of an extrinsic is its call: pallet, call, arguments.
	let arguments: [&[u8]; 17] = [
		&[&[1u8, 12][..], b"::1", &[9, 0, 0, 1, 0, 1], &[1; 32]].concat(),
		&[5 << 2],
		&[5, 7 << 2],
		&[6],
		&[1],
		&[0],
		&[8, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 4, 0],
		&[&[0u8][..], &[2; 32], &[6 << 2]].concat(),
		&[5; 32],
		&[6; 32],
		&[10],
		&[&[1u8][..], &[8; 32]].concat(),
		&[9; 32],
		&[&[10u8; 32][..], &[11; 32], &[2 << 2, 12, 13]].concat(),
		// Pallet 12, the number of the call.
		&[12, 0],
		&[12, 1],
		&[12, 2],
	];
	for (call, arguments) in calls.iter().zip(arguments) {
		let signed = offline.sign(call, &dev::alice(), 3).expect("signed");
		assert!(signed.ends_with(arguments), "{call:?}: {signed:02x?}");
		assert_ne!(signed, offline.sign(call, &dev::alice(), 4).expect("signed"), "{call:?}");
	}
}
