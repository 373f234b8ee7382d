//! Funds and stake of an account, over the chain's twin in memory.

use bittensor_client::{ss58, AccountId, Call, Chain, ChainError, MemoryChain, Parameters, UNIT};
use bittensor_miner::{
	commands::{
		account::{submit_on, Account},
		run::registration::Registration,
	},
	telemetry::Errors,
};
use std::{sync::Arc, time::Duration};

const RICH: AccountId = [1; 32];
const NEW: AccountId = [2; 32];

fn chain(account: AccountId) -> MemoryChain {
	MemoryChain::new(Parameters::default(), [(RICH, 1_000 * UNIT)], account)
}

fn epoch(chain: &MemoryChain) {
	for _ in 0..Parameters::default().epoch_length {
		chain.advance();
	}
}

async fn text(chain: &MemoryChain, account: AccountId) -> String {
	let head = chain.head(None).await.expect("a head");
	Account::read(chain, account, head).await.expect("read").text()
}

#[tokio::test]
async fn bit_goes_to_a_new_account_into_stake_and_back() {
	let rich = chain(RICH);
	let new = rich.seen_by(NEW);
	let found = text(&new, NEW).await;
	assert!(
		found.contains("balance    0.0000 BIT") && found.contains("component  none"),
		"{found}"
	);

	let call = Call::Transfer { to: NEW, amount: 200 * UNIT };
	let said = submit_on(&rich, RICH, call, false).await.expect("sent");
	assert!(said.starts_with(&format!("sent 200.0000 BIT to {}", ss58(&NEW))), "{said}");
	assert!(said.contains("balance    800.0000 BIT"), "{said}");

	new.submit(Call::Register { endpoint: None, service_key: None }).await.expect("registered");
	let call = Call::Stake { amount: 100 * UNIT };
	let said = submit_on(&new, NEW, call, false).await.expect("staked");
	assert!(said.contains("component  0, 100.0000 BIT at stake"), "{said}");
	assert!(said.contains("balance    99.0000 BIT"), "{said}");

	let call = Call::Unstake { amount: 40 * UNIT };
	let said = submit_on(&new, NEW, call, false).await.expect("unstaked");
	assert!(said.contains("unbonding  40.0000 BIT until block 20; this is block 0"), "{said}");
	let refused = submit_on(&new, NEW, Call::Withdraw, false).await.expect_err("locked");
	assert!(refused.to_string().contains("NothingUnlocked"), "{refused}");

	let said = submit_on(&new, NEW, Call::Deregister, false).await.expect("leaving");
	assert!(said.contains("0.0000 BIT at stake, leaves at the next epoch"), "{said}");
	epoch(&new);
	epoch(&new);
	let found = text(&new, NEW).await;
	assert!(
		found.contains("unbonded   100.0000 BIT") && found.contains("component  none"),
		"{found}"
	);
	let said = submit_on(&new, NEW, Call::Withdraw, true).await.expect("withdrawn");
	let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
	assert_eq!(json["free"], "200000000000");
	assert!(json["component"].is_null());
	assert_eq!(json["unbonding"], serde_json::json!([]));
}

#[tokio::test]
async fn too_little_is_said_before_the_call() {
	let new = chain(NEW);
	let call = Call::Transfer { to: RICH, amount: 5 * UNIT };
	let error = submit_on(&new, NEW, call, false).await.expect_err("it has nothing").to_string();
	assert!(error.contains("has 0.0000 BIT: `transfer_keep_alive` needs 5.0000 BIT"), "{error}");
}

#[tokio::test]
async fn a_miner_without_funds_stops_at_once_and_says_what_it_needs() {
	let registration = Registration {
		chain: Arc::new(chain(NEW)),
		account: NEW,
		endpoint: None,
		stake: 0,
		min_stake: UNIT,
		errors: Errors::default(),
	};
	let ended = tokio::time::timeout(Duration::from_secs(5), registration.ensure()).await;
	let error = ended.expect("at once").expect_err("it has nothing");
	assert!(matches!(error, ChainError::Unfunded { .. }), "{error}");
	let text = error.to_string();
	assert!(text.contains("deposit of 1.0000 BIT") && text.contains(&ss58(&NEW)), "{text}");
	// With the deposit only, the stake is what is missing.
	let rich = chain(RICH);
	rich.submit(Call::Transfer { to: NEW, amount: 2 * UNIT }).await.expect("sent");
	let chain = Arc::new(rich.seen_by(NEW));
	let registration = Registration { chain, stake: 100 * UNIT, ..registration };
	let error = registration.ensure().await.expect_err("too little").to_string();
	assert!(error.contains("has 1.0000 BIT: `stake` needs 100.0000 BIT"), "{error}");
}
