//! The client against the metadata of the runtime, without a node.

use bittensor_client::{names, Call, Edge, Endpoint, Offline, Part};
use subxt::Metadata;
use subxt_signer::sr25519::dev;

fn bytes() -> Vec<u8> {
	std::fs::read("metadata.scale").expect("`make metadata` writes it")
}

fn metadata() -> Metadata {
	Metadata::decode_from(&bytes()).expect("metadata")
}

/// The same runtime, in which what has this name has another one.
fn without(name: &str) -> Metadata {
	let mut bytes = bytes();
	// As it is encoded: a short length, and the letters.
	let name = [&[(name.len() as u8) << 2], name.as_bytes()].concat();
	let places: Vec<usize> =
		(0..bytes.len()).filter(|&at| bytes[at..].starts_with(&name)).collect();
	assert!(!places.is_empty());
	for at in places {
		bytes[at + 1] = b'X';
	}
	Metadata::decode_from(&bytes).expect("metadata")
}

#[test]
fn the_runtime_offers_what_clients_use() {
	for part in [Part::Components, Part::Validators] {
		names::check(&metadata(), part).expect("the client fits the runtime");
	}
}

#[test]
fn only_those_who_validate_need_a_set_of_validators() {
	for (name, missing) in [
		("ValidatorSet", "call ValidatorSet.register"),
		("ValidatorSetApi", "runtime API ValidatorSetApi.validators"),
		("Session", "call Session.set_keys"),
	] {
		let metadata = without(name);
		let error = names::check(&metadata, Part::Validators).expect_err(name).to_string();
		for part in [missing, "Use programs built for this chain's runtime"] {
			assert!(error.contains(part), "{part} is not in {error}");
		}
		names::check(&metadata, Part::Components).expect("enough for components");
		Offline::new(metadata, [7; 32], 1, 1).expect("enough to sign");
	}
}

#[test]
fn whatever_components_need_is_named_if_it_is_missing() {
	for (name, missing) in [
		("Emission", "call Emission.register"),
		("EmissionApi", "runtime API EmissionApi.component_of"),
		("EpochPaid", "event Emission.EpochPaid"),
		("Timestamp", "storage Timestamp.Now"),
	] {
		let error = names::check(&without(name), Part::Components).expect_err(name).to_string();
		assert!(error.contains(missing), "{missing} is not in {error}");
		names::check(&without(name), Part::Validators).expect("nothing of validators is missing");
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
