//! Session keys that a node makes, with their proof.

use anyhow::Context;
use bittensor_client::{hex_hash, rpc_params, AccountId, Call, SubxtChain};
use serde::Deserialize;

/// What `author_rotateKeysWithOwner` answers.
#[derive(Deserialize)]
struct NewKeys {
	keys: String,
	proof: String,
}

/// Makes new keys on a node. Returns them, Aura's and GRANDPA's, and the call that registers them for
/// `owner`.
pub(crate) async fn new_keys(
	node: &SubxtChain,
	owner: &AccountId,
) -> anyhow::Result<(Vec<u8>, Call)> {
	let owner = rpc_params![hex_hash(owner)];
	let new: NewKeys = node.request("author_rotateKeysWithOwner", owner).await?;
	let made = bytes(&new.keys)?;
	let (aura, grandpa) = made.split_at_checked(32).context("two keys")?;
	let keys = [aura.try_into()?, grandpa.try_into()?];
	Ok((made.clone(), Call::SetKeys { keys, proof: bytes(&new.proof)? }))
}

/// The bytes of `0x…`.
fn bytes(hex: &str) -> anyhow::Result<Vec<u8>> {
	let digits = hex.strip_prefix("0x").with_context(|| hex.to_owned())?.as_bytes();
	let byte = |two: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(two)?, 16)?);
	digits.chunks(2).map(byte).collect()
}
