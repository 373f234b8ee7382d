//! The twin in memory does what the chain does.

use crate::conformance;
use bittensor_client::{AccountId, Call, Chain, ChainError, MemoryChain, Parameters, UNIT};
use std::time::Duration;

const ALICE: AccountId = [1; 32];
const BOB: AccountId = [2; 32];

fn chain() -> MemoryChain {
	let balances = [(ALICE, 1_000 * UNIT), (BOB, 1_000 * UNIT)];
	MemoryChain::new(Parameters::default(), balances, ALICE)
}

#[tokio::test]
async fn the_twin_conforms() {
	let chain = chain();
	let bob = chain.seen_by(BOB);
	let clock = chain.clone();
	let clock = tokio::spawn(async move {
		loop {
			tokio::time::sleep(Duration::from_millis(10)).await;
			clock.advance();
		}
	});
	conformance::check((&chain, ALICE), (&bob, BOB)).await.expect("no error");
	clock.abort();
}

#[tokio::test]
async fn a_transfer_needs_a_balance() {
	let chain = chain();
	chain.submit(Call::Transfer { to: BOB, amount: 400 * UNIT }).await.expect("it has them");
	assert_eq!(chain.free_balance(BOB, None).await.expect("read"), 1_400 * UNIT);
	let refused = chain.submit(Call::Transfer { to: BOB, amount: 601 * UNIT }).await;
	assert!(matches!(refused, Err(ChainError::Dispatch { .. })), "{refused:?}");
	assert_eq!(chain.free_balance(ALICE, None).await.expect("read"), 600 * UNIT);
}
