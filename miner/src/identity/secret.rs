//! The forms in which a secret is written down.
//!
//! ```text
//!   bittensor-node key generate ──┬─ {"secretPhrase": …, "accountId": …}  ─┐
//!                                 └─ Secret phrase: …                      ├─► phrase or seed
//!   a key file ── phrase or 0x seed, with //junctions ─────────────────────┘
//! ```

use super::{Identity, IdentityError};
use bittensor_client::{hex_hash, ss58, AccountId, PrintedKey};

/// A secret that was read: the line that a key file holds, and its key.
#[derive(Clone, Debug)]
pub struct Secret {
	/// A phrase or a seed, optionally with junctions.
	line: String,
	/// Its key.
	pub identity: Identity,
}

impl Secret {
	/// Reads a secret in any of these forms; `place` is named in errors.
	pub fn parse(text: &str, place: &str) -> Result<Self, IdentityError> {
		let text = text.trim();
		let Some(printed) = PrintedKey::parse(text) else {
			let identity = Identity::from_uri_text(text, place)?;
			return Ok(Self { line: text.into(), identity });
		};
		let mut other = None;
		// The seed is that of the phrase; either may be missing.
		for line in printed.secrets() {
			let Ok(identity) = Identity::from_uri_text(line, place) else { continue };
			let account = identity.account();
			match &printed.account_id {
				Some(expected) if *expected != hex_hash(&account) => other = Some(account),
				_ => return Ok(Self { line: line.into(), identity }),
			}
		}
		Err(IdentityError::Malformed {
			place: place.into(),
			reason: match other {
				Some(account) => format!(
					"as an sr25519 key the secret gives the account {}, not the one beside it: \
					 generate the key with --scheme sr25519",
					ss58(&account)
				),
				None => "the output of the node has no secret phrase or seed".into(),
			},
		})
	}

	/// A new key of 12 words.
	pub fn generate() -> Result<Self, IdentityError> {
		use rand::TryRngCore;
		let failed = |reason: String| IdentityError::Malformed {
			place: "the random numbers of this system".into(),
			reason,
		};
		let mut entropy = [0; 16];
		let random = rand::rngs::OsRng.try_fill_bytes(&mut entropy);
		random.map_err(|error| failed(error.to_string()))?;
		let phrase = subxt_signer::bip39::Mnemonic::from_entropy(&entropy)
			.map_err(|error| failed(error.to_string()))?;
		Self::parse(&phrase.to_string(), "a new phrase")
	}

	/// The account of the key.
	pub fn account(&self) -> AccountId {
		self.identity.account()
	}

	/// The line that a key file holds.
	pub(super) fn line(&self) -> &str {
		&self.line
	}
}
