//! `validator status`.

use super::{wrap::wrap, Operator};
use bittensor_client::{bit, ss58, ValidatorStatus};
use std::fmt::Write;

/// What an operator wants to know, as text.
pub(super) async fn show(operator: &Operator) -> anyhow::Result<String> {
	let status = operator.status().await?;
	let candidates = operator.chain.candidates(None).await?;
	let place = candidates.iter().position(|one| one.account == operator.account);
	let validators = operator.chain.validators(None).await?;
	// Other nodes do not say which keys they hold.
	let held = match status.keys {
		true => operator.holds_keys().await.ok(),
		false => None,
	};
	let place = place.map(|place| (place + 1, candidates.len()));
	let account = ss58(&operator.account);
	Ok(text(&account, &status, place, validators.len(), held))
}

fn text(
	account: &str,
	status: &ValidatorStatus,
	place: Option<(usize, usize)>,
	validators: usize,
	held: Option<bool>,
) -> String {
	let mut text = format!("account     {account}\n");
	let mut line = |name: &str, value: String| {
		// Writing to a string does not fail.
		let _ = writeln!(text, "{}", wrap(&format!("{name:<11} {value}"), 12));
	};
	let place = place.map_or(String::new(), |(place, of)| format!("; {place} of {of} candidates"));
	line(
		"stake",
		format!("{} BIT, at least {} BIT{place}", bit(status.stake), bit(status.min_stake)),
	);
	line(
		"keys",
		match (status.keys, held) {
			(false, _) => "none: run `bittensor-node validator register`".into(),
			(true, Some(true)) => "registered, and held by this node".into(),
			(true, Some(false)) => {
				"registered, but this node does not hold them: run `bittensor-node validator register` here".into()
			}
			(true, None) => "registered".into(),
		},
	);
	line(
		"session",
		format!(
			"{} with {validators} validators; the next one starts in block {}",
			status.session, status.next_session
		),
	);
	line("state", state(status));
	if status.validator {
		line(
			"slots",
			format!("{} authored, {} missed in this session", status.authored, status.missed),
		);
	}
	if status.disabled {
		line(
			"disabled",
			"after an offence: the chain refuses its blocks in this session, so its slots stay empty. Let only \
			 one node run with these session keys"
				.into(),
		);
	}
	text
}

/// Where the account is on its way, and what it waits for.
fn state(status: &ValidatorStatus) -> String {
	let next = status.session.saturating_add(1);
	if status.barred_until.or(absent_until(status)).is_some() {
		return must_wait(status);
	}
	let chosen = status.candidate || status.invulnerable;
	match (status.validator, status.planned, chosen) {
		(true, true, true) => "validates".into(),
		(true, false, true) => format!(
			"validates, but is not chosen for session {next}: others have more stake, or too many change at once"
		),
		(false, true, true) => {
			format!(
				"chosen: validates from session {next} on, in block {}. Keep the node running",
				status.next_session
			)
		}
		(false, false, true) => format!(
			"candidate: the set of session {} is chosen by stake when session {next} starts, in block {}{}",
			next.saturating_add(1),
			status.next_session,
			if status.newcomers_full { NEWCOMERS } else { "" }
		),
		(true, ..) | (false, true, false) => format!(
			"leaves: keep the node running until session {} has ended. Then `bittensor-node validator leave` \
			 returns the deposit for the keys. If it did not leave, it has lost its candidacy by missed slots: \
			 mend the node, and `bittensor-node validator register` makes it a candidate again",
			last_session(status)
		),
		(false, false, false) => {
			"no validator and no candidate: `bittensor-node validator register` makes it one".into()
		}
	}
}

/// What a candidate waits for beside its stake while there are as many newcomers as there may be.
pub(super) const NEWCOMERS: &str =
	". As many validators have not authored a block yet as finality tolerates: newcomers \
	wait, the largest stake first, until those have";

/// The last session of a validator that is not chosen any more.
fn last_session(status: &ValidatorStatus) -> u32 {
	status.bound_until.unwrap_or(status.session.saturating_add(u32::from(status.planned)))
}

/// The last session in which an account cannot register that left before its first block. An invulnerable need
/// not register.
pub(super) fn absent_until(status: &ValidatorStatus) -> Option<u32> {
	status.absent_until.filter(|_| !status.invulnerable)
}

/// The state of an account that cannot register for a while. It may be in the set all the same.
fn must_wait(status: &ValidatorStatus) -> String {
	let (why, until) = match (status.barred_until, absent_until(status)) {
		(Some(barred), absent) => ("slashed", absent.map_or(barred, |absent| absent.max(barred))),
		(None, absent) => ("never authored a block", absent.unwrap_or_default()),
	};
	if status.invulnerable {
		return format!(
			"{why}, and still an invulnerable: it stays in the set until governance removes it. Keep the node \
			 running. The chain may refuse its blocks until session {until} has ended"
		);
	}
	let wait = format!("cannot register until session {until} has ended");
	match status.validator || status.planned {
		false => format!("{why}: {wait}"),
		true => format!(
			"{why}, and still in the set: keep the node running until session {} has ended. It {wait}",
			last_session(status)
		),
	}
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use bittensor_client::UNIT;

	/// A candidate in session 7; session 8 starts in block 80.
	pub(in crate::validator) fn status() -> ValidatorStatus {
		ValidatorStatus {
			keys: true,
			stake: 1_500 * UNIT,
			min_stake: 1_000 * UNIT,
			invulnerable: false,
			candidate: true,
			validator: false,
			planned: false,
			disabled: false,
			authored: 0,
			missed: 0,
			bound_until: None,
			barred_until: None,
			absent_until: None,
			newcomers_full: false,
			session: 7,
			next_session: 80,
		}
	}

	#[test]
	fn each_state_says_what_it_waits_for() {
		let of = |change: fn(&mut ValidatorStatus)| {
			let mut status = status();
			change(&mut status);
			state(&status)
		};
		assert!(of(|_| ())
			.contains("set of session 9 is chosen by stake when session 8 starts, in block 80"));
		assert!(of(|s| s.planned = true).contains("from session 8 on, in block 80"));
		assert_eq!(of(|s| (s.validator, s.planned) = (true, true)), "validates");
		assert!(of(|s| s.validator = true).contains("not chosen for session 8"));
		let leaving = |s: &mut ValidatorStatus| {
			(s.candidate, s.validator, s.bound_until) = (false, true, Some(9));
		};
		assert!(of(leaving).contains("until session 9 has ended"));
		assert!(of(|s| s.candidate = false).contains("no validator and no candidate"));
		let lost = of(leaving);
		for part in ["`bittensor-node validator leave`", "by missed slots", "register` makes it"] {
			assert!(lost.contains(part), "{part} is not in {lost}");
		}
		assert!(!of(|_| ()).contains("newcomers"));
		assert!(of(|s| s.newcomers_full = true).contains("newcomers wait, the largest stake first"));
		assert_eq!(
			of(|s| (s.candidate, s.invulnerable, s.validator, s.planned) =
				(false, true, true, true)),
			"validates"
		);
	}

	#[test]
	fn who_must_wait_is_told_until_when_it_is_in_the_set() {
		let barred = ValidatorStatus { candidate: false, barred_until: Some(12), ..status() };
		assert_eq!(state(&barred), "slashed: cannot register until session 12 has ended");
		let waits = "It cannot register until session 12 has ended";
		for (validator, planned, bound_until, last) in [
			(true, true, Some(8), 8),
			(true, false, Some(7), 7),
			(false, true, Some(8), 8),
			(true, false, None, 7),
			(true, true, None, 8),
		] {
			let in_set = ValidatorStatus { validator, planned, bound_until, ..barred.clone() };
			assert_eq!(
				state(&in_set),
				format!(
					"slashed, and still in the set: keep the node running until session {last} has ended. {waits}"
				)
			);
		}
		let chosen = ValidatorStatus { invulnerable: true, validator: true, ..barred };
		let said = state(&chosen);
		for part in ["slashed, and still an invulnerable", "until governance", "session 12"] {
			assert!(said.contains(part), "{part} is not in {said}");
		}
		let absent = ValidatorStatus { barred_until: None, absent_until: Some(9), ..barred };
		assert_eq!(
			state(&absent),
			"never authored a block: cannot register until session 9 has ended"
		);
		let absent = ValidatorStatus { validator: true, bound_until: Some(7), ..absent };
		assert!(state(&absent).contains("still in the set: keep the node running until session 7"));
	}

	#[test]
	fn the_table_has_stake_place_keys_and_slots() {
		let mut status = status();
		status.validator = true;
		status.planned = true;
		(status.authored, status.missed) = (4, 1);
		let text = text("5Grw", &status, Some((2, 3)), 4, Some(false));
		for part in [
			"account     5Grw",
			"1500.0000 BIT, at least 1000.0000 BIT; 2 of 3 candidates",
			"this node does not hold",
			"7 with 4 validators; the next one starts in block 80",
			"4 authored, 1 missed",
		] {
			assert!(text.contains(part), "{part} is not in\n{text}");
		}
		assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
		assert_eq!(
			text.lines().count(),
			7,
			"six fields, of which the keys take two lines:\n{text}"
		);
	}

	#[test]
	fn a_disabled_validator_is_told_why_its_slots_are_empty() {
		let mut status = status();
		(status.candidate, status.validator, status.missed) = (false, true, 3);
		let enabled = text("5Grw", &status, None, 4, None);
		assert!(!enabled.contains("disabled"), "{enabled}");
		(status.disabled, status.barred_until, status.bound_until) = (true, Some(8), Some(7));
		let text = text("5Grw", &status, None, 4, None);
		let said: Vec<&str> = text.split_whitespace().collect();
		let said = said.join(" ");
		for part in [
			"state slashed, and still in the set: keep the node running until session 7 has ended. It cannot \
			 register until session 8 has ended",
			"slots 0 authored, 3 missed in this session",
			"disabled after an offence: the chain refuses its blocks in this session",
			"only one node run with these session keys",
		] {
			assert!(said.contains(part), "{part} is not in\n{text}");
		}
		assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
	}
}
