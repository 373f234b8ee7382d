//! A network that falls apart into halves and heals.

use std::time::Instant;

use bittensor_client::{Chain, Row, RowInfo};
use bittensor_e2e::{
	network::wait_for_block,
	validators::{ChainOptions, Ports, Validators},
};

use crate::support::{agree, components, edge, until, User, QUICK};

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
	wait_for_block(validators.node("alice")?, &alice, last + 6).await?;
	wait_for_block(validators.node("dave")?, &dave, last + 6).await?;
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
	let posted = async || {
		let rows = alice.rows(None).await?.into_iter();
		let last = |info: RowInfo| info.pending.or(info.active);
		let share = |row: Option<Row>| row.and_then(|row| Some(row.edges.first()?.share));
		Ok(rows.map(|info| share(last(info))).collect::<Vec<_>>())
	};
	until("posted in both halves", posted, |shares| *shares == [Some(22_222), Some(11_111)])
		.await?;
	let after = agree(&mut validators, waiting).await?;
	assert_eq!(validators.nodes.len(), 4);
	assert!(after.epochs > before.epochs, "no epoch was paid meanwhile");
	println!(
		"two chains from {last} to {waiting}, nothing finalised; joined, and all finalised, in {healed:.1?}"
	);
	Ok(())
}
