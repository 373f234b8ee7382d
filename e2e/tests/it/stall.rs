//! A third or more of the validators lose their keys: finality stands, and is revived as the guide
//! *Operate a node and a miner* says.

use std::time::Instant;

use anyhow::Context;
use bittensor_client::AccountId;
use bittensor_e2e::{network::wait_for_block, validators::Validators};
use serde_json::Value;

use crate::{
	ops::{bash, command},
	support::{
		address, agree, components, four, note_stalled, set_invulnerables, until, Committee,
	},
};

/// Blocks after which the new set votes.
const DELAY: u32 = 4;

fn account(name: &'static str) -> anyhow::Result<AccountId> {
	bittensor_client::parse::account(&address(name)?).map_err(anyhow::Error::msg)
}

/// Repeats the guide's command until it says that the last session of a validator runs.
async fn last_session(validators: &mut Validators, who: &'static str) -> anyhow::Result<()> {
	let url = validators.node("alice")?.url();
	let status = command("validator status", &[("ADDRESS", &address(who)?), ("URL", &url)])?;
	let read = async || {
		let said = bash(&status).await?;
		let line = said.lines().find(|line| line.starts_with("session"));
		let words = line.into_iter().flat_map(str::split_whitespace);
		let running = words.filter_map(|word| word.parse::<u32>().ok()).next();
		Ok((running.with_context(|| said.clone())?, said))
	};
	until("in its last session", read, |(running, said)| {
		said.contains(&format!("until session {running} has ended"))
	})
	.await?;
	Ok(())
}

#[tokio::test]
#[ignore = "takes minutes: make test-faults"]
async fn finality_is_revived_when_two_of_four_have_lost_their_keys() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut validators = four(folder.path(), Value::Null).await?;
	components(&mut validators).await?;
	let [alice, bob, charlie] =
		[account("Alice//stash")?, account("Bob//stash")?, account("Charlie//stash")?];
	validators.finalised("alice", 3).await?;
	validators.kill("charlie")?;
	validators.kill("dave")?;
	let started = Instant::now();

	let url = validators.node("alice")?.url();
	let chain = validators.connect("alice").await?;
	let last = validators.best("alice").await?;
	wait_for_block(validators.node("alice")?, &chain, last + 3).await?;
	let finalised = chain.finalized().await?.number;
	assert!(finalised <= last, "two of four finalised {finalised}, after {last}");
	let rpc = format!("http://127.0.0.1:{}", validators.node("alice")?.rpc_port());
	let said =
		bash(&command("chain_getFinalizedHead", &[("http://127.0.0.1:9944", &rpc)])?).await?;
	let hash = bittensor_client::hex_hash(&chain.finalized().await?.hash);
	assert!(said.contains(&hash), "{said} is not {hash}");

	// Those who are left for good leave the set; in their last session, finality is noted as stalled.
	let committee = Committee::connect(&url).await?;
	let remove = committee.agree_on(set_invulnerables(&[alice, bob])).await?;
	let revive = committee.agree_on(note_stalled(DELAY, finalised)).await?;
	committee.close(&remove).await?;
	last_session(&mut validators, "Dave//stash").await?;
	committee.close(&revive).await?;
	let at = validators.best("alice").await?;
	assert!(chain.finalized().await?.number == finalised, "it stalls no more before the cure");
	validators.finalised("alice", at + DELAY).await?;
	let cured = started.elapsed();
	assert_eq!(chain.validators(None).await?.len(), 2);
	agree(&mut validators, at).await?;

	// One comes back with its database, follows, and is a validator again by an ordinary change of the set.
	validators.revive("charlie").await?;
	let back = committee.agree_on(set_invulnerables(&[alice, bob, charlie])).await?;
	committee.close(&back).await?;
	let set = async || Ok(chain.validators(None).await?);
	until("three validators", set, |set| set.len() == 3).await?;
	let at = validators.best("alice").await?;
	validators.finalised("alice", at + 4).await?;
	let agreed = agree(&mut validators, at + 4).await?;
	assert_eq!((validators.nodes.len(), agreed.validators.len()), (3, 3));
	println!("finality stood at {finalised}, and was revived {cured:.1?} after the loss");
	Ok(())
}
