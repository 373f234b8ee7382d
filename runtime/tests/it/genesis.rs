//! What a genesis must name, and what it cannot be, through the runtime's `GenesisBuilder`.

use crate::chain::{genesis_json, state_of};
use bittensor_runtime::{configs::governance::MAX_MEMBERS, Emission, ValidatorSet};
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
	let validators = ValidatorSet::fields().into_iter().map(|field| field.name);
	let validators = validators.map(|name| format!("validatorSet.{name}"));
	let paths = names.chain(validators).chain(["slots.slotDuration".into()]);
	paths
		.map(|path| {
			let (parent, field) = path.rsplit_once('.').expect("a nested field");
			(format!("/{}", parent.replace('.', "/")), field.to_string(), path.clone())
		})
		.collect()
}

#[test]
fn a_parameter_left_out_is_named_with_its_range() {
	assert_eq!(parameters().len(), 19);
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
		(
			"/validatorSet/sessionLength",
			json!(0),
			"validatorSet.sessionLength is 0: choose 1 to 1000000 blocks",
		),
		("/validatorSet/sessionLength", json!(1_000_001), "choose 1 to 1000000 blocks"),
		(
			"/validatorSet/reportSessions",
			json!(0),
			"validatorSet.reportSessions is 0: choose 1 to 1000 sessions",
		),
		("/validatorSet/reportSessions", json!(u32::MAX), "choose 1 to 1000 sessions"),
		("/validatorSet/limits/minValidators", json!(0), "minValidators is 0: choose 1 to 32"),
		("/validatorSet/limits/minValidators", json!(33), "minValidators is 33: choose 1 to 32"),
		("/validatorSet/limits/maxValidators", json!(33), "maxValidators is 33: choose 1 to 32"),
		(
			"/validatorSet/limits/maxValidators",
			json!(3),
			"validatorSet.invulnerables has 4: choose at most 3, limits.maxValidators",
		),
		("/validatorSet/limits/churn", json!(0), "churn is 0: choose 1 to 10 validators per"),
		("/validatorSet/limits/churn", json!(11), "churn is 11: choose 1 to 10 validators per"),
		(
			"/validatorSet/limits/minStake",
			json!(1_000_000_000_000_001u64),
			"validatorSet.limits.minStake is 1000000000000001: choose 0 to 1000000000000000 units",
		),
		(
			"/validatorSet/limits/maxMissed",
			json!(101),
			"validatorSet.limits.maxMissed is 101: choose 0 to 100 percent",
		),
		(
			"/validatorSet/division/fees",
			json!(2_000_000_000u64),
			"validatorSet.division.fees is 2000000000: choose 0 to 1000000000 parts per billion",
		),
		("/validatorSet/division/tips", json!(1_000_000_001), "division.tips is 1000000001"),
		("/validatorSet/division/emission", json!(u32::MAX), "division.emission is 4294967295"),
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
	assert!(error.contains("validatorSet.invulnerables is missing: choose 1 to 32"), "{error}");
}

#[test]
fn a_chain_without_validators_is_refused() {
	let empty = error_with("/validatorSet/invulnerables", json!([]));
	assert!(empty.starts_with("validatorSet.invulnerables is empty: nobody would"), "{empty}");
	let missing = error_without("/validatorSet", "invulnerables");
	assert!(missing.starts_with("validatorSet.invulnerables is missing: choose 1"), "{missing}");
	for value in [json!("Alice"), json!(7), json!({})] {
		let error = error_with("/validatorSet/invulnerables", value.clone());
		let wrong = format!("validatorSet.invulnerables is {value}: choose 1 to 32 accounts");
		assert!(error.starts_with(&wrong), "{error}");
	}
	for pallet in ["limits", "division"] {
		let error = error_without("/validatorSet", pallet);
		assert!(error.starts_with(&format!("validatorSet.{pallet}.")), "{error}");
		assert!(error.contains(" is missing: choose "), "{error}");
	}
}

#[test]
fn validators_are_distinct_accounts_within_the_limits() {
	let alice = genesis_json(Some("testnet"))["validatorSet"]["invulnerables"][0].clone();
	let twice = error_with("/validatorSet/invulnerables/1", alice);
	assert!(twice.contains("twice: choose distinct accounts"), "{twice}");
	let number = error_with("/validatorSet/invulnerables/1", json!(7));
	assert!(number.starts_with("validatorSet: "), "{number}");
	let mut genesis = genesis_json(Some("testnet"));
	let limits = &mut genesis["validatorSet"]["limits"];
	(limits["minValidators"], limits["maxValidators"]) = (json!(6), json!(5));
	let error = state_of(&genesis).expect_err("more than the most are the least");
	let least = "validatorSet.limits.minValidators is 6: choose at most 5, limits.maxValidators";
	assert!(error.contains(least), "{error}");
	// Nobody gets slashed stake if nobody is named.
	let mut genesis = genesis_json(Some("testnet"));
	genesis["validatorSet"]["division"]["slashed"] = json!(account(9));
	state_of(&genesis).expect("an account gets it");
	let wrong = error_with("/validatorSet/division", json!({ "slash": 1 }));
	assert!(wrong.contains("division.slash is unknown: choose among fees, tips, em"), "{wrong}");
}

#[test]
fn what_genesis_says_of_validators_is_what_the_chain_has() {
	use bittensor_runtime::Runtime;
	use pallet_validator_set::{Division, Limits, ReportSessions, SessionLength};
	let mut genesis = genesis_json(Some("testnet"));
	genesis["validatorSet"]["limits"]["maxMissed"] = json!(100);
	genesis["validatorSet"]["division"]["tips"] = json!(1_000_000_000);
	genesis["validatorSet"]["division"]["emission"] = json!(1);
	state_of(&genesis).expect("values at their bounds").execute_with(|| {
		assert_eq!(Limits::<Runtime>::get().max_missed.deconstruct(), 100);
		assert_eq!(Division::<Runtime>::get().tips.deconstruct(), 1_000_000_000);
		assert_eq!(Division::<Runtime>::get().emission.deconstruct(), 1);
		assert_eq!((SessionLength::<Runtime>::get(), ReportSessions::<Runtime>::get()), (100, 144));
	});
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
