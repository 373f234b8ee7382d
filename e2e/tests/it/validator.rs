//! The commands of the guide *Become a validator*, as they are printed there, and of keys and networks of
//! validators.

use std::time::{Duration, Instant};

use anyhow::Context;
use bittensor_client::{Chain, SubxtChain};
use bittensor_e2e::{
	network::wait_for_block,
	node::{Node, Role},
	process::{free_port, Process, Stopped},
	validators::{Ports, Validators},
};

use crate::{
	guide::{address, commands, Shell},
	support::{node_options, SOON},
};

const GUIDE: &str = "../docs/src/guides/become-a-validator.md";
/// Some sessions of ten seconds, on a busy machine.
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

#[tokio::test]
async fn a_node_joins_by_the_guide_authors_a_block_and_leaves() -> anyhow::Result<()> {
	let guide = std::fs::read_to_string(GUIDE)?;
	let (join, left) = (commands(&guide, "Join"), commands(&guide, "Leave"));
	assert!((4..=6).contains(&join.len()), "{join:#?}");
	let folder = tempfile::tempdir()?;
	let (_alice, chain, boot) = first(&folder).await?;
	let (rpc, p2p) = (free_port()?, free_port()?);
	let mut shell = Shell::new(folder.path(), String::new());
	let mut node = shell.start(&format!(
		"bittensor-node --chain dev --base-path second --validator --bootnodes {boot} --rpc-port {rpc} \
		 --listen-addr /ip4/127.0.0.1/tcp/{p2p} --no-mdns --no-prometheus"
	))?;
	let idle = |line: &str| line.contains("Idle (1 peers)").then_some(());
	node.wait_for_line("a node that has caught up", SESSIONS, idle).await?;
	let (mut account, mut said) = (None, String::new());
	for command in &join {
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
	let account = account.context("the guide makes a key")?;
	for part in [account.as_str(), "1000.0000 BIT", "held by this node", "validates", "authored"] {
		assert!(said.contains(part), "{part} is not in\n{said}");
	}
	let ours = bittensor_client::parse::account(&account).map_err(anyhow::Error::msg)?;
	let validators = chain.validators(None).await?;
	let validator = validators.iter().find(|validator| validator.account == ours);
	assert!(validator.is_some_and(|validator| validator.candidate), "{validators:?}");
	assert_eq!(validators.len(), 2);

	// Again: nothing is missing, so nothing is done.
	let nonce = chain.free_balance(ours, None).await?;
	let again = shell.run("bittensor-node validator register --key-file owner.key").await?;
	assert!(!again.contains(": in block"), "{again}");
	assert_eq!(chain.free_balance(ours, None).await?, nonce);

	let said = leave(&mut shell, &left[0], &mut node).await?;
	assert!(said.contains("BIT more"), "{said}");
	let status = chain.validator_status(ours, None).await?;
	assert!(!status.keys && !status.candidate && !status.validator, "{status:?}");
	let error = shell.run(&left[0]).await.expect_err("it has left").to_string();
	assert!(error.contains("nothing to leave"), "{error}");
	assert_eq!(node.stop().await, Stopped::Cleanly, "{}", node.tail());
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

#[tokio::test]
async fn four_validators_finalise_and_the_printed_line_joins_a_fifth_node() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut validators = Validators::start(folder.path(), Ports::free()?).await?;
	let chain = validators.nodes[0].connect().await?;
	let shell = Shell::new(folder.path(), String::new());
	let script = validators.write_join_script()?;
	let mut fifth = shell.start(&format!("bash '{}' --no-telemetry", script.display()))?;
	let peers = |line: &str| line.contains("Idle (4 peers)").then_some(());
	fifth.wait_for_line("four peers", SESSIONS, peers).await?;

	let started = Instant::now();
	while chain.finalized().await?.number < 5 {
		assert_eq!(validators.death(), None);
		anyhow::ensure!(started.elapsed() < SESSIONS, "{}", fifth.tail());
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	let final_block = chain.finalized().await?;
	let said = fifth.output();
	assert!(said.contains("finalized #"), "{said}");
	for node in &validators.nodes {
		let other = node.connect().await?;
		assert_eq!(other.head(Some(final_block.number)).await?.hash, final_block.hash);
		assert_eq!(other.validators(None).await?.len(), 4);
	}
	assert_eq!(fifth.stop().await, Stopped::Cleanly);
	assert_eq!(validators.stop().await, Vec::<String>::new());
	Ok(())
}
