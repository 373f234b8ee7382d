//! sr25519 keys: the accounts of the chain, with a signing context for messages.
//!
//! Chain transactions are signed in the context `substrate`; messages between components in
//! [`WIRE_CONTEXT`]. One service key makes both, and a signature for one use is invalid for the other.
//! Keys derive from a secret exactly as in Substrate.

use crate::{AccountId, Hash};
use hmac::Hmac;
use schnorrkel::{
	derive::{ChainCode, Derivation},
	ExpansionMode, MiniSecretKey, PublicKey, Signature,
};
use sha2::Sha512;

/// Signing context of envelopes.
pub const WIRE_CONTEXT: &[u8] = b"bittensor/wire/1";

/// Signs with an sr25519 key.
pub trait Signer: Send + Sync {
	/// The account of the key.
	fn account(&self) -> AccountId;

	/// An sr25519 signature over `message` in `context`.
	fn sign(&self, context: &[u8], message: &[u8]) -> [u8; 64];
}

/// Why a secret gives no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
	/// Not 32 bytes.
	#[error("a secret seed has 32 bytes: give 64 hexadecimal digits after 0x")]
	Seed,
	/// Not the entropy of a mnemonic with 12 to 24 words.
	#[error("a mnemonic has 12, 15, 18, 21 or 24 words: check the phrase")]
	Entropy,
}

/// An sr25519 key pair.
#[derive(Clone)]
pub struct Keypair(schnorrkel::Keypair);

impl Keypair {
	/// The key of a 32-byte secret seed, expanded as in Substrate (`0x…` in a secret URI).
	pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
		let secret = MiniSecretKey::from_bytes(seed).map_err(|_| KeyError::Seed)?;
		Ok(Self(secret.expand_to_keypair(ExpansionMode::Ed25519)))
	}

	/// The key of a BIP-39 mnemonic, given by its entropy (16 to 32 bytes), derived as in Substrate: the
	/// seed is PBKDF2-HMAC-SHA512 of the entropy, not of the words.
	pub fn from_entropy(entropy: &[u8], password: &str) -> Result<Self, KeyError> {
		if entropy.len() < 16 || entropy.len() > 32 || !entropy.len().is_multiple_of(4) {
			return Err(KeyError::Entropy);
		}
		let salt = format!("mnemonic{password}");
		let mut seed = [0u8; 64];
		pbkdf2::pbkdf2::<Hmac<Sha512>>(entropy, salt.as_bytes(), 2048, &mut seed)
			.map_err(|_| KeyError::Entropy)?;
		let mut short = [0u8; 32];
		short.copy_from_slice(&seed[..32]);
		Self::from_seed(&short)
	}

	/// The key of a hard junction (`//…`) with the given chain code.
	pub fn derive_hard(&self, chain_code: Hash) -> Self {
		let (secret, _) = self.0.hard_derive_mini_secret_key(Some(ChainCode(chain_code)), b"");
		Self(secret.expand_to_keypair(ExpansionMode::Ed25519))
	}

	/// The key of a soft junction (`/…`) with the given chain code.
	pub fn derive_soft(&self, chain_code: Hash) -> Self {
		let (secret, _) = self.0.secret.derived_key_simple(ChainCode(chain_code), []);
		Self(secret.into())
	}
}

impl Signer for Keypair {
	fn account(&self) -> AccountId {
		self.0.public.to_bytes()
	}

	fn sign(&self, context: &[u8], message: &[u8]) -> [u8; 64] {
		self.0.sign(schnorrkel::signing_context(context).bytes(message)).to_bytes()
	}
}

impl core::fmt::Debug for Keypair {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Keypair({})", hex::encode(self.account()))
	}
}

/// Whether `signature` is `account`'s over `message` in `context`.
pub fn verify(account: &AccountId, context: &[u8], message: &[u8], signature: &[u8]) -> bool {
	let (Ok(key), Ok(signature)) =
		(PublicKey::from_bytes(account), Signature::from_bytes(signature))
	else {
		return false;
	};
	key.verify_simple(context, message, &signature).is_ok()
}
