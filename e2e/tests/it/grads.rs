//! Grads between processes: their effect with and without a bid, how far they go, where they end.
//!
//! ```text
//!   Dave ──► B ──► C       without a bid nothing moves, and B asks nobody; with Dave's, the same
//!                          Grad changes B alone
//!   A ──► B ──► C          with A's and B's, A's Grads change C
//!   Dave ──► A ◄─► B       Dave's Grad for A reaches B and ends there: A is on its path
//! ```
//!
//! The components follow Grads only and post nothing. The test posts the rows with the keys of the
//! components; they count when an epoch has made them active.

use anyhow::Context;
use bittensor_e2e::miner::MinerStatus;
use bittensor_wire::proto::{GradReason, HopStatus};

use crate::support::{edge, error, follows, silent, texts, with, Lab, SOON};

/// Documents of the components that train.
const DOCUMENTS: &str = "kjv";
/// Texts in a message.
const ROWS: usize = 16;
/// The share of an edge: a quarter.
const SHARE: u16 = 16_384;
/// Batches after which a component has seen enough of another's vectors to send it an error.
const HEARD: u64 = 20;

/// Starts `followers`. Those that query others train first until they have their vectors: a
/// component sends errors only to components whose vectors it knows.
async fn start_followers(
	lab: &mut Lab,
	followers: &[(&'static str, &[&'static str])],
) -> anyhow::Result<()> {
	let mut first = Vec::new();
	for (name, downstream) in followers {
		let spec = silent(name, DOCUMENTS, 1, downstream)?;
		let asks = !downstream.is_empty();
		first.push(if asks { with(spec, "--learn-from=own") } else { follows(spec) });
	}
	lab.start_miners(first).await?;
	let asking = followers.iter().filter(|(_, downstream)| !downstream.is_empty());
	lab.until("answers at all inputs", SOON, |lab| {
		let heard = |(name, downstream): &(&str, &[&str])| {
			let status = lab.status(name);
			status.inputs.iter().filter(|input| input.answered >= HEARD).count() == downstream.len()
		};
		asking.clone().all(heard).then_some(())
	})
	.await?;
	for (name, downstream) in asking {
		lab.restart_miner(follows(silent(name, DOCUMENTS, 1, downstream)?)).await?;
	}
	lab.network.wait_until_ready(SOON).await
}

#[tokio::test]
async fn a_zero_bid_moves_nothing_and_a_grad_travels_as_far_as_there_are_bids() -> anyhow::Result<()>
{
	let mut lab = Lab::start().await?;
	start_followers(&mut lab, &[("Bob", &["Charlie"]), ("Charlie", &[])]).await?;
	let asks = with(silent("Alice", DOCUMENTS, 1, &["Bob"])?, "--ttl=2");
	let asks = with(with(asks, "--words-every=1"), "--words-steps=1");
	lab.start_miners(vec![with(asks, "--max-steps-per-second=20")]).await?;
	let [a, b, c] = [lab.uid("Alice")?, lab.uid("Bob")?, lab.uid("Charlie")?];
	let dave = lab.user("//Dave").await?;
	let d = dave.register(100).await?;
	let (bob, texts, error) = (dave.peer(b).await?, texts(ROWS, 0)?, error(ROWS, 5)?);
	let before = [lab.digest("Bob").await?, lab.digest("Charlie").await?];
	let moved = |now: &MinerStatus, before: &str| {
		now.parameters.as_deref().is_some_and(|parameters| parameters != before)
	};

	// Without a bid B answers alone, and every error has weight 0.
	let (_, answer) = dave.caller.spike(&bob, 1, &texts).await?;
	assert_eq!(answer.hops, []);
	for _ in 0..5 {
		let answer = dave.caller.teach(&bob, 1, &texts, &error).await?;
		assert_eq!((answer.weight, answer.reason), (0.0, GradReason::NoBid));
	}
	let now = lab.later(["Bob", "Charlie"]).await?;
	assert_eq!(now.clone().map(|status| status.parameters), before.clone().map(Some));
	assert_eq!(now.map(|status| status.grads_served), [0, 0]);

	// Dave bids for B: the same Grad changes it. B does not bid for C, so C does not change.
	let row = vec![edge(b, SHARE)];
	dave.post_row(&row).await?;
	lab.active(&[(d, row)]).await?;
	let (spike, answer) = dave.caller.spike(&bob, 1, &texts).await?;
	assert_eq!(answer.hops.iter().map(|hop| hop.uid).collect::<Vec<_>>(), [c]);
	let answer = dave.caller.grad(&bob, &spike, &error).await?;
	assert_eq!(answer.reason, GradReason::Accepted);
	assert!(answer.weight > 0.0, "{answer:?}");
	lab.until("step of Bob", SOON, |lab| moved(&lab.status("Bob"), &before[0]).then_some(()))
		.await?;
	let [bob, charlie] = lab.later(["Bob", "Charlie"]).await?;
	assert_eq!((bob.grads_served, charlie.grads_served), (1, 0));
	assert_eq!(charlie.parameters.as_ref(), Some(&before[1]));

	// A bids for B and B for C: A's Grads go on to C, and C learns. A has the vectors of its words from
	// B, and B learns from their errors.
	let rows = [(a, vec![edge(b, SHARE)]), (b, vec![edge(c, SHARE)])];
	let (alice, bob) = (lab.user("//Alice").await?, lab.user("//Bob").await?);
	tokio::try_join!(alice.post_row(&rows[0].1), bob.post_row(&rows[1].1))?;
	lab.active(&rows).await?;
	lab.until("step of Charlie, and words", SOON, |lab| {
		let (alice, charlie) = (lab.status("Alice"), lab.status("Charlie"));
		let learned = charlie.grads_served > 0 && moved(&charlie, &before[1]);
		let words = alice.word_tables > 0 && alice.word_grads_sent > 0;
		let words = words && lab.status("Bob").word_grads_served > 0;
		(learned && words && alice.grads_sent > alice.word_grads_sent).then_some(())
	})
	.await
}

#[tokio::test]
async fn a_grad_ends_in_a_cycle() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	start_followers(&mut lab, &[("Alice", &["Bob"]), ("Bob", &["Alice"])]).await?;
	let dave = lab.user("//Dave").await?;
	let (a, b, d) = (lab.uid("Alice")?, lab.uid("Bob")?, dave.register(100).await?);
	let before = [lab.digest("Alice").await?, lab.digest("Bob").await?];
	let rows = [(a, vec![edge(b, SHARE)]), (b, vec![edge(a, SHARE)]), (d, vec![edge(a, SHARE)])];
	let (alice, bob) = (lab.user("//Alice").await?, lab.user("//Bob").await?);
	tokio::try_join!(
		alice.post_row(&rows[0].1),
		bob.post_row(&rows[1].1),
		dave.post_row(&rows[2].1),
	)?;
	lab.active(&rows).await?;

	let alice = dave.peer(a).await?;
	let (spike, answer) = dave.caller.spike(&alice, 3, &texts(ROWS, 0)?).await?;
	let hops: Vec<_> = answer.hops.iter().map(|hop| (hop.uid, hop.status)).collect();
	// Alice queried Bob, who did not query her.
	assert_eq!(hops, [(b, HopStatus::Ok), (a, HopStatus::Cut)]);
	let answer = dave.caller.grad(&alice, &spike, &error(ROWS, 5)?).await?;
	assert_eq!(answer.reason, GradReason::Accepted);
	let names = ["Alice", "Bob"];
	lab.until("Grad at both", SOON, |lab| {
		let now = names.map(|name| lab.status(name));
		let moved = now
			.iter()
			.zip(&before)
			.all(|(now, before)| now.grads_served > 0 && now.parameters.as_ref() != Some(before));
		moved.then_some(())
	})
	.await
	.context("a Grad for Alice reaches Bob")?;
	// A Grad that did not end would have come round within milliseconds.
	assert_eq!(lab.later(names).await?.map(|now| now.grads_served), [1, 1]);
	Ok(())
}
