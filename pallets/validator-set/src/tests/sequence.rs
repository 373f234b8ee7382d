//! Random sequences of calls, slashes, sessions, payouts and skipped hooks.
//!
//! After every action the invariants of this pallet and of the emission hold, a failing call changes
//! nothing, and the issuance is what genesis issued, plus what was minted, less what was slashed.

use crate::{mock::*, types::IncomeDivision, Candidates, Invulnerables, Limits, ValidatorLimits};
use pallet_emission::{MintedTotal, Stake};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sp_runtime::{testing::UintAuthorityId, traits::Dispatchable, Perbill, Percent};
use std::collections::BTreeSet;

const WHO: core::ops::RangeInclusive<AccountId> = 1..=12;

#[derive(Clone, Debug)]
enum Action {
	/// A call by an account, or by governance.
	Call(Option<AccountId>, RuntimeCall),
	/// A report of an offence of a session that ended this long ago.
	Report(AccountId, u32, u32),
	/// Blocks without these authors; the hook of the emission runs or not.
	Blocks(u8, Vec<AccountId>, bool),
	/// Blocks until the session ends.
	Session(Vec<AccountId>),
}

fn limits() -> impl Strategy<Value = ValidatorLimits> {
	(0..4u32, 1..9u32, 0..4u32, 0..40 * UNIT, 0..=101u8).prop_map(
		|(min_validators, max_validators, churn, min_stake, missed)| ValidatorLimits {
			min_validators,
			max_validators,
			churn,
			min_stake,
			max_missed: Percent::from_parts(missed),
		},
	)
}

fn call() -> impl Strategy<Value = (Option<AccountId>, RuntimeCall)> {
	let amount = || prop_oneof![4 => 1..60 * UNIT, 1 => Just(u64::MAX), 1 => Just(MIN_STAKE)];
	let account = || prop_oneof![1 => Just(None), 4 => WHO.prop_map(Some)];
	let ours = prop_oneof![
		6 => Just(crate::Call::register {}),
		2 => Just(crate::Call::leave {}),
		1 => Just(crate::Call::purge_keys {}),
	];
	let admin = prop_oneof![
		1 => prop::collection::vec(WHO, 0..4)
			.prop_map(|accounts| crate::Call::set_invulnerables { accounts }),
		2 => limits().prop_map(|limits| crate::Call::set_limits { limits }),
	];
	let keys = (WHO, 1..30u64).prop_map(|(who, key)| {
		let set = pallet_session::Call::set_keys { keys: UintAuthorityId(key), proof: vec![] };
		(Some(who), RuntimeCall::Session(set))
	});
	use pallet_emission::Call;
	let stakes = prop_oneof![
		2 => Just(Call::register { endpoint: None, service_key: None }),
		1 => Just(Call::deregister {}),
		5 => amount().prop_map(|amount| Call::stake { amount }),
		4 => amount().prop_map(|amount| Call::unstake { amount }),
		2 => Just(Call::withdraw_unbonded {}),
		1 => account().prop_map(|new_owner| Call::offer_component { new_owner }),
		2 => WHO.prop_map(|owner| Call::accept_component { owner }),
		2 => Just(Call::post_row { row: Default::default() }),
	];
	prop_oneof![
		8 => (WHO, ours).prop_map(|(who, call)| (Some(who), RuntimeCall::ValidatorSet(call))),
		2 => admin.prop_map(|call| (None, RuntimeCall::ValidatorSet(call))),
		2 => keys,
		10 => (WHO, stakes).prop_map(|(who, call)| (Some(who), RuntimeCall::Emission(call))),
	]
}

fn action() -> impl Strategy<Value = Action> {
	let absent = || prop::collection::vec(WHO, 0..3);
	prop_oneof![
		14 => call().prop_map(|(who, call)| Action::Call(who, call)),
		2 => (WHO, 0..4u32, 0..=100u32)
			.prop_map(|(who, ago, percent)| Action::Report(who, ago, percent)),
		3 => (1..6u8, absent(), prop::bool::weighted(0.8))
			.prop_map(|(count, absent, polls)| Action::Blocks(count, absent, polls)),
		3 => absent().prop_map(Action::Session),
	]
}

/// Issuance less what was minted.
fn fixed() -> i128 {
	i128::from(Balances::total_issuance()) - i128::from(MintedTotal::<Test>::get())
}

/// What the state must show at any time, beside the invariants of the pallets.
fn check(issued: i128) {
	check_state();
	Emission::check_invariants().unwrap();
	assert_eq!(fixed(), issued, "units came or went");
	assert!(!Session::validators().is_empty(), "there is always a validator");
	let queued = Session::queued_keys();
	assert!(!queued.is_empty() && queued.len() <= 32);
}

type Seen = BTreeSet<String>;

fn apply(action: Action, issued: &mut i128, seen: &mut Seen) {
	match action {
		Action::Call(who, call) => {
			let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
			let name = frame_support::traits::GetCallMetadata::get_call_metadata(&call);
			let origin = who.map_or(RuntimeOrigin::root(), signed);
			let bonds: Vec<_> = WHO.map(|who| (who, bond(&who))).collect();
			let result = call.clone().dispatch(origin);
			let outcome = if result.is_ok() { "ok" } else { "err" };
			seen.insert(format!("{} {outcome}", name.function_name));
			if result.is_err() {
				let after = sp_io::storage::root(sp_runtime::StateVersion::V1);
				assert_eq!(root, after, "{call:?} failed and changed something");
			}
			for (who, before) in bonds {
				// Governance can raise the minimum; no call lowers a bond below what it was.
				if let (Some(before), Some(after)) = (before, bond(&who)) {
					let floor = before.min(Limits::<Test>::get().min_stake.max(UNIT));
					assert!(after >= floor, "{call:?} lowered the bond of {who} to {after}");
				}
			}
		}
		Action::Report(who, ago, percent) => {
			let session = Session::current_index().saturating_sub(ago.min(REPORTS));
			let at_stake = Emission::at_stake(&who);
			if !crate::Served::<Test>::get(session).iter().any(|voter| voter.account == who) {
				return;
			}
			report_of(session, who, percent);
			let slashed = at_stake - Emission::at_stake(&who);
			if crate::Division::<Test>::get().slashed.is_none() {
				*issued -= i128::from(slashed);
			}
			if slashed > 0 {
				seen.insert("slashed".into());
			}
			assert!(!Candidates::<Test>::contains_key(who));
		}
		Action::Blocks(count, absent, polls) => {
			for _ in 0..count {
				block_without(&absent, polls);
				note(seen);
				check(*issued);
			}
		}
		Action::Session(absent) => {
			session_without(&absent);
			note(seen);
		}
	}
	check(*issued);
}

/// The stake of an account that must keep one.
fn bond(who: &AccountId) -> Option<u64> {
	let bound = Candidates::<Test>::contains_key(who)
		|| (ValidatorSet::is_chosen(who) && !Invulnerables::<Test>::get().contains(who));
	bound.then(|| Emission::staked(who))
}

/// Checks a set that was planned with newcomers: of those that never authored a block there are as many as
/// can be offline, or one in a small set.
fn check_newcomers(session: u32, joined: &[AccountId]) {
	let planned: Vec<_> = Session::queued_keys().into_iter().map(|(who, _)| who).collect();
	let authors = Authors::get();
	let fresh = |who: &&AccountId| !authors.iter().any(|(_, author)| author == *who);
	let count = planned.iter().filter(fresh).count();
	if joined.iter().any(|who| fresh(&who)) {
		let most = crate::plan::tolerated(planned.len()).max(1);
		assert!(count <= most, "session {session}: {count} of {planned:?} never authored");
	}
}

fn note(seen: &mut Seen) {
	for event in events() {
		if let crate::Event::ValidatorsPlanned { session, joined, .. } = &event {
			check_newcomers(*session, joined);
		}
		let text = format!("{event:?}");
		seen.extend(text.trim_start_matches("Event::").split(' ').next().map(str::to_owned));
		if text.contains("MissedSlots") {
			seen.insert("MissedSlots".into());
		}
	}
	if crate::Absent::<Test>::iter().next().is_some() {
		seen.insert("Absent".into());
	}
}

#[derive(Clone, Debug)]
struct Game {
	part: u32,
	slashed: Option<AccountId>,
	actions: Vec<Action>,
}

fn game() -> impl Strategy<Value = Game> {
	let actions = prop::collection::vec(action(), 40..140);
	(prop_oneof![Just(0u32), 1..=100u32], prop::option::of(Just(20)), actions)
		.prop_map(|(part, slashed, actions)| Game { part, slashed, actions })
}

fn play(game: Game) -> Seen {
	let mut seen = Seen::new();
	let division = IncomeDivision {
		emission: Perbill::from_percent(game.part),
		slashed: game.slashed,
		..Default::default()
	};
	Ext { division, ..Default::default() }.run(|| {
		post(2);
		let mut issued = fixed();
		for action in game.actions {
			apply(action, &mut issued, &mut seen);
		}
	});
	seen
}

proptest! {
	#![proptest_config(ProptestConfig {
		failure_persistence: None,
		max_shrink_iters: 300,
		..ProptestConfig::with_cases(60)
	})]

	#[test]
	fn invariants_hold_whatever_happens(game in game()) {
		play(game);
	}
}

/// The games cover the pallet: every call succeeds in some and fails in some, and every event occurs.
#[test]
fn games_reach_everything() {
	let mut runner = TestRunner::deterministic();
	let mut seen = Seen::new();
	for _ in 0..60 {
		seen.extend(play(game().new_tree(&mut runner).unwrap().current()));
	}
	let calls = ["register", "leave", "purge_keys", "set_invulnerables", "set_limits", "unstake"];
	let results = calls.iter().flat_map(|call| [format!("{call} ok"), format!("{call} err")]);
	let others = [
		"ValidatorsPlanned",
		"TooFewValidators",
		"ValidatorsPaid",
		"MissedSlots",
		"Absent",
		"slashed",
	];
	let wanted: Seen = results.chain(others.iter().map(|name| name.to_string())).collect();
	let missing: Vec<_> = wanted.difference(&seen).collect();
	assert!(missing.is_empty(), "never seen: {missing:?}");
}
