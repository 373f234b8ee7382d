//! The chains that every node can start without a specification file.
//!
//! | preset | validators | slots | epoch, session | rows live | emission | for |
//! |---|---|---|---|---|---|---|
//! | `development` | Alice | 1 s | 10 blocks | 100 epochs | 1 BIT a block | one node, `--dev` |
//! | `local_testnet` | Alice, Bob | 3 s | 20 blocks | 100 epochs | 1 BIT a block | `--chain local` |
//! | `testnet` | Alice to Dave | 6 s | 100 blocks | 1,008 epochs | 1 BIT a block | `--chain testnet` |
//!
//! The validators are invulnerable. Their accounts are `//Alice//stash` and so on, which get the fees of the
//! blocks, and their session keys those of Alice and so on. Others join with a stake of 1,000 BIT. In the
//! presets for tests an offence can be reported until the session after it ends, which is as long as stake
//! unbonds. On `testnet` it can be for a day after its session, and stake unbonds for two days, so that a stall
//! of some hours hides no double vote.
//!
//! The emission halves once a year until it is 0. So the total minted is bounded: twice the emission of
//! the first year, 63,072,000 BIT (`development`), 21,024,000 BIT (`local_testnet`) and 10,512,000 BIT
//! (`testnet`), and less than ten times the supply at genesis.
//!
//! The technical committee of all is Alice, Bob and Charlie. The first two presets have a Sudo key too, that
//! of Alice; `testnet` has none and is governed as a public chain is.
//!
//! All keys are public (`//Alice` and so on). Do not use them on any other chain: a public chain takes the
//! plain specification of `testnet` and puts its own validators, members and balances there.

use crate::{AccountId, Balance, SessionKeys, UNIT};
use alloc::{vec, vec::Vec};
use bittensor_emission::{Halvings, Parameters};
use pallet_validator_set::{IncomeDivision, ValidatorLimits};
use serde_json::{json, Value};
use sp_core::hex2array;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Name of the preset of a public test network.
pub const TESTNET_RUNTIME_PRESET: &str = "testnet";

/// Balance of each prefunded account, in units: a million BIT.
pub const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// Public keys (sr25519) of `//0` to `//15`, prefunded like the named accounts. They are constants,
/// because deriving them would add the word list and key stretching of seed phrases to the runtime.
pub const NUMBERED: [[u8; 32]; 16] = [
	hex2array!("2afba9278e30ccf6a6ceb3a8b6e336b70068f045c666f2e7f4f9cc5f47db8972"),
	hex2array!("b606fc73f57f03cdb4c932d475ab426043e429cecc2ffff0d2672b0df8398c48"),
	hex2array!("46f136b564e1fad55031404dd84e5cd3fa76bfe7cc7599b39d38fd06663bbc0a"),
	hex2array!("84617f575372edb5a36d85c04cdf2e4699f96fe33eb5f94a28c041b88e398d0c"),
	hex2array!("48d7e931307afb4b68d8d565d4c66e00d856c6d65f5fed6bb82dcfb60e936c67"),
	hex2array!("60c57f0008067cc01c5ff9eb2e2f9b3a94299a915a91198bd1021a6c55596f57"),
	hex2array!("4211b79e34ee8072eab506edd4b93a7b85a14c9a05e5cdd056d98e7dbca87730"),
	hex2array!("ba8e2c7594dd74730f3ca835e95455d199261897edc9735d602ea29615e2b10b"),
	hex2array!("125d57171ff9241f07acaa1bb6a6103517965cf2cd00e643b27e7599ebccba70"),
	hex2array!("12c6cfd663203ea16968594f24690338befd906856c4d2f4ef32dad578dba20c"),
	hex2array!("de3e789ecd53431fe5c06c12b72137153496dace35c695b5f4d7b41f7ed5763b"),
	hex2array!("eeab50338d8e5176d3141802d7b010a55dadcd5f23cf8aaafa724627e967e90e"),
	hex2array!("2e3d43b7b0d04e776e69e7be35247cecdac65504c579195731eaf64b7940966e"),
	hex2array!("0c29b161e27ff8ba45bf6bad4711f326fc506a8803453a4d7e3158e993495f10"),
	hex2array!("1c2115d06120ea2bee32dd601d02f36367564e7ddf84ae2717ca3f097459652e"),
	hex2array!("fc3c37459d9bdc61f58a5ebc01e9e2305a19d390c0543dc733861ec3cf1de01f"),
];

/// The values that differ between the chains.
struct Chain {
	validators: Vec<(AccountId, SessionKeys)>,
	/// The Sudo key, in presets for tests only.
	sudo: Option<AccountId>,
	/// The technical committee.
	members: Vec<AccountId>,
	/// Milliseconds.
	slot_duration: u64,
	/// Sessions for which an offence can be reported.
	report_sessions: u32,
	emission: Parameters,
}

/// The prefunded accounts: Alice to Ferdie, their stashes, One, Two, and the numbered ones.
pub fn prefunded() -> Vec<AccountId> {
	Sr25519Keyring::iter()
		.map(Sr25519Keyring::to_account_id)
		.chain(NUMBERED.map(AccountId::from))
		.collect()
}

fn genesis(chain: Chain) -> Value {
	let session_keys = chain.validators.iter().map(|(who, keys)| (who, who, keys));
	let invulnerables = chain.validators.iter().map(|(who, _)| who);
	json!({
		"balances": {
			"balances": prefunded().into_iter().map(|who| (who, ENDOWMENT)).collect::<Vec<_>>(),
		},
		"slots": { "slotDuration": chain.slot_duration },
		"validatorSet": {
			"invulnerables": invulnerables.collect::<Vec<_>>(),
			"limits": ValidatorLimits::default(),
			"sessionLength": chain.emission.epoch_length,
			"reportSessions": chain.report_sessions,
			"division": IncomeDivision::<AccountId>::default(),
		},
		"session": { "keys": session_keys.collect::<Vec<_>>() },
		"sudo": { "key": chain.sudo },
		"technicalCommittee": { "members": chain.members },
		"emission": { "parameters": chain.emission },
	})
}

/// A validator with the keys of a well-known name.
fn validator(
	account: Sr25519Keyring,
	aura: Sr25519Keyring,
	grandpa: Ed25519Keyring,
) -> (AccountId, SessionKeys) {
	let keys = SessionKeys { aura: aura.public().into(), grandpa: grandpa.public().into() };
	(account.to_account_id(), keys)
}

fn alice() -> (AccountId, SessionKeys) {
	validator(Sr25519Keyring::AliceStash, Sr25519Keyring::Alice, Ed25519Keyring::Alice)
}

fn bob() -> (AccountId, SessionKeys) {
	validator(Sr25519Keyring::BobStash, Sr25519Keyring::Bob, Ed25519Keyring::Bob)
}

fn charlie() -> (AccountId, SessionKeys) {
	validator(Sr25519Keyring::CharlieStash, Sr25519Keyring::Charlie, Ed25519Keyring::Charlie)
}

fn dave() -> (AccountId, SessionKeys) {
	validator(Sr25519Keyring::DaveStash, Sr25519Keyring::Dave, Ed25519Keyring::Dave)
}

/// The technical committee of the presets: Alice, Bob and Charlie, of whom two decide.
fn committee() -> Vec<AccountId> {
	[Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie]
		.map(Sr25519Keyring::to_account_id)
		.to_vec()
}

/// Milliseconds of a year of 365 days.
const YEAR: u64 = 365 * DAY;

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// Emission of 1 BIT per block that halves every year until it is 0, in epochs of this many blocks.
fn emission(slot_duration: u64, epoch_length: u32) -> Parameters {
	Parameters {
		epoch_length,
		sigma: UNIT,
		halvings: Halvings { interval: YEAR / slot_duration, max: Balance::BITS },
		row_lifetime: 100,
		unbonding_blocks: 2 * epoch_length,
		min_stake: UNIT,
		registration_deposit: UNIT,
	}
}

fn development() -> Value {
	genesis(Chain {
		validators: vec![alice()],
		sudo: Some(Sr25519Keyring::Alice.to_account_id()),
		members: committee(),
		slot_duration: 1_000,
		report_sessions: 1,
		emission: emission(1_000, 10),
	})
}

fn local_testnet() -> Value {
	genesis(Chain {
		validators: vec![alice(), bob()],
		sudo: Some(Sr25519Keyring::Alice.to_account_id()),
		members: committee(),
		slot_duration: 3_000,
		report_sessions: 1,
		emission: emission(3_000, 20),
	})
}

fn testnet() -> Value {
	const SLOT: u64 = 6_000;
	const SESSION: u32 = 100;
	const DAY_IN_BLOCKS: u32 = (DAY / SLOT) as u32;
	genesis(Chain {
		validators: vec![alice(), bob(), charlie(), dave()],
		sudo: None,
		members: committee(),
		slot_duration: SLOT,
		report_sessions: DAY_IN_BLOCKS / SESSION,
		emission: Parameters {
			row_lifetime: 1_008,
			unbonding_blocks: 2 * DAY_IN_BLOCKS,
			..emission(SLOT, SESSION)
		},
	})
}

/// The genesis of a preset, as a patch of the default genesis.
pub fn patch(id: &str) -> Option<Value> {
	match id {
		sp_genesis_builder::DEV_RUNTIME_PRESET => Some(development()),
		sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => Some(local_testnet()),
		TESTNET_RUNTIME_PRESET => Some(testnet()),
		_ => None,
	}
}

/// The same as JSON bytes, for the runtime API.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	serde_json::to_vec(&patch(id.as_ref())?).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
		PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
		PresetId::from(TESTNET_RUNTIME_PRESET),
	]
}
