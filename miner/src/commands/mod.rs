//! One file per command.

pub mod export;
pub mod query;
pub mod run;
pub mod status;

use crate::{
	config::{parse_block, Block, ChainConfig},
	identity::Identity,
};
use bittensor_client::{Chain, ChainError, Hash, Head, Key, SubxtChain};
use std::sync::Arc;

/// Connects to the chain that the arguments name.
pub async fn connect(
	config: &ChainConfig,
	signer: Option<Arc<Identity>>,
) -> Result<Arc<dyn Chain>, ChainError> {
	let key = signer.map(|identity| Key::new(Identity::clone(&identity)));
	let chain = SubxtChain::connect(&config.url, config.genesis, config.timeout, key).await?;
	Ok(Arc::new(chain))
}

/// The block that `--at` names; the best one without it.
pub async fn block_at(chain: &dyn Chain, at: Option<&str>) -> anyhow::Result<Head> {
	match at.map(parse_block).transpose()? {
		None => Ok(chain.head(None).await?),
		Some(Block::Number(number)) => Ok(chain.head(Some(number)).await?),
		Some(Block::Hash(hash)) => Ok(chain.head_at(hash).await?),
	}
}

/// A hash for people and JSON.
pub fn hex_hash(hash: &Hash) -> String {
	format!("0x{}", hex::encode(hash))
}
