//! Waits until the node can be asked: it runs as a validator and has caught up with the chain.

use super::{say, Operator};
use bittensor_client::rpc_params;
use std::time::{Duration, Instant};

/// Time between two looks at the node.
const LOOK: Duration = Duration::from_secs(1);
/// Time between two lines about a node that catches up.
const TELL: Duration = Duration::from_secs(10);
/// A node with boot nodes that has no peer for this long does not find its network.
const ALONE: Duration = Duration::from_secs(30);

/// What a node says of its network.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
	peers: u32,
	is_syncing: bool,
	/// Whether it knows boot nodes.
	should_have_peers: bool,
}

/// How far a node is.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
	current_block: u64,
	highest_block: u64,
}

/// Returns when the node has caught up. Before, it shows accounts as they were long ago, and calls would
/// be signed for a past that nodes have forgotten.
///
/// # Errors
/// The node runs without `--validator`, or finds no peer.
pub(super) async fn wait(operator: &Operator) -> anyhow::Result<()> {
	let chain = &operator.chain;
	let roles: Vec<String> = chain.request("system_nodeRoles", rpc_params![]).await?;
	anyhow::ensure!(
		roles.iter().any(|role| role == "Authority"),
		"the node runs without --validator: it would author no block. Start it again with --validator"
	);
	let (mut seen, mut told) = (Instant::now(), None::<Instant>);
	loop {
		let health: Health = chain.request("system_health", rpc_params![]).await?;
		let alone = health.should_have_peers && health.peers == 0;
		if !alone && !health.is_syncing {
			return Ok(());
		}
		if !alone {
			seen = Instant::now();
		}
		anyhow::ensure!(
			seen.elapsed() < ALONE,
			"the node has had no peer for {} s, so that it does not know the chain of the others. Check that \
			 its --chain is the specification of the network, and that a node of --bootnodes runs and can be \
			 reached from here",
			ALONE.as_secs()
		);
		if told.is_none_or(|told| told.elapsed() >= TELL) {
			told = Some(Instant::now());
			if alone {
				say("Waiting until the node has found a peer.");
			} else {
				let at: Progress = chain.request("system_syncState", rpc_params![]).await?;
				say(&format!(
					"Waiting until the node has caught up: block {} of {}.",
					at.current_block, at.highest_block
				));
			}
		}
		tokio::time::sleep(LOOK).await;
	}
}
