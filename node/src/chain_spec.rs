//! The chains that `--chain` knows by name, built from the runtime's presets. Any other value is the path
//! of a specification file.
//!
//! | `--chain` | preset | for |
//! |---|---|---|
//! | `dev` | `development` | one node: `--dev` |
//! | `local` (default) | `local_testnet` | two nodes: `--alice`, `--bob` |
//! | `testnet` | `testnet` | four nodes: `--alice` to `--dave`; the pattern of a public chain |
//!
//! The keys of all three are public, so none is of the type `Live`: a node refuses the keys of `--alice` on
//! such a chain.

use bittensor_runtime::{
	genesis_config_presets, opaque::Hash, SS58_PREFIX, TOKEN_DECIMALS, TOKEN_SYMBOL, WASM_BINARY,
};
use sc_chain_spec::ChainSpecExtension;
use sc_service::{ChainType, Properties};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A chain: its name, genesis, boot nodes and display properties.
pub(crate) type ChainSpec = sc_service::GenericChainSpec<Extensions>;

/// The fields of a specification that are ours.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extensions {
	/// Hash of the first block, if the specification states it. A node whose first block is another one
	/// does not start, and a node that has its database need not compute the block again.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	genesis_hash: Option<Hash>,
}

/// The hash that a specification states for its first block.
pub(crate) fn stated_genesis(spec: &dyn sc_service::ChainSpec) -> Option<Hash> {
	sc_chain_spec::get_extension::<Extensions>(spec.extensions())?.genesis_hash
}

/// Returns the chain with this name, or reads the specification file at this path.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"dev" => preset(
			"Bittensor Development",
			"bittensor_dev",
			ChainType::Development,
			sp_genesis_builder::DEV_RUNTIME_PRESET,
		),
		"" | "local" => preset(
			"Bittensor Local Testnet",
			"bittensor_local",
			ChainType::Local,
			sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
		),
		"testnet" => preset(
			"Bittensor Testnet",
			"bittensor_testnet",
			ChainType::Local,
			genesis_config_presets::TESTNET_RUNTIME_PRESET,
		),
		path => ChainSpec::from_json_file(PathBuf::from(path)).map_err(|error| {
			format!(
				"--chain {path}: {error}; use `dev`, `local`, `testnet` or the path of a \
				 specification file"
			)
		}),
	}
}

fn preset(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let wasm = WASM_BINARY.ok_or(
		"this binary was built with SKIP_WASM_BUILD and contains no runtime; rebuild without it",
	)?;
	// Read from the native code: the WebAssembly runtime would have to be compiled once more, which takes
	// a third of the start time of a new chain.
	let patch = genesis_config_presets::patch(preset)
		.ok_or_else(|| format!("the runtime has no preset `{preset}`"))?;
	Ok(ChainSpec::builder(wasm, Extensions::default())
		.with_name(name)
		.with_id(id)
		.with_protocol_id(id)
		.with_chain_type(chain_type)
		.with_genesis_config_patch(patch)
		.with_properties(properties())
		.build())
}

/// Display properties for wallets: token symbol, decimals and address prefix.
fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), TOKEN_SYMBOL.into());
	properties.insert("tokenDecimals".into(), TOKEN_DECIMALS.into());
	properties.insert("ss58Format".into(), SS58_PREFIX.into());
	properties
}

#[cfg(test)]
mod readme;

#[cfg(test)]
mod tests {
	use super::*;
	use sc_service::ChainSpec as _;

	#[test]
	fn every_preset_has_a_name_and_its_public_keys_can_be_used() {
		let presets = genesis_config_presets::preset_names();
		let names = ["dev", "local", "testnet"];
		assert_eq!(presets.len(), names.len());
		for name in names {
			let chain = load(name).expect("it is built in");
			assert_ne!(chain.chain_type(), ChainType::Live, "{name}");
			assert!(chain.id().starts_with("bittensor_") && !chain.name().is_empty());
		}
	}
}
