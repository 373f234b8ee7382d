//! Keys and headers for the tests.

use bittensor_wire::{proto::Method, Header, Keypair, Signer};

pub(crate) const GENESIS: [u8; 32] = [7; 32];

pub(crate) fn key(number: u8) -> Keypair {
	Keypair::from_seed(&[number; 32]).expect("32 bytes are a seed")
}

/// A Spike from key 1 to key 2, to be answered within a second.
pub(crate) fn header() -> Header {
	Header::request(GENESIS, Method::Spike, key(1).account(), key(2).account(), 1_000)
}
