//! Whole blocks with signed extrinsics, from genesis to the first payout.

use crate::chain::{author, fullness, preset, sign};
use bittensor_runtime::{Balances, Emission, Runtime, RuntimeCall, RuntimeEvent, UNIT};
use frame_support::traits::fungible::{Inspect, InspectHold};
use pallet_emission::{types::Edge, Call, EmissionParameters, Event, HoldReason};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::{
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	ApplyExtrinsicResult,
};

fn emission(call: Call<Runtime>) -> RuntimeCall {
	RuntimeCall::Emission(call)
}

fn register() -> RuntimeCall {
	emission(Call::register { endpoint: None, service_key: None })
}

fn post(target: u32, share: u16) -> RuntimeCall {
	let row = vec![Edge { target, share }].try_into().expect("a short row");
	emission(Call::post_row { row })
}

/// Asserts that the extrinsic was included and its call succeeded.
fn succeeded(result: ApplyExtrinsicResult) {
	assert_eq!(result, Ok(Ok(())));
}

fn emission_events(events: Vec<RuntimeEvent>) -> Vec<Event<Runtime>> {
	let ours = |event| match event {
		RuntimeEvent::Emission(event) => Some(event),
		_ => None,
	};
	events.into_iter().filter_map(ours).collect()
}

#[test]
fn two_components_register_stake_post_and_are_paid() {
	preset("development").execute_with(|| {
		let issuance = Balances::total_issuance();
		let (results, events) = author(
			1,
			vec![
				sign(Alice, 0, register()),
				sign(Alice, 1, emission(Call::stake { amount: 100 * UNIT })),
				sign(Bob, 0, register()),
				sign(Alice, 2, post(1, 16_384)),
			],
		);
		results.into_iter().for_each(succeeded);
		assert_eq!(
			Balances::balance_on_hold(
				&HoldReason::RegistrationDeposit.into(),
				&Alice.to_account_id()
			),
			EmissionParameters::<Runtime>::get().registration_deposit,
		);
		assert!(emission_events(events).contains(&Event::RowPosted {
			uid: 0,
			edges: 1,
			self_share: 49_152
		}));

		let mut paid = None;
		for number in 2..=40 {
			let (_, events) = author(number, vec![]);
			paid = emission_events(events).into_iter().find_map(|event| match event {
				Event::EpochPaid { epoch, minted, components, .. } if minted > 0 => {
					Some((number, epoch, minted, components))
				}
				_ => None,
			});
			if paid.is_some() {
				break;
			}
		}
		let (number, _, minted, components) = paid.expect("an epoch is paid within 40 blocks");
		assert_eq!(components, 2);
		// The epochs before had no stake and minted nothing. This one mints for its own blocks only.
		let last = Emission::epoch_status().last.expect("an epoch was paid");
		assert_eq!((last.minted, last.paid_at), (minted, number));
		assert_eq!(minted % UNIT, 0);
		// Alice's row keeps three quarters and gives one quarter to Bob, who keeps all of it.
		let payouts = Emission::contribution(0, 2);
		assert_eq!(payouts, [minted / 4 * 3, minted / 4]);
		assert_eq!(Emission::components(0, 2)[1].stake, payouts[1]);
		assert_eq!(Emission::bids(1, 0, 2)[0].flow, minted / 4);

		// The total issuance grew by the minted amount less the burnt fees.
		let issued = Balances::total_issuance();
		assert!(issued <= issuance + minted && issued + UNIT > issuance + minted);
		assert_eq!(Emission::epoch_status().minted_total, minted);
	});
}

#[test]
fn a_first_post_costs_nothing_in_the_end() {
	preset("development").execute_with(|| {
		author(
			1,
			vec![
				sign(Alice, 0, register()),
				sign(Alice, 1, emission(Call::stake { amount: 10 * UNIT })),
				sign(Bob, 0, register()),
			],
		);
		let before = Balances::balance(&Alice.to_account_id());
		let (results, _) = author(2, vec![sign(Alice, 2, post(1, 16_384))]);
		succeeded(results[0]);
		assert_eq!(Balances::balance(&Alice.to_account_id()), before);
		// A second post in the same epoch pays a fee.
		let (results, _) = author(3, vec![sign(Alice, 3, post(1, 8_192))]);
		succeeded(results[0]);
		assert!(Balances::balance(&Alice.to_account_id()) < before);
	});
}

#[test]
fn a_replayed_extrinsic_is_refused() {
	preset("development").execute_with(|| {
		let once = sign(Alice, 0, register());
		let (results, _) = author(1, vec![once.clone(), once]);
		succeeded(results[0]);
		assert_eq!(results[1], Err(TransactionValidityError::Invalid(InvalidTransaction::Stale)));
	});
}

#[test]
fn an_empty_block_is_almost_empty() {
	preset("development").execute_with(|| {
		author(1, vec![]);
		assert!(fullness() < 0.05, "{:.3} of the block", fullness());
	});
}
