//! The state at genesis.

use crate::{mock::*, types::IncomeDivision, Served};
use sp_runtime::{Perbill, Percent};

#[test]
fn the_invulnerables_are_the_first_validators() {
	Ext { invulnerables: vec![3, 1], ..Default::default() }.build().execute_with(|| {
		assert_eq!(Session::validators(), [3, 1]);
		// Offences of the first sessions can be reported.
		for session in [0, 1] {
			let voters: Vec<_> =
				Served::<Test>::get(session).into_iter().map(|voter| voter.account).collect();
			assert_eq!(voters, [3, 1]);
		}
		let info = ValidatorSet::validators();
		assert_eq!((info[0].account, info[0].invulnerable, info[0].stake), (3, true, 30_000));
	});
}

#[test]
fn a_genesis_without_validators_builds() {
	Ext { invulnerables: vec![], ..Default::default() }.build().execute_with(|| {
		assert!(Session::validators().is_empty());
		check_state();
	});
}

#[test]
#[should_panic(expected = "the invulnerable 9 has no keys: add it to session.keys")]
fn an_invulnerable_needs_keys() {
	use sp_runtime::BuildStorage;
	let genesis = RuntimeGenesisConfig {
		validator_set: crate::GenesisConfig { invulnerables: vec![9], ..Default::default() },
		..Default::default()
	};
	let _ = genesis.build_storage();
}

#[test]
#[should_panic(expected = "unbondingBlocks is 29; it must be at least 30")]
fn unbonding_outlasts_the_report_window() {
	Ext { unbonding_blocks: (REPORTS + 1) * SESSION - 1, ..Default::default() }.build();
}

#[test]
#[should_panic(expected = "validatorSet.limits.maxValidators is 33: choose 1 to 32 validators")]
fn more_validators_than_the_runtime_holds_are_refused() {
	Ext::default().limits(|limits| limits.max_validators = 33).build();
}

#[test]
#[should_panic(expected = "validatorSet.invulnerables has 3: choose at most 2")]
fn more_invulnerables_than_places_are_refused() {
	let ext = Ext { invulnerables: vec![1, 2, 3], ..Default::default() };
	ext.limits(|limits| limits.max_validators = 2).build();
}

#[test]
#[should_panic(expected = "validatorSet.invulnerables has 1 twice: choose distinct accounts")]
fn an_invulnerable_twice_is_refused() {
	let genesis = crate::GenesisConfig::<Test> { invulnerables: vec![1, 1], ..Default::default() };
	sp_io::TestExternalities::default().execute_with(|| {
		frame_support::traits::BuildGenesisConfig::build(&genesis);
	});
}

#[test]
fn genesis_is_written_in_json_by_field() {
	let json = r#"{ "fees": 1000000000, "tips": 0, "emission": 5, "slashed": null }"#;
	let division: IncomeDivision<u64> = serde_json::from_str(json).unwrap();
	assert_eq!(division.emission, Perbill::from_parts(5));
	assert!(serde_json::from_str::<IncomeDivision<u64>>(r#"{ "fees": 0 }"#).is_err());
	let json =
		r#"{ "minValidators": 1, "maxValidators": 2, "churn": 1, "minStake": 7, "maxMissed": 50 }"#;
	let limits: crate::ValidatorLimits = serde_json::from_str(json).unwrap();
	assert_eq!(limits.max_missed, Percent::from_percent(50));
	let json = json.replace("churn", "chum");
	let error = serde_json::from_str::<crate::ValidatorLimits>(&json).unwrap_err();
	assert!(error.to_string().contains("unknown field `chum`"), "{error}");
}
