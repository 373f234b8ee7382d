//! What a miner does when the chain has its component otherwise than its settings say.

use bittensor_client::{
	AccountId, Call, Chain, ComponentInfo, Endpoint, MemoryChain, Parameters, UNIT,
};
use bittensor_miner::{
	chain::cache::ChainCache, commands::run::registration::Registration, telemetry::Errors,
};
use std::{sync::Arc, time::Duration};

const MINER: AccountId = [1; 32];
const OTHER: AccountId = [2; 32];
const STAKE: u64 = 100 * UNIT;

fn endpoint(port: u16) -> Option<Endpoint> {
	let host = "127.0.0.1".try_into().expect("short");
	Some(Endpoint { host, port, tls_spki: None, protocol: 1 })
}

/// A chain, and a miner that keeps its component on it.
struct Kept {
	chain: MemoryChain,
	errors: Errors,
}

impl Kept {
	/// Registered and staked in block 2.
	async fn start() -> Self {
		let balances = [(MINER, 1_000 * UNIT), (OTHER, 1_000 * UNIT)];
		let chain = MemoryChain::new(Parameters::default(), balances, MINER);
		chain.advance();
		chain.advance();
		let errors = Errors::default();
		let registration = Registration {
			chain: Arc::new(chain.clone()),
			account: MINER,
			endpoint: endpoint(1),
			stake: STAKE,
			min_stake: UNIT,
			errors: errors.clone(),
		};
		let block = registration.ensure().await.expect("registered");
		let (cache, follower) =
			ChainCache::start(registration.chain.clone(), MINER).await.expect("read");
		tokio::spawn(follower);
		tokio::spawn(registration.keep(cache, block));
		let kept = Self { chain, errors };
		kept.blocks(6).await;
		kept
	}

	/// Makes blocks, as many as the cache reads at once, and lets the miner look at them.
	async fn blocks(&self, number: usize) {
		for _ in 0..number {
			self.chain.advance();
			tokio::time::sleep(Duration::from_millis(2)).await;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}

	async fn mine(&self) -> Option<ComponentInfo> {
		let components = self.chain.components(None).await.expect("read");
		components.into_iter().find(|component| component.owner == MINER)
	}
}

#[tokio::test]
async fn what_a_reorganisation_dropped_is_done_again() {
	let kept = Kept::start().await;
	assert!(kept.mine().await.is_some());
	// Block 1 does not have the registration. Another component takes the uid.
	kept.chain.revert(1);
	assert!(kept.mine().await.is_none());
	let call = Call::Register { endpoint: None, service_key: None };
	kept.chain.seen_by(OTHER).submit(call).await.expect("registered");
	kept.blocks(2).await;
	let mine = kept.mine().await.expect("registered again");
	assert_eq!((mine.uid, mine.stake, mine.endpoint), (1, STAKE, endpoint(1)));
	kept.blocks(6).await;
	assert_eq!(kept.errors.last(), None);
}

#[tokio::test]
async fn a_foreign_endpoint_is_replaced() {
	let kept = Kept::start().await;
	kept.chain.submit(Call::SetEndpoint { endpoint: endpoint(7) }).await.expect("set");
	kept.blocks(6).await;
	assert_eq!(kept.mine().await.expect("registered").endpoint, endpoint(1));
	assert_eq!(kept.errors.last(), None);
}

#[tokio::test]
async fn what_the_owner_did_is_reported_and_stays() {
	let kept = Kept::start().await;
	kept.chain.submit(Call::Unstake { amount: 60 * UNIT }).await.expect("unstaked");
	kept.blocks(6).await;
	assert!(kept.mine().await.expect("registered").stake < STAKE);
	assert_eq!(kept.errors.last(), None, "less stake is no failure");

	kept.chain.submit(Call::Deregister).await.expect("leaving");
	kept.blocks(1).await;
	let said = kept.errors.last().expect("a report");
	assert!(said.contains("component 0 was deregistered by its owner"), "{said}");
	kept.blocks(Parameters::default().epoch_length as usize).await;
	let said = kept.errors.last().expect("a report");
	assert!(said.contains("component 0 is no longer registered"), "{said}");
	assert!(kept.mine().await.is_none(), "it stays away");

	// Somebody registers it again: all is well.
	let call = Call::Register { endpoint: endpoint(1), service_key: None };
	kept.chain.submit(call).await.expect("registered");
	kept.blocks(6).await;
	assert_eq!(kept.errors.last(), None);
}

#[tokio::test]
async fn another_service_key_is_named() {
	let kept = Kept::start().await;
	kept.chain.submit(Call::Deregister).await.expect("leaving");
	kept.blocks(Parameters::default().epoch_length as usize + 1).await;
	let call = Call::Register { endpoint: endpoint(1), service_key: Some([3; 32]) };
	kept.chain.submit(call).await.expect("registered");
	let owner =
		bittensor_client::Chain::components(&kept.chain, None).await.expect("read")[0].owner;
	let key = kept.chain.seen_by([3; 32]);
	key.submit(Call::AcceptServiceKey { owner }).await.expect("it is named");
	kept.blocks(6).await;
	let said = kept.errors.last().expect("a report");
	assert!(said.contains("has another service key now, 5"), "{said}");
}
