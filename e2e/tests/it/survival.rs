//! The network goes on when one of its processes ends.

use std::time::Duration;

use bittensor_client::Chain;
use bittensor_e2e::miner::{InputStatus, MinerStatus};

use crate::support::{edge, trainable, Lab};

/// Epochs in which the others must go on as if nothing had happened.
const EPOCHS: usize = 4;
/// All that a row may give: no component measures that of one that does not answer.
const ALL: u16 = 57_344;

#[tokio::test]
async fn a_killed_miner_and_a_restarted_node_stop_nobody() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	lab.start_miners(vec![
		trainable("Alice", "moby-dick", 1),
		trainable("Bob", "kjv", 2),
		trainable("Charlie", "addresses-early", 3),
	])
	.await?;
	let charlie = lab.uid("Charlie")?;
	lab.until("rows of Alice and Bob, and answers of Charlie", Duration::from_secs(90), |lab| {
		let ready = ["Alice", "Bob"].into_iter().all(|name| {
			let status = lab.status(name);
			let answered = |input: &InputStatus| input.uid == Some(charlie) && input.answered > 0;
			let epoch = lab.ledger.epochs().last();
			let row = epoch.and_then(|epoch| epoch.row(status.uid?));
			row.is_some() && status.inputs.iter().any(answered)
		});
		ready.then_some(())
	})
	.await?;

	// Charlie is killed. The others go on.
	let before = [lab.status("Alice"), lab.status("Bob")];
	let epochs = lab.ledger.epochs().len();
	lab.network.miner("Charlie").expect("it was started").process().kill();
	lab.network.deaths();
	// Charlie's input is set to its mean, and counts as a missing answer.
	let missing = |status: &MinerStatus| {
		let input = status.inputs.iter().find(|input| input.uid == Some(charlie));
		input.map_or(0, |input| input.missing)
	};
	lab.until(
		"epochs, steps and missing answers without Charlie",
		Duration::from_secs(90),
		|lab| {
			let goes_on = lab.ledger.epochs().len() >= epochs + EPOCHS;
			let learns = |(name, before): (&str, &MinerStatus)| {
				let now = lab.status(name);
				now.steps > before.steps + 10 && missing(&now) > missing(before) + 5
			};
			(goes_on && ["Alice", "Bob"].into_iter().zip(&before).all(learns)).then_some(())
		},
	)
	.await?;
	for name in ["Alice", "Bob"] {
		let now = lab.status(name);
		assert_eq!(now.failed_steps, 0, "{name}: {now:?}");
	}

	// The node restarts over the same database. Another process uses the keys of the two: they find
	// the node again, see rows that are not theirs, and post their own again.
	lab.network.node.restart().await?;
	lab.chain = lab.network.node.connect().await?;
	let uids = [lab.uid("Alice")?, lab.uid("Bob")?];
	let foreign = vec![edge(charlie, ALL)];
	for name in ["//Alice", "//Bob"] {
		lab.user(name).await?.post_row(&foreign).await?;
	}
	// An epoch after this one solves rows that were posted later than these.
	let posted = lab.chain.epoch_status(None).await?.epoch;
	lab.until("own rows after the restart", Duration::from_secs(90), |lab| {
		let epoch = lab.ledger.epochs().last()?;
		let own = |uid: &u32| epoch.row(*uid).is_some_and(|row| row.edges != foreign);
		(epoch.last.epoch > posted && uids.iter().all(own)).then_some(())
	})
	.await?;
	let ledger = lab.ledger.epochs();
	assert!(ledger.iter().all(|epoch| epoch.reproduced && epoch.last.minted == epoch.scheduled));
	Ok(())
}
