//! Random sequences of all calls by many accounts over many blocks.
//!
//! After every block and every call `mock::next_block_with` checks all invariants: the surplus of the
//! pot never decreases, the issuance grows only by minting, rows change only in `Merge`, and each
//! payout equals the contribution crate's, in contributions as in stake and unbonding. These tests also
//! check that a failing call changes nothing and that units move only by calls and payouts.

use crate::{
	mock::*,
	types::{Component, Phase},
	Call, Components, MintedTotal, RowPages, Stake, UidOf, UidSpace, Unbonding,
};
use frame_support::traits::GetCallName;
use frame_support::{
	traits::{fungible::Inspect, Hooks},
	weights::Weight,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sp_runtime::traits::Dispatchable;
use std::collections::BTreeSet;

const ACCOUNTS: u64 = 14;
/// Accounts that own nothing at the start, and serve.
const KEYS: core::ops::Range<u64> = 31..36;

#[derive(Clone, Debug)]
enum Action {
	/// A call of the pallet by an account.
	Call(AccountId, Call<Test>),
	/// Whoever an owner names accepts: a service key, or the component.
	Accept(AccountId),
	/// The service key of an owner resigns.
	Resign(AccountId),
	/// A transfer to the pot.
	Gift(AccountId, u64),
	/// A slash, burnt or paid to an account.
	Slash(AccountId, u64, Option<AccountId>),
	/// A block without the hook.
	Skip,
	/// Blocks, each with this much weight for all hooks.
	Blocks(u8, u64),
	/// The service weight from now on.
	Service(u64),
	/// An upgrade of the runtime.
	Upgrade,
	/// Governance aborts the solve.
	Abort,
	/// Governance sets a parameter.
	Set(Option<u64>, Option<u64>, Option<u32>),
}

fn account() -> impl Strategy<Value = AccountId> {
	1..=ACCOUNTS
}

fn amount() -> impl Strategy<Value = u64> {
	prop_oneof![
		4 => MIN_STAKE..100_000u64,
		1 => 0..MIN_STAKE,
		1 => Just(u64::MAX),
		2 => Just(MIN_STAKE),
	]
}

fn call() -> impl Strategy<Value = Call<Test>> {
	let target = || prop_oneof![20 => 0..12u32, 1 => any::<u32>()];
	let share = prop_oneof![6 => 1..9_000u16, 2 => 9_000..60_000u16, 1 => Just(0)];
	let edges =
		prop::collection::vec((target(), prop_oneof![9 => 1..12_000u16, 1 => 0..=u16::MAX]), 0..6);
	let host = prop_oneof![9 => "[a-z0-9.]{1,20}", 1 => ".{0,9}"];
	let place =
		prop::option::of((host, any::<u16>()).prop_map(|(host, port)| endpoint(&host, port)));
	let key = || prop_oneof![3 => KEYS, 1 => account()];
	prop_oneof![
		3 => (place.clone(), prop::option::of(key()))
			.prop_map(|(endpoint, service_key)| Call::register { endpoint, service_key }),
		2 => Just(Call::deregister {}),
		1 => place.prop_map(|endpoint| Call::set_endpoint { endpoint }),
		2 => target().prop_map(|uid| Call::remove_dead { uid }),
		3 => key().prop_map(|service_key| Call::set_service_key { service_key }),
		1 => account().prop_map(|owner| Call::accept_service_key { owner }),
		1 => Just(Call::resign_service_key {}),
		2 => prop::option::of(key()).prop_map(|new_owner| Call::offer_component { new_owner }),
		1 => account().prop_map(|owner| Call::accept_component { owner }),
		4 => amount().prop_map(|amount| Call::stake { amount }),
		2 => amount().prop_map(|amount| Call::unstake { amount }),
		2 => Just(Call::withdraw_unbonded {}),
		6 => edges.prop_map(|edges| Call::post_row { row: row(&edges) }),
		3 => (target(), share).prop_map(|(target, share)| Call::set_edge { target, share }),
	]
}

fn action() -> impl Strategy<Value = Action> {
	let who = prop_oneof![6 => account(), 2 => KEYS];
	prop_oneof![
		24 => (who, call()).prop_map(|(who, call)| Action::Call(who, call)),
		6 => account().prop_map(Action::Accept),
		2 => account().prop_map(Action::Resign),
		2 => (account(), 1..5_000u64).prop_map(|(who, amount)| Action::Gift(who, amount)),
		2 => (account(), amount(), prop::option::of(account()))
			.prop_map(|(who, amount, to)| Action::Slash(who, amount, to)),
		2 => Just(Action::Skip),
		10 => (1..5u8, prop_oneof![3 => Just(u64::MAX), 1 => 0..300u64])
			.prop_map(|(count, weight)| Action::Blocks(count, weight)),
		2 => prop_oneof![3 => LEAST_SERVICE..600u64, 1 => Just(1_000_000u64), 1 => 0..LEAST_SERVICE]
			.prop_map(Action::Service),
		1 => Just(Action::Upgrade),
		1 => Just(Action::Abort),
		1 => (prop::option::of(0..2_000u64), prop::option::of(0..2_000u64), prop::option::of(0..9u32))
			.prop_map(|(stake, deposit, lifetime)| Action::Set(stake, deposit, lifetime)),
	]
}

/// All units that accounts own: balances, stakes and unbonding.
fn wealth() -> u64 {
	let accounts: u64 = (1..=40).map(|who| Balances::total_balance(&who)).sum();
	let unbonding: u64 = Unbonding::<Test>::iter_values().flatten().map(|chunk| chunk.amount).sum();
	accounts + unbonding + stakes().iter().sum::<u64>()
}

fn note_events(seen: &mut Seen) {
	for event in events() {
		let text = format!("{event:?}");
		let name = text.trim_start_matches("Event::").split(' ').next();
		seen.extend(name.map(str::to_owned));
	}
}

/// Whether an active row has a void edge.
fn has_void_edge() -> bool {
	RowPages::<Test>::iter_values().any(|page| {
		(0..UidSpace::<Test>::get()).any(|uid| {
			let stored = page.row(uid).map_or(0, |(_, edges)| edges.len());
			let read = Emission::row(uid).and_then(|row| row.active);
			stored > read.map_or(0, |row| row.edges.len())
		})
	})
}

/// The component of an account, as it is stored.
fn stored(account: AccountId) -> Option<Component<AccountId>> {
	Components::<Test>::get(UidOf::<Test>::get(account)?)
}

fn apply(action: Action, seen: &mut Seen) {
	match action {
		Action::Accept(owner) => {
			let Some(component) = stored(owner) else { return };
			if let Some(who) = component.next_owner {
				apply(Action::Call(who, Call::accept_component { owner }), seen);
			} else if let Some(who) = component.next_service_key {
				apply(Action::Call(who, Call::accept_service_key { owner }), seen);
			}
		}
		Action::Resign(owner) => {
			let Some(component) = stored(owner) else { return };
			apply(Action::Call(component.service_key, Call::resign_service_key {}), seen);
		}
		Action::Call(who, call) => {
			let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
			let wealth_before = wealth();
			let result = RuntimeCall::Emission(call.clone()).dispatch(signed(who));
			let name = call.get_call_name();
			seen.insert(format!("{name} {}", if result.is_ok() { "ok" } else { "err" }));
			let phase = Emission::epoch_status().phase;
			if name == "deregister" && result.is_ok() {
				seen.insert(format!("left while {phase:?}"));
			}
			note_events(seen);
			if result.is_err() {
				let after = sp_io::storage::root(sp_runtime::StateVersion::V1);
				assert_eq!(root, after, "{call:?} failed and changed something");
			}
			assert_eq!(wealth_before, wealth(), "{call:?} made or lost units");
			check_state();
		}
		Action::Gift(who, amount) => {
			let _ = Balances::transfer_keep_alive(signed(who), Emission::pot(), amount);
			check_state();
		}
		Action::Slash(who, amount, to) => {
			let (wealth_before, surplus) = (wealth(), Emission::surplus());
			let (at_stake, issued) = (Emission::at_stake(&who), Balances::total_issuance());
			let slashed = Emission::slash(&who, amount, to.as_ref());
			assert_eq!(slashed, amount.min(at_stake), "a slash takes what is there");
			assert_eq!(Emission::at_stake(&who), at_stake - slashed);
			let burnt = if to.is_some() { 0 } else { slashed };
			assert_eq!(wealth(), wealth_before - burnt, "slashed units go to the account");
			assert_eq!(Balances::total_issuance(), issued - burnt, "or are burnt");
			assert_eq!(Emission::surplus(), surplus, "the pot owes what it has");
			if slashed > 0 {
				seen.insert(format!("slashed while {:?}", Emission::epoch_status().phase));
			}
			accept_issuance();
			check_state();
		}
		Action::Skip => {
			System::set_block_number(System::block_number() + 1);
			check_state();
		}
		Action::Blocks(count, weight) => {
			for _ in 0..count {
				let (before, minted) = (wealth(), MintedTotal::<Test>::get());
				let unpaid = unpaid();
				next_block_with(weight);
				note_events(seen);
				let phase = Emission::epoch_status().phase;
				if phase != Phase::Idle {
					seen.insert(format!("{phase:?} spans"));
				}
				if has_void_edge() {
					seen.insert("void edge".into());
				}
				let paid = MintedTotal::<Test>::get() - minted + unpaid - self::unpaid();
				assert_eq!(wealth(), before + paid, "a block paid other than what it minted");
			}
		}
		Action::Upgrade => {
			Emission::on_runtime_upgrade();
			check_state();
		}
		Action::Abort => {
			let (before, root) = (wealth(), sp_io::storage::root(sp_runtime::StateVersion::V1));
			let phase = Emission::epoch_status().phase;
			match abort() {
				Ok(()) => {
					seen.insert(format!("aborted in {phase:?}"));
				}
				Err(_) => {
					let after = sp_io::storage::root(sp_runtime::StateVersion::V1);
					assert_eq!(root, after, "a refused abort changed something");
				}
			}
			assert_eq!(before, wealth(), "an abort moved units");
			note_events(seen);
			check_state();
		}
		Action::Set(stake, deposit, lifetime) => {
			let call = Call::set_parameters {
				min_stake: stake,
				registration_deposit: deposit,
				row_lifetime: lifetime,
			};
			let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
			let result = RuntimeCall::Emission(call).dispatch(RuntimeOrigin::root());
			if result.is_err() {
				assert_eq!(root, sp_io::storage::root(sp_runtime::StateVersion::V1));
			}
			note_events(seen);
			check_state();
		}
		Action::Service(units) => ServiceWeight::set(Weight::from_parts(units, 0)),
	}
}

fn unpaid() -> u64 {
	let state = crate::Solve::<Test>::get();
	state.minted.unwrap_or_default() - state.paid
}

#[derive(Clone, Debug)]
struct Game {
	/// Components at the start.
	start: u64,
	lifetime: u32,
	length: u32,
	service: u64,
	/// Removals per epoch, and free posts per block.
	most: (u32, u32),
	actions: Vec<Action>,
}

fn game() -> impl Strategy<Value = Game> {
	let actions = prop::collection::vec(action(), 40..160);
	let most = (1..5u32, 0..3u32);
	(0..6u64, 0..4u32, 1..12u32, LEAST_SERVICE..500u64, most, actions).prop_map(
		|(start, lifetime, length, service, most, actions)| Game {
			start,
			lifetime,
			length,
			service,
			most,
			actions,
		},
	)
}

/// Occurrences in games: results of calls, events of hooks, and solves that span blocks.
type Seen = BTreeSet<String>;

fn play(game: Game) -> Seen {
	let mut seen = Seen::new();
	let Game { start, lifetime, length, service, most, actions } = game;
	let ext = Ext { max_components: 11, ..Ext::with(start) }.service(service).parameters(|p| {
		p.row_lifetime = lifetime;
		p.epoch_length = length;
		p.unbonding_blocks = 2 * length;
	});
	ext.run(|| {
		MaxRemovals::set(most.0);
		MaxFreePosts::set(most.1);
		// A ring, so that solves take more than a sweep.
		for owner in 1..=start {
			let next = (owner % start) as u32;
			let edge = (next, 50_000);
			post(owner, if start > 1 { std::slice::from_ref(&edge) } else { &[] });
		}
		for action in actions {
			apply(action, &mut seen);
		}
		// With enough weight the network continues, however small the weights were.
		ServiceWeight::set(Weight::from_parts(1_000_000, 0));
		pay_epoch();
		pay_epoch();
		let minted = MintedTotal::<Test>::get();
		let staked =
			Emission::components(0, 256).into_iter().find(|info| !info.leaving && info.stake > 0);
		if let Some(info) = staked {
			post(info.owner, &[]);
			pay_epoch();
			assert!(MintedTotal::<Test>::get() > minted);
			assert!(contributions()[info.uid as usize] > 0);
		}
	});
	seen
}

proptest! {
	#![proptest_config(ProptestConfig {
		failure_persistence: None,
		max_shrink_iters: 300,
		..ProptestConfig::with_cases(40)
	})]

	#[test]
	fn invariants_hold_whatever_happens(game in game()) {
		play(game);
	}
}

/// The games cover the pallet: every call succeeds in some and fails in some, every event but
/// `SolveTruncated` occurs, and solves and payments span blocks.
#[test]
fn games_reach_everything() {
	let mut runner = TestRunner::deterministic();
	let mut seen = Seen::new();
	// The rarest is leaving during a sweep.
	for _ in 0..128 {
		seen.extend(play(game().new_tree(&mut runner).unwrap().current()));
	}
	let calls = [
		"register",
		"deregister",
		"set_endpoint",
		"set_service_key",
		"accept_service_key",
		"resign_service_key",
		"offer_component",
		"accept_component",
		"stake",
		"unstake",
		"withdraw_unbonded",
		"post_row",
		"set_edge",
	];
	let results = calls.iter().flat_map(|call| [format!("{call} ok"), format!("{call} err")]);
	let events = [
		"ComponentRegistered",
		"ComponentLeaving",
		"ComponentRemoved",
		"EndpointSet",
		"ServiceKeyNamed",
		"ServiceKeySet",
		"ComponentOffered",
		"OwnerSet",
		"Staked",
		"Unstaked",
		"Withdrawn",
		"RowPosted",
		"EpochStarted",
		"EpochPaid",
		"SolveStalled",
		"SolveRestarted",
		"SolveAborted",
		"ParametersSet",
	];
	let others = [
		"Merge spans",
		"Sweep spans",
		"Emit spans",
		"left while Sweep",
		"slashed while Sweep",
		"void edge",
		"aborted in Merge",
		"aborted in Sweep",
	];
	let wanted: Seen =
		results.chain(events.iter().chain(&others).map(|name| name.to_string())).collect();
	let missing: Vec<_> = wanted.difference(&seen).collect();
	assert!(missing.is_empty(), "never seen: {missing:?}");
}
