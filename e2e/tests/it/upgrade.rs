//! The committee upgrades the runtime of four validators, as the guide *Govern a chain* says, in the middle
//! of a solve.
//!
//! ```text
//!   committee ─► scheduler ─► block 20: authorised, and the first solve starts: thousands of rows to merge
//!                                └─► Eve brings the code ─► block n: stored ─► block n + 1: new runtime
//!                                                            blocks of the migration ◄──────┘
//!                                                                       └─► the solve starts again
//! ```
//!
//! Old and new runtime are built from the same source: the new one, `e2e/next-runtime`, has the next
//! `spec_version`, and a migration that goes through all components over several blocks.

use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
	time::Instant,
};

use anyhow::Context;
use bittensor_client::{rpc_params, Chain, ComponentInfo, Edge, Hash, Phase, SubxtChain};
use bittensor_e2e::{
	binaries,
	network::wait_for_block,
	validators::{agreement::issuance, Ports, Validators},
};
use bittensor_wire::blake2_256;
use serde_json::Value as Json;
use subxt::dynamic::Value;

use crate::support::{schedule_upgrade, until, Committee};

/// So many rows are merged in several blocks.
const COMPONENTS: usize = 8_192;

/// Writes the specification of a chain of four validators on which all rows wait for the first epoch.
async fn large_chain(folder: &Path) -> anyhow::Result<PathBuf> {
	let mut command = tokio::process::Command::new(binaries::find("bench-chain")?);
	command.args(["--components", &COMPONENTS.to_string(), "--write-chain"]).arg(folder);
	let output = command.kill_on_drop(true).output().await?;
	anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	Ok(folder.join("full.json"))
}

/// What the runtime of a block says of itself: its version, whose APIs a node lists in any order, and its
/// metadata in hexadecimal digits.
async fn runtime(chain: &SubxtChain, at: Hash) -> anyhow::Result<(Json, String)> {
	let hash = bittensor_client::hex_hash(&at);
	let mut version: Json = chain.request("state_getRuntimeVersion", rpc_params![&hash]).await?;
	let apis = version["apis"].as_array_mut().context("a list of APIs")?;
	apis.sort_by_key(ToString::to_string);
	Ok((version, chain.request("state_getMetadata", rpc_params![&hash]).await?))
}

/// The bytes in which two texts of hexadecimal digits differ, of the first and of the second text.
fn differences<'a>(old: &'a str, new: &'a str) -> Vec<[&'a str; 2]> {
	assert_eq!(old.len(), new.len());
	let pairs = (0..old.len()).step_by(2).map(|at| [&old[at..at + 2], &new[at..at + 2]]);
	pairs.filter(|[old, new]| old != new).collect()
}

/// What the migration of the new runtime has stored at a block, in hexadecimal digits.
async fn counted(chain: &SubxtChain, at: Hash) -> anyhow::Result<Option<String>> {
	let key: String = b":next-version:components".iter().map(|b| format!("{b:02x}")).collect();
	let parameters = rpc_params![format!("0x{key}"), bittensor_client::hex_hash(&at)];
	chain.request("state_getStorage", parameters).await.map_err(Into::into)
}

/// The row that each component has posted last.
async fn posted(chain: &SubxtChain, at: Hash) -> anyhow::Result<BTreeMap<u32, Vec<Edge>>> {
	let rows = chain.rows(Some(at)).await?.into_iter();
	let posted = rows.filter_map(|info| Some((info.uid, info.pending.or(info.active)?.edges)));
	Ok(posted.collect())
}

/// The blocks of the best chain from `first` to `last` that have this event, each as often as it has it.
async fn blocks_with(
	chain: &SubxtChain,
	committee: &Committee,
	event: &str,
	[first, last]: [u32; 2],
) -> anyhow::Result<Vec<u32>> {
	let mut found = Vec::new();
	for number in first..=last {
		let events = committee.events(chain.head(Some(number)).await?.hash).await?;
		found.extend(events.iter().filter(|name| *name == event).map(|_| number));
	}
	Ok(found)
}

#[tokio::test]
#[ignore = "takes minutes: make test-faults"]
async fn an_upgrade_in_the_middle_of_a_solve_restarts_it_and_no_epoch_is_missed(
) -> anyhow::Result<()> {
	let code = bittensor_next_runtime::WASM.context("make test-faults builds it")?;
	let folder = tempfile::tempdir()?;
	let started = Instant::now();
	let specification = large_chain(folder.path()).await?;
	let mut validators =
		Validators::start_from(folder.path(), Ports::free()?, specification).await?;
	let chain = validators.connect("alice").await?;
	wait_for_block(validators.node("alice")?, &chain, 1).await?;
	let ready_after = started.elapsed();
	let committee = Committee::connect(&validators.node("alice")?.url()).await?;

	// Two of three let the scheduler authorise the upgrade.
	let due = chain.parameters().await?.epoch_length;
	let ready = committee.agree_on(schedule_upgrade(due, blake2_256(code))).await?;
	committee.close(&ready).await?;
	wait_for_block(validators.node("alice")?, &chain, due).await?;

	// Anybody brings the code, while the chain merges the rows of its first epoch.
	let status = async || Ok(chain.epoch_status(None).await?);
	until("in Merge", status, |status| status.phase == Phase::Merge).await?;
	let brought = Instant::now();
	let included = committee.apply_upgrade(code).await?;
	// The nodes compile the new runtime: until then they answer nothing that it says.
	let included = chain.head_at(included).await?.number;
	validators.finalised("alice", included + 2).await?;
	let goes_on = brought.elapsed();
	until("paid for the second time", status, |status| {
		status.last.as_ref().is_some_and(|last| last.epoch == 2)
	})
	.await?;
	let all_paid = started.elapsed();
	let agreed = validators.agree().await?;
	assert_eq!(validators.nodes.len(), 4);

	// It was authorised in its block, and applied while a solve was in progress, under the old runtime.
	let authorised = async |number| {
		let at = chain.head(Some(number)).await?.hash;
		let entry = committee.stored::<Value>(at, "System", "AuthorizedUpgrade").await?;
		anyhow::Ok(entry.is_some())
	};
	assert_eq!((authorised(due - 1).await?, authorised(due).await?), (false, true));
	let blocks = [due, agreed.number];
	let number = match blocks_with(&chain, &committee, "System.CodeUpdated", blocks).await?[..] {
		[number] => number,
		ref other => anyhow::bail!("code updated in {other:?}"),
	};
	let [before, upgraded, after] = [number - 1, number, number + 1];
	let hash = async |number| anyhow::Ok(chain.head(Some(number)).await?.hash);
	let [before, upgraded, after] =
		[hash(before).await?, hash(upgraded).await?, hash(after).await?];
	for at in [before, upgraded] {
		let status = chain.epoch_status(Some(at)).await?;
		assert_eq!((status.epoch, status.phase), (1, Phase::Merge), "{status:?}");
	}

	// The next block runs the new one, which starts the solve again, and nothing else moved.
	let ((version, metadata), (new_version, new_metadata)) =
		(runtime(&chain, before).await?, runtime(&chain, after).await?);
	let old = version["specVersion"].as_u64().context("a version")?;
	let mut expected = version;
	expected["specVersion"] = Json::from(old + 1);
	assert_eq!(new_version, expected, "only the version of the rules is another one");
	// The constant `System.Version` of the metadata has it too.
	let [old, new] = [old, old + 1].map(|version| format!("{version:02x}"));
	assert_eq!(differences(&metadata, &new_metadata), [[&*old, &*new]]);
	assert_eq!(runtime(&chain, agreed.hash).await?, (new_version, new_metadata));
	let migrated = blocks_with(&chain, &committee, "Migrations.UpgradeCompleted", blocks).await?;
	let [migrated] = migrated[..] else { anyhow::bail!("migrated in {migrated:?}") };
	assert!(migrated > number + 3, "in several blocks: {number} to {migrated}");
	assert_eq!(counted(&chain, upgraded).await?, None);
	let all = format!("0x{:08x}", (COMPONENTS as u32).swap_bytes());
	assert_eq!(counted(&chain, agreed.hash).await?, Some(all));
	// The solve waits for the migration.
	let restarted = blocks_with(&chain, &committee, "Emission.SolveRestarted", blocks).await?;
	assert_eq!(restarted, [migrated + 1]);
	assert_eq!(issuance(&chain, after).await?, issuance(&chain, before).await?);
	let components = chain.components(Some(before)).await?;
	assert_eq!(components.len(), COMPONENTS);
	assert_eq!(chain.components(Some(after)).await?, components);
	let rows = posted(&chain, before).await?;
	assert_eq!(rows.len(), COMPONENTS);
	for at in [after, agreed.hash] {
		assert_eq!(posted(&chain, at).await?, rows);
	}

	// The interrupted epoch and the next one are paid all that was scheduled. That each component was paid
	// its part is in what the nodes agree on.
	let paid = blocks_with(&chain, &committee, "Emission.EpochPaid", blocks).await?;
	assert!(paid.len() == agreed.epochs && paid.len() >= 2 && paid[0] > number, "{paid:?}");
	let status = chain.epoch_status(Some(agreed.hash)).await?;
	let until = status.last.context("it was paid")?.started_at;
	let minted = chain.parameters().await?.schedule().between(0, until.into());
	assert_eq!(status.minted_total, minted);
	assert_eq!(agreed.issuance, issuance(&chain, before).await? + minted);
	let sum = |components: &[ComponentInfo]| -> u64 {
		components.iter().map(|component| component.stake).sum()
	};
	assert_eq!(sum(&agreed.components), sum(&components) + minted);
	println!(
		"block 1 after {ready_after:.1?}; the code was stored in block {number}, in Merge, and two more \
		 blocks were final {goes_on:.1?} after it was brought; the migration ended in block {migrated}; epochs \
		 were paid in the blocks {paid:?}, after {all_paid:.1?}; four nodes agree on block {}; {:.1?} in all",
		agreed.number,
		started.elapsed()
	);
	Ok(())
}
