//! Keys as `bittensor-node key generate` prints them.

use serde::Deserialize;

/// A printed key: its secret in one or two forms, and the account beside it.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrintedKey {
	secret_phrase: Option<String>,
	secret_seed: Option<String>,
	/// The account, `0x` and 64 hexadecimal digits.
	pub account_id: Option<String>,
}

impl PrintedKey {
	/// Reads the text or the JSON; `None` for another text.
	pub fn parse(text: &str) -> Option<Self> {
		let text = text.trim();
		if text.starts_with('{') {
			return serde_json::from_str(text).ok();
		}
		let field = |name: &str| {
			text.lines().find_map(|line| {
				let (found, value) = line.trim().split_once(':')?;
				(found == name).then(|| value.trim().to_owned())
			})
		};
		let printed = Self {
			secret_phrase: field("Secret phrase"),
			secret_seed: field("Secret seed"),
			account_id: field("Account ID"),
		};
		(printed.secret_phrase.is_some() || printed.secret_seed.is_some()).then_some(printed)
	}

	/// The phrase and the seed of the phrase, as far as they are there: either gives the key.
	pub fn secrets(&self) -> impl Iterator<Item = &str> {
		[&self.secret_phrase, &self.secret_seed].into_iter().flatten().map(String::as_str)
	}
}
