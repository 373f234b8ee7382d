//! Validators: who authors, and what authors are paid.

use crate::chain::{author, genesis_json, preset, sign, sign_with_tip, state_of};
use bittensor_runtime::{
	AccountId, Balances, Emission, Grandpa, Runtime, RuntimeCall, RuntimeEvent, Session,
	SessionKeys, ValidatorSet, UNIT,
};
use codec::Encode;
use frame_support::traits::{
	fungible::{Inspect, InspectHold},
	Get,
};
use serde_json::json;
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Alice, AliceStash, Bob, Charlie},
};
use sp_runtime::{DispatchError, Perbill};

/// A node's keys for the account, with the proofs that the account owns them.
fn keys(name: Ed25519Keyring, aura: Sr25519Keyring, owner: &AccountId) -> (SessionKeys, Vec<u8>) {
	let keys = SessionKeys { aura: aura.public().into(), grandpa: name.public().into() };
	let statement = [b"POP_".as_slice(), &owner.encode()].concat();
	let proof = (aura.sign(&statement), name.sign(&statement)).encode();
	(keys, proof)
}

fn set_keys(owner: &AccountId) -> RuntimeCall {
	set_keys_of(Ed25519Keyring::Charlie, Charlie, owner)
}

/// `session.set_keys` with the keys of these names.
pub(crate) fn set_keys_of(
	name: Ed25519Keyring,
	aura: Sr25519Keyring,
	owner: &AccountId,
) -> RuntimeCall {
	let (keys, proof) = keys(name, aura, owner);
	RuntimeCall::Session(pallet_session::Call::set_keys { keys, proof })
}

fn register() -> RuntimeCall {
	RuntimeCall::Emission(pallet_emission::Call::register { endpoint: None, service_key: None })
}

fn stake(amount: u64) -> RuntimeCall {
	RuntimeCall::Emission(pallet_emission::Call::stake { amount })
}

pub(crate) fn candidacy() -> RuntimeCall {
	RuntimeCall::ValidatorSet(pallet_validator_set::Call::register {})
}

/// The calls by which an account becomes a candidate, with the keys of Charlie and a stake of this many BIT.
pub(crate) fn join(account: &AccountId, bit: u64) -> Vec<RuntimeCall> {
	vec![set_keys(account), register(), stake(bit * UNIT), candidacy()]
}

/// Makes Charlie a validator, with a stake of this many BIT. Returns the number of the last block.
pub(crate) fn charlie_joins(bit: u64) -> u32 {
	let charlie = Charlie.to_account_id();
	let signed = join(&charlie, bit).into_iter().enumerate();
	let signed = signed.map(|(nonce, call)| sign(Charlie, nonce as u32, call)).collect();
	let (results, _) = author(1, signed);
	assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");
	let mut number = 1;
	while !Session::validators().contains(&charlie) {
		number += 1;
		assert!(number < 40, "Charlie is never chosen");
		author(number, vec![]);
	}
	number
}

#[test]
fn a_stranger_joins_by_stake_and_authors_blocks() {
	preset("development").execute_with(|| {
		let number = charlie_joins(1_000);
		assert_eq!(number, 20, "the session after the next starts in block 20");
		let validators = ValidatorSet::validators();
		assert_eq!(validators[0].account, AliceStash.to_account_id());
		assert_eq!(
			(validators[1].account.clone(), validators[1].stake),
			(Charlie.to_account_id(), 1_000 * UNIT)
		);
		let authorities = pallet_aura::Authorities::<Runtime>::get();
		assert_eq!(authorities[1], Charlie.public().into());
		assert_eq!(Grandpa::grandpa_authorities()[1].0, Ed25519Keyring::Charlie.public().into());
		for number in 21..=29 {
			author(number, vec![]);
		}
		let authored: Vec<_> =
			ValidatorSet::validators().iter().map(|info| (info.authored, info.missed)).collect();
		assert!(authored == [(4, 0), (5, 0)] || authored == [(5, 0), (4, 0)], "{authored:?}");
	});
}

#[test]
fn keys_of_somebody_else_are_refused() {
	preset("development").execute_with(|| {
		let charlie = Charlie.to_account_id();
		let (keys, proof) = keys(Ed25519Keyring::Charlie, Charlie, &charlie);
		let foreign = pallet_session::Call::set_keys { keys: keys.clone(), proof };
		let none = pallet_session::Call::set_keys { keys, proof: vec![] };
		let (results, _) = author(
			1,
			vec![
				sign(Bob, 0, RuntimeCall::Session(foreign)),
				sign(Bob, 1, RuntimeCall::Session(none)),
				sign(Charlie, 0, set_keys(&charlie)),
			],
		);
		let refused: DispatchError = pallet_session::Error::<Runtime>::InvalidProof.into();
		assert_eq!(results, [Ok(Err(refused)), Ok(Err(refused)), Ok(Ok(()))]);
		let held = Balances::balance_on_hold(&pallet_session::HoldReason::Keys.into(), &charlie);
		let deposit: u64 = <Runtime as pallet_session::Config>::KeyDeposit::get();
		assert!(held == deposit && held > 0);
	});
}

#[test]
fn keys_in_use_cannot_be_removed() {
	preset("development").execute_with(|| {
		let purge = || RuntimeCall::Session(pallet_session::Call::purge_keys {});
		let batch = pallet_utility::Call::force_batch { calls: vec![purge()] };
		let ours = RuntimeCall::ValidatorSet(pallet_validator_set::Call::purge_keys {});
		let (results, _) = author(
			1,
			vec![
				sign(AliceStash, 0, purge()),
				sign(AliceStash, 1, RuntimeCall::Utility(batch)),
				sign(AliceStash, 2, ours),
			],
		);
		assert_eq!(results[0], Ok(Err(frame_system::Error::<Runtime>::CallFiltered.into())));
		assert_eq!(results[1], Ok(Ok(())), "the batch goes on");
		let refused: DispatchError = pallet_validator_set::Error::<Runtime>::StillValidator.into();
		assert_eq!(results[2], Ok(Err(refused)));
		let alice = AliceStash.to_account_id();
		assert!(pallet_session::NextKeys::<Runtime>::contains_key(alice));
	});
}

fn fee(events: &[RuntimeEvent]) -> (u64, u64) {
	let paid = events.iter().find_map(|event| match event {
		RuntimeEvent::TransactionPayment(
			pallet_transaction_payment::Event::TransactionFeePaid { actual_fee, tip, .. },
		) => Some((*actual_fee, *tip)),
		_ => None,
	});
	paid.expect("somebody paid a fee")
}

#[test]
fn the_author_gets_the_fees() {
	preset("development").execute_with(|| {
		let alice = AliceStash.to_account_id();
		let (before, issued) = (Balances::balance(&alice), Balances::total_issuance());
		let (_, events) = author(1, vec![sign(Bob, 0, register())]);
		let (fee, _) = fee(&events);
		assert!(fee > 0);
		assert_eq!(Balances::balance(&alice), before + fee);
		assert_eq!(Balances::total_issuance(), issued);
	});
}

#[test]
fn genesis_divides_fees_between_author_and_nobody() {
	let mut genesis = genesis_json(Some("development"));
	genesis["validatorSet"]["division"]["fees"] = json!(250_000_000);
	state_of(&genesis).expect("the genesis builds").execute_with(|| {
		let alice = AliceStash.to_account_id();
		let (before, issued) = (Balances::balance(&alice), Balances::total_issuance());
		let (_, events) = author(1, vec![sign(Bob, 0, register())]);
		let (fee, _) = fee(&events);
		// To the nearest unit.
		let part = Perbill::from_percent(25) * fee;
		assert_eq!(Balances::balance(&alice), before + part);
		assert_eq!(Balances::total_issuance(), issued - (fee - part));
	});
}

#[test]
fn genesis_divides_tips_apart_from_fees() {
	// Parts of the fee and of the tip, in millionths.
	for (fees, tips) in [(1_000_000u64, 250_000u64), (0, 1_000_000), (1_000_000, 0)] {
		let mut genesis = genesis_json(Some("development"));
		genesis["validatorSet"]["division"]["fees"] = json!(fees * 1_000);
		genesis["validatorSet"]["division"]["tips"] = json!(tips * 1_000);
		state_of(&genesis).expect("the genesis builds").execute_with(|| {
			let alice = AliceStash.to_account_id();
			let (before, issued) = (Balances::balance(&alice), Balances::total_issuance());
			let given = 4 * UNIT;
			let (_, events) = author(1, vec![sign_with_tip(Bob, 0, register(), given)]);
			let (paid, tip) = fee(&events);
			assert_eq!(tip, given);
			let part = |amount: u64, millionths: u64| amount * millionths / 1_000_000;
			let earned = part(paid - tip, fees) + part(tip, tips);
			assert_eq!(Balances::balance(&alice), before + earned);
			assert_eq!(Balances::total_issuance(), issued - (paid - earned));
		});
	}
}

#[test]
fn genesis_gives_validators_a_part_of_the_emission() {
	let mut genesis = genesis_json(Some("development"));
	genesis["validatorSet"]["division"]["emission"] = json!(180_000_000);
	state_of(&genesis).expect("the genesis builds").execute_with(|| {
		let post = pallet_emission::Call::post_row { row: Default::default() };
		let calls = [register(), stake(UNIT), RuntimeCall::Emission(post)];
		let signed = calls.into_iter().zip(0..).map(|(call, nonce)| sign(Bob, nonce, call));
		author(1, signed.collect());
		let alice = AliceStash.to_account_id();
		(2..=19).for_each(|number| drop(author(number, vec![])));
		let (before, issued) = (Balances::balance(&alice), Balances::total_issuance());
		author(20, vec![]);
		let last = Emission::epoch_status().last.expect("an epoch was paid");
		assert_eq!((last.started_at, last.minted), (20, 10 * UNIT * 82 / 100));
		assert_eq!(Balances::balance(&alice) - before, 10 * UNIT * 18 / 100);
		assert_eq!(Balances::total_issuance() - issued, 10 * UNIT, "as scheduled");
	});
}

#[test]
fn epochs_are_paid_on_time_at_the_ends_of_sessions() {
	preset("development").execute_with(|| {
		let calls = [
			register(),
			stake(UNIT),
			RuntimeCall::Emission(pallet_emission::Call::post_row { row: Default::default() }),
		];
		let signed = calls.into_iter().zip(0..).map(|(call, nonce)| sign(Alice, nonce, call));
		author(1, signed.collect());
		for number in 2..=60 {
			// Users have room in the block in which a session ends.
			let extrinsics = match number {
				30 => vec![sign(Bob, 0, register())],
				_ => vec![],
			};
			let (results, events) = author(number, extrinsics);
			assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");
			let paid = events.iter().any(|event| {
				matches!(event, RuntimeEvent::Emission(pallet_emission::Event::EpochPaid { .. }))
			});
			assert_eq!(paid, number % 10 == 0, "block {number}");
			let rotated = events.iter().any(|event| {
				matches!(event, RuntimeEvent::Session(pallet_session::Event::NewSession { .. }))
			});
			assert_eq!(rotated, number % 10 == 0, "block {number}");
		}
	});
}

#[test]
fn genesis_names_what_does_not_fit_validators() {
	let mut genesis = genesis_json(Some("development"));
	genesis["validatorSet"]["reportSessions"] = json!(2);
	genesis["session"]["keys"] = json!([]);
	let error = state_of(&genesis).expect_err("stake unbonds too early, and Alice has no keys");
	let alice = json!(AliceStash.to_account_id()).to_string();
	assert!(error.contains("unbondingBlocks is 20: choose at least 30"), "{error}");
	assert!(error.contains(&format!("invulnerables has {alice}: add its keys")), "{error}");
}
