//! The key of a miner: one sr25519 key that signs messages and transactions.
//!
//! ```text
//!   --key-file FILE ─┐
//!   BITTENSOR_KEY ───┼─► secret ─► Keypair ─┬─ context "bittensor/wire/1": envelopes
//!   --dev-key //Alice┘                      └─ context "substrate": transactions
//! ```
//!
//! A secret is never read from the command line, where every process of the machine could see it.
//! Only the well-known development keys, which are public, can be named there. [`secret`] reads the
//! forms of a secret, [`mod@file`] reads and creates key files.

pub mod file;
pub mod secret;

pub use secret::Secret;

use crate::cli::KeyArgs;
use bittensor_client::ss58;
use bittensor_wire::{keypair::KeyError, AccountId, Keypair, Signer};
use std::{path::Path, str::FromStr, sync::LazyLock};
use subxt::{
	config::substrate::SubstrateConfig,
	utils::{AccountId32, MultiSignature},
};
use subxt_signer::{bip39::Mnemonic, DeriveJunction, ExposeSecret, SecretUri};

/// The environment variable with the key.
pub const KEY_VARIABLE: &str = "BITTENSOR_KEY";

/// The accounts whose keys are public.
pub const DEV_NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The signing context of transactions.
const SUBSTRATE_CONTEXT: &[u8] = b"substrate";

/// Why no key could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
	/// Neither file, nor variable, nor development key.
	#[error(
		"no key: give --key-file FILE, set {KEY_VARIABLE}, or on a development chain name a \
		 well-known key with --dev-key //Alice"
	)]
	Missing,
	/// The file cannot be read.
	#[error("cannot read the key file {path}: {reason}")]
	File {
		/// The file.
		path: String,
		/// Error of the system.
		reason: String,
	},
	/// A new key file would replace a file.
	#[error(
		"{path} exists already and may hold a key that something belongs to: give another file, or \
		 move it away"
	)]
	Exists {
		/// The file.
		path: String,
	},
	/// The new file cannot be written.
	#[error("cannot write the key file {path}: {reason}")]
	Write {
		/// The file.
		path: String,
		/// Error of the system.
		reason: String,
	},
	/// Not a seed or mnemonic.
	#[error(
		"the key in {place} is neither 0x and 64 hex digits, nor a mnemonic phrase of 12 to 24 \
		 words (either may be followed by //junctions), nor the output of `bittensor-node key \
		 generate`: {reason}"
	)]
	Malformed {
		/// File or variable.
		place: String,
		/// What is wrong; the secret is not repeated.
		reason: String,
	},
	/// Not a development key.
	#[error(
		"`{given}` is not a well-known development key: use //Alice, //Bob, //Charlie, //Dave, \
		 //Eve or //Ferdie, optionally with further junctions (//Alice//2). Put any other key into a \
		 file (--key-file) or into {KEY_VARIABLE}, not on the command line"
	)]
	NotADevKey {
		/// The name given, unless it could be a secret.
		given: String,
	},
}

/// One sr25519 key.
#[derive(Clone, Debug)]
pub struct Identity {
	keypair: Keypair,
}

impl Identity {
	/// The key that the arguments or the environment give.
	pub fn load(args: &KeyArgs) -> Result<Self, IdentityError> {
		match (&args.dev_key, &args.key_file, std::env::var(KEY_VARIABLE)) {
			(Some(name), ..) => Self::dev(name),
			(None, Some(path), _) => Self::from_file(path),
			(None, None, Ok(secret)) => Self::from_secret(&secret, KEY_VARIABLE),
			(None, None, Err(_)) => Err(IdentityError::Missing),
		}
	}

	/// A well-known development key, such as `//Alice` or `//Alice//2`.
	pub fn dev(name: &str) -> Result<Self, IdentityError> {
		let refused = || IdentityError::NotADevKey {
			// The name may be a secret typed by mistake: do not repeat it.
			given: if name.starts_with("//") && name.len() <= 64 && !name.contains(' ') {
				name.into()
			} else {
				"…".into()
			},
		};
		let path = name.strip_prefix("//").ok_or_else(refused)?;
		let first = path.split('/').next().unwrap_or_default();
		let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
		// Three slashes would begin a password.
		if !DEV_NAMES.contains(&first) || !path.chars().all(simple) || path.contains("///") {
			return Err(refused());
		}
		let uri = SecretUri::from_str(name).map_err(|_| refused())?;
		Self::from_uri(&uri).map_err(|_| refused())
	}

	/// The key in a file.
	pub fn from_file(path: &Path) -> Result<Self, IdentityError> {
		Ok(file::read(path)?.identity)
	}

	/// The key of a secret in any form that [`Secret`] reads; `place` is named in errors.
	pub fn from_secret(secret: &str, place: &str) -> Result<Self, IdentityError> {
		Ok(Secret::parse(secret, place)?.identity)
	}

	/// The key of a phrase or seed, with or without junctions.
	fn from_uri_text(secret: &str, place: &str) -> Result<Self, IdentityError> {
		let malformed =
			|reason: &str| IdentityError::Malformed { place: place.into(), reason: reason.into() };
		let secret = secret.trim();
		if secret.is_empty() {
			return Err(malformed("it is empty"));
		}
		if secret.starts_with('/') {
			return Err(malformed("it has junctions but no secret before them"));
		}
		let uri = SecretUri::from_str(secret).map_err(|_| malformed("it cannot be parsed"))?;
		Self::from_uri(&uri).map_err(|reason| malformed(&reason))
	}

	fn from_uri(uri: &SecretUri) -> Result<Self, String> {
		let wrong = |error: KeyError| error.to_string();
		let phrase = uri.phrase.expose_secret();
		let mut keypair = match phrase.strip_prefix("0x") {
			Some(digits) => {
				let seed: [u8; 32] = hex::decode(digits)
					.ok()
					.and_then(|bytes| bytes.try_into().ok())
					.ok_or("a seed has 64 hex digits")?;
				Keypair::from_seed(&seed).map_err(wrong)?
			}
			None => {
				let mnemonic = Mnemonic::from_str(phrase)
					.map_err(|_| "the phrase is not a BIP-39 mnemonic")?;
				let password =
					uri.password.as_ref().map_or("", |password| password.expose_secret());
				Keypair::from_entropy(&mnemonic.to_entropy(), password).map_err(wrong)?
			}
		};
		for junction in &uri.junctions {
			keypair = match junction {
				DeriveJunction::Hard(code) => keypair.derive_hard(*code),
				DeriveJunction::Soft(code) => keypair.derive_soft(*code),
			};
		}
		Ok(Self { keypair })
	}

	/// The account: the public key.
	pub fn account(&self) -> AccountId {
		self.keypair.account()
	}

	/// The key, for messages.
	pub fn keypair(&self) -> &Keypair {
		&self.keypair
	}
}

/// An account for people: the name of a well-known development key, or the ends of its address.
pub fn name(account: &AccountId) -> String {
	static NAMES: LazyLock<Vec<(AccountId, &str)>> = LazyLock::new(|| {
		let key =
			|name: &'static str| Some((Identity::dev(&format!("//{name}")).ok()?.account(), name));
		DEV_NAMES.into_iter().filter_map(key).collect()
	});
	match NAMES.iter().find(|(known, _)| known == account) {
		Some((_, name)) => (*name).into(),
		None => ends(&ss58(account)),
	}
}

/// The ends of an address, as far as they tell addresses apart for a person.
pub fn ends(address: &str) -> String {
	bittensor_client::ends(address, 6)
}

impl subxt::tx::Signer<SubstrateConfig> for Identity {
	fn account_id(&self) -> AccountId32 {
		AccountId32(self.account())
	}

	fn sign(&self, payload: &[u8]) -> MultiSignature {
		MultiSignature::Sr25519(self.keypair.sign(SUBSTRATE_CONTEXT, payload))
	}
}
