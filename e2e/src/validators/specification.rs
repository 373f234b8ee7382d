//! The specification of the chain, and the node keys of those that run it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{json, Value};

use crate::binaries;

/// What differs from the preset `testnet`, and how the nodes reach each other. An offence can be reported
/// until the next session ends, and stake unbonds as long: a person waits for both.
#[derive(Clone, Debug)]
pub struct ChainOptions {
	/// Milliseconds of a slot.
	pub slot: u32,
	/// Blocks of an epoch, and of a session.
	pub epoch: u32,
	/// Laid over the genesis, field by field; a list replaces a list. Null changes nothing.
	pub genesis: Value,
	/// Whether the nodes call each other through relays, so that a test can cut them.
	pub relays: bool,
}

impl Default for ChainOptions {
	fn default() -> Self {
		Self { slot: 3_000, epoch: 20, genesis: Value::Null, relays: false }
	}
}

/// Writes the specification, plain and raw; the path of the raw one.
pub(super) async fn write(folder: &Path, options: &ChainOptions) -> anyhow::Result<PathBuf> {
	std::fs::create_dir_all(folder)?;
	let plain = node(&["export-chain-spec", "--chain=testnet"]).await?;
	let mut plain: Value = serde_json::from_str(&plain)?;
	plain["name"] = json!("Bittensor Local Network");
	plain["id"] = json!("bittensor_localnet");
	let patch =
		plain.pointer_mut("/genesis/runtimeGenesis/patch").context("no patch in testnet")?;
	let shorter = json!({
		"slots": { "slotDuration": options.slot },
		"emission": { "parameters": {
			"epochLength": options.epoch,
			"unbondingBlocks": options.epoch.saturating_mul(2),
		} },
		"validatorSet": { "sessionLength": options.epoch, "reportSessions": 1 },
	});
	lay_over(patch, &shorter);
	lay_over(patch, &options.genesis);
	let plain_path = folder.join("network-plain.json");
	std::fs::write(&plain_path, serde_json::to_string_pretty(&plain)?)?;
	let chain = format!("--chain={}", plain_path.display());
	let raw = node(&["export-chain-spec", "--raw", &chain, &binaries::runtime_cache()?]).await?;
	let path = folder.join("network.json");
	std::fs::write(&path, raw)?;
	Ok(path)
}

/// Makes the node key in `file`, if there is none; the name by which other nodes know it.
pub(super) async fn node_key(file: &Path) -> anyhow::Result<String> {
	let option = format!("--file={}", file.display());
	if !file.exists() {
		std::fs::create_dir_all(file.parent().context("a folder")?)?;
		node(&["key", "generate-node-key", &option]).await?;
	}
	Ok(node(&["key", "inspect-node-key", &option]).await?.trim().to_owned())
}

fn lay_over(base: &mut Value, over: &Value) {
	match (base, over) {
		(Value::Object(base), Value::Object(over)) => {
			for (name, value) in over {
				lay_over(base.entry(name.clone()).or_insert(Value::Null), value);
			}
		}
		(_, Value::Null) => (),
		(base, over) => *base = over.clone(),
	}
}

/// Runs the node with these arguments until it ends; what it prints.
async fn node(args: &[&str]) -> anyhow::Result<String> {
	let mut command = tokio::process::Command::new(binaries::find(binaries::NODE)?);
	let output = command.args(args).kill_on_drop(true).output().await?;
	let said = String::from_utf8_lossy(&output.stderr);
	anyhow::ensure!(output.status.success(), "bittensor-node {}: {said}", args.join(" "));
	Ok(String::from_utf8(output.stdout)?)
}
