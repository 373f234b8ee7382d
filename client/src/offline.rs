//! Signing without a node: many calls of many accounts, prepared before any is submitted.
//!
//! ```text
//!   Offline { metadata, genesis, versions } ── sign(call, key, nonce) ──► extrinsic
//!                                                                             │
//!   SubxtChain::submit_signed, which does not wait ◄──────────────────────────┘
//! ```
//!
//! An extrinsic signed here is immortal: it is valid until its nonce is used, on this chain and
//! with this version of the runtime.

use crate::{
	connect::SubxtChain,
	names::{self, Part},
	submit::unfit,
	Call, Chain, ChainError, Hash,
};
use subxt::{
	client::{OfflineClient, OfflineClientAtBlock},
	config::{
		substrate::{SpecVersionForRange, SubstrateConfig},
		DefaultExtrinsicParamsBuilder,
	},
	metadata::ArcMetadata,
	tx::Signer,
	utils::H256,
};

/// Signs calls for one chain and one version of its runtime.
#[derive(Clone)]
pub struct Offline(OfflineClientAtBlock<SubstrateConfig>);

impl Offline {
	/// Signs for the chain of this genesis hash, for a runtime with this metadata and these
	/// versions.
	///
	/// # Errors
	/// [`ChainError::Incompatible`] if the metadata lacks one of the [`names`] of components.
	pub fn new(
		metadata: impl Into<ArcMetadata>,
		genesis: Hash,
		spec_version: u32,
		transaction_version: u32,
	) -> Result<Self, ChainError> {
		let metadata = metadata.into();
		names::check(&metadata, Part::Components)?;
		let versions =
			SpecVersionForRange { block_range: 0..u64::MAX, spec_version, transaction_version };
		let config = SubstrateConfig::builder()
			.set_genesis_hash(H256(genesis))
			.set_metadata_for_spec_versions([(spec_version, metadata)])
			.set_spec_version_for_block_ranges([versions])
			.build();
		let client = OfflineClient::new_with_config(config);
		Ok(Self(client.at_block(0u32).map_err(ChainError::other)?))
	}

	/// The extrinsic of `call`, signed by `key` with `nonce`, as the pool takes it.
	///
	/// # Errors
	/// [`ChainError::Incompatible`] if the runtime does not have the call as this client knows it.
	pub fn sign(
		&self,
		call: &Call,
		key: &impl Signer<SubstrateConfig>,
		nonce: u64,
	) -> Result<Vec<u8>, ChainError> {
		let params = DefaultExtrinsicParamsBuilder::new().immortal().nonce(nonce).build();
		let mut signable = self
			.0
			.transactions()
			.create_signable_offline(call, params)
			.map_err(|error| unfit(call, error))?;
		let signed = signable.sign(key).map_err(|error| unfit(call, error))?;
		Ok(signed.into_encoded())
	}
}

impl SubxtChain {
	/// Signs for the chain and the runtime of this node, as they are now.
	pub async fn offline(&self) -> Result<Offline, ChainError> {
		let at = self.link.at(None).await?;
		let (spec_version, transaction_version) = (at.spec_version(), at.transaction_version());
		Offline::new(at.metadata(), self.genesis_hash(), spec_version, transaction_version)
	}
}
