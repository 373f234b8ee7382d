//! The brake of `testnet`: what the committee can pause, and that the chain goes on and everybody can leave
//! while all of it is paused.

use crate::{
	chain::{author, preset, sign},
	governance::{all_members, decide, every_call, instances, submit, Listed},
	validators::charlie_joins,
};
use bittensor_runtime::{
	configs::{
		accounts::ProxyType::{self, NonTransfer},
		governance::NeverPaused,
	},
	genesis_config_presets::ENDOWMENT,
	Emission, Executive, Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
	ValidatorSet, UNIT,
};
use frame_support::storage::{with_transaction, TransactionOutcome};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{
	traits::{BlakeTwo256, Dispatchable, Hash},
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction,
	},
	DispatchError,
};

fn named(pallet: &str, call: &str) -> pallet_tx_pause::RuntimeCallNameOf<Runtime> {
	let name = |name: &str| name.as_bytes().to_vec().try_into().expect("a short name");
	(name(pallet), name(call))
}

fn pause(pallet: &str, call: &str) -> RuntimeCall {
	RuntimeCall::TxPause(pallet_tx_pause::Call::pause { full_name: named(pallet, call) })
}

/// Pauses everything that can be paused; how many calls that is.
fn pause_all() -> usize {
	let pausable = every_call().into_iter().filter(|call| !is_never_paused(call));
	// No name is too long for the filter.
	pausable
		.map(|Listed { pallet, name, .. }| {
			assert!(pause(&pallet, &name).dispatch(all_members()).is_ok(), "{pallet}.{name}");
		})
		.count()
}

fn is_never_paused(call: &Listed) -> bool {
	NeverPaused::names(call.pallet.as_bytes(), call.name.as_bytes())
}

/// `PALLET.CALL` of each call for which this is so, for some arguments.
fn calls_that(holds: impl Fn(RuntimeCall) -> bool) -> Vec<Listed> {
	let of = |call: &Listed| {
		instances(call.index).into_iter().any(|instance| {
			with_transaction(|| {
				TransactionOutcome::Rollback(Ok::<_, DispatchError>(holds(instance)))
			}) == Ok(true)
		})
	};
	every_call().into_iter().filter(of).collect()
}

fn names(calls: &[Listed]) -> Vec<String> {
	calls.iter().map(|call| format!("{}.{}", call.pallet, call.name)).collect()
}

#[test]
fn a_paused_call_fails_until_it_is_resumed() {
	preset("testnet").execute_with(|| {
		let transfer = || {
			let dest = Bob.to_account_id().into();
			RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: UNIT })
		};
		let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
		assert_eq!(submit(Dave, transfer()).0, Ok(()));
		assert_eq!(decide(pause("Balances", "transfer_keep_alive"), &[Alice, Bob]), Some(Ok(())));
		assert_eq!(submit(Dave, transfer()).0, Err(filtered));
		// Not by a way around either.
		let batch = pallet_utility::Call::batch_all { calls: vec![transfer()] };
		assert!(submit(Dave, RuntimeCall::Utility(batch)).0.is_err());
		let ident = named("Balances", "transfer_keep_alive");
		let resume = RuntimeCall::TxPause(pallet_tx_pause::Call::unpause { ident });
		assert_eq!(submit(Dave, resume.clone()).0, Err(DispatchError::BadOrigin));
		assert_eq!(decide(resume, &[Alice, Bob]), Some(Ok(())));
		assert_eq!(submit(Dave, transfer()).0, Ok(()));
	});
}

#[test]
fn what_keeps_the_chain_going_is_never_paused() {
	let every: Vec<_> = every_call().into_iter().map(|call| (call.pallet, call.name)).collect();
	let never = [
		("System", "remark"),
		("Timestamp", "set"),
		("Grandpa", "note_stalled"),
		("TechnicalCommittee", "propose"),
		("TechnicalCommittee", "vote"),
		("TechnicalCommittee", "close"),
		("Governance", "as_root"),
		("Scheduler", "cancel"),
		("Preimage", "note_preimage"),
		("Migrations", "force_set_cursor"),
		("TxPause", "unpause"),
		("Sudo", "sudo"),
		("Emission", "unstake"),
		("Emission", "withdraw_unbonded"),
		("Emission", "deregister"),
		("Emission", "resign_service_key"),
		("Emission", "set_parameters"),
		("Emission", "abort_solve"),
		("Session", "set_keys"),
		("Session", "purge_keys"),
		("ValidatorSet", "leave"),
		("ValidatorSet", "purge_keys"),
		("ValidatorSet", "set_invulnerables"),
		("ValidatorSet", "set_limits"),
		("Proxy", "proxy"),
		("Proxy", "remove_proxies"),
		("Utility", "as_derivative"),
	];
	preset("testnet").execute_with(|| {
		for (pallet, name) in never {
			assert!(every.contains(&(pallet.into(), name.into())), "no call {pallet}.{name}");
			let unpausable = pallet_tx_pause::Error::<Runtime>::Unpausable;
			let result = pause(pallet, name).dispatch(all_members()).map_err(|error| error.error);
			assert_eq!(result.map(|_| ()), Err(unpausable.into()), "{pallet}.{name}");
		}
		let paused = pause_all();
		assert!(paused > 20, "{paused}");
	});
}

#[test]
fn no_inherent_and_no_other_call_without_a_signature_can_be_paused() {
	preset("testnet").execute_with(|| {
		let signed = names(&calls_that(|call| {
			let bare = UncheckedExtrinsic::new_bare(call);
			let source = TransactionSource::InBlock;
			matches!(
				Executive::validate_transaction(source, bare, Default::default()),
				Err(TransactionValidityError::Unknown(UnknownTransaction::NoUnsignedValidator)
					| TransactionValidityError::Invalid(InvalidTransaction::Call))
			)
		}));
		let mut unsigned = every_call();
		unsigned.retain(|call| !instances(call.index).is_empty());
		unsigned.retain(|call| !signed.contains(&format!("{}.{}", call.pallet, call.name)));
		// An inherent is refused by the pool, and each author adds it.
		assert_eq!(names(&unsigned), ["Timestamp.set", "Grandpa.report_equivocation_unsigned"]);
		assert!(unsigned.iter().all(is_never_paused));
	});
}

#[test]
fn nothing_that_governance_does_can_be_paused() {
	preset("testnet").execute_with(|| {
		let governs = calls_that(|call| {
			let result = call.dispatch(all_members());
			result.map_err(|error| error.error) != Err(DispatchError::BadOrigin)
		});
		assert!(governs.len() > 25, "{:?}", names(&governs));
		// A batch, which anybody can make, does nothing that its calls do not.
		let pausable: Vec<_> = governs.into_iter().filter(|call| !is_never_paused(call)).collect();
		assert_eq!(
			names(&pausable),
			["Utility.batch", "Utility.batch_all", "Utility.force_batch", "Utility.if_else"]
		);
	});
}

/// Submits a call in block after block until it succeeds.
fn in_the_end(who: Sr25519Keyring, call: RuntimeCall) {
	let results: Vec<_> = (0..100)
		.map(|_| submit(who, call.clone()).0)
		.take_while(|result| result.is_err())
		.collect();
	assert!(results.len() < 100, "{call:?} fails: {:?}", results.last());
}

#[test]
fn while_all_is_paused_blocks_and_governance_go_on_and_everybody_leaves() {
	use pallet_emission::Call::{
		accept_service_key, deregister, register, resign_service_key, stake, unstake,
		withdraw_unbonded,
	};
	use pallet_proxy::Call::{add_proxy, proxy, remove_proxies};
	use pallet_validator_set::Call::{leave, purge_keys};
	let (emission, set) = (RuntimeCall::Emission, RuntimeCall::ValidatorSet);
	preset("development").execute_with(|| {
		let last = charlie_joins(1_000);
		let joins = |who, calls: Vec<RuntimeCall>| {
			calls.into_iter().zip(0..).map(move |(call, nonce)| sign(who, nonce, call))
		};
		let named = Some(Dave.to_account_id());
		let bob = vec![
			emission(register { endpoint: None, service_key: named }),
			emission(stake { amount: 10 * UNIT }),
		];
		let (delegate, proxy_type) = (Eve.to_account_id().into(), NonTransfer);
		let ferdie = vec![
			emission(register { endpoint: None, service_key: None }),
			emission(stake { amount: 10 * UNIT }),
			RuntimeCall::Proxy(add_proxy { delegate, proxy_type, delay: 0 }),
		];
		let dave = vec![emission(accept_service_key { owner: Bob.to_account_id() })];
		let all = joins(Bob, bob).chain(joins(Ferdie, ferdie)).chain(joins(Dave, dave));
		let (results, _) = author(last + 1, all.collect());
		assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");

		pause_all();
		let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
		let register = emission(register { endpoint: None, service_key: None });
		assert_eq!(submit(Alice, register).0, Err(filtered));

		in_the_end(Dave, emission(resign_service_key {}));
		in_the_end(Bob, emission(unstake { amount: 4 * UNIT }));
		in_the_end(Bob, emission(deregister {}));
		let real = Ferdie.to_account_id().into();
		let call = Box::new(emission(deregister {}));
		let force_proxy_type: Option<ProxyType> = None;
		in_the_end(Eve, RuntimeCall::Proxy(proxy { real, force_proxy_type, call }));
		in_the_end(Ferdie, RuntimeCall::Proxy(remove_proxies {}));
		in_the_end(Charlie, set(leave {}));
		in_the_end(Charlie, set(purge_keys {}));
		in_the_end(Charlie, emission(deregister {}));
		for who in [Bob, Charlie, Ferdie] {
			let account = who.to_account_id();
			while pallet_emission::Unbonding::<Runtime>::contains_key(&account) {
				in_the_end(who, emission(withdraw_unbonded {}));
			}
			// Deposits are back too; fees are gone.
			let data = System::account(&account).data;
			assert_eq!((data.reserved, data.frozen), (0, 0), "{who:?}");
			assert!(data.free > ENDOWMENT - UNIT, "{who:?}: {}", data.free);
		}
		assert!(Emission::components(0, 10).is_empty());
		assert!(ValidatorSet::candidates().is_empty());
		assert_eq!(ValidatorSet::validators().len(), 1);

		let ident = self::named("Emission", "register");
		let resume = RuntimeCall::TxPause(pallet_tx_pause::Call::unpause { ident });
		assert_eq!(decide(resume, &[Alice, Bob]), Some(Ok(())));
		in_the_end(
			Alice,
			emission(pallet_emission::Call::register { endpoint: None, service_key: None }),
		);
	});
}

#[test]
fn while_all_is_paused_accounts_act_through_others() {
	use pallet_emission::Call::{deregister, register};
	use pallet_proxy::Call::{
		add_proxy, announce, create_pure, kill_pure, proxy, proxy_announced, reject_announcement,
		remove_announcement, remove_proxy,
	};
	let (emission, proxies) = (RuntimeCall::Emission, RuntimeCall::Proxy);
	let (bob, eve, ferdie) =
		(|| Bob.to_account_id().into(), || Eve.to_account_id().into(), || Ferdie.to_account_id());
	let (proxy_type, force_proxy_type) = (ProxyType::Any, None);
	preset("development").execute_with(|| {
		// Bob's component, for which Eve acts if she has announced it, and Ferdie's account without a key.
		let component = emission(register { endpoint: None, service_key: None });
		assert_eq!(submit(Bob, component).0, Ok(()));
		let delayed = proxies(add_proxy { delegate: eve(), proxy_type, delay: 1 });
		assert_eq!(submit(Bob, delayed).0, Ok(()));
		let create = create_pure { proxy_type, delay: 0, index: 0 };
		let (_, events) = submit(Ferdie, proxies(create));
		let created = events.into_iter().find_map(|event| match event {
			RuntimeEvent::Proxy(pallet_proxy::Event::PureCreated {
				pure,
				at,
				extrinsic_index,
				..
			}) => Some((pure, at, extrinsic_index)),
			_ => None,
		});
		let (pure, height, ext_index) = created.expect("it was created");
		assert!(pallet_proxy::Proxies::<Runtime>::contains_key(&pure));
		pause_all();

		let call = || Box::new(emission(deregister {}));
		let call_hash = BlakeTwo256::hash_of(&call());
		let announcement = || proxies(announce { real: bob(), call_hash });
		in_the_end(Eve, announcement());
		in_the_end(Bob, proxies(reject_announcement { delegate: eve(), call_hash }));
		in_the_end(Eve, announcement());
		in_the_end(Eve, proxies(remove_announcement { real: bob(), call_hash }));
		in_the_end(Eve, announcement());
		let (delegate, real) = (eve(), bob());
		in_the_end(
			Eve,
			proxies(proxy_announced { delegate, real, force_proxy_type, call: call() }),
		);
		in_the_end(Bob, proxies(remove_proxy { delegate: eve(), proxy_type, delay: 1 }));
		let spawner = ferdie().into();
		let kill = proxies(kill_pure { spawner, proxy_type, index: 0, height, ext_index });
		let (real, call) = (pure.clone().into(), Box::new(kill));
		in_the_end(Ferdie, proxies(proxy { real, force_proxy_type, call }));

		for account in [pure, Bob.to_account_id()] {
			assert!(!pallet_proxy::Proxies::<Runtime>::contains_key(account));
		}
		let next = System::block_number() + 1;
		(next..next + 20).for_each(|number| drop(author(number, vec![])));
		assert!(Emission::components(0, 10).is_empty(), "Bob's component has left");
	});
}
