//! Reads of the set of validators, which only a node has.

use crate::{
	names::{Item, Method},
	AccountId, CandidateInfo, ChainError, Hash, SubxtChain, ValidatorInfo, ValidatorStatus,
};
use subxt::ext::scale_decode::DecodeAsType;

/// The public session keys of a validator.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct SessionKeys {
	aura: [u8; 32],
	grandpa: [u8; 32],
}

impl SubxtChain {
	/// The validators of the running session.
	pub async fn validators(&self, at: Option<Hash>) -> Result<Vec<ValidatorInfo>, ChainError> {
		self.link.read(at, Method::Validators, ()).await
	}

	/// The candidates, the largest stakes first.
	pub async fn candidates(&self, at: Option<Hash>) -> Result<Vec<CandidateInfo>, ChainError> {
		self.link.read(at, Method::Candidates, ()).await
	}

	/// What an account lacks to validate, and since when or until when.
	pub async fn validator_status(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<ValidatorStatus, ChainError> {
		self.link.read(at, Method::Status, (account,)).await
	}

	/// The public session keys of an account as the node's RPC takes them; `None` if it has none.
	pub async fn session_keys(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<Vec<u8>>, ChainError> {
		let keys: Option<SessionKeys> = self.link.stored(at, Item::NextKeys, (account,)).await?;
		Ok(keys.map(|keys| [keys.aura, keys.grandpa].concat()))
	}
}
