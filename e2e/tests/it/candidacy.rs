//! What a real node refuses to those who want to validate: each refusal says what to do, and nothing is
//! half done.

use std::{net::TcpListener, time::Duration};

use bittensor_client::{self as client, ss58, AccountId, Call, Chain, Key, SubxtChain, UNIT};
use bittensor_e2e::node::{Node, NodeOptions, Role};
use subxt_signer::sr25519::{dev, Keypair};

use crate::{
	guide::Shell,
	support::{address, new_keys, node_options, set_invulnerables, Committee},
	validator::first,
};

const CONNECT: Duration = Duration::from_secs(30);

/// An account at a node.
struct Account {
	chain: SubxtChain,
	id: AccountId,
}

impl Account {
	async fn connect(node: &Node, pair: Keypair) -> anyhow::Result<Self> {
		let id = pair.public_key().0;
		let chain = SubxtChain::connect(&node.url(), None, CONNECT, Some(Key::new(pair))).await?;
		Ok(Self { chain, id })
	}

	/// The call that registers new keys of the node, with their proof for `owner`.
	async fn keys_for(&self, owner: &AccountId) -> anyhow::Result<Call> {
		Ok(new_keys(&self.chain, owner).await?.1)
	}

	/// Submits a call that the chain must refuse with these words.
	async fn refused(&self, call: Call, words: &[&str]) {
		let said = self.chain.submit(call.clone()).await.expect_err("refused").to_string();
		for word in words {
			assert!(said.contains(word), "{call:?}: {word} is not in\n{said}");
		}
	}
}

#[tokio::test]
async fn keys_and_candidacies_are_refused_with_the_remedy() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let (node, chain, _) = first(&folder).await?;
	let bob = Account::connect(&node, dev::bob()).await?;

	// Keys without a proof, and with the proof for somebody else.
	let proof = ["Session::InvalidProof", "author_rotateKeysWithOwner", "validator register"];
	let foreign = bob.keys_for(&dev::charlie().public_key().0).await?;
	let Call::SetKeys { keys, .. } = foreign else { anyhow::bail!("{foreign:?}") };
	bob.refused(Call::SetKeys { keys, proof: Vec::new() }, &proof).await;
	bob.refused(foreign, &proof).await;
	assert_eq!(chain.session_keys(bob.id, None).await?, None);
	bob.refused(Call::PurgeKeys, &["Session::NoKeys", "No keys"]).await;

	// A candidacy without keys, without stake, and twice.
	bob.refused(Call::RegisterValidator, &["NoKeys", "session.setKeys"]).await;
	let own = bob.keys_for(&bob.id).await?;
	let Call::SetKeys { keys, .. } = &own else { anyhow::bail!("{own:?}") };
	let keys = keys.concat();
	bob.chain.submit(own).await?;
	assert_eq!(chain.session_keys(bob.id, None).await?, Some(keys));
	bob.refused(Call::RegisterValidator, &["StakeBelowMinimum", "Stake more"]).await;
	bob.chain.submit(Call::Register { endpoint: None, service_key: None }).await?;
	bob.chain.submit(Call::Stake { amount: 999 * UNIT }).await?;
	bob.refused(Call::RegisterValidator, &["StakeBelowMinimum", "limits.min_stake"]).await;
	bob.chain.submit(Call::Stake { amount: UNIT }).await?;
	bob.refused(Call::LeaveValidators, &["NotCandidate", "Call `register` first"]).await;
	bob.chain.submit(Call::RegisterValidator).await?;
	bob.refused(Call::RegisterValidator, &["AlreadyCandidate", "Wait until it is chosen"]).await;

	// Its stake is its bond.
	let mut shell = Shell::new(folder.path(), String::new());
	shell.run(&format!("export BITTENSOR_CHAIN={}", node.url())).await?;
	for (command, parts) in [
		("bittensor-miner unstake 1 --dev-key //Bob", ["StakeBonded", "leave first"]),
		("bittensor-miner deregister --dev-key //Bob", ["StakeBonded", "leave first"]),
	] {
		let said = shell.run(command).await.expect_err(command).to_string();
		for part in parts {
			assert!(said.contains(part), "{command}: {part} is not in\n{said}");
		}
	}
	let status = chain.validator_status(bob.id, None).await?;
	assert!(status.candidate && status.stake >= 1_000 * UNIT, "{status:?}");
	bob.refused(Call::PurgeKeys, &["StillValidator", "Call `leave`"]).await;

	// Governance makes it an invulnerable: its candidacy can end, and its keys stay.
	let committee = Committee::connect(&node.url()).await?;
	let alice = client::parse::account(&address("Alice//stash")?).map_err(anyhow::Error::msg)?;
	let ready = committee.agree_on(set_invulnerables(&[alice, bob.id])).await?;
	committee.close(&ready).await?;
	let leave = "bittensor-node validator leave --dev-key //Bob";
	let said = shell.run(leave).await?;
	let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
	for part in ["No candidate any more", "is an invulnerable too", "governance has removed it"] {
		assert!(said.contains(part), "{part} is not in\n{said}");
	}
	assert!(!said.contains("until session"), "no end of a session helps:\n{said}");
	let again = shell.run(leave).await.expect_err("governance decides").to_string();
	assert!(again.contains("only governance can remove it"), "{again}");
	let status = chain.validator_status(bob.id, None).await?;
	assert!(!status.candidate && status.invulnerable && status.keys, "{status:?}");
	Ok(())
}

#[tokio::test]
async fn commands_of_validators_say_what_to_do() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let (alice, chain, _) = first(&folder).await?;
	let mut shell = Shell::new(folder.path(), String::new());
	shell.run(&format!("export BITTENSOR_CHAIN={}", alice.url())).await?;
	shell.run("bittensor-miner keys new poor.key").await?;
	std::fs::write(folder.path().join("empty.key"), "")?;

	// A node that does not author, and one that has no peer.
	let other = NodeOptions {
		base_path: folder.path().join("other"),
		log: folder.path().join("logs/other.log"),
		..node_options(&folder)
	};
	let role = |chain: &[&str]| Role {
		chain: chain.iter().map(|option| (*option).to_owned()).collect(),
		..Role::default()
	};
	let idle = Node::start_as(other.clone(), role(&["--chain=dev"])).await?;
	let nobody = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRyw2q8DBhe26Rfobc4ojaJUzXAXdT6ZpXJcQnpZtVwU2";
	let alone = NodeOptions {
		base_path: folder.path().join("alone"),
		log: folder.path().join("logs/alone.log"),
		..other
	};
	let chain_alone = ["--chain=dev", "--validator", "--bootnodes", nobody];
	let alone = Node::start_as(alone, role(&chain_alone)).await?;
	// A port that answers to no handshake.
	let silent = TcpListener::bind("127.0.0.1:0")?;
	let silent = format!("ws://{}", silent.local_addr()?);

	let register = "bittensor-node validator register --key-file";
	let rich = "bittensor-node validator register --dev-key //Bob --url";
	let refusals = [
		(format!("{register} poor.key"), vec!["0.0000 BIT and needs 1002.", "miner transfer 5"]),
		(format!("{register} none.key"), vec!["cannot read the key file none.key"]),
		(format!("{register} empty.key"), vec!["the key in empty.key", "12 to 24 words"]),
		(format!("{register} poor.key --stake 5"), vec!["less than the 1000.0000 BIT"]),
		(format!("{register} poor.key --url http://localhost:1"), vec!["ws://HOST:PORT"]),
		(format!("{rich} ws://127.0.0.1:1"), vec!["no node answers at", "--url", "--rpc-port"]),
		(format!("{rich} {silent}"), vec!["no node answers at", "--url", "--rpc-port"]),
		(format!("{rich} {}", idle.url()), vec!["runs without --validator", "Start it again"]),
		(format!("{rich} {}", alone.url()), vec!["no peer for 30 s", "--bootnodes", "--chain"]),
		("bittensor-node validator register".into(), vec!["--key-file FILE", "BITTENSOR_KEY"]),
		("bittensor-node validator status".into(), vec!["ACCOUNT", "--key-file FILE"]),
		("bittensor-node validator leave --dev-key //Bob".into(), vec!["nothing to leave"]),
	];
	// Some wait, so that all run at once.
	let runs = refusals.iter().map(|(command, parts)| {
		let mut shell = shell.clone();
		async move {
			let said = shell.run(command).await.expect_err(command).to_string();
			for part in parts {
				assert!(said.contains(part), "{command}: {part} is not in\n{said}");
			}
		}
	});
	futures::future::join_all(runs).await;
	let said = shell.run("bittensor-node validator status --dev-key //Bob").await?;
	assert!(said.contains("no validator and no candidate"), "{said}");

	// Bob has enough, and still nothing was done for him.
	let bob = dev::bob().public_key().0;
	assert_eq!(chain.component_of(bob, None).await?, None);
	let said = shell.run(&format!("bittensor-node validator status {}", ss58(&bob))).await?;
	assert!(said.contains(&ss58(&bob)) && said.contains("none: run"), "{said}");
	Ok(())
}

#[tokio::test]
async fn a_node_that_keeps_its_keys_to_itself_takes_no_stake() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let safe = NodeOptions { extra: vec!["--rpc-methods=safe".into()], ..node_options(&folder) };
	let node = Node::start(safe).await?;
	let chain = node.connect().await?;
	let mut shell = Shell::new(folder.path(), String::new());
	let command = format!("bittensor-node validator register --dev-key //Bob --url {}", node.url());
	let said = shell.run(&command).await.expect_err("safe methods only").to_string();
	for part in ["makes no session keys", "on its machine", "--rpc-methods safe"] {
		assert!(said.contains(part), "{part} is not in\n{said}");
	}
	let bob = dev::bob().public_key().0;
	assert_eq!(chain.component_of(bob, None).await?, None, "it asks for the keys before it pays");
	Ok(())
}
