//! What four validators survive: the end of one, of two, and of a database.

use std::time::Instant;

use bittensor_client::AccountId;
use bittensor_e2e::{
	network::wait_for_block,
	validators::{Validators, NAMES},
};
use serde_json::Value;

use crate::{
	ops::{bash, command},
	support::{agree, components, edge, four, new_keys, until, User},
};

/// Waits until all four validators have authored a block of one session.
async fn all_author(validators: &mut Validators) -> anyhow::Result<()> {
	let chain = validators.connect("alice").await?;
	let read = async || Ok(chain.validators(None).await?);
	until("authored by all", read, |turns| {
		turns.len() == NAMES.len() && turns.iter().all(|validator| validator.authored > 0)
	})
	.await?;
	Ok(())
}

#[tokio::test]
async fn finality_survives_the_end_of_one_and_recovers_from_that_of_two() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut validators = four(folder.path(), Value::Null).await?;
	let [_, ferdie] = components(&mut validators).await?;
	validators.finalised("alice", 3).await?;

	// One of four: the other three finalise on.
	validators.kill("dave")?;
	let at = validators.best("alice").await?;
	let without_one = validators.finalised("alice", at + 5).await?;
	let before = agree(&mut validators, at + 5).await?;

	// Two of four: blocks go on, finality does not. A block of after the end of the second one has the
	// votes of two, and needs three.
	validators.kill("charlie")?;
	let last = validators.best("alice").await?;
	ferdie.post_row(&[edge(0, 10_000)]).await?;
	let alice = validators.connect("alice").await?;
	wait_for_block(validators.node("alice")?, &alice, last + 8).await?;
	let stopped = alice.finalized().await?.number;
	assert!(stopped <= last, "two of four finalised {stopped}, a block of after {last}");

	// One comes back over the database that it left: what waited is finalised. So does the other one.
	let waiting = validators.best("alice").await?;
	let started = Instant::now();
	validators.revive("charlie").await?;
	let answers = started.elapsed();
	validators.finalised("alice", waiting).await?;
	let recovered = started.elapsed();
	validators.revive("dave").await?;
	all_author(&mut validators).await?;
	let after = agree(&mut validators, waiting).await?;
	assert_eq!(validators.nodes.len(), 4);
	assert!(after.epochs > before.epochs, "no epoch was paid meanwhile");
	assert_ne!(after.rows, before.rows, "the row of the time without finality is lost");
	println!(
		"without one of four, 5 blocks were finalised in {without_one:.1?}; with two of four, none after \
		 {last} up to {waiting}; one came back, answered after {answers:.1?}, and all was finalised after \
		 {recovered:.1?}"
	);
	Ok(())
}

/// Makes new session keys on a node and registers them for the account of its validator. Returns the
/// account.
async fn rotate(validators: &mut Validators, name: &str, stash: &str) -> anyhow::Result<AccountId> {
	let url = validators.node(name)?.url();
	let user = User::connect(&url, stash).await?;
	let (chain, account) = user.chain();
	let node = validators.connect(name).await?;
	let (keys, call) = new_keys(&node, &account).await?;
	chain.submit(call).await?;
	assert_eq!(node.session_keys(account, None).await?, Some(keys));
	Ok(account)
}

#[tokio::test]
async fn keys_are_rotated_and_a_wiped_database_comes_back_by_warp_sync() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut validators = four(folder.path(), Value::Null).await?;
	components(&mut validators).await?;
	let dave = rotate(&mut validators, "dave", "//Dave//stash").await?;
	// The keys of the session after the next one: a new set of finality, which a warp has to cross.
	let alice = validators.connect("alice").await?;
	let session = async || Ok(alice.validator_status(dave, None).await?.session);
	let registered = session().await?;
	until("two sessions later", session, |now| *now >= registered + 2).await?;
	let at = validators.best("alice").await?;
	validators.finalised("alice", at).await?;

	// The database is lost; the keystore and the node key are not. From now on the node has the new
	// keys only.
	validators.kill("dave")?;
	let (chain, base_path) = (validators.specification(), validators.base_path("dave"));
	let (chain, base_path) = (chain.display().to_string(), base_path.display().to_string());
	let places = [("/etc/bittensor/chain.json", &*chain), ("/var/lib/bittensor-node", &*base_path)];
	bash(&command("purge-chain", &places)?).await?;
	let started = Instant::now();
	validators.revive_with("dave", &["--validator", "--sync=warp"]).await?;
	let target = validators.best("alice").await?;
	validators.finalised("dave", target).await?;
	let synced = started.elapsed();
	let log = validators.node("dave")?.process().output();
	assert!(log.contains("Warp sync is complete"), "it did not warp:\n{log}");

	// It authors with the new key, and its votes count: without another one, finality needs them.
	all_author(&mut validators).await?;
	agree(&mut validators, target).await?;
	validators.kill("charlie")?;
	let at = validators.best("alice").await?;
	validators.finalised("dave", at + 4).await?;
	agree(&mut validators, at + 4).await?;
	println!("from an empty database to block {target}, finalised, in {synced:.1?}");
	Ok(())
}
