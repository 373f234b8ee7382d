//! The key that signs for the account of a validator.

use anyhow::Context;
use bittensor_client::{hex_hash, AccountId, Key, PrintedKey};
use std::{
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	str::FromStr,
};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// The environment variable with the key, in the form of a key file.
const VARIABLE: &str = "BITTENSOR_KEY";

/// The names whose keys are public.
const DEV_NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The key that signs. Without an option, it is read from the environment variable BITTENSOR_KEY.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
	/// A file with the owner's key: what `bittensor-node key generate` prints, or a file of
	/// `bittensor-miner keys new`, or a phrase or a seed.
	#[arg(long, value_name = "FILE")]
	key_file: Option<PathBuf>,
	/// A well-known development key: //Alice to //Ferdie, optionally with further junctions.
	#[arg(long, value_name = "//NAME", conflicts_with = "key_file")]
	dev_key: Option<String>,
}

impl KeyArgs {
	/// The account and its key.
	pub(super) fn load(&self) -> anyhow::Result<(AccountId, Key)> {
		let pair = match (&self.dev_key, &self.key_file, std::env::var(VARIABLE)) {
			(Some(name), ..) => development(name)?,
			(None, Some(path), _) => read(path)?,
			(None, None, Ok(text)) => parse(&text).context(VARIABLE)?,
			(None, None, Err(_)) => anyhow::bail!(
				"no key: give the owner's with --key-file FILE or in {VARIABLE}. `bittensor-miner keys new \
				 owner.key` makes one"
			),
		};
		Ok((pair.public_key().0, Key::new(pair)))
	}
}

fn development(name: &str) -> anyhow::Result<Keypair> {
	let first = name.strip_prefix("//").map(|path| path.split('/').next().unwrap_or_default());
	// The name may be a secret that was typed by mistake: it is not repeated.
	anyhow::ensure!(
		first.is_some_and(|first| DEV_NAMES.contains(&first)),
		"--dev-key takes //Alice, //Bob, //Charlie, //Dave, //Eve or //Ferdie; put any other key into a file"
	);
	let uri = SecretUri::from_str(name).ok().context("--dev-key has a wrong junction")?;
	Keypair::from_uri(&uri).ok().context("--dev-key has a wrong junction")
}

fn read(path: &Path) -> anyhow::Result<Keypair> {
	let place = path.display();
	let text = std::fs::read_to_string(path)
		.with_context(|| format!("cannot read the key file {place}"))?;
	if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
		eprintln!("Warning: other users can read {place}: run chmod 600 {place}");
	}
	parse(&text).with_context(|| format!("the key in {place}"))
}

/// The key of a text in any form that a command of ours writes.
fn parse(text: &str) -> anyhow::Result<Keypair> {
	let Some(printed) = PrintedKey::parse(text) else { return keypair(text.trim()) };
	for secret in printed.secrets() {
		let pair = keypair(secret)?;
		let account = hex_hash(&pair.public_key().0);
		if printed.account_id.as_ref().is_none_or(|expected| *expected == account) {
			return Ok(pair);
		}
	}
	anyhow::bail!("it is no sr25519 key: generate it with --scheme sr25519")
}

fn keypair(secret: &str) -> anyhow::Result<Keypair> {
	let wrong =
		"it is neither 0x and 64 hex digits, nor a phrase of 12 to 24 words, nor the output of \
		`bittensor-node key generate`";
	// Without a phrase before them, junctions are those of a phrase that everybody knows.
	anyhow::ensure!(!secret.is_empty() && !secret.starts_with('/'), wrong);
	let uri = SecretUri::from_str(secret).ok().context(wrong)?;
	// The error could repeat a part of the secret.
	Keypair::from_uri(&uri).ok().context(wrong)
}

#[cfg(test)]
mod tests {
	use super::*;

	const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
	const ALICE: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

	fn account(text: &str) -> anyhow::Result<String> {
		Ok(hex_hash(&parse(text)?.public_key().0))
	}

	#[test]
	fn keys_are_read_in_every_form_that_our_commands_write() -> anyhow::Result<()> {
		let of_phrase = account(PHRASE)?;
		assert_eq!(account(&format!("{PHRASE}//Alice\n"))?, ALICE);
		let text = format!(
			"Secret phrase:       {PHRASE}\n  Network ID:        substrate\n  Account ID:        {of_phrase}\n"
		);
		assert_eq!(account(&text)?, of_phrase);
		let json = format!(r#"{{ "secretPhrase": "{PHRASE}", "accountId": "{of_phrase}" }}"#);
		assert_eq!(account(&json)?, of_phrase);
		let seed = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";
		assert_eq!(account(seed)?, of_phrase);
		Ok(())
	}

	#[test]
	fn a_wrong_key_is_refused_and_not_repeated() {
		let ed25519 = format!("Secret phrase: {PHRASE}\nAccount ID: {ALICE}");
		for (text, says) in [
			("", "neither"),
			("//Alice", "neither"),
			("Secret phrase:\n", "neither"),
			("bottom drive obey", "neither"),
			("0x12", "neither"),
			(&ed25519, "--scheme sr25519"),
		] {
			let said = format!("{:#}", account(text).expect_err(text));
			assert!(said.contains(says), "{said}");
			assert!(!said.contains("bottom"), "{said}");
		}
		let said = development("bottom drive obey").expect_err("no name").to_string();
		assert!(said.contains("//Alice") && !said.contains("bottom"), "{said}");
		assert_eq!(hex_hash(&development("//Alice").expect("public").public_key().0), ALICE);
	}
}
