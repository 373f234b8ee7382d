//! `keys`: makes, imports and shows keys.

use crate::{
	cli::KeysCommand,
	identity::{file, Identity, IdentityError, Secret},
};
use bittensor_client::{hex_hash, ss58, AccountId};
use serde_json::json;
use std::{
	io::{stdin, IsTerminal, Read},
	path::Path,
};

/// Longest text that can be a secret.
const MAX_SECRET: u64 = 16 * 1_024;

/// Runs the command and returns its output.
pub fn run(command: &KeysCommand, as_json: bool) -> anyhow::Result<String> {
	let (secret, path) = match command {
		KeysCommand::Show { key } => {
			return Ok(show(&Identity::load(key)?.account(), None, as_json));
		}
		KeysCommand::New { file } => (Secret::generate()?, file),
		KeysCommand::Import { file } => (read_secret()?, file),
	};
	file::create(path, &secret)?;
	Ok(show(&secret.account(), Some(path), as_json))
}

fn read_secret() -> Result<Secret, IdentityError> {
	const PLACE: &str = "standard input";
	if stdin().is_terminal() {
		eprintln!("Type the phrase or the seed, then Enter and Ctrl-D:");
	}
	let mut text = String::new();
	stdin()
		.take(MAX_SECRET)
		.read_to_string(&mut text)
		.map_err(|error| IdentityError::File { path: PLACE.into(), reason: error.to_string() })?;
	Secret::parse(&text, PLACE)
}

/// The public side of a key, and the file in which it was written.
fn show(account: &AccountId, written: Option<&Path>, as_json: bool) -> String {
	let (address, public) = (ss58(account), hex_hash(account));
	let file = written.map(|path| path.display().to_string());
	if as_json {
		return json!({ "address": address, "public_key": public, "file": file }).to_string();
	}
	let mut text = format!("address     {address}\npublic key  {public}");
	if let Some(file) = file {
		text += &format!(
			"\nkey file    {file}\n\n\
			 Whoever has this file has the account, and nobody can make the file again.\n\
			 Copy it to a safe place that is not connected to a network. Never send it to\n\
			 anyone: others need the address only."
		);
	}
	text
}
