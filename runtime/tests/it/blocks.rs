//! Whole blocks with signed extrinsics, from genesis to the first payout.

use crate::chain::{author, fullness, preset, sign};
use bittensor_runtime::{
	genesis_config_presets::ENDOWMENT, Balances, Emission, Runtime, RuntimeCall, RuntimeEvent,
	System, UNIT,
};
use frame_support::traits::fungible::{Inspect, InspectHold};
use frame_system::Phase;
use pallet_emission::{types::Edge, Call, EmissionParameters, Event, HoldReason};
use sp_keyring::Sr25519Keyring::{Alice, AliceStash, Bob};
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

/// The fees that were paid in a block, in units.
fn fees_of(events: &[RuntimeEvent]) -> u64 {
	let fee = |event: &RuntimeEvent| match event {
		RuntimeEvent::TransactionPayment(
			pallet_transaction_payment::Event::TransactionFeePaid { actual_fee, .. },
		) => *actual_fee,
		_ => 0,
	};
	events.iter().map(fee).sum()
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
		let mut fees = 0;
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
		fees += fees_of(&events);
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
		assert_eq!(Emission::bids(1, 0, 2).expect("it is paid")[0].flow, minted / 4);

		// The total issuance grew by the minted amount, to the unit. The author has the fees.
		assert_eq!(Balances::total_issuance(), issuance + minted);
		let paid = Balances::balance(&AliceStash.to_account_id()) - ENDOWMENT;
		assert_eq!(paid, fees);
		assert!(fees > 0);
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

#[test]
fn events_of_the_epoch_belong_to_the_block() {
	preset("development").execute_with(|| {
		let stake = emission(Call::stake { amount: 10 * UNIT });
		author(1, vec![sign(Alice, 0, register()), sign(Alice, 1, stake)]);
		author(2, vec![sign(Alice, 2, emission(Call::post_row { row: Default::default() }))]);
		let mut minted = 0;
		// Two epochs: the second is paid in a block with a signed extrinsic.
		for number in 3..=21 {
			let extrinsics = match number {
				20 => vec![sign(Alice, 3, emission(Call::set_endpoint { endpoint: None }))],
				_ => vec![],
			};
			author(number, extrinsics);
			let mut paid = false;
			for record in System::events() {
				let phase = match record.event {
					RuntimeEvent::Emission(Event::EndpointSet { .. }) => Phase::ApplyExtrinsic(1),
					RuntimeEvent::Emission(ref event) => {
						paid |= matches!(event, Event::EpochPaid { .. });
						Phase::Initialization
					}
					RuntimeEvent::Balances(pallet_balances::Event::Minted { .. }) => {
						minted += 1;
						Phase::Initialization
					}
					_ => continue,
				};
				assert_eq!(record.phase, phase, "{:?} in block {number}", record.event);
			}
			assert_eq!(paid, [10, 20].contains(&number), "block {number}");
		}
		assert!(minted > 0, "the epoch minted");
	});
}

#[test]
fn fees_follow_demand() {
	use frame_support::{
		dispatch::DispatchClass,
		traits::{Get, Hooks},
		weights::Weight,
	};
	use pallet_transaction_payment::Multiplier;
	use sp_runtime::{traits::One, FixedPointNumber};
	type Payment = bittensor_runtime::TransactionPayment;
	preset("development").execute_with(|| {
		let limits = <Runtime as frame_system::Config>::BlockWeights::get();
		let full = limits.get(DispatchClass::Normal).max_total.expect("normal calls have a limit");
		let blocks = |count: u32, weight: Weight| {
			for _ in 0..count {
				System::set_block_consumed_resources(weight, 0);
				Payment::on_finalize(1);
			}
			Payment::next_fee_multiplier()
		};
		assert_eq!(blocks(10, full / 8), Multiplier::one(), "there is room");
		let fee = Payment::weight_to_fee(full / 100);
		let high = blocks(93, full);
		let double = Multiplier::saturating_from_rational(200, 100);
		let more = Multiplier::saturating_from_rational(203, 100);
		assert!(high >= double && high <= more, "{high:?}");
		assert!(blocks(1_000, full) > Multiplier::from_u32(1_000), "an attack becomes dear");
		assert_eq!(blocks(5_000, Weight::zero()), Multiplier::one(), "and the fee falls again");
		assert_eq!(Payment::weight_to_fee(full / 100), fee);
	});
}
