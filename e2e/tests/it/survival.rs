//! The network goes on when one of its processes ends.

use std::time::Duration;

use bittensor_client::Chain;
use bittensor_e2e::miner::MinerStatus;

use crate::support::{trainable, Lab};

/// Epochs in which the others must go on as if nothing had happened.
const EPOCHS: usize = 2;

#[tokio::test]
async fn a_killed_miner_and_a_restarted_node_stop_nobody() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	lab.start_miners(vec![
		trainable("Alice", "moby-dick", 1),
		trainable("Bob", "kjv", 2),
		trainable("Charlie", "addresses-early", 3),
	])
	.await?;
	lab.until("rows with edges of Alice and Bob", Duration::from_secs(90), |lab| {
		let (alice, bob) = (lab.uid("Alice").ok()?, lab.uid("Bob").ok()?);
		let epoch = lab.ledger.epochs().last()?;
		let gives = |uid| epoch.row(uid).is_some_and(|row| !row.edges.is_empty());
		(gives(alice) && gives(bob)).then_some(())
	})
	.await?;

	// Charlie is killed. The others go on.
	let before = [lab.status("Alice"), lab.status("Bob")];
	let charlie = lab.uid("Charlie")?;
	let epochs = lab.ledger.epochs().len();
	lab.network.miner("Charlie").expect("it was started").process().kill();
	lab.network.deaths();
	lab.until("epochs without Charlie", Duration::from_secs(60), |lab| {
		(lab.ledger.epochs().len() >= epochs + EPOCHS).then_some(())
	})
	.await?;
	for (name, before) in ["Alice", "Bob"].into_iter().zip(&before) {
		let now = lab.status(name);
		assert!(now.steps > before.steps + 10, "{name} stopped learning: {before:?} {now:?}");
		assert_eq!(now.failed_steps, 0, "{name}: {now:?}");
		// Charlie's input is set to its mean, and counts as a missing answer.
		let missing = |status: &MinerStatus| {
			let input = status.inputs.iter().find(|input| input.uid == Some(charlie));
			input.map_or(0, |input| input.missing)
		};
		assert!(missing(&now) > missing(before) + 5, "{name}: {before:?} {now:?}");
	}

	// The node restarts over the same database. The miners find it again and post.
	lab.network.node.restart().await?;
	lab.chain = lab.network.node.connect().await?;
	let restarted = lab.chain.epoch_status(None).await?.epoch;
	let uids = [lab.uid("Alice")?, lab.uid("Bob")?];
	lab.until("posts after the restart", Duration::from_secs(90), |lab| {
		let epoch = lab.ledger.epochs().last()?;
		let posted = |uid: &u32| epoch.row(*uid).is_some_and(|row| row.posted > restarted);
		uids.iter().all(posted).then_some(())
	})
	.await?;
	let ledger = lab.ledger.epochs();
	assert!(ledger.iter().all(|epoch| epoch.reproduced && epoch.last.minted == epoch.scheduled));
	Ok(())
}
