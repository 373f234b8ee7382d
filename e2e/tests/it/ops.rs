//! The metrics of the SDK that alerts and dashboard read are those that a node serves, and commands of
//! the guide *Operate a node and a miner* do what it says.

use std::{
	io::{Read, Write},
	net::TcpStream,
	path::Path,
	time::Duration,
};

use anyhow::Context;
use bittensor_client::Chain;
use bittensor_e2e::{
	binaries,
	network::wait_for_block,
	node::{Node, Role},
	process::free_port,
};

use crate::support::{node_options, quick};

const GUIDE: &str = "../docs/src/guides/operations.md";
const NAMES: &str = "../ops/prometheus/sdk-metrics.txt";

/// What a node serves to Prometheus.
fn scrape(port: u16) -> anyhow::Result<String> {
	let mut stream = TcpStream::connect(("127.0.0.1", port))?;
	stream.set_read_timeout(Some(Duration::from_secs(10)))?;
	stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
	let mut answer = String::new();
	stream.read_to_string(&mut answer)?;
	Ok(answer)
}

#[tokio::test]
async fn a_node_serves_the_metrics_that_alerts_read() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let role = Role { prometheus_port: Some(free_port()?), ..quick(folder.path())? };
	let port = role.prometheus_port.unwrap_or_default();
	let mut node = Node::start_as(node_options(&folder), role).await?;
	let chain = node.connect().await?;
	wait_for_block(&mut node, &chain, 2).await?;
	let served = scrape(port)?;
	let names = std::fs::read_to_string(NAMES)?;
	let missing: Vec<&str> = names
		.split_whitespace()
		.filter(|name| !served.contains(&format!("\n# TYPE {name} ")))
		.collect();
	assert!(missing.is_empty() && !names.is_empty(), "{missing:?} are not in\n{served}");
	// The labels that alerts select by.
	for series in ["block_height{status=\"best\"", "block_height{status=\"finalized\""] {
		assert!(served.contains(&format!("\nsubstrate_{series}")), "{series}:\n{served}");
	}
	Ok(())
}

/// The first command of the guide that contains `part`, with these replacements.
pub(crate) fn command(part: &str, replace: &[(&str, &str)]) -> anyhow::Result<String> {
	let guide = std::fs::read_to_string(GUIDE)?;
	// Every second part lies between fences.
	let blocks = guide.split("```").skip(1).step_by(2);
	let joined: Vec<String> = blocks.map(|block| block.replace("\\\n", " ")).collect();
	let line = joined.iter().flat_map(|block| block.lines()).find(|line| line.contains(part));
	let line = line.with_context(|| format!("no `{part}` in {GUIDE}"))?;
	Ok(replace.iter().fold(line.trim().to_owned(), |line, (from, to)| line.replace(from, to)))
}

/// Runs a command line, which must succeed; its output.
pub(crate) async fn bash(line: &str) -> anyhow::Result<String> {
	let node = binaries::find(binaries::NODE)?;
	let bin = node.parent().context("a folder")?.display();
	let line = format!("export PATH='{bin}':$PATH\n{line}");
	let output = tokio::process::Command::new("bash").args(["-c", &line]).output().await?;
	let said = String::from_utf8_lossy(&output.stderr);
	anyhow::ensure!(output.status.success(), "{line}: {said}");
	Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The files in a folder.
fn files(folder: &Path) -> usize {
	std::fs::read_dir(folder).map_or(0, |files| files.flatten().count())
}

#[tokio::test]
async fn keys_are_rotated_and_outlive_the_database() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let (role, options) = (quick(folder.path())?, node_options(&folder));
	let chain = folder.path().join("chain.json").display().to_string();
	let base_path = options.base_path.display().to_string();
	let mut node = Node::start_as(options.clone(), role.clone()).await?;
	let client = node.connect().await?;
	wait_for_block(&mut node, &client, 3).await?;
	let data = options.base_path.join("chains/bittensor_dev");

	let before = files(&data.join("keystore"));
	// The account that validates here.
	let key = format!("--dev-key //Alice//stash --url {}", node.url());
	let said = bash(&command("--rotate", &[("--key-file owner.key", &key)])?).await?;
	assert!(said.contains("Session keys of this node: in block"), "{said}");
	assert!(said.contains("registered, and held by this node"), "{said}");
	assert_eq!(files(&data.join("keystore")), before + 2);

	node.stop().await;
	let places = [("/etc/bittensor/chain.json", &*chain), ("/var/lib/bittensor-node", &*base_path)];
	assert!(files(&data.join("paritydb")) > 0);
	bash(&command("purge-chain", &places)?).await?;
	assert_eq!((files(&data.join("paritydb")), files(&data.join("keystore"))), (0, before + 2));

	// It starts from the first block, with the keys that it had.
	let mut node = Node::start_as(options, role).await?;
	let client = node.connect().await?;
	assert!(client.head(None).await?.number < 3);
	wait_for_block(&mut node, &client, 1).await
}
