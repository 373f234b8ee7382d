//! A validator that runs twice: it votes twice, is slashed, and leaves the set.

use std::time::{Duration, Instant};

use anyhow::Context;
use bittensor_client::{AccountId, Call, Chain, Hash, SubxtChain, ValidatorStatus, UNIT};
use bittensor_e2e::validators::{agreement::issuance, Validators};
use serde_json::json;

use crate::{
	ops::{bash, command},
	support::{address, agree, components, four, until, User},
};

/// BIT.
const STAKE: u64 = 2_000;

/// Waits until the chain says this of an account; how long that took.
async fn told(
	validators: &mut Validators,
	account: AccountId,
	what: &str,
	is: impl Fn(&ValidatorStatus) -> bool,
) -> anyhow::Result<Duration> {
	let chain = validators.connect("alice").await?;
	let started = Instant::now();
	let status = async || {
		let ended = validators.death();
		anyhow::ensure!(ended.is_none(), "{ended:?}");
		Ok(chain.validator_status(account, None).await?)
	};
	until(what, status, is).await?;
	Ok(started.elapsed())
}

/// The stake of an account at a block, in units.
async fn stake(chain: &SubxtChain, account: AccountId, at: Hash) -> anyhow::Result<u64> {
	Ok(chain.validator_status(account, Some(at)).await?.stake)
}

/// The first block up to `head` in which the stake is lower than before, and that block's parent.
async fn slashed_in(
	chain: &SubxtChain,
	account: AccountId,
	head: u32,
) -> anyhow::Result<[Hash; 2]> {
	let mut after = chain.head(Some(head)).await?.hash;
	let mut found = None;
	for number in (1..head).rev() {
		let hash = chain.head(Some(number)).await?.hash;
		let (low, high) = (stake(chain, account, after).await?, stake(chain, account, hash).await?);
		if low < high {
			found = Some([hash, after]);
		}
		if high == 0 {
			break;
		}
		after = hash;
	}
	found.context("the stake never fell")
}

#[tokio::test]
async fn a_validator_that_runs_twice_is_slashed_and_leaves_the_set() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	// Dave's place is to be earned by stake.
	let others = ["Alice//stash", "Bob//stash", "Charlie//stash"].map(address);
	let others = others.into_iter().collect::<anyhow::Result<Vec<String>>>()?;
	let genesis = json!({ "validatorSet": { "invulnerables": others } });
	let mut validators = four(folder.path(), genesis).await?;
	components(&mut validators).await?;
	let user = User::connect(&validators.node("alice")?.url(), "//Dave//stash").await?;
	user.register(STAKE).await?;
	let (chain, dave) = user.chain();
	chain.submit(Call::RegisterValidator).await?;
	let alice = validators.connect("alice").await?;
	assert_eq!(alice.validators(None).await?.len(), 3);
	let joined = told(&mut validators, dave, "author", |status| status.authored > 0).await?;
	assert_eq!(alice.validators(None).await?.len(), 4);

	// A second machine with the same keys.
	validators.start_more("twin", &["--dave"]).await?;
	let caught =
		told(&mut validators, dave, "slashed", |status| status.barred_until.is_some()).await?;
	// Its operator is told why its slots are empty.
	let (account, url) = (address("Dave//stash")?, validators.node("alice")?.url());
	let status = command("validator status", &[("ADDRESS", &account), ("URL", &url)])?;
	let said = bash(&status).await?;
	assert!(said.contains("\ndisabled    after an offence"), "{said}");
	let at = alice.head(None).await?.number;
	agree(&mut validators, at).await?;
	validators.kill("dave")?;
	validators.kill("twin")?;

	// One offender of four: min(3 · 1/4, 1)² of the stake, which is burnt.
	let head = alice.head(None).await?.number;
	let [before, after] = slashed_in(&alice, dave, head).await?;
	let taken = stake(&alice, dave, before).await? - stake(&alice, dave, after).await?;
	assert_eq!(taken, STAKE * UNIT / 16 * 9);
	let paid = alice.epoch_status(Some(after)).await?.last;
	let now = alice.head_at(after).await?.number;
	let minted = paid.filter(|last| last.paid_at == now).map_or(0, |last| last.minted);
	assert_eq!(issuance(&alice, before).await? + minted - taken, issuance(&alice, after).await?);

	// Its candidacy is gone, and its place with the sessions for which it was chosen.
	let status = alice.validator_status(dave, None).await?;
	assert!(!status.candidate, "{status:?}");
	let error = chain.submit(Call::RegisterValidator).await.expect_err("it is barred").to_string();
	assert!(error.contains("Slashed"), "{error}");
	let left = told(&mut validators, dave, "out", |status| !status.validator).await?;
	assert_eq!(alice.validators(None).await?.len(), 3);
	let at = alice.head(None).await?.number;
	let finalised = validators.finalised("alice", at + 4).await?;
	let agreed = agree(&mut validators, at + 4).await?;
	assert!(agreed
		.validators
		.iter()
		.all(|validator| validator.account != dave && !validator.disabled));
	println!(
		"authored {joined:.1?} after it registered; slashed {caught:.1?} after the second node answered; \
		 out of the set {left:.1?} later; 4 more blocks finalised in {finalised:.1?}"
	);
	Ok(())
}
