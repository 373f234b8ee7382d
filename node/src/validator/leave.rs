//! `validator leave`.

use super::{say, status, LeaveArgs, Operator};
use bittensor_client::{bit, ss58, Call, Chain, ValidatorStatus};

/// Ends the candidacy, or removes the session keys once nothing needs them.
pub(super) async fn run(args: &LeaveArgs) -> anyhow::Result<()> {
	let operator = Operator::with_key(&args.url, &args.key).await?;
	let status = operator.status().await?;
	let account = ss58(&operator.account);
	if status.candidate {
		operator.submit("No candidate any more", Call::LeaveValidators).await?;
	} else {
		can_leave(&account, &status)?;
	}
	let status = operator.status().await?;
	if let Some(sentence) = absent(&status) {
		say(&sentence);
	}
	if let Some(sentences) = waits_for(&account, &status) {
		say(&sentences);
		return Ok(());
	}
	let before = operator.chain.free_balance(operator.account, None).await?;
	operator.submit("Session keys removed", Call::PurgeKeys).await?;
	let after = operator.chain.free_balance(operator.account, None).await?;
	say(&format!(
		"The account has {} BIT, {} BIT more. The component keeps its stake: `bittensor-miner unstake` takes \
		 it out. The node can stop.",
		bit(after),
		bit(after.saturating_sub(before))
	));
	Ok(())
}

/// When a candidate that left before its first block can register again.
fn absent(status: &ValidatorStatus) -> Option<String> {
	let until = status::absent_until(status)?;
	Some(format!(
		"It has not authored a block: it can register again when session {until} has ended, not before."
	))
}

/// Whether there is anything that an account can end that is no candidate.
fn can_leave(account: &str, status: &ValidatorStatus) -> anyhow::Result<()> {
	anyhow::ensure!(
		!status.invulnerable,
		"{account} is an invulnerable: genesis or governance chose it, and only governance can remove it, by \
		 `validatorSet.setInvulnerables`. Keep the node running until then"
	);
	anyhow::ensure!(
		status.keys,
		"{account} is no candidate and has no session keys: there is nothing to leave"
	);
	Ok(())
}

/// What must pass before the keys of an account can be removed that is no candidate any more.
fn waits_for(account: &str, status: &ValidatorStatus) -> Option<String> {
	if status.invulnerable {
		return Some(format!(
			"{account} is an invulnerable too: governance chose it, so it validates on and its session keys \
			 stay. Keep the node running until governance has removed it, by \
			 `validatorSet.setInvulnerables`. Run this command again after that: it returns the deposit for \
			 the keys."
		));
	}
	if !status.validator && !status.planned {
		return None;
	}
	let last = status.bound_until.unwrap_or(status.session + u32::from(status.planned));
	Some(format!(
		"Keep the node running until session {last} has ended. Now it is session {}, and the next one starts \
		 in block {}. Then run this command again: it returns the deposit for the keys.",
		status.session, status.next_session
	))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::validator::status::tests::status;

	/// One that was a candidate.
	fn left() -> ValidatorStatus {
		ValidatorStatus { candidate: false, bound_until: Some(8), ..status() }
	}

	#[test]
	fn a_validator_that_leaves_is_told_until_when_it_is_needed() {
		for (validator, planned) in [(true, false), (true, true), (false, true)] {
			let said = waits_for("5Grw", &ValidatorStatus { validator, planned, ..left() });
			let said = said.expect("it is needed");
			for part in ["until session 8 has ended", "it is session 7", "block 80", "deposit"] {
				assert!(said.contains(part), "{part} is not in {said}");
			}
		}
		assert_eq!(waits_for("5Grw", &left()), None);
	}

	#[test]
	fn who_leaves_before_the_first_block_is_told_when_it_can_come_back() {
		assert_eq!(absent(&left()), None);
		let early = ValidatorStatus { absent_until: Some(9), ..left() };
		assert!(absent(&early).is_some_and(|said| said.contains("when session 9 has ended")));
		assert_eq!(absent(&ValidatorStatus { invulnerable: true, ..early }), None);
	}

	#[test]
	fn an_invulnerable_is_promised_nothing_that_depends_on_sessions() {
		for (validator, planned) in [(false, false), (false, true), (true, true)] {
			let chosen = ValidatorStatus { invulnerable: true, validator, planned, ..left() };
			let said = waits_for("5Grw", &chosen).expect("its keys stay");
			for part in ["5Grw is an invulnerable", "until governance has removed it"] {
				assert!(said.contains(part), "{part} is not in {said}");
			}
			assert!(!said.contains("session 8") && !said.contains("block 80"), "{said}");
			let said = can_leave("5Grw", &chosen).expect_err("governance decides").to_string();
			assert!(said.contains("only governance can remove it"), "{said}");
		}
	}

	#[test]
	fn an_account_without_keys_has_nothing_to_leave() {
		assert!(can_leave("5Grw", &left()).is_ok());
		let said = can_leave("5Grw", &ValidatorStatus { keys: false, ..left() });
		assert!(said.expect_err("no keys").to_string().contains("nothing to leave"));
	}
}
