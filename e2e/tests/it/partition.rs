//! A network that falls apart into halves and heals.

use std::time::{Duration, Instant};

use bittensor_client::Chain;
use bittensor_e2e::validators::{ChainOptions, Ports, Validators};

use crate::{
	faults::grown,
	support::{agree, components, edge, User, QUICK},
};

#[tokio::test]
async fn two_halves_make_blocks_of_their_own_and_become_one_chain_again() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let chain = ChainOptions { relays: true, ..QUICK };
	let mut validators = Validators::start_on(folder.path(), Ports::free()?, &chain).await?;
	components(&mut validators).await?;
	validators.finalised("dave", 3).await?;
	let before = agree(&mut validators, 3).await?;
	let ferdie = User::connect(&validators.node("alice")?.url(), "//Ferdie").await?;
	let eve = User::connect(&validators.node("dave")?.url(), "//Eve").await?;

	// Each half has the votes of two, and three are needed. A call is made in each.
	validators.cut(&["alice", "bob"]);
	ferdie.post_row(&[edge(0, 11_111)]).await?;
	eve.post_row(&[edge(1, 22_222)]).await?;
	let (alice, dave) = (validators.connect("alice").await?, validators.connect("dave").await?);
	let last = alice.head(None).await?.number.max(dave.head(None).await?.number);
	for name in ["alice", "dave"] {
		grown(&mut validators, name, last + 6).await?;
	}
	let (ours, theirs) = (alice.head(Some(last + 6)).await?, dave.head(Some(last + 6)).await?);
	assert_ne!(ours.hash, theirs.hash, "the halves are one chain: the cut leaks");
	for half in [&alice, &dave] {
		let finalised = half.finalized().await?.number;
		assert!(finalised <= last, "half of the validators finalised {finalised}, after {last}");
	}

	let waiting = alice.head(None).await?.number.max(dave.head(None).await?.number);
	validators.join();
	let started = Instant::now();
	validators.finalised("alice", waiting + 2).await?;
	validators.finalised("dave", waiting + 2).await?;
	let healed = started.elapsed();
	// One half lost its blocks. Its calls are made again.
	let posted = async |chain: &dyn Chain, uid| -> anyhow::Result<Option<u16>> {
		let row = chain.row(uid, None).await?.and_then(|info| info.pending.or(info.active));
		Ok(row.and_then(|row| row.edges.first().map(|edge| edge.share)))
	};
	while (posted(&alice, 0).await?, posted(&alice, 1).await?) != (Some(22_222), Some(11_111)) {
		let rows = alice.rows(None).await?;
		anyhow::ensure!(started.elapsed() < Duration::from_secs(240), "a call is lost: {rows:?}");
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	let after = agree(&mut validators, waiting).await?;
	assert_eq!(validators.nodes.len(), 4);
	assert!(after.epochs > before.epochs, "no epoch was paid meanwhile");
	println!(
		"two chains from {last} to {waiting}, nothing finalised; joined, and all finalised, in {healed:.1?}"
	);
	Ok(())
}
