//! The technical committee of `testnet`: what it can do and what it cannot.

use crate::{
	chain::{author, preset, sign},
	documentation::{metadata, variants},
};
use bittensor_runtime::{
	configs::governance::{RootCalls, MAX_PROPOSALS},
	slots, AccountId, Balances, BlockNumber, Grandpa, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeOrigin, System, UNIT,
};
use codec::{Decode, Encode};
use frame_support::{
	assert_ok,
	dispatch::GetDispatchInfo,
	storage::{with_transaction, TransactionOutcome},
	traits::{fungible::InspectHold, Contains, Get},
};
use pallet_collective::RawOrigin;
use pallet_emission::EmissionParameters;
use pallet_validator_set::SessionLength;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::{
	traits::{BlakeTwo256, Dispatchable, Hash},
	DispatchError, DispatchResult, TokenError,
};

/// Signs a call with the next nonce of the signer, alone in the next block; returns what came of it.
pub(crate) fn submit(
	who: Sr25519Keyring,
	call: RuntimeCall,
) -> (DispatchResult, Vec<RuntimeEvent>) {
	let number: BlockNumber = System::block_number() + 1;
	let nonce = System::account_nonce(who.to_account_id());
	let (results, events) = author(number, vec![sign(who, nonce, call)]);
	(results[0].expect("the extrinsic is valid"), events)
}

/// Proposes a call, lets these members vote for it, and closes: what the call returned, if it was made.
pub(crate) fn decide(call: RuntimeCall, ayes: &[Sr25519Keyring]) -> Option<DispatchResult> {
	use pallet_collective::Call::{close, propose, vote};
	let committee = RuntimeCall::TechnicalCommittee;
	let (proposal_hash, length_bound) = (BlakeTwo256::hash_of(&call), call.encoded_size() as u32);
	let proposal_weight_bound = call.get_dispatch_info().call_weight;
	let proposal = Box::new(call);
	let (proposed, events) =
		submit(ayes[0], committee(propose { threshold: 2, proposal, length_bound }));
	proposed.ok()?;
	let index = events.iter().find_map(|event| match event {
		RuntimeEvent::TechnicalCommittee(pallet_collective::Event::Proposed {
			proposal_index,
			..
		}) => Some(*proposal_index),
		_ => None,
	})?;
	for member in ayes {
		submit(*member, committee(vote { proposal: proposal_hash, index, approve: true }))
			.0
			.ok()?;
	}
	let close = close { proposal_hash, index, proposal_weight_bound, length_bound };
	let (closed, events) = submit(ayes[0], committee(close));
	closed.ok()?;
	events.iter().find_map(|event| match event {
		RuntimeEvent::TechnicalCommittee(pallet_collective::Event::Executed { result, .. }) => {
			Some(*result)
		}
		_ => None,
	})
}

fn set_min_stake(units: u64) -> RuntimeCall {
	RuntimeCall::Emission(pallet_emission::Call::set_parameters {
		min_stake: Some(units),
		registration_deposit: None,
		row_lifetime: None,
	})
}

fn min_stake() -> u64 {
	EmissionParameters::<Runtime>::get().min_stake
}

/// `governance.as_root`.
pub(crate) fn as_root(call: RuntimeCall) -> RuntimeCall {
	RuntimeCall::Governance(bittensor_runtime::governance::Call::as_root { call: Box::new(call) })
}

pub(crate) fn all_members() -> RuntimeOrigin {
	RawOrigin::<AccountId, ()>::Members(3, 3).into()
}

#[test]
fn two_of_three_set_a_parameter_within_its_bounds() {
	preset("testnet").execute_with(|| {
		assert_eq!(decide(set_min_stake(3 * UNIT), &[Alice, Charlie]), Some(Ok(())));
		assert_eq!(min_stake(), 3 * UNIT);
		let refused = pallet_emission::Error::<Runtime>::MinStakeOutOfBounds;
		let call = set_min_stake(1_001 * UNIT);
		assert_eq!(decide(call, &[Bob, Charlie]), Some(Err(refused.into())));
		assert_eq!(min_stake(), 3 * UNIT);
	});
}

#[test]
fn two_of_three_choose_the_set_of_validators() {
	use pallet_validator_set::{Call, Invulnerables, Limits, ValidatorLimits};
	use sp_keyring::Sr25519Keyring::{AliceStash, BobStash};
	preset("testnet").execute_with(|| {
		let set = |limits| RuntimeCall::ValidatorSet(Call::set_limits { limits });
		let before = Limits::<Runtime>::get();
		let limits = ValidatorLimits { max_validators: 8, churn: 1, ..before };
		let alone = ValidatorLimits { max_validators: 9, ..limits };
		assert_eq!(decide(set(alone), &[Alice]), None, "one of three is too few");
		assert_eq!(submit(Alice, set(limits)).0, Err(DispatchError::BadOrigin));
		assert_eq!(Limits::<Runtime>::get(), before);
		assert_eq!(decide(set(limits), &[Alice, Charlie]), Some(Ok(())));
		assert_eq!(Limits::<Runtime>::get(), limits);
		let out: DispatchError = pallet_validator_set::Error::<Runtime>::LimitsOutOfRange.into();
		let wrong = ValidatorLimits { churn: 11, ..limits };
		assert_eq!(decide(set(wrong), &[Bob, Charlie]), Some(Err(out)));
		assert_eq!(Limits::<Runtime>::get(), limits);

		let name = |who: Vec<Sr25519Keyring>| {
			let accounts = who.into_iter().map(Sr25519Keyring::to_account_id).collect();
			RuntimeCall::ValidatorSet(Call::set_invulnerables { accounts })
		};
		let two = || vec![AliceStash, BobStash];
		assert_eq!(decide(name(vec![AliceStash]), &[Bob]), None);
		assert_eq!(submit(Bob, name(two())).0, Err(DispatchError::BadOrigin));
		assert_eq!(Invulnerables::<Runtime>::get().len(), 4);
		let keyless: DispatchError = pallet_validator_set::Error::<Runtime>::NoKeys.into();
		assert_eq!(decide(name(vec![Dave]), &[Alice, Bob]), Some(Err(keyless)));
		assert_eq!(decide(name(two()), &[Alice, Bob]), Some(Ok(())));
		let expected: Vec<AccountId> =
			two().into_iter().map(Sr25519Keyring::to_account_id).collect();
		assert_eq!(Invulnerables::<Runtime>::get().into_inner(), expected);
	});
}

#[test]
fn one_member_or_a_stranger_sets_nothing() {
	preset("testnet").execute_with(|| {
		let before = min_stake();
		assert_eq!(decide(set_min_stake(3 * UNIT), &[Alice]), None, "one of three is too few");
		assert_eq!(decide(set_min_stake(4 * UNIT), &[Dave, Alice]), None, "Dave is no member");
		assert_eq!(decide(set_min_stake(5 * UNIT), &[Alice, Dave]), None, "Dave has no vote");
		for who in [Alice, Dave] {
			assert_eq!(submit(who, set_min_stake(6 * UNIT)).0, Err(DispatchError::BadOrigin));
			let root = as_root(RuntimeCall::System(frame_system::Call::set_code { code: vec![] }));
			assert_eq!(submit(who, root).0, Err(DispatchError::BadOrigin));
		}
		// A threshold of one is met at once, by too few for the call.
		let proposal = Box::new(set_min_stake(7 * UNIT));
		let alone = pallet_collective::Call::propose { threshold: 1, proposal, length_bound: 99 };
		let (_, events) = submit(Alice, RuntimeCall::TechnicalCommittee(alone));
		assert!(events.iter().any(|event| matches!(
			event,
			RuntimeEvent::TechnicalCommittee(pallet_collective::Event::Executed {
				result: Err(DispatchError::BadOrigin),
				..
			})
		)));
		assert_eq!(min_stake(), before);
	});
}

fn propose(row_lifetime: u32) -> RuntimeCall {
	let proposal = Box::new(RuntimeCall::Emission(pallet_emission::Call::set_parameters {
		min_stake: None,
		registration_deposit: None,
		row_lifetime: Some(row_lifetime),
	}));
	let propose = pallet_collective::Call::propose { threshold: 2, proposal, length_bound: 99 };
	RuntimeCall::TechnicalCommittee(propose)
}

#[test]
fn a_proposal_has_a_deposit_that_grows_with_the_open_ones_and_comes_back() {
	preset("testnet").execute_with(|| {
		let held = |who: Sr25519Keyring| Balances::total_balance_on_hold(&who.to_account_id());
		assert_eq!(decide(set_min_stake(3 * UNIT), &[Alice, Bob]), Some(Ok(())));
		assert_eq!(held(Alice), UNIT, "until somebody releases it");
		let proposal_hash = BlakeTwo256::hash_of(&set_min_stake(3 * UNIT));
		let release = pallet_collective::Call::release_proposal_cost { proposal_hash };
		let (released, _) = submit(Dave, RuntimeCall::TechnicalCommittee(release));
		assert_eq!((released, held(Alice)), (Ok(()), 0));

		// One member fills the list: the deposits are those of 1 to 100 open proposals.
		let origin = || RuntimeOrigin::signed(Bob.to_account_id());
		for number in 0..MAX_PROPOSALS {
			let made = propose(100 + number).dispatch(origin());
			assert!(made.is_ok(), "{number}: {made:?}");
			let open = u64::from(number) + 1;
			assert_eq!(held(Bob), UNIT * open * (open + 1) / 2);
		}
		let full: DispatchError = pallet_collective::Error::<Runtime, ()>::TooManyProposals.into();
		let refused = propose(99).dispatch(origin()).map_err(|error| error.error);
		assert_eq!(refused, Err(full));
		assert_eq!(held(Bob), 5_050 * UNIT);
	});
}

#[test]
fn a_member_without_the_deposit_proposes_nothing() {
	preset("testnet").execute_with(|| {
		let rich = Balances::free_balance(Alice.to_account_id());
		assert_ok!(Balances::force_set_balance(
			RuntimeOrigin::root(),
			Alice.to_account_id().into(),
			UNIT / 2
		));
		let origin = || RuntimeOrigin::signed(Alice.to_account_id());
		let refused = propose(100).dispatch(origin()).map_err(|error| error.error);
		assert_eq!(refused, Err(TokenError::FundsUnavailable.into()));
		assert_ok!(Balances::force_set_balance(
			RuntimeOrigin::root(),
			Alice.to_account_id().into(),
			rich
		));
		assert_ok!(propose(100).dispatch(origin()));
	});
}

#[test]
fn the_committee_is_never_left_without_members() {
	preset("testnet").execute_with(|| {
		let set = |members: Vec<Sr25519Keyring>| {
			RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
				new_members: members.into_iter().map(Sr25519Keyring::to_account_id).collect(),
				prime: None,
				old_count: 3,
			})
		};
		let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
		for bad in [vec![], vec![Alice, Alice]] {
			assert_eq!(decide(set(bad), &[Alice, Bob]), Some(Err(filtered)));
		}
		assert_eq!(decide(set(vec![Alice, Dave]), &[Alice, Bob]), Some(Ok(())));
		assert_eq!(pallet_collective::Members::<Runtime>::get().len(), 2);
		assert_eq!(decide(set_min_stake(2 * UNIT), &[Alice, Dave]), Some(Ok(())));
	});
}

#[test]
fn what_two_members_schedule_three_can_cancel_and_two_others_too() {
	preset("testnet").execute_with(|| {
		let id = [7; 32];
		let schedule = |when| {
			let call = Box::new(set_min_stake(8 * UNIT));
			RuntimeCall::Scheduler(pallet_scheduler::Call::schedule_named {
				id,
				when,
				maybe_periodic: None,
				priority: 0,
				call,
			})
		};
		let cancel = || RuntimeCall::Scheduler(pallet_scheduler::Call::cancel_named { id });
		assert_eq!(submit(Alice, schedule(100)).0, Err(DispatchError::BadOrigin));
		assert_eq!(decide(schedule(100), &[Alice, Bob]), Some(Ok(())));
		assert_eq!(decide(cancel(), &[Bob, Charlie, Alice]), Some(Ok(())));
		assert_eq!(decide(schedule(100), &[Alice, Bob, Charlie]), Some(Ok(())));
		assert_eq!(decide(cancel(), &[Bob, Charlie]), Some(Ok(())));

		// It runs in the block for which it is scheduled, with the rights of those who scheduled it.
		let due = System::block_number() + 10;
		assert_eq!(decide(schedule(due), &[Alice, Bob]), Some(Ok(())));
		while System::block_number() + 1 < due {
			author(System::block_number() + 1, vec![]);
			assert_ne!(min_stake(), 8 * UNIT);
		}
		author(due, vec![]);
		assert_eq!(min_stake(), 8 * UNIT);
	});
}

/// A call of the runtime, as its metadata lists it.
pub(crate) struct Listed {
	pub(crate) pallet: String,
	pub(crate) name: String,
	/// The first two bytes of the encoded call.
	pub(crate) index: [u8; 2],
}

pub(crate) fn every_call() -> Vec<Listed> {
	let metadata = metadata();
	let pallets =
		metadata.pallets.iter().filter_map(|pallet| Some((pallet, pallet.calls.as_ref()?)));
	pallets
		.flat_map(|(pallet, calls)| {
			variants(&metadata, calls.ty.id).into_iter().map(|variant| Listed {
				pallet: pallet.name.clone(),
				name: variant.name,
				index: [pallet.index, variant.index],
			})
		})
		.collect()
}

/// Calls of this kind with arguments of zeros, and with pseudorandom ones, as far as they decode.
pub(crate) fn instances(index: [u8; 2]) -> Vec<RuntimeCall> {
	let mut state = u64::from(u16::from_le_bytes(index)) | 1 << 40;
	let mut random = move || {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		state as u8
	};
	(0..60)
		.filter_map(|round| {
			let arguments: Vec<u8> = (0..600)
				.map(|_| match round {
					0 => 0,
					// Small numbers decode more often: as lengths, options and variants.
					1..=30 => random() % 4,
					_ => random(),
				})
				.collect();
			let bytes = [&index[..], &arguments].concat();
			RuntimeCall::decode(&mut &bytes[..]).ok()
		})
		.collect()
}

fn with_code_reader(mut state: TestExternalities) -> TestExternalities {
	let executor = sc_executor::WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	state.register_extension(sp_core::traits::ReadRuntimeVersionExt::new(executor));
	state
}

/// What decides how much is minted, and when.
fn emission() -> impl PartialEq + core::fmt::Debug {
	let parameters = EmissionParameters::<Runtime>::get();
	let halvings = (parameters.halvings.interval, parameters.halvings.max);
	// The part of the validators is of the emission too.
	let division = pallet_validator_set::Division::<Runtime>::get();
	(parameters.epoch_length, parameters.sigma, halvings, slots::Length::get(), division)
}

/// A call of this kind that governance can make, of those that set what is near the emission.
fn in_range(listed: &Listed) -> Option<RuntimeCall> {
	use pallet_validator_set::{Call, Invulnerables, Limits};
	let accounts = Invulnerables::<Runtime>::get().into_inner();
	Some(match (listed.pallet.as_str(), listed.name.as_str()) {
		("Emission", "set_parameters") => set_min_stake(2 * UNIT),
		("ValidatorSet", "set_invulnerables") => {
			RuntimeCall::ValidatorSet(Call::set_invulnerables { accounts })
		}
		("ValidatorSet", "set_limits") => {
			RuntimeCall::ValidatorSet(Call::set_limits { limits: Limits::<Runtime>::get() })
		}
		("Grandpa", "note_stalled") => note_stalled(1, 0),
		("Governance", "shift_set_id") => {
			RuntimeCall::Governance(bittensor_runtime::governance::Call::shift_set_id { by: 1 })
		}
		_ => return None,
	})
}

fn note_stalled(delay: BlockNumber, best_finalized_block_number: BlockNumber) -> RuntimeCall {
	RuntimeCall::Grandpa(pallet_grandpa::Call::note_stalled { delay, best_finalized_block_number })
}

#[test]
fn no_call_changes_the_emission() {
	// These write the storage at will. Only Root can make them, so only Sudo in presets for tests.
	let raw = ["set_storage", "kill_storage", "kill_prefix"];
	with_code_reader(preset("testnet")).execute_with(|| {
		let (mut kinds, mut made, mut succeeded) = (0, 0, 0);
		let before = emission();
		for listed in every_call() {
			if listed.pallet == "System" && raw.contains(&listed.name.as_str()) {
				continue;
			}
			let mut calls = instances(listed.index);
			kinds += usize::from(!calls.is_empty());
			// Arguments at random are hardly ever in range.
			calls.extend(in_range(&listed));
			for call in calls {
				let origins = [
					RuntimeOrigin::root(),
					all_members(),
					RuntimeOrigin::signed(Alice.to_account_id()),
				];
				for origin in origins {
					let text = format!("{}.{}", listed.pallet, listed.name);
					let outcome = with_transaction(|| {
						let result = call.clone().dispatch(origin);
						assert_eq!(emission(), before, "{text} changes the emission: {call:?}");
						TransactionOutcome::Rollback(Ok::<_, DispatchError>(result.is_ok()))
					});
					made += 1;
					succeeded += u32::from(outcome == Ok(true));
				}
			}
		}
		let kinds_listed = every_call().len();
		println!("{kinds} of {kinds_listed} kinds, {made} calls, {succeeded} succeeded");
		assert!(kinds + 3 + 5 > kinds_listed, "{kinds} of {kinds_listed} kinds of calls decode");
		assert!(succeeded > 100, "{succeeded} of {made} calls succeeded");
	});
}

#[test]
fn the_committee_makes_few_calls_as_root() {
	with_code_reader(preset("testnet")).execute_with(|| {
		let not_allowed: DispatchError =
			bittensor_runtime::governance::Error::<Runtime>::NotAllowed.into();
		author(1, vec![]);
		let mut allowed = Vec::new();
		for listed in every_call() {
			let calls = instances(listed.index).into_iter().chain(in_range(&listed));
			let Listed { pallet, name, .. } = &listed;
			for call in calls {
				if RootCalls::contains(&call) {
					allowed.push(format!("{pallet}.{name}"));
					continue;
				}
				let result = as_root(call).dispatch(all_members());
				let result = result.map(|_| ()).map_err(|error| error.error);
				assert_eq!(result, Err(not_allowed), "{pallet}.{name}");
			}
		}
		allowed.dedup();
		assert_eq!(
			allowed,
			[
				"System.set_code",
				"System.authorize_upgrade",
				"Grandpa.note_stalled",
				"Governance.shift_set_id",
				"Migrations.force_set_cursor",
				"Migrations.force_set_active_cursor",
				"Migrations.force_onboard_mbms",
				"Migrations.clear_historic",
			]
		);
	});
}

#[test]
fn finality_is_revived_within_a_session_and_from_a_block_that_exists() {
	preset("testnet").execute_with(|| {
		let not_allowed: DispatchError =
			bittensor_runtime::governance::Error::<Runtime>::NotAllowed.into();
		let session = SessionLength::<Runtime>::get();
		assert_eq!(session, 100);
		author(1, vec![]);
		let wrong = [(0, 0), (session, 0), (session + 1, 0), (u32::MAX, 0), (10, 1_000)];
		for (delay, last) in wrong {
			let result = as_root(note_stalled(delay, last)).dispatch(all_members());
			assert_eq!(result.map_err(|error| error.error), Err(not_allowed), "{delay}, {last}");
			assert_eq!(Grandpa::stalled(), None);
		}
		let call = as_root(note_stalled(session, 1));
		assert_eq!(decide(call, &[Alice, Bob]), Some(Err(not_allowed)));
		let most = session - 1;
		assert_eq!(decide(as_root(note_stalled(most, 1)), &[Alice, Bob]), Some(Ok(())));
		assert_eq!(Grandpa::stalled(), Some((most, 1)));

		// Nothing is dropped with the longest delay: this change is over when the session after it starts.
		let set_id = Grandpa::current_set_id();
		let up_to = |last| {
			(System::block_number() + 1..=last).for_each(|number| drop(author(number, vec![])));
		};
		up_to(session);
		assert_eq!((Grandpa::stalled(), Grandpa::current_set_id()), (None, set_id + 1));
		assert!(Grandpa::pending_change().is_some());
		up_to(2 * session - 1);
		assert!(Grandpa::pending_change().is_none());
	});
}

#[test]
fn governance_aborts_a_solve() {
	use pallet_emission::{types::SolveState, Event, Solve};
	preset("testnet").execute_with(|| {
		author(1, vec![]);
		// The networks of this test are solved in one block, so the phase is written.
		let phase = bittensor_emission::Phase::Begin;
		let solve = SolveState { phase, ..Default::default() };
		Solve::<Runtime>::put(solve);
		let abort = RuntimeCall::Emission(pallet_emission::Call::abort_solve {});
		let lapsed = 2 * UNIT;
		// Between two blocks, as the next one would end the solve.
		System::set_block_number(2);
		assert!(abort.dispatch(all_members()).is_ok());
		System::assert_last_event(
			Event::<Runtime>::SolveAborted { epoch: 1, phase, lapsed }.into(),
		);
		assert_eq!(Solve::<Runtime>::get(), Default::default());
	});
}
