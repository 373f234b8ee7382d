//! What a bid buys: service beyond the free tier, and onward calls.
//!
//! ```text
//!   Dave ──► Alice ──► Bob      without a bid: a grace, then the free tier, and Alice answers alone;
//!                               with one: as often as Dave asks, and Alice asks Bob
//! ```

use bittensor_miner::{axon::QuotaConfig, dendrite::DendriteError};
use bittensor_wire::{limits::MAX_TEXTS, proto::HopStatus, WireError};

use crate::support::{edge, follows, silent, texts, Lab};

/// The share of an edge: a quarter.
const SHARE: u16 = 16_384;

#[tokio::test]
async fn service_beyond_the_free_tier_must_be_bought() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	lab.start_miners(vec![
		follows(silent("Alice", "kjv", 1, &["Bob"])?),
		follows(silent("Bob", "kjv", 2, &[])?),
	])
	.await?;
	let dave = lab.user("//Dave").await?;
	let uid = dave.register(100).await?;
	let (a, b) = (lab.uid("Alice")?, lab.uid("Bob")?);
	let alice = dave.peer(a).await?;
	let few = texts(16, 0)?;
	let many: Vec<String> = few.iter().cloned().cycle().take(MAX_TEXTS).collect();

	// Patient, because Alice may not have read the block of the registration yet.
	let (_, answer) = dave.caller.spike(&alice, 1, &few).await?;
	assert_eq!(answer.hops, [], "onward calls without a bid");
	let grace = QuotaConfig::default().grace_texts as usize / MAX_TEXTS;
	let mut served = 0;
	let refusal = loop {
		match dave.caller.spike_once(&alice, 1, &many).await {
			Ok(answer) => assert_eq!(answer.hops, []),
			Err(error) => break error,
		}
		served += 1;
		anyhow::ensure!(served < 4 * grace, "{served} Spikes were answered without a bid");
	};
	assert!(
		matches!(refusal, DendriteError::Refused(WireError::RateLimited { retry_ms: 1.. })),
		"{refusal}"
	);
	assert!(served >= grace - 1, "{served} Spikes of the grace were answered");

	let row = vec![edge(a, SHARE)];
	dave.post_row(&row).await?;
	lab.active(&[(uid, row)]).await?;
	let answer = dave.caller.spike_once(&alice, 1, &few).await?;
	let hops: Vec<_> = answer.hops.iter().map(|hop| (hop.uid, hop.status)).collect();
	assert_eq!(hops, [(b, HopStatus::Ok)]);
	for _ in 0..2 * grace {
		dave.caller.spike_once(&alice, 0, &many).await?;
	}
	Ok(())
}
