//! What a genesis must name, and what it cannot be, through the runtime's `GenesisBuilder`.

use crate::chain::{genesis_json, state_of};
use bittensor_runtime::{configs::governance::MAX_MEMBERS, Emission};
use serde_json::{json, Value};
use sp_core::crypto::Ss58Codec;

/// The error of the `testnet` genesis with another value at this path.
fn error_with(pointer: &str, value: Value) -> String {
	let mut genesis = genesis_json(Some("testnet"));
	*genesis.pointer_mut(pointer).expect("the field is there") = value;
	state_of(&genesis).err().unwrap_or_default()
}

/// The error of the `testnet` genesis without this field.
fn error_without(parent: &str, field: &str) -> String {
	let mut genesis = genesis_json(Some("testnet"));
	let object = genesis.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
	object.remove(field).expect("the field is there");
	state_of(&genesis).err().unwrap_or_default()
}

/// Parent, name and full name of each parameter.
fn parameters() -> Vec<(String, String, String)> {
	let names = Emission::fields().into_iter().map(|field| field.name);
	let names = names.map(|name| format!("emission.parameters.{name}"));
	let paths = names.chain(["slots.slotDuration".into()]);
	paths
		.map(|path| {
			let (parent, field) = path.rsplit_once('.').expect("a nested field");
			(format!("/{}", parent.replace('.', "/")), field.to_string(), path.clone())
		})
		.collect()
}

#[test]
fn a_parameter_left_out_is_named_with_its_range() {
	assert_eq!(parameters().len(), 9);
	for (parent, field, path) in parameters() {
		let error = error_without(&parent, &field);
		let missing = format!("{path} is missing: choose ");
		assert!(error.starts_with(&missing) && error.contains(" to "), "{error}");
	}
}

#[test]
fn a_value_of_another_kind_is_named_with_its_range() {
	for (parent, field, path) in parameters() {
		for value in [json!("6000"), json!(-1), json!(1.5), json!([]), json!(true)] {
			let error = error_with(&format!("{parent}/{field}"), value.clone());
			let wrong = format!("{path} is {value}: choose ");
			assert!(error.starts_with(&wrong), "{error}");
		}
		let error = error_with(&format!("{parent}/{field}"), Value::Null);
		assert!(error.starts_with(&format!("{path} is missing")), "{error}");
	}
}

#[test]
fn values_out_of_range_are_named_with_their_range() {
	let cases = [
		(
			"/slots/slotDuration",
			json!(60),
			"slots.slotDuration is 60: choose 600 to 60000 millisec",
		),
		("/slots/slotDuration", json!(60_001), "slots.slotDuration is 60001: choose 600 to 60000"),
		(
			"/emission/parameters/epochLength",
			json!(0),
			"emission.parameters.epochLength is 0: choose 1 to 1000000 blocks",
		),
		("/emission/parameters/epochLength", json!(1_000_001), "choose 1 to 1000000 blocks"),
		("/emission/parameters/halvings/interval", json!(0), "halvings.interval is 0: choose 1 to"),
		("/emission/parameters/halvings/max", json!(65), "halvings.max is 65: choose 1 to 64"),
		("/emission/parameters/halvings/max", json!(29), "halvings.max is 29: choose at least 30"),
		("/emission/parameters/unbondingBlocks", json!(199), "choose at least 200 blocks, two"),
		("/emission/parameters/minStake", json!(0), "minStake is 0: choose 1 to 1000000000000"),
		(
			"/emission/parameters/registrationDeposit",
			json!(1_000_000_000_001u64),
			"registrationDeposit is 1000000000001: choose 0 to 1000000000000 units",
		),
		("/emission/parameters/sigma", json!(u64::MAX), "the issuance must fit 64 bits"),
	];
	for (pointer, value, expected) in cases {
		let error = error_with(pointer, value);
		assert!(error.contains(expected), "{pointer}: {error}");
	}
	// The balances count.
	let mut genesis = genesis_json(Some("testnet"));
	genesis["balances"]["balances"][0][1] = json!(u64::MAX - 35_000_000_000_000_000);
	let error = state_of(&genesis).expect_err("the emission does not fit beside the supply");
	assert!(error.contains("the issuance must fit 64 bits"), "{error}");
}

#[test]
fn an_unknown_field_is_named_with_the_known_ones() {
	for (parent, field, path) in parameters() {
		let mut genesis = genesis_json(Some("testnet"));
		let object = genesis.pointer_mut(&parent).and_then(Value::as_object_mut).expect("object");
		object.insert(format!("{field}s"), json!(1));
		let error = state_of(&genesis).expect_err("the field is not known");
		let unknown = format!("{path}s is unknown: choose among ");
		assert!(error.starts_with(&unknown) && error.contains(&field), "{error}");
	}
	let error = error_with("/balances", json!({ "balance": [] }));
	assert!(error.contains("unknown field `balance`"), "{error}");
}

#[test]
fn everything_that_is_wrong_is_listed() {
	let mut genesis = genesis_json(Some("testnet"));
	genesis["slots"] = json!({ "slotDurations": 1_000 });
	genesis["emission"]["parameters"]["epochLength"] = json!(0);
	let error = state_of(&genesis).expect_err("three mistakes");
	for part in
		["slots.slotDurations is unknown", "slots.slotDuration is missing", "epochLength is 0"]
	{
		assert!(error.contains(part), "{error}");
	}
}

#[test]
fn no_parameter_has_a_silent_default() {
	let error = state_of(&genesis_json(None)).expect_err("the default genesis is no chain");
	for (_, _, path) in parameters() {
		assert!(error.contains(&format!("{path} is missing")), "{path}: {error}");
	}
	assert!(error.contains("technicalCommittee.members is empty"), "{error}");
}

#[test]
fn a_chain_that_nobody_governs_is_refused() {
	let error = error_with("/technicalCommittee/members", json!([]));
	let reason =
		"technicalCommittee.members is empty and sudo.key is missing: nobody could upgrade";
	assert!(error.starts_with(reason), "{error}");
	assert!(error.contains("choose 1 to 32 members"), "{error}");

	// Either is enough.
	assert_eq!(error_with("/technicalCommittee/members/1", json!(account(9))), "");
	let mut sudo = genesis_json(Some("development"));
	sudo["technicalCommittee"]["members"] = json!([]);
	state_of(&sudo).expect("a Sudo key governs");
}

fn account(index: u8) -> String {
	bittensor_runtime::AccountId::from([index; 32]).to_ss58check()
}

#[test]
fn members_are_distinct_and_not_too_many() {
	let twice = error_with("/technicalCommittee/members", json!([account(1), account(1)]));
	assert!(twice.contains("twice: choose distinct accounts"), "{twice}");
	let many: Vec<_> = (0..=MAX_MEMBERS as u8).map(account).collect();
	let error = error_with("/technicalCommittee/members", json!(many));
	assert!(error.contains("has 33: choose 1 to 32"), "{error}");
	assert_eq!(error_with("/technicalCommittee/members", json!(many[1..])), "");
}

#[test]
fn what_is_no_genesis_is_refused() {
	for json in [json!(null), json!([]), json!({}), json!("development")] {
		let error = state_of(&json).expect_err("no genesis");
		assert!(error.contains("slots.slotDuration is missing"), "{error}");
	}
}
