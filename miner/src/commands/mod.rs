//! One file per command.

pub mod account;
pub mod caller;
mod component;
pub mod eval;
pub mod explain;
pub mod export;
pub mod fetch;
pub mod keys;
mod model_files;
pub mod query;
pub mod run;
pub mod similarity;
pub mod status;
pub mod top;

use crate::{cli::ChainArgs, config::Block, identity::Identity};
use bittensor_client::{Chain, ChainError, Head, Key, SubxtChain};
use std::{sync::Arc, time::Duration};

/// Time between two looks at the best block.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Connects to the chain that the arguments name; calls are signed with `identity`.
pub async fn connect(
	args: &ChainArgs,
	identity: Option<&Identity>,
) -> Result<Arc<dyn Chain>, ChainError> {
	let key = identity.cloned().map(Key::new);
	let chain = SubxtChain::connect(&args.chain, args.genesis, args.connect_timeout, key).await?;
	Ok(Arc::new(chain))
}

/// The block that `--at` names; the best one without it.
pub async fn block_at(chain: &dyn Chain, at: Option<Block>) -> Result<Head, ChainError> {
	match at {
		None => chain.head(None).await,
		Some(Block::Number(number)) => chain.head(Some(number)).await,
		Some(Block::Hash(hash)) => chain.head_at(hash).await,
	}
}

/// Waits for a best block that is not the one shown.
pub async fn next_head(chain: &dyn Chain, shown: Option<Head>) -> Result<Head, ChainError> {
	loop {
		let head = chain.head(None).await?;
		if shown != Some(head) {
			return Ok(head);
		}
		tokio::time::sleep(LOOK_EVERY).await;
	}
}
