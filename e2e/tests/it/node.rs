//! Faults of a node's machine and set-up: each is said once and clearly, and nothing is lost.

use std::{
	os::unix::fs::PermissionsExt,
	path::Path,
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_client::{hex_hash, Chain, SubxtChain};
use bittensor_e2e::{
	binaries,
	network::wait_for_block,
	node::{run_to_end, Node, NodeOptions, Role},
	process::{free_port, Stopped},
};
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::support::{Clock, SOON};

/// How long a refusal may take.
const REFUSAL: Duration = Duration::from_secs(90);
/// Two slots of the development chain, and time for the log.
const TWO_SLOTS: Duration = Duration::from_secs(6);

/// The options of a node whose base path and log have this name in `folder`.
fn options(folder: &TempDir, name: &str) -> NodeOptions {
	NodeOptions {
		base_path: folder.path().join(name),
		log: folder.path().join(format!("{name}.log")),
		rpc_port: 0,
		extra: Vec::new(),
	}
}

/// A node of a chain, without keys.
fn of_chain(chain: &str) -> Role {
	Role { chain: vec![format!("--chain={chain}")], ..Role::default() }
}

fn with(mut role: Role, arguments: &[&str]) -> Role {
	role.chain.extend(arguments.iter().copied().map(String::from));
	role
}

/// Runs a node that must refuse to start; its output.
async fn refusal(options: &NodeOptions, role: &Role) -> anyhow::Result<String> {
	let (success, output) = run_to_end(options, role, REFUSAL).await?;
	assert!(!success, "it must fail:\n{output}");
	assert!(!output.contains("panicked"), "{output}");
	Ok(output)
}

fn says(output: &str, words: &[&str]) {
	for word in words {
		assert!(output.contains(word), "`{word}` is missing in:\n{output}");
	}
}

/// Runs the node's binary with these arguments; what it prints.
async fn command(arguments: &[&str]) -> anyhow::Result<String> {
	let mut command = tokio::process::Command::new(binaries::find(binaries::NODE)?);
	let output = command.args(arguments).output().await?;
	let stderr = String::from_utf8_lossy(&output.stderr);
	anyhow::ensure!(output.status.success(), "{arguments:?}: {stderr}");
	Ok(String::from_utf8(output.stdout)?)
}

/// A specification of the chain `dev` with one other value, at `path`.
async fn other_chain(path: &Path, pointer: &str, value: Value) -> anyhow::Result<()> {
	let plain = command(&["export-chain-spec", "--chain=dev"]).await?;
	let mut spec: Value = serde_json::from_str(&plain)?;
	let (parent, field) = pointer.rsplit_once('/').with_context(|| format!("no {pointer}"))?;
	let parent = spec.pointer_mut(parent).and_then(Value::as_object_mut);
	parent.with_context(|| format!("no {pointer}"))?.insert(field.into(), value);
	Ok(std::fs::write(path, spec.to_string())?)
}

fn mode(path: &Path) -> anyhow::Result<u32> {
	Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

async fn best(chain: &SubxtChain) -> anyhow::Result<u32> {
	Ok(chain.head(None).await?.number)
}

/// Waits for a line of the node's log with these words.
async fn line(node: &mut Node, words: &str, within: Duration) -> anyhow::Result<String> {
	let found = |line: &str| line.contains(words).then(|| line.to_owned());
	Ok(node.process().wait_for_line(words, within, found).await?)
}

/// The seconds before the words `s behind`.
fn seconds_behind(line: &str) -> anyhow::Result<f64> {
	let before = line.split(" s behind").next().unwrap_or_default();
	Ok(before.rsplit(' ').next().unwrap_or_default().parse()?)
}

#[tokio::test]
async fn a_clock_that_goes_back_is_reported_once_and_again_when_it_is_right() -> anyhow::Result<()>
{
	let folder = tempfile::tempdir()?;
	let clock = Clock::new()?;
	let role = Role { env: clock.env(), p2p_port: free_port()?, ..Role::default() };
	let mut author = Node::start_as(options(&folder, "author"), role.clone()).await?;
	let chain = author.connect().await?;
	wait_for_block(&mut author, &chain, 2).await?;

	// The clock of the author goes back: it authors nothing, and says so.
	clock.set(-60)?;
	let said = line(&mut author, "s behind the best block", TWO_SLOTS).await?;
	assert!((50.0..=62.0).contains(&seconds_behind(&said)?), "{said}");
	says(&said, &["authors no block", "timedatectl"]);
	let stopped = best(&chain).await?;
	tokio::time::sleep(Duration::from_secs(3)).await;
	assert_eq!(best(&chain).await?, stopped, "Aura authors no block before its best one");
	clock.set(0)?;
	line(&mut author, "no longer behind", TWO_SLOTS).await?;
	wait_for_block(&mut author, &chain, stopped + 2).await?;
	assert_eq!(author.process().output().matches("s behind").count(), 1);

	// The clock of another node is behind that of the author, whose blocks it refuses.
	let id = line(&mut author, "Local node identity is: ", SOON).await?;
	let id = id.rsplit(": ").next().unwrap_or_default().trim();
	let address = format!("--bootnodes=/ip4/127.0.0.1/tcp/{}/p2p/{id}", role.p2p_port);
	let behind = Clock::new()?;
	behind.set(-60)?;
	let role = Role { env: behind.env(), ..with(of_chain("dev"), &[&address]) };
	let mut full = Node::start_as(options(&folder, "full"), role).await?;
	let said = line(&mut full, "s behind a block of another validator", TWO_SLOTS).await?;
	// The first block that it refuses is one of the first of the chain.
	says(&said, &["at least"]);
	assert!((2.0..=62.0).contains(&seconds_behind(&said)?), "{said}");
	assert!(!said.contains("authors no block"), "{said}");
	let follower = full.connect().await?;
	assert_eq!(best(&follower).await?, 0);
	says(&said, &["restart the node"]);
	behind.set(0)?;
	full.restart().await?;
	let (now, follower) = (best(&chain).await?, full.connect().await?);
	wait_for_block(&mut full, &follower, now).await?;
	Ok(())
}

#[tokio::test]
async fn the_head_of_the_chain_may_lie_in_the_future_at_start() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let clock = Clock::new()?;
	clock.set(600)?;
	let started = Instant::now();
	let role = Role { env: clock.env(), ..Role::default() };
	let mut node = Node::start_as(options(&folder, "node"), role).await?;
	let chain = node.connect().await?;
	wait_for_block(&mut node, &chain, 1).await?;
	assert_eq!(node.stop().await, Stopped::Cleanly);

	clock.set(0)?;
	node.restart().await?;
	let said = line(&mut node, "s behind the best block", TWO_SLOTS).await?;
	// Block 1 has a time between the start and now.
	let least = 598.0 - started.elapsed().as_secs_f64();
	assert!((least..=602.0).contains(&seconds_behind(&said)?), "{said}");
	Ok(())
}

#[tokio::test]
async fn the_database_of_another_chain_is_refused_and_kept() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let other = folder.path().join("other.json");
	let sigma = "/genesis/runtimeGenesis/patch/emission/parameters/sigma";
	other_chain(&other, sigma, json!(2_000_000_000)).await?;
	let other = with(of_chain(&other.display().to_string()), &["--alice"]);

	let first = options(&folder, "first");
	let mut node = Node::start(first.clone()).await?;
	let ours = node.connect().await?.genesis_hash();
	assert_eq!(node.stop().await, Stopped::Cleanly);
	// The hash of the other chain, as a node that runs it says.
	let key = with(other.clone(), &["--unsafe-force-node-key-generation"]);
	let mut node = Node::start_as(options(&folder, "second"), key.clone()).await?;
	let theirs = node.connect().await?.genesis_hash();
	assert_eq!(node.stop().await, Stopped::Cleanly);
	assert_ne!(ours, theirs);

	let said = refusal(&first, &key).await?;
	let path = first.base_path.display().to_string();
	let (ours, theirs) = (hex_hash(&ours), hex_hash(&theirs));
	says(&said, &["belongs to another chain", &ours, &theirs, &path, "--base-path", "purge-chain"]);
	// A command that reads the database refuses it too.
	let spec = &other.chain[0];
	let revert = command(&["revert", spec, &format!("--base-path={path}"), "1"]).await;
	says(&revert.expect_err("another chain").to_string(), &["belongs to another chain", &theirs]);

	let mut node = Node::start(first).await?;
	assert_eq!(hex_hash(&node.connect().await?.genesis_hash()), ours);
	assert_eq!(node.stop().await, Stopped::Cleanly);
	Ok(())
}

#[tokio::test]
async fn a_specification_that_states_another_first_block_is_refused() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let options = options(&folder, "node");
	let wrong = format!("0x{}", "11".repeat(32));
	let spec = folder.path().join("wrong.json");
	other_chain(&spec, "/genesisHash", json!(wrong)).await?;
	let role = |spec: &std::path::Path| with(of_chain(&spec.display().to_string()), &["--alice"]);
	// A new database: the first block is built, and is another one.
	let said = refusal(&options, &role(&spec)).await?;
	says(&said, &["genesisHash", &wrong, "was changed after its hash was taken"]);
	let ours = said.split("that it makes: ").nth(1).and_then(|rest| rest.get(..66));
	let ours = ours.context(said.clone())?;

	let right = folder.path().join("right.json");
	other_chain(&right, "/genesisHash", json!(ours)).await?;
	let key = with(role(&right), &["--unsafe-force-node-key-generation"]);
	let mut node = Node::start_as(options.clone(), key).await?;
	assert_eq!(hex_hash(&node.connect().await?.genesis_hash()), ours);
	assert_eq!(node.stop().await, Stopped::Cleanly);
	// A database of the chain: what is stated counts.
	says(&refusal(&options, &role(&spec)).await?, &["belongs to another chain", ours, &wrong]);
	Ok(())
}

/// The files of compiled runtimes in this folder.
fn compiled(folder: &Path) -> anyhow::Result<usize> {
	let kinds = std::fs::read_dir(folder.join("modules"))?;
	kinds.map(|kind| Ok(std::fs::read_dir(kind?.path())?.count())).sum()
}

#[tokio::test]
async fn compiled_runtimes_are_kept() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let base = format!("--base-path={}", folder.path().display());
	command(&["export-state", "--chain=dev", &base, "0"]).await?;
	let beside = folder.path().join("chains/bittensor_dev/runtime-cache");
	let kept = compiled(&beside)?;
	assert!(kept > 0);

	// A folder of the user's. The other one stays as it is.
	let other = folder.path().join("other");
	let cache = format!("--runtime-cache={}", other.display());
	command(&["export-state", "--chain=dev", &base, &cache, "0"]).await?;
	assert!(compiled(&other)? > 0);
	assert_eq!(compiled(&beside)?, kept);
	Ok(())
}

#[tokio::test]
async fn node_keys_are_made_once_kept_private_and_not_shared() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let validator = with(of_chain("local"), &["--validator"]);
	let options_of = |name| options(&folder, name);
	let first = options_of("first");

	// The first start makes the key.
	let mut node = Node::start_as(first.clone(), validator.clone()).await?;
	let key = first.base_path.join("chains/bittensor_local/network/secret_ed25519");
	says(&node.process().output(), &["Makes the node key", &key.display().to_string()]);
	assert_eq!(mode(&key)?, 0o600);

	// Another node with the same key, and a database of its own.
	let same = format!("--node-key-file={}", key.display());
	let said = refusal(&options_of("second"), &with(validator.clone(), &[&same])).await?;
	says(
		&said,
		&["on this machine", "peer id is 12D3KooW", "generate-node-key", "--node-key-file"],
	);

	// It is free after the end of the first node, however that ends.
	node.process().kill();
	let mut second =
		Node::start_as(options_of("second"), with(validator.clone(), &[&same])).await?;
	assert_eq!(second.stop().await, Stopped::Cleanly);

	// A validator that ran before lost its key: the command that makes another one is in the error.
	std::fs::remove_file(&key)?;
	let said = refusal(&first, &validator).await?;
	says(&said, &["is missing", &key.display().to_string(), "from your copy"]);
	let line = said.lines().find_map(|line| line.trim().strip_prefix("bittensor-node "));
	let line: Vec<&str> = line.context("a command")?.split(' ').collect();
	command(&line).await?;
	assert_eq!(mode(&key)?, 0o600);
	let mut node = Node::start_as(first, validator.clone()).await?;
	assert_eq!(node.stop().await, Stopped::Cleanly);

	// A file that is not there.
	let missing = format!("--node-key-file={}", folder.path().join("typo").display());
	let said = refusal(&options_of("third"), &with(validator, &[&missing])).await?;
	says(&said, &["no such file", "generate-node-key --file"]);
	Ok(())
}

#[tokio::test]
async fn unsafe_set_ups_are_refused() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let node = options(&folder, "node");
	let said =
		refusal(&node, &with(Role::default(), &["--rpc-external", "--rpc-methods=unsafe"])).await?;
	says(&said, &["--rpc-external --rpc-methods unsafe", "replace the keys", "ssh -L"]);
	let said = refusal(&node, &with(of_chain("local"), &["--validator", "--rpc-external"])).await?;
	says(&said, &["--unsafe-rpc-external", "another node"]);

	// Public keys on a chain with value.
	let live = folder.path().join("live.json");
	other_chain(&live, "/chainType", json!("Live")).await?;
	let live = with(of_chain(&live.display().to_string()), &["--alice"]);
	let said = refusal(&node, &live).await?;
	says(&said, &["the keys of alice are public", "--validator"]);

	// Errors say what is wrong in words.
	let said = refusal(&node, &of_chain("staging")).await?;
	says(&said, &["--chain staging", "No such file", "`dev`, `local`, `testnet` or the path"]);
	assert!(!said.contains("Input("), "{said}");
	assert!(!node.base_path.join("chains").exists(), "nothing was written");
	Ok(())
}

#[tokio::test]
async fn a_node_without_peers_says_what_may_be_wrong() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let nobody = "/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
	let nobody = format!("--bootnodes=/ip4/127.0.0.1/tcp/{}{nobody}", free_port()?);
	let started = Instant::now();
	let role = with(of_chain("dev"), &[&nobody]);
	let mut node = Node::start_as(options(&folder, "node"), role).await?;
	let said = line(&mut node, "No peer after", SOON).await?;
	let genesis = hex_hash(&node.connect().await?.genesis_hash());
	says(&said, &["1 boot or reserved", &genesis, "peer id 12D3KooW", "--node-key-file"]);
	assert!(started.elapsed() >= Duration::from_secs(20));
	assert_eq!(node.stop().await, Stopped::Cleanly);
	Ok(())
}

#[tokio::test]
async fn a_node_with_the_specification_of_another_chain_takes_no_block_and_says_why(
) -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let ours = Role { p2p_port: free_port()?, ..Role::default() };
	let mut author = Node::start_as(options(&folder, "author"), ours.clone()).await?;
	let id = line(&mut author, "Local node identity is: ", SOON).await?;
	let id = id.rsplit(": ").next().unwrap_or_default().trim();
	let address = format!("--bootnodes=/ip4/127.0.0.1/tcp/{}/p2p/{id}", ours.p2p_port);

	let other = folder.path().join("other.json");
	let sigma = "/genesis/runtimeGenesis/patch/emission/parameters/sigma";
	other_chain(&other, sigma, json!(2_000_000_000)).await?;
	let other = with(of_chain(&other.display().to_string()), &[&address]);
	let mut node = Node::start_as(options(&folder, "other"), other).await?;
	let said = line(&mut node, "No peer after", SOON).await?;
	let (chain, theirs) = (author.connect().await?, node.connect().await?);
	assert_ne!(chain.genesis_hash(), theirs.genesis_hash());
	says(&said, &["on another chain", &hex_hash(&theirs.genesis_hash())]);
	assert!(best(&chain).await? > 10, "the other chain has blocks");
	assert_eq!(best(&theirs).await?, 0);

	// With the right one it follows, and the author was not harmed.
	let right = with(of_chain("dev"), &[&address]);
	let mut node = Node::start_as(options(&folder, "right"), right).await?;
	let now = best(&chain).await?;
	let follower = node.connect().await?;
	wait_for_block(&mut node, &follower, now).await?;
	Ok(())
}
