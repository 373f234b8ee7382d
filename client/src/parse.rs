//! Words that people write for accounts and amounts. Each error says what to write instead.

use crate::{AccountId, Hash, UNIT};
use std::str::FromStr;
use subxt::utils::AccountId32;

/// A value, or a message that says what to write instead.
pub type Parsed<T> = Result<T, String>;

/// Units of a decimal amount of BIT.
///
/// # Errors
/// The text has other signs than digits and one point, more than 9 decimals, or is too large.
pub fn bit(text: &str) -> Parsed<u64> {
	let wrong = || "write an amount of BIT: digits, optionally a point and up to 9 decimals";
	let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
	let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
	if whole.is_empty() || decimals.len() > 9 || !digits(whole) || !digits(decimals) {
		return Err(wrong().into());
	}
	let whole: u64 = whole.parse().map_err(|_| wrong())?;
	let part: u64 = format!("{decimals:0<9}").parse().map_err(|_| wrong())?;
	let units = whole.checked_mul(UNIT).and_then(|units| units.checked_add(part));
	units.ok_or_else(|| wrong().into())
}

/// The 32 bytes of a 0x hash.
///
/// # Errors
/// The text is not 0x and 64 hex digits.
pub fn hash(text: &str) -> Parsed<Hash> {
	text.strip_prefix("0x")
		.and_then(|digits| hex::decode(digits).ok())
		.and_then(|bytes| bytes.try_into().ok())
		.ok_or_else(|| "write a hash: 0x and 64 hex digits".into())
}

/// An SS58 address or 0x account.
///
/// # Errors
/// The text is neither.
pub fn account(text: &str) -> Parsed<AccountId> {
	let account = match text.starts_with("0x") {
		true => hash(text).ok(),
		false => AccountId32::from_str(text).ok().map(|account| account.0),
	};
	account.ok_or_else(|| {
		format!("`{text}` is not an account: write an SS58 address, or 0x and 64 hex digits")
	})
}
