//! The best blocks of a node with their events.

use crate::{
	connect::{block_number, Link},
	names::EMISSION,
	BlockEvents, ChainError, Event, Head,
};
use futures::{stream::BoxStream, StreamExt};
use std::time::Duration;
use subxt::{
	client::{Block, Blocks},
	config::substrate::SubstrateConfig,
};

/// Pause after an error.
const PAUSE: Duration = Duration::from_millis(500);

struct Follower {
	link: Link,
	blocks: Option<Blocks<SubstrateConfig>>,
	failed: bool,
}

/// New best blocks, without end. After an error the subscription is renewed; the genesis hash is
/// compared again first, because the node may have come back as another chain.
pub(crate) fn blocks(link: Link) -> BoxStream<'static, Result<BlockEvents, ChainError>> {
	let follower = Follower { link, blocks: None, failed: false };
	futures::stream::unfold(follower, |mut follower| async move {
		if follower.failed {
			tokio::time::sleep(PAUSE).await;
		}
		let next = follower.next().await;
		follower.failed = next.is_err();
		if follower.failed {
			follower.blocks = None;
		}
		Some((next, follower))
	})
	.boxed()
}

impl Follower {
	async fn next(&mut self) -> Result<BlockEvents, ChainError> {
		let link = &self.link;
		if self.failed {
			let found = link.rpc.genesis_hash().await.map_err(|error| link.rpc_error(error))?;
			ChainError::check_genesis(&link.url, link.genesis, found.0)?;
		}
		let blocks = match &mut self.blocks {
			Some(blocks) => blocks,
			none => {
				let blocks = link.client.stream_best_blocks().await;
				none.insert(blocks.map_err(ChainError::other)?)
			}
		};
		match blocks.next().await {
			Some(block) => events(&block.map_err(ChainError::other)?).await,
			None => Err(ChainError::other("the node closed the subscription")),
		}
	}
}

async fn events(block: &Block<SubstrateConfig>) -> Result<BlockEvents, ChainError> {
	let head = Head { number: block_number(block.number()), hash: block.hash().0 };
	let at = block.at().await.map_err(ChainError::other)?;
	let all = at.events().fetch().await.map_err(ChainError::other)?;
	let mut events = Vec::new();
	for event in all.iter() {
		let event = event.map_err(ChainError::other)?;
		if event.pallet_name() == EMISSION {
			// An event that clients do not know says nothing to them.
			events.extend(event.event_name().parse::<Event>());
		}
	}
	Ok(BlockEvents { head, events })
}
