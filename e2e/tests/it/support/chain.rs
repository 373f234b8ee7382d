//! The chain of the tests: the development chain with short slots and epochs, because tests wait for
//! blocks and payouts.

use std::{
	hash::{DefaultHasher, Hash, Hasher},
	path::Path,
};

use anyhow::Context;
use bittensor_e2e::{binaries, node::Role};
use serde_json::{json, Value};

/// Milliseconds of a slot: the shortest that genesis takes.
const SLOT: u64 = 600;
/// Blocks of an epoch.
const EPOCH: u64 = 5;

/// The one validator of a development chain with these slots and epochs; its specification is
/// written into `folder`.
pub(crate) fn quick(folder: &Path) -> anyhow::Result<Role> {
	let path = folder.join("chain.json");
	let output = std::process::Command::new(binaries::find(binaries::NODE)?)
		.args(["export-chain-spec", "--chain=dev", "--output"])
		.arg(&path)
		.output()?;
	let said = String::from_utf8_lossy(&output.stderr);
	anyhow::ensure!(output.status.success(), "no chain specification: {said}");
	let mut chain: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
	let genesis = &mut chain["genesis"]["runtimeGenesis"]["patch"];
	for (field, value) in
		[("/slots/slotDuration", SLOT), ("/emission/parameters/epochLength", EPOCH)]
	{
		let place = genesis.pointer_mut(field).with_context(|| format!("no {field} in genesis"))?;
		*place = json!(value);
	}
	std::fs::write(&path, chain.to_string())?;
	// A key of its own: two nodes of one machine must not have the same.
	let mut key = DefaultHasher::new();
	path.hash(&mut key);
	// As `--dev`, which takes no specification.
	let chain = [
		&format!("--chain={}", path.display()),
		&format!("--node-key={:064x}", key.finish().max(1)),
		"--alice",
		"--force-authoring",
		"--state-pruning=archive",
		"--blocks-pruning=archive",
	];
	Ok(Role { chain: chain.map(String::from).into(), ..Role::default() })
}
