//! An account that asks components of the network from the command line.

use super::connect;
use crate::{
	chain::cache::Snapshot,
	cli::{ChainArgs, KeyArgs},
	commands::query::QueryError,
	dendrite::{Dendrite, DendriteConfig, TonicTransport, TransportConfig},
	identity::Identity,
};
use bittensor_client::{ss58, AccountId, Hash};
use std::sync::Arc;

/// The account, what it sees of the chain, and its way to other components.
pub struct Caller {
	/// Its service key.
	pub account: AccountId,
	/// The chain when it began.
	pub snapshot: Snapshot,
	/// Genesis hash of the chain.
	pub genesis: Hash,
	/// Sends its Spikes.
	pub dendrite: Dendrite,
}

impl Caller {
	/// Connects to the chain, and checks that components answer this key.
	///
	/// # Errors
	/// If the chain cannot be reached; [`QueryError::NotRegistered`]; if the key is the owner's and
	/// another one signs for the component.
	pub async fn connect(chain: &ChainArgs, key: &KeyArgs) -> anyhow::Result<Self> {
		let identity = Arc::new(Identity::load(key)?);
		let chain = connect(chain, None).await?;
		let account = identity.account();
		let snapshot = Snapshot::read(&*chain, account, None).await?;
		if snapshot.me.is_none() {
			return Err(QueryError::NotRegistered { account: ss58(&account) }.into());
		}
		// Messages are answered to the service key only.
		let service = snapshot.mine().map(|mine| mine.service_key);
		if service != Some(account) {
			anyhow::bail!(
				"this is the owner's key of component {}, whose messages are signed by its service \
				 key {}: use that one",
				snapshot.me.unwrap_or_default(),
				service.map(|key| ss58(&key)).unwrap_or_default(),
			);
		}
		let signer: Arc<dyn bittensor_wire::Signer> = Arc::new(identity.keypair().clone());
		let genesis = chain.genesis_hash();
		let transport = TonicTransport::new(genesis, signer, TransportConfig::default());
		let dendrite = Dendrite::new(account, Arc::new(transport), DendriteConfig::default());
		Ok(Self { account, snapshot, genesis, dendrite })
	}
}
