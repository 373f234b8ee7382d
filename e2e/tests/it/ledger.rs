//! The split of a payout into what a component pays itself and what came over edges.

use bittensor_client::{Call, Chain, MemoryChain, Parameters, Row, UNIT};
use bittensor_e2e::ledger::{replay, Inputs, Ledger};

use crate::support::edge;

const SIGMA: u64 = 1_000_000_007;

fn row(edges: &[(u32, u16)]) -> Option<Row> {
	let edges: Vec<_> = edges.iter().map(|&(target, share)| edge(target, share)).collect();
	Some(Row { posted: 1, self_share: contribution::self_share(&edges), edges })
}

#[test]
fn self_only_rows_earn_nothing_through_edges() {
	let inputs = Inputs { stakes: vec![3, 5, 9], rows: vec![row(&[]), row(&[]), row(&[])] };
	let paid = replay(&inputs, SIGMA);
	assert_eq!(paid.iter().map(|p| p.minted).sum::<u64>(), SIGMA);
	assert!(paid.iter().all(|p| p.through_edges == 0), "{paid:?}");
}

#[test]
fn a_component_without_stake_earns_only_through_edges() {
	// 0 gives a quarter to 1, which has neither stake nor a row.
	let inputs = Inputs { stakes: vec![8, 0], rows: vec![row(&[(1, 16_384)]), None] };
	let paid = replay(&inputs, 1_000);
	assert_eq!((paid[0].minted, paid[0].through_edges), (750, 0));
	assert_eq!((paid[1].minted, paid[1].through_edges), (250, 250));
}

#[test]
fn mass_that_returns_through_a_cycle_counts_as_through_edges() {
	// Each keeps half and gives half to the other. Of 0's stake of 1: 1/2 stays at once, and
	// 1/2 · (1/4 + 1/16 + …) = 1/6 returns. 1 has no stake; it gets 1/3.
	let inputs =
		Inputs { stakes: vec![1, 0], rows: vec![row(&[(1, 32_768)]), row(&[(0, 32_768)])] };
	let paid = replay(&inputs, 6_000_000);
	assert_eq!(paid[0].minted + paid[1].minted, 6_000_000);
	let close = |value: u64, expected: u64| value.abs_diff(expected) <= 2;
	assert!(close(paid[0].minted, 4_000_000), "{paid:?}");
	assert!(close(paid[0].through_edges, 1_000_000), "{paid:?}");
	assert_eq!(paid[1].minted, paid[1].through_edges);
}

#[test]
fn nothing_is_paid_without_stake() {
	let inputs = Inputs { stakes: vec![0, 0], rows: vec![row(&[(1, 9)]), None] };
	assert!(replay(&inputs, SIGMA).iter().all(|p| p.minted == 0 && p.through_edges == 0));
}

#[tokio::test]
async fn the_payouts_of_a_chain_are_reproduced() -> anyhow::Result<()> {
	let accounts = [[1; 32], [2; 32]];
	let parameters = Parameters::default();
	let balances = accounts.map(|account| (account, 1_000 * UNIT));
	let chain = MemoryChain::new(parameters, balances, accounts[0]);
	for account in accounts {
		let call = Call::Register { endpoint: None, service_key: None };
		chain.seen_by(account).submit(call).await?;
	}
	chain.submit(Call::Stake { amount: 100 * UNIT }).await?;
	chain.submit(Call::PostRow { row: vec![edge(1, 16_384)] }).await?;
	(0..3 * parameters.epoch_length).for_each(|_| chain.advance());

	let mut ledger = Ledger::new(chain.parameters().await?);
	let best = chain.head(None).await?;
	assert_eq!(ledger.follow(&chain, best.hash).await?, 3);
	assert_eq!(ledger.follow(&chain, best.hash).await?, 0, "recorded once");
	for epoch in ledger.epochs() {
		assert!(epoch.reproduced && epoch.last.minted == epoch.scheduled, "{epoch:?}");
		assert_eq!(epoch.paid_to(1).minted, epoch.scheduled / 4);
	}
	Ok(())
}
