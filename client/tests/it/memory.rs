//! The twin in memory refuses what the chain refuses, by the same names.

use bittensor_client::{AccountId, Call, Chain, ChainError, Edge, MemoryChain, Parameters, UNIT};

const ALICE: AccountId = [1; 32];
const BOB: AccountId = [2; 32];

async fn two_components() -> MemoryChain {
	let balances = [(ALICE, 1_000 * UNIT), (BOB, 1_000 * UNIT)];
	let chain = MemoryChain::new(Parameters::default(), balances, ALICE);
	for account in [ALICE, BOB] {
		let call = Call::Register { endpoint: None, service_key: None };
		chain.seen_by(account).submit(call).await.expect("registered");
	}
	chain
}

/// The name of the error with which a call is refused.
async fn refusal(chain: &MemoryChain, call: Call) -> String {
	match chain.submit(call).await.expect_err("it must be refused") {
		ChainError::Dispatch { name, .. } => name,
		other => panic!("{other}"),
	}
}

#[tokio::test]
async fn refusals_are_named() {
	let chain = two_components().await;
	let again = Call::Register { endpoint: None, service_key: None };
	assert_eq!(refusal(&chain, again).await, "Emission::AlreadyRegistered");
	for (amount, name) in
		[(0, "ZeroAmount"), (1, "StakeBelowMinimum"), (1_000_000 * UNIT, "NotEnoughBalance")]
	{
		let name = format!("Emission::{name}");
		assert_eq!(refusal(&chain, Call::Stake { amount }).await, name);
	}
	let rows: [(&[(u32, u16)], &str); 5] = [
		(&[(0, 1)], "SelfEdge"),
		(&[(1, 1), (1, 1)], "DuplicateTarget"),
		(&[(9, 1)], "UnknownTarget"),
		(&[(1, 0)], "ZeroShare"),
		(&[(1, 60_000)], "SharesOverLimit"),
	];
	for (row, name) in rows {
		let row = row.iter().map(|&(target, share)| Edge { target, share }).collect();
		let name = format!("Emission::{name}");
		assert_eq!(refusal(&chain, Call::PostRow { row }).await, name);
	}
	let stranger = chain.seen_by([9; 32]);
	let row = Call::PostRow { row: vec![] };
	assert_eq!(refusal(&stranger, row).await, "Emission::NotRegistered");
	assert_eq!(refusal(&stranger, Call::Stake { amount: 1 }).await, "Emission::NotOwner");
}
