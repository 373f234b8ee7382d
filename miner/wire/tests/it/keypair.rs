//! Keys are Substrate's.

use crate::common::key;
use bittensor_wire::{
	keypair::{verify, KeyError},
	Keypair, Signer,
};

/// Entropy of «bottom drive obey lake curtain smoke basket hold race lonely fit walk», the phrase of
/// the development accounts.
const ENTROPY: [u8; 16] = [
	0x1a, 0x48, 0x6a, 0x5f, 0xbe, 0x53, 0x63, 0x99, 0x84, 0xcb, 0x64, 0xb0, 0x70, 0x75, 0x5f, 0x7b,
];

/// Chain code of a text junction: its SCALE encoding, padded with zeros.
fn junction(name: &str) -> [u8; 32] {
	let mut code = [0; 32];
	code[0] = u8::try_from(name.len()).expect("short") << 2;
	code[1..=name.len()].copy_from_slice(name.as_bytes());
	code
}

#[test]
fn development_accounts_are_the_known_ones() {
	let root = Keypair::from_entropy(&ENTROPY, "").expect("12 words");
	let account = |name: &str| hex::encode(root.derive_hard(junction(name)).account());
	assert_eq!(
		account("Alice"),
		"d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
	);
	assert_eq!(account("Bob"), "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48");
	let mut seed = [0; 32];
	hex::decode_to_slice(
		"e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a",
		&mut seed,
	)
	.expect("32 bytes");
	assert_eq!(hex::encode(Keypair::from_seed(&seed).expect("a seed").account()), account("Alice"));
	// A soft junction gives another account, and one that signs.
	let soft = root.derive_soft(junction("Alice"));
	assert_ne!(hex::encode(soft.account()), account("Alice"));
	assert!(verify(&soft.account(), b"context", b"message", &soft.sign(b"context", b"message")));
}

#[test]
fn a_signature_holds_for_key_context_and_message_only() {
	let signature = key(1).sign(b"one", b"message");
	assert!(verify(&key(1).account(), b"one", b"message", &signature));
	assert!(!verify(&key(2).account(), b"one", b"message", &signature));
	assert!(!verify(&key(1).account(), b"two", b"message", &signature));
	assert!(!verify(&key(1).account(), b"one", b"massage", &signature));
	assert!(!verify(&key(1).account(), b"one", b"message", &signature[..63]));
	assert!(!verify(&[0xff; 32], b"one", b"message", &signature));
}

#[test]
fn no_secret_is_printed_and_bad_entropy_is_named() {
	let printed = format!("{:?}", key(1));
	assert!(printed.contains(&hex::encode(key(1).account())));
	assert!(!printed.contains(&hex::encode([1u8; 8])));
	for length in [0, 12, 17, 36] {
		assert_eq!(Keypair::from_entropy(&vec![1; length], "").err(), Some(KeyError::Entropy));
	}
}
