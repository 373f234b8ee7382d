//! The commands of the guide *Become a validator*, as they are printed there, at a fifth node beside four
//! validators; and keys that both programs read.

use std::time::{Duration, Instant};

use anyhow::Context;
use bittensor_client::{hex_hash, rpc_params, Chain, SubxtChain, UNIT};
use bittensor_e2e::{
	network::wait_for_block,
	node::{Node, Role},
	process::{free_port, Process, Stopped},
	validators::{Agreement, Validators},
};
use serde_json::json;

use crate::{
	guide::{address, commands, Shell},
	ops::command,
	support::{agree, components, four, node_options, until, SOON},
};

const GUIDE: &str = "../docs/src/guides/become-a-validator.md";
/// Blocks of a session: as many as validators, so that each authors one. What changes the set takes effect
/// in the session after the next.
const SESSION: u32 = 5;
/// Some sessions, on a busy machine.
const SESSIONS: Duration = Duration::from_secs(180);

/// The one validator of a development chain, and its address for other nodes.
pub(crate) async fn first(
	folder: &tempfile::TempDir,
) -> anyhow::Result<(Node, SubxtChain, String)> {
	let role = Role { p2p_port: free_port()?, ..Role::default() };
	let mut node = Node::start_as(node_options(folder), role.clone()).await?;
	let peer = |line: &str| Some(line.split_once("identity is: ")?.1.trim().to_owned());
	let peer = node.process().wait_for_line("peer id", SOON, peer).await?;
	let chain = node.connect().await?;
	wait_for_block(&mut node, &chain, 1).await?;
	let boot = format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", role.p2p_port);
	Ok((node, chain, boot))
}

/// Repeats `leave` until it has removed the keys; the last output.
async fn leave(shell: &mut Shell, command: &str, node: &mut Process) -> anyhow::Result<String> {
	let started = Instant::now();
	loop {
		let said = shell.run(command).await?;
		if said.contains("Session keys removed") {
			return Ok(said);
		}
		assert!(said.contains("Keep the node running until session "), "{said}");
		anyhow::ensure!(node.ended().is_none() && started.elapsed() < SESSIONS, "{said}");
		tokio::time::sleep(Duration::from_secs(2)).await;
	}
}

/// Does what the guide says at the node with this RPC port. The account, and what the last command says.
async fn join(
	shell: &mut Shell,
	commands: &[String],
	rpc: u16,
) -> anyhow::Result<(String, String)> {
	let (mut account, mut said) = (None, String::new());
	for command in commands {
		let command = command
			.replace("9948", &rpc.to_string())
			.replace("ADDRESS", account.as_deref().unwrap_or("ADDRESS"));
		said = shell.run(&command).await?;
		if command.contains("keys new") {
			account = Some(address(&said)?);
		}
		if command.contains("register") {
			assert!(said.contains("authored its first block"), "{said}");
		}
	}
	Ok((account.context("the guide makes a key")?, said))
}

/// All four validators and the fifth node tell the same.
async fn all_agree(validators: &mut Validators, fifth: &SubxtChain) -> anyhow::Result<Agreement> {
	assert_eq!(validators.nodes.len(), 4);
	let at = validators.best("alice").await?;
	let agreed = agree(validators, at).await?;
	agreed.holds_for("the fifth node", fifth).await?;
	Ok(agreed)
}

/// The keys with which the set authored the best block, in hexadecimal digits, and the one of its author.
async fn author(chain: &SubxtChain) -> anyhow::Result<(Vec<String>, String)> {
	let head = chain.head(None).await?;
	let parent = hex_hash(&chain.head(head.number.checked_sub(1)).await?.hash);
	let set: String =
		chain.request("state_call", rpc_params!["AuraApi_authorities", "0x", parent]).await?;
	// `0x`, a byte for the length, and the keys, which take turns by slot.
	let keys = set.as_bytes().get(4..).context("keys")?.chunks(64);
	let keys: Vec<String> = keys.map(|key| String::from_utf8_lossy(key).into_owned()).collect();
	let slot = chain.slot(head.hash).await?.context("a slot")?;
	let author = keys[slot as usize % keys.len()].clone();
	Ok((keys, author))
}

#[tokio::test]
async fn a_fifth_node_joins_by_the_guide_authors_rotates_its_keys_and_leaves() -> anyhow::Result<()>
{
	let guide = std::fs::read_to_string(GUIDE)?;
	let (joins, leaves) = (commands(&guide, "Join"), commands(&guide, "Leave"));
	assert!((4..=6).contains(&joins.len()), "{joins:#?}");
	let folder = tempfile::tempdir()?;
	let genesis = json!({ "validatorSet": { "sessionLength": SESSION } });
	let mut validators = four(folder.path(), genesis).await?;
	let chain = validators.connect("alice").await?;
	let mut shell = Shell::new(folder.path(), String::new());
	// The line that `make localnet` prints.
	let script = validators.write_join_script()?;
	let mut node = shell.start(&format!("bash '{}' --no-telemetry", script.display()))?;
	components(&mut validators).await?;
	let peers = |line: &str| line.contains("Idle (4 peers)").then_some(());
	node.wait_for_line("four peers", SESSIONS, peers).await?;

	let rpc = validators.fifth().rpc;
	let started = Instant::now();
	let (account, said) = join(&mut shell, &joins, rpc).await?;
	let joined = started.elapsed();
	for part in [account.as_str(), "1000.0000 BIT", "held by this node", "validates", "authored"] {
		assert!(said.contains(part), "{part} is not in\n{said}");
	}
	let ours = bittensor_client::parse::account(&account).map_err(anyhow::Error::msg)?;
	let fifth = SubxtChain::connect(&format!("ws://127.0.0.1:{rpc}"), None, SOON, None).await?;
	let agreed = all_agree(&mut validators, &fifth).await?;
	let validator = agreed.validators.iter().find(|validator| validator.account == ours);
	assert!(validator.is_some_and(|validator| validator.candidate), "{agreed:?}");
	assert_eq!(agreed.validators.len(), 5);

	// Again: nothing is missing, so nothing is done.
	let balance = chain.free_balance(ours, None).await?;
	let again = shell.run("bittensor-node validator register --key-file owner.key").await?;
	assert!(!again.contains(": in block"), "{again}");
	assert_eq!(chain.free_balance(ours, None).await?, balance);

	// New keys, with which it authors from the session after the next.
	let old = chain.session_keys(ours, None).await?.context("keys")?;
	shell.run(&command("--rotate", &[])?).await?;
	let new = chain.session_keys(ours, None).await?.context("keys")?;
	assert_ne!(new, old);
	let digits =
		|keys: &[u8]| keys[..32].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
	let (old, new) = (digits(&old), digits(&new));
	let started = Instant::now();
	let read = async || author(&fifth).await;
	let (set, _) = until("authored by the new key", read, |(_, key)| *key == new).await?;
	let authors = started.elapsed();
	assert!(set.len() == 5 && !set.contains(&old), "{old} is in {set:?}");
	let agreed = all_agree(&mut validators, &fifth).await?;
	assert_eq!(agreed.validators.len(), 5);

	let started = Instant::now();
	let said = leave(&mut shell, &leaves[0], &mut node).await?;
	let left = started.elapsed();
	assert!(said.contains("BIT more"), "{said}");
	let status = chain.validator_status(ours, None).await?;
	assert!(!status.keys && !status.candidate && !status.validator, "{status:?}");
	let error = shell.run(&leaves[0]).await.expect_err("it has left").to_string();
	assert!(error.contains("nothing to leave"), "{error}");
	let agreed = all_agree(&mut validators, &fifth).await?;
	assert!(agreed.validators.iter().all(|validator| validator.account != ours), "{agreed:?}");
	assert_eq!(agreed.validators.len(), 4);
	let component = agreed.components.iter().find(|component| component.owner == ours);
	assert_eq!(component.map(|component| component.stake), Some(1_000 * UNIT));
	println!(
		"authored {joined:.1?} after the first command, with new keys {authors:.1?} after they were \
		 registered; left in {left:.1?}"
	);

	// The four go on without it.
	assert_eq!(node.stop().await, Stopped::Cleanly, "{}", node.tail());
	let at = validators.best("alice").await?;
	validators.finalised("alice", at + 2).await?;
	assert_eq!(validators.stop().await, Vec::<String>::new());
	Ok(())
}

#[tokio::test]
async fn keys_of_either_program_are_read_by_the_other() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut shell = Shell::new(folder.path(), String::new());
	let field = |said: &str, name: &str| -> anyhow::Result<String> {
		let line = said.lines().find_map(|line| line.trim().strip_prefix(name).map(str::trim));
		Ok(line.with_context(|| format!("no {name} in {said}"))?.into())
	};
	for format in ["text", "json"] {
		// As a user redirects it.
		let printed =
			shell.run(&format!("bittensor-node key generate --output-type {format}")).await?;
		let file = folder.path().join(format!("{format}.key"));
		std::fs::write(&file, &printed)?;
		let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
		std::fs::set_permissions(&file, mode)?;
		let import =
			format!("bash -c 'bittensor-miner keys import {format}.imported < {format}.key'");
		let imported = address(&shell.run(&import).await?)?;
		let inspected = shell.run(&format!("bittensor-node key inspect {format}.key")).await?;
		assert_eq!(field(&inspected, "SS58 Address:")?, imported);
		// The printed file itself, and the imported one.
		for file in [format!("{format}.key"), format!("{format}.imported")] {
			let shown = shell.run(&format!("bittensor-miner keys show --key-file {file}")).await?;
			assert_eq!(address(&shown)?, imported, "{file}");
			let inspected = shell.run(&format!("bittensor-node key inspect {file}")).await?;
			assert_eq!(field(&inspected, "SS58 Address:")?, imported, "{file}");
		}
	}
	let made = address(&shell.run("bittensor-miner keys new new.key").await?)?;
	let inspected = shell.run("bittensor-node key inspect new.key").await?;
	assert_eq!(field(&inspected, "SS58 Address:")?, made);
	// The SDK takes an empty secret for a phrase that everybody knows.
	std::fs::write(folder.path().join("empty.key"), "\n")?;
	for (file, says) in [("empty.key", "the file is empty"), ("none.key", "no such file")] {
		let inspect = format!("bittensor-node key inspect {file}");
		let said = shell.run(&inspect).await.expect_err(file).to_string();
		assert!(said.contains(says), "{said}");
	}
	let insert =
		"bittensor-node key insert --chain dev --base-path node --key-type aura --scheme sr25519";
	shell.run(&format!("{insert} --suri json.key")).await?;
	let public =
		field(&shell.run("bittensor-node key inspect json.key").await?, "Public key (hex):")?;
	let stored = format!("61757261{}", public.trim_start_matches("0x"));
	assert!(folder.path().join("node/chains/bittensor_dev/keystore").join(stored).is_file());
	Ok(())
}
