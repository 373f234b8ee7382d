//! The four bodies. A decoder returns only values within every limit.
//!
//! A message is a [`Spike`] and everything that follows from it: the Spikes that its receivers send
//! on, and the Grads that come back for it. All carry the root's account, a random id and the same
//! texts, so (root, id, [`digest`] of the texts) identifies the message everywhere. Together with the
//! ttl it identifies one computation at one component: a message that arrives with ttl t is computed
//! from answers with ttl t − 1, so no computation waits for itself.

mod grad;
mod spike;

use crate::{blake2_256, envelope::fixed, limits::MAX_PATH, AccountId, Hash, WireError};
pub use grad::{Grad, GradAnswer};
pub use spike::{Hop, Spike, SpikeAnswer};

/// Random bytes that distinguish the messages of one root.
pub type MessageId = [u8; 16];

/// blake2-256 of texts: for each its length in bytes (u64, little-endian), then its UTF-8 bytes.
pub fn digest<T: AsRef<str>>(texts: &[T]) -> Hash {
	let length = texts.iter().map(|text| text.as_ref().len() + 8).sum();
	let mut bytes = Vec::with_capacity(length);
	for text in texts {
		let text = text.as_ref().as_bytes();
		bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
		bytes.extend_from_slice(text);
	}
	blake2_256(&bytes)
}

/// The path after `component` sends a message with this path and ttl on; `None` if the message must
/// not go further.
fn extend(path: &[AccountId], ttl: u32, component: AccountId) -> Option<Vec<AccountId>> {
	let goes_on = ttl > 0 && path.len() < MAX_PATH && !path.contains(&component);
	goes_on.then(|| [path, &[component]].concat())
}

fn to_bytes(path: &[AccountId]) -> Vec<Vec<u8>> {
	path.iter().map(|account| account.to_vec()).collect()
}

/// Decodes a path, which must run from the root to the sender without repetition.
fn decode_path(
	accounts: &[Vec<u8>],
	root: &AccountId,
	sender: &AccountId,
) -> Result<Vec<AccountId>, WireError> {
	if accounts.is_empty() || accounts.len() > MAX_PATH {
		return Err(WireError::InvalidPath);
	}
	let path: Vec<AccountId> =
		accounts.iter().map(|account| fixed(account, "path")).collect::<Result<_, _>>()?;
	let repeats = (1..path.len()).any(|at| path[..at].contains(&path[at]));
	if path.first() != Some(root) || path.last() != Some(sender) || repeats {
		return Err(WireError::InvalidPath);
	}
	Ok(path)
}

fn malformed_body(_: prost::DecodeError) -> WireError {
	WireError::Malformed { field: "body" }
}
