//! A third or more of the validators lose their keys: finality stands, and is revived as the guide
//! *Operate a node and a miner* says.

use std::time::Instant;

use anyhow::Context;
use bittensor_client::{AccountId, Chain, SubxtChain};
use bittensor_e2e::{network::wait_for_block, validators::Validators};
use serde_json::Value;
use subxt::ext::scale_decode::DecodeAsType;

use crate::{
	ops::{bash, command},
	support::{
		address, agree, components, four, note_stalled, set_invulnerables, shift_set_id, until,
		Committee,
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

/// The value of a storage item at a block.
async fn stored<V: DecodeAsType>(
	committee: &Committee,
	chain: &SubxtChain,
	block: u32,
	pallet: &str,
	item: &str,
) -> anyhow::Result<V> {
	let hash = chain.head(Some(block)).await?.hash;
	let value = committee.stored(hash, pallet, item).await?;
	value.with_context(|| format!("{pallet}.{item} at block {block}"))
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
	// The largest of those that are left; one may have heard of a round that the other has not.
	let bobs = validators.connect("bob").await?;
	let finalised = chain.finalized().await?.number.max(bobs.finalized().await?.number);
	assert!(finalised <= last, "two of four finalised {finalised}, after {last}");
	validators.finalised("alice", finalised).await?;
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
	let length: u32 = stored(&committee, &chain, at, "ValidatorSet", "SessionLength").await?;
	let announced = (at / length + 1) * length;
	assert!(chain.finalized().await?.number == finalised, "it stalls no more before the cure");
	validators.finalised("alice", at + DELAY).await?;
	let cured = started.elapsed();
	assert_eq!(chain.validators(None).await?.len(), 2);
	agree(&mut validators, at).await?;

	// The chain counts the sets as the nodes do.
	wait_for_block(validators.node("alice")?, &chain, announced).await?;
	let set_id = async |block| -> anyhow::Result<u64> {
		stored(&committee, &chain, block, "Grandpa", "CurrentSetId").await
	};
	let forgotten = set_id(announced - 1).await? - set_id(finalised).await?;
	if forgotten > 0 {
		let shift = committee.agree_on(shift_set_id(-(forgotten as i64))).await?;
		committee.close(&shift).await?;
	}

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

	// A double vote can be reported again.
	assert_eq!(chain.validator_status(charlie, None).await?.barred_until, None);
	validators.start_more("twin", &["--charlie"]).await?;
	let twice = async || {
		let ended = validators.death();
		anyhow::ensure!(ended.is_none(), "{ended:?}");
		Ok(chain.validator_status(charlie, None).await?)
	};
	until("slashed", twice, |status| status.barred_until.is_some()).await?;
	println!(
		"finality stood at {finalised}, and was revived {cured:.1?} after the loss; the chain had counted \
		 {forgotten} sets more than the nodes, and a double vote is punished again"
	);
	Ok(())
}
