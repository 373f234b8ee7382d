//! A line in the log for each payout: how much, from whom, what is left.

use crate::chain::{
	cache::{ChainCache, Snapshot},
	earnings::Earnings,
};
use bittensor_client::{bit, AccountId, Chain};
use std::sync::Arc;

/// Logs each payout of our component. Never returns.
pub async fn report(
	chain: Arc<dyn Chain>,
	account: AccountId,
	mut cache: ChainCache,
) -> anyhow::Result<()> {
	// A payout before the start is no news.
	let mut told = paid_epoch(&cache.snapshot());
	loop {
		let snapshot = cache.changed().await;
		let epoch = paid_epoch(&snapshot);
		if epoch == told {
			continue;
		}
		told = epoch;
		let (Some(earnings), Some(mine)) = (Earnings::of(&snapshot), snapshot.mine()) else {
			continue;
		};
		let at = Some(snapshot.head.hash);
		let balance = match chain.free_balance(account, at).await {
			Ok(balance) => format!(", balance {} BIT", bit(balance)),
			Err(_) => String::new(),
		};
		let why = match (earnings.paid, &snapshot.row) {
			(0, None) => " (without a row, stake does not count)",
			_ => "",
		};
		tracing::info!("paid {earnings}{why}; stake {} BIT{balance}", bit(mine.stake));
	}
}

/// The epoch paid last.
fn paid_epoch(snapshot: &Snapshot) -> Option<u32> {
	snapshot.epoch.last.as_ref().map(|last| last.epoch)
}
