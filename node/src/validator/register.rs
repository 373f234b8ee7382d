//! `validator register`.

use super::{ready, say, status, Operator, RegisterArgs};
use bittensor_client::{bit, ss58, Call, Chain, ChainError, Head, ValidatorStatus};
use futures::StreamExt;

/// Enough for the deposit for session keys and the fees of all calls, in units.
const RESERVE: u64 = bittensor_client::UNIT;

/// Sessions after which new session keys count: those of a session are fixed when the one before starts.
const KEYS_COUNT: u32 = 2;

/// Does what is missing.
pub(super) async fn run(args: &RegisterArgs) -> anyhow::Result<()> {
	let operator = Operator::with_key(&args.url, &args.key).await?;
	ready::wait(&operator).await?;
	let before = operator.status().await?;
	let keys_only = keys_only(&ss58(&operator.account), &before, args.rotate)?;
	let holds_keys = before.keys && !args.rotate && operator.holds_keys().await?;

	// All that can be refused is asked before the first call, so that nothing is half done.
	let mut calls = Vec::new();
	if !keys_only {
		let target = args.stake.unwrap_or(before.min_stake);
		anyhow::ensure!(
			target >= before.min_stake,
			"--stake {} is less than the {} BIT that a candidate needs",
			bit(target),
			bit(before.min_stake)
		);
		calls = stake(&operator, target, before.keys).await?;
	}
	if !holds_keys {
		calls.push(("Session keys of this node".into(), operator.rotate_keys().await?));
	}
	if !keys_only && !before.candidate {
		calls.push(("Candidacy".into(), Call::RegisterValidator));
	}
	let mut counts_from = None;
	for (what, call) in calls {
		let keys = matches!(call, Call::SetKeys { .. });
		let head = operator.submit(&what, call).await?;
		if keys {
			let at = operator.chain.validator_status(operator.account, Some(head.hash)).await?;
			counts_from = Some(at.session.saturating_add(KEYS_COUNT));
		}
	}
	print!("{}", status::show(&operator).await?);
	// Those of before author until then.
	if let Some(session) = counts_from.filter(|_| before.keys) {
		say(&rotation(session));
	}
	if args.wait && (before.invulnerable || !keys_only) {
		first_block(&operator, counts_from).await?;
	}
	Ok(())
}

/// What to know about keys that replace others and count from a session on.
fn rotation(session: u32) -> String {
	format!(
		"The new keys count from session {session} on. If another node holds the old ones, let it run until \
		 that session has started, then stop it."
	)
}

/// Why an account cannot register now, and the last session of the wait.
fn waits(status: &ValidatorStatus) -> Option<(&'static str, u32)> {
	let slashed = status.barred_until.map(|until| ("was slashed", until));
	let absent =
		status::absent_until(status).map(|until| ("never authored a block as a validator", until));
	slashed.into_iter().chain(absent).max_by_key(|(_, until)| *until)
}

/// Whether the account gets session keys and nothing else: an invulnerable, and one that cannot register and
/// replaces its keys.
///
/// # Errors
/// The account must wait and does not replace its keys.
fn keys_only(account: &str, status: &ValidatorStatus, rotate: bool) -> anyhow::Result<bool> {
	if status.invulnerable {
		return Ok(true);
	}
	match may_register(account, status) {
		Ok(()) => Ok(false),
		// The keys may be stolen, and the account may validate until its last session ends.
		Err(_) if rotate && status.keys => Ok(true),
		Err(error) => Err(error),
	}
}

/// An account that must wait cannot register: nothing is done for it, so that it pays no fee.
fn may_register(account: &str, status: &ValidatorStatus) -> anyhow::Result<()> {
	match waits(status) {
		None => Ok(()),
		Some((why, until)) => anyhow::bail!(
			"{account} {why} and cannot register until session {until} has ended. Now it is session {}; \
			 run this command again after that, or register another account",
			status.session
		),
	}
}

/// The calls that register a component, if the account owns none, and stake what is missing to `target`.
///
/// # Errors
/// The account serves a component of another one, or has too little for them, the deposit for keys unless
/// it has `keys`, and fees.
async fn stake(
	operator: &Operator,
	target: u64,
	keys: bool,
) -> anyhow::Result<Vec<(String, Call)>> {
	let (chain, account) = (&operator.chain, operator.account);
	let uid = chain.component_of(account, None).await?;
	let component = match uid {
		Some(uid) => chain.components(None).await?.into_iter().find(|one| one.uid == uid),
		None => None,
	};
	if let Some(component) = &component {
		anyhow::ensure!(
			component.owner == account,
			"{} serves the component of {}: use the key of the owner, which has the stake",
			ss58(&account),
			ss58(&component.owner)
		);
	}
	let deposit = match component {
		Some(_) => 0,
		None => chain.epoch_status(None).await?.deposit,
	};
	let missing = target.saturating_sub(component.as_ref().map_or(0, |component| component.stake));
	let needed = deposit.saturating_add(missing);
	if needed > 0 || !keys {
		let free = chain.free_balance(account, None).await?;
		let needed = needed.saturating_add(RESERVE);
		anyhow::ensure!(
			free >= needed,
			"{} has {} BIT and needs {} BIT: {} BIT to stake, a deposit of {} BIT for the component, and about {} \
			 BIT for a deposit for the keys and for fees. Send it some: `bittensor-miner transfer {} AMOUNT`, \
			 signed by an account that has some",
			ss58(&account),
			bit(free),
			bit(needed),
			bit(missing),
			bit(deposit),
			bit(RESERVE),
			ss58(&account)
		);
	}
	let mut calls = Vec::new();
	if component.is_none() {
		let call = Call::Register { endpoint: None, service_key: None };
		calls.push((format!("Component, with a deposit of {} BIT", bit(deposit)), call));
	}
	if missing > 0 {
		let call = Call::Stake { amount: missing };
		calls.push((format!("Stake of {} BIT more", bit(missing)), call));
	}
	Ok(calls)
}

/// Says each change until the node has authored a block. Blocks of before the session `counts_from` are those
/// of other keys.
async fn first_block(operator: &Operator, counts_from: Option<u32>) -> anyhow::Result<()> {
	let mut blocks = operator.chain.blocks();
	let (mut first, mut before, mut lost) = (None, None, false);
	while let Some(block) = blocks.next().await {
		let read = match block {
			Ok(block) => look(operator, block.head, counts_from).await,
			Err(error) => Err(error),
		};
		let (number, status, authored) = match read {
			Ok(read) => read,
			// A lost connection heals.
			Err(error) => {
				if !std::mem::replace(&mut lost, true) {
					say(&format!("The node does not answer; this command waits for it. {error}"));
				}
				continue;
			}
		};
		lost = false;
		if authored {
			let keys = if counts_from.is_some() { " with these keys" } else { "" };
			println!("Block {number}: this validator authored its first block{keys}.");
			return Ok(());
		}
		anyhow::ensure!(
			status.candidate || status.invulnerable,
			"the account is no candidate any more: {}. See the log of the node",
			why_removed(&status)
		);
		let first = *first.get_or_insert(status.session);
		let now = Some((status.session, status.planned, status.validator));
		if now != before {
			let step = step(&status, first, counts_from);
			say(&format!("Block {number}, session {}: {step}", status.session));
			before = now;
		}
	}
	Ok(())
}

/// Why an account is no candidate any more that was one.
fn why_removed(status: &ValidatorStatus) -> String {
	match waits(status) {
		None => "it missed its slots, or left. Mend the node and run this command again".into(),
		Some((why, until)) => {
			format!("it {why}. It can register again when session {until} has ended")
		}
	}
}

/// The number of a block, what it says of the account, and whether the account has authored in its session.
async fn look(
	operator: &Operator,
	block: Head,
	counts_from: Option<u32>,
) -> Result<(u32, ValidatorStatus, bool), ChainError> {
	let status = operator.chain.validator_status(operator.account, Some(block.hash)).await?;
	let authored = counts(&status, counts_from) && status.authored > 0
		|| status.validator && is_author(operator, block, counts_from).await?;
	Ok((block.number, status, authored))
}

/// Whether the blocks of the session of this status are those of the keys that count from a session on.
fn counts(status: &ValidatorStatus, counts_from: Option<u32>) -> bool {
	counts_from.is_none_or(|first| status.session >= first)
}

/// Whether the account authored this block, by keys that count. The count of the chain does not say so of the
/// block that starts a session: there it begins again, and in a session of few blocks a validator may author
/// no other. The set of the session before authors that block.
async fn is_author(
	operator: &Operator,
	block: Head,
	counts_from: Option<u32>,
) -> Result<bool, ChainError> {
	let chain = &operator.chain;
	let parent = chain.head(block.number.checked_sub(1)).await?;
	let before = chain.validator_status(operator.account, Some(parent.hash)).await?;
	if !counts(&before, counts_from) {
		return Ok(false);
	}
	let set = chain.validators(Some(parent.hash)).await?;
	let slot = chain.slot(block.hash).await?;
	let turn = slot.and_then(|slot| slot.checked_rem(set.len() as u64));
	let author = turn.and_then(|turn| set.get(turn as usize));
	Ok(author.is_some_and(|author| author.account == operator.account))
}

/// What an account waits for that is a candidate since session `first`, with keys that count from a session
/// on.
fn step(status: &ValidatorStatus, first: u32, counts_from: Option<u32>) -> String {
	let next = status.next_session;
	match (status.validator, status.planned) {
		(true, _) if !counts(status, counts_from) => format!(
			"validates with the old keys; the new ones count from session {} on",
			counts_from.unwrap_or_default()
		),
		(true, _) => "validates; waiting for its first block".into(),
		(false, true) => format!("chosen; validates from block {next} on"),
		(false, false) if status.session == first => {
			format!("waiting; block {next} chooses the set after the next")
		}
		(false, false) if status.newcomers_full => {
			format!("not chosen in session {}{}", status.session, status::NEWCOMERS)
		}
		(false, false) => format!(
			"not chosen: others have more stake, or too many join at once; waiting for the next choice in \
			 block {next}"
		),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::validator::status::tests::status;

	#[test]
	fn a_slashed_account_is_told_when_it_can_register() {
		let mut status = status();
		assert!(may_register("5Grw", &status).is_ok());
		status.barred_until = Some(12);
		let said = may_register("5Grw", &status).expect_err("slashed").to_string();
		for part in ["5Grw was slashed", "until session 12 has ended", "Now it is session 7"] {
			assert!(said.contains(part), "{part} is not in {said}");
		}
	}

	#[test]
	fn stolen_keys_of_an_account_that_cannot_register_are_replaced() {
		let barred = ValidatorStatus { candidate: false, barred_until: Some(12), ..status() };
		assert!(keys_only("5Grw", &barred, true).expect("keys alone"));
		assert!(keys_only("5Grw", &barred, false).is_err());
		// There is nothing to replace.
		assert!(keys_only("5Grw", &ValidatorStatus { keys: false, ..barred }, true).is_err());
		assert!(keys_only("5Grw", &ValidatorStatus { invulnerable: true, ..barred }, false)
			.expect("in"));
		for rotate in [false, true] {
			assert!(!keys_only("5Grw", &status(), rotate).expect("a candidate has stake too"));
		}
	}

	#[test]
	fn a_newcomer_that_never_authored_is_told_when_it_can_register() {
		let mut status = status();
		assert!(why_removed(&status).contains("missed its slots"));
		status.absent_until = Some(9);
		let said = may_register("5Grw", &status).expect_err("absent").to_string();
		for part in ["5Grw never authored a block", "until session 9 has ended", "session 7"] {
			assert!(said.contains(part), "{part} is not in {said}");
		}
		assert!(why_removed(&status).contains("when session 9 has ended"));
		// The longer wait counts.
		status.barred_until = Some(12);
		let said = may_register("5Grw", &status).expect_err("slashed too").to_string();
		assert!(said.contains("5Grw was slashed") && said.contains("session 12"), "{said}");
	}

	#[test]
	fn each_step_says_for_which_block_it_waits() {
		let mut status = status();
		assert!(step(&status, 7, None).starts_with("waiting; block 80"));
		assert!(step(&status, 6, None).starts_with("not chosen: others have more stake"));
		status.newcomers_full = true;
		assert!(step(&status, 7, None).starts_with("waiting; block 80"));
		assert!(step(&status, 6, None).contains("newcomers wait, the largest stake first"));
		status.planned = true;
		assert_eq!(step(&status, 6, None), "chosen; validates from block 80 on");
		status.validator = true;
		assert_eq!(step(&status, 6, None), "validates; waiting for its first block");
		let old = "validates with the old keys; the new ones count from session 8 on";
		assert_eq!(step(&status, 6, Some(8)), old);
		status.session = 8;
		assert_eq!(step(&status, 6, Some(8)), "validates; waiting for its first block");
	}

	#[test]
	fn blocks_of_old_keys_do_not_count_for_new_ones() {
		// New keys of session 5 count from session 7 on.
		let first = 5 + KEYS_COUNT;
		let at = |session| ValidatorStatus { session, authored: 3, validator: true, ..status() };
		assert!(counts(&at(5), None), "nothing was rotated");
		for session in [5, 6] {
			assert!(!counts(&at(session), Some(first)), "session {session}");
		}
		assert!(counts(&at(7), Some(first)) && counts(&at(8), Some(first)));
		assert!(rotation(first).contains("until that session has started"));
	}
}
