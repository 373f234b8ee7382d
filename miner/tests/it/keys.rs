//! Key files, and the forms in which a secret is read.

use bittensor_client::{hex_hash, ss58};
use bittensor_miner::{
	cli::KeysCommand,
	commands::keys,
	identity::{file, Identity, IdentityError, Secret},
};
use std::os::unix::fs::PermissionsExt;

/// Printed by `bittensor-node key generate`.
const TEXT: &str = "\
Secret phrase:       sunny husband van crew pause either lava rent wheat length east thunder
  Network ID:        substrate
  Secret seed:       0x47a51ddb5fbbf64447f67863c892b6ea8d4226ca61625d5c00997ab08636b1c1
  Public key (hex):  0x92dedaf729ced17d2cde481f70cf7c8d4075720394790efb7916b5b065dc5d58
  Account ID:        0x92dedaf729ced17d2cde481f70cf7c8d4075720394790efb7916b5b065dc5d58
  Public key (SS58): 5FPH3s6EYUKoToonQseaWS2iBUnwx4w6JvonyxvbYR8wxmDy
  SS58 Address:      5FPH3s6EYUKoToonQseaWS2iBUnwx4w6JvonyxvbYR8wxmDy
";

/// Printed with `--output-type json`.
const JSON: &str = r#"{
  "accountId": "0xc4e0f7767a1baba20021c32ad23dea3d67af4d140a914973ff3bb75a49f2bb17",
  "networkId": "substrate",
  "publicKey": "0xc4e0f7767a1baba20021c32ad23dea3d67af4d140a914973ff3bb75a49f2bb17",
  "secretPhrase": "cool universe bus deposit lobster omit rely pluck purse people diet husband",
  "secretSeed": "0xc36ce84c29387da72a172d0e1d1c9e7cd35a590dca3467ce2b72fb3b83db09c0",
  "ss58Address": "5GWr57B1egFf7VpjzqYiQejnGjmsE2CewB5xB8NdrH5q1gfY",
  "ss58PublicKey": "5GWr57B1egFf7VpjzqYiQejnGjmsE2CewB5xB8NdrH5q1gfY"
}"#;

#[test]
fn a_new_key_file_is_private_and_never_replaced() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("miner.key");
	let new = KeysCommand::New { file: path.clone() };
	let said = keys::run(&new, true).expect("written");
	let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
	let mode = std::fs::metadata(&path).expect("it exists").permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
	let written = std::fs::read_to_string(&path).expect("read");
	assert_eq!(written.split_whitespace().count(), 12);
	let identity = Identity::from_file(&path).expect("a key");
	assert_eq!(said["address"], ss58(&identity.account()));
	assert_eq!(said["public_key"], hex_hash(&identity.account()));

	let error = keys::run(&new, false).expect_err("it exists").to_string();
	assert!(error.contains("exists already") && error.contains("miner.key"), "{error}");
	assert_eq!(std::fs::read_to_string(&path).expect("read"), written);

	// Another one is another key; what is printed has the address and not the secret.
	let other = folder.path().join("other.key");
	let said = keys::run(&KeysCommand::New { file: other.clone() }, false).expect("written");
	let identity = Identity::from_file(&other).expect("a key");
	assert!(said.contains(&ss58(&identity.account())) && said.contains("Copy it"), "{said}");
	let secret = std::fs::read_to_string(&other).expect("read");
	assert!(secret != written && !said.contains(secret.trim()), "{said}");

	let nowhere = folder.path().join("missing/new.key");
	let error = keys::run(&KeysCommand::New { file: nowhere }, false).expect_err("no folder");
	assert!(error.to_string().contains("missing/new.key"), "{error}");
}

#[test]
fn what_the_node_prints_is_a_key() {
	let folder = tempfile::tempdir().expect("a folder");
	for (printed, address) in [
		(TEXT, "5FPH3s6EYUKoToonQseaWS2iBUnwx4w6JvonyxvbYR8wxmDy"),
		(JSON, "5GWr57B1egFf7VpjzqYiQejnGjmsE2CewB5xB8NdrH5q1gfY"),
	] {
		let secret = Secret::parse(printed, "a test").expect(printed);
		assert_eq!(ss58(&secret.account()), address);
		// As a key file, and as the line of one.
		for (name, write) in [("printed", true), ("imported", false)] {
			let path = folder.path().join(format!("{address}.{name}"));
			match write {
				true => std::fs::write(&path, printed).expect("written"),
				false => file::create(&path, &secret).expect("written"),
			}
			assert_eq!(ss58(&Identity::from_file(&path).expect(name).account()), address);
		}
	}
	// Either secret is enough.
	let seed = JSON.lines().filter(|line| !line.contains("secretPhrase"));
	let seed = seed.collect::<Vec<_>>().join("\n");
	assert!(Secret::parse(&seed, "a test").is_ok());
	let phrase = TEXT.lines().filter(|line| !line.contains("Secret seed"));
	assert!(Secret::parse(&phrase.collect::<Vec<_>>().join("\n"), "a test").is_ok());
}

#[test]
fn a_key_of_another_scheme_is_refused() {
	// An ed25519 account beside the phrase.
	let other = JSON.replace("\"0xc4e0f7", "\"0xc4e0f8");
	let error = Secret::parse(&other, "a test").expect_err("another account").to_string();
	assert!(error.contains("--scheme sr25519") && !error.contains("universe"), "{error}");
	for broken in ["{", "{}", "{\"secretPhrase\": \"cool universe\"}"] {
		let error = Secret::parse(broken, "a test").expect_err(broken);
		assert!(matches!(error, IdentityError::Malformed { .. }), "{error}");
		assert!(!error.to_string().contains("universe"), "{error}");
	}
}
