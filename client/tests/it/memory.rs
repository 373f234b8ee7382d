//! The twin in memory does what the chain does.

use crate::conformance;
use bittensor_client::{
	funds, ss58, AccountId, Call, Chain, ChainError, Edge, MemoryChain, Parameters, SubxtChain,
	UNIT,
};
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
async fn an_account_without_funds_is_told_what_it_needs() {
	let chain = MemoryChain::new(Parameters::default(), [(BOB, UNIT / 2)], ALICE);
	let register = Call::Register { endpoint: None, service_key: None };
	for (account, balance) in [(ALICE, "0.0000"), (BOB, "0.5000")] {
		let error = funds::check(&chain, account, &register).await.expect_err("too little");
		assert!(matches!(error, ChainError::Unfunded { .. }) && !error.is_transient());
		let (text, address) = (error.to_string(), ss58(&account));
		for part in [
			&format!("the account {address} has {balance} BIT: `register` needs a deposit of 1.0000 BIT and about 0.0000 BIT for the fee"),
			&format!("bittensor-miner transfer {address} AMOUNT"),
		] {
			assert!(text.contains(part.as_str()), "{text}");
		}
	}
	let transfer = |amount| Call::Transfer { to: ALICE, amount };
	assert!(funds::check(&chain, BOB, &transfer(UNIT / 2)).await.is_ok());
	assert!(funds::check(&chain, BOB, &transfer(UNIT)).await.is_err());
	assert!(funds::check(&chain, BOB, &transfer(u64::MAX)).await.is_err());
	assert!(funds::check(&chain, BOB, &Call::Deregister).await.is_ok());
}

#[tokio::test]
async fn an_address_that_cannot_be_right_is_refused_at_once() {
	for (url, part) in [
		("http://localhost:9944", "`http` is not a WebSocket scheme"),
		("localhost:9944", "`localhost` is not a WebSocket scheme"),
		("ws://", "empty host"),
		("ws://localhost:99944", "invalid port"),
		("ws://a host", "domain"),
		("", "relative URL"),
	] {
		let connected = SubxtChain::connect(url, None, Duration::from_secs(60), None);
		let connected = tokio::time::timeout(Duration::from_secs(5), connected).await;
		let error = connected.expect("at once").expect_err(url);
		assert!(matches!(error, ChainError::Address { .. }) && !error.is_transient());
		let text = error.to_string();
		assert!(text.contains(part) && text.contains("ws://HOST:PORT"), "{text}");
	}
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

#[tokio::test]
async fn a_key_serves_after_it_accepts_and_a_component_changes_hands() {
	let chain = chain();
	let bob = chain.seen_by(BOB);
	let register = Call::Register { endpoint: None, service_key: Some(BOB) };
	chain.submit(register.clone()).await.expect("registered");
	let component = async || chain.components(None).await.expect("read").remove(0);
	assert_eq!(
		(component().await.service_key, component().await.next_service_key),
		(ALICE, Some(BOB))
	);
	assert_eq!(chain.component_of(BOB, None).await.expect("read"), None);
	bob.submit(Call::AcceptServiceKey { owner: ALICE }).await.expect("named");
	assert_eq!((component().await.service_key, component().await.next_service_key), (BOB, None));
	assert_eq!(chain.component_of(BOB, None).await.expect("read"), Some(0));
	bob.submit(Call::PostRow { row: vec![] }).await.expect("it serves");
	let refused = bob.submit(register).await.expect_err("it serves");
	assert!(refused.to_string().contains("AlreadyServes"), "{refused}");

	// The service key becomes the owner.
	chain.submit(Call::Stake { amount: 10 * UNIT }).await.expect("staked");
	chain.submit(Call::OfferComponent { new_owner: Some(BOB) }).await.expect("offered");
	bob.submit(Call::AcceptComponent { owner: ALICE }).await.expect("named");
	let found = component().await;
	assert_eq!((found.owner, found.service_key, found.stake), (BOB, BOB, 10 * UNIT));
	assert_eq!(chain.component_of(ALICE, None).await.expect("read"), None);
	let balance = async |account| chain.free_balance(account, None).await.expect("read");
	assert_eq!((balance(ALICE).await, balance(BOB).await), (990 * UNIT, 999 * UNIT));
	let refused = bob.submit(Call::ResignServiceKey).await.expect_err("it owns");
	assert!(refused.to_string().contains("AlreadyRegistered"), "{refused}");
}

#[tokio::test]
async fn flows_are_of_one_paid_epoch() {
	let chain = chain();
	for account in [ALICE, BOB] {
		let of = chain.seen_by(account);
		of.submit(Call::Register { endpoint: None, service_key: None }).await.expect("registered");
		of.submit(Call::Stake { amount: 100 * UNIT }).await.expect("staked");
	}
	let post = async |share| {
		let row = vec![Edge { target: 1, share }];
		chain.submit(Call::PostRow { row }).await.expect("posted");
	};
	let epoch = Parameters::default().epoch_length;
	let advance = |blocks| (0..blocks).for_each(|_| chain.advance());
	chain.set_solve_blocks(3);
	post(32_768).await;
	advance(epoch);
	// A first solve: nothing was ever paid.
	let head = chain.head(None).await.expect("read").hash;
	assert_eq!(chain.bids(1, None).await.expect("read"), None);
	assert_eq!(chain.paid_at(head).await.expect("read"), None);
	advance(2);
	let paid = chain.head(None).await.expect("read").hash;
	let exact = chain.bids(1, None).await.expect("read").expect("it is paid");
	assert_eq!((exact.len(), exact[0].share), (1, 32_768));
	post(100).await;
	advance(epoch - 2);
	let head = chain.head(None).await.expect("read").hash;
	let row = chain.row(0, None).await.expect("read").and_then(|row| row.active).expect("active");
	assert_eq!(row.edges[0].share, 100, "that of the next payout");
	assert_eq!(chain.bids(1, None).await.expect("read"), None);
	assert_eq!(chain.paid_at(head).await.expect("read"), Some(paid));
	assert_eq!(chain.bids(1, Some(paid)).await.expect("read"), Some(exact));
	advance(2);
	let next = chain.bids(1, None).await.expect("read").expect("it is paid");
	assert_eq!(next[0].share, 100);
}
