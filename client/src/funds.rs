//! What a call takes from the balance of the account that signs it.
//!
//! ```text
//!   register ── deposit ─┐
//!   stake, transfer ─────┼─► amount + fee ≤ free balance?  no: ChainError::Unfunded, with figures
//!   others ── nothing ───┘
//! ```
//!
//! The fee is an estimate: a refund may follow, and the account keeps the existential deposit.

use crate::{bit, ss58, AccountId, Call, Chain, ChainError};

/// Checks that `account` can pay what `call` takes and its fee.
///
/// # Errors
/// [`ChainError::Unfunded`] if it cannot; otherwise what the reads give.
pub async fn check(chain: &dyn Chain, account: AccountId, call: &Call) -> Result<(), ChainError> {
	let balance = chain.free_balance(account, None).await?;
	let fee = chain.fee(call).await?;
	let (amount, takes) = match call {
		Call::Register { .. } => {
			let deposit = chain.epoch_status(None).await?.deposit;
			(deposit, format!("a deposit of {} BIT and ", bit(deposit)))
		}
		Call::Stake { amount } | Call::Transfer { amount, .. } => {
			(*amount, format!("{} BIT and ", bit(*amount)))
		}
		_ => (0, String::new()),
	};
	match amount.checked_add(fee).is_some_and(|needed| needed <= balance) {
		true => Ok(()),
		false => Err(ChainError::Unfunded {
			call: call.name().as_str(),
			account: ss58(&account),
			balance: bit(balance),
			needs: format!("{takes}about {} BIT for the fee", bit_rounded_up(fee)),
		}),
	}
}

/// As [`bit`], rounded up: no fee is shown as 0.
fn bit_rounded_up(units: u64) -> String {
	bit(units.next_multiple_of(100_000))
}
