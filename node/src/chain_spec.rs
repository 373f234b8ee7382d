//! The chains that `--chain` knows by name, built from the runtime's presets. Any other value is the path
//! of a specification file.
//!
//! | `--chain` | preset | for |
//! |---|---|---|
//! | `dev` | `development` | one node: `--dev` |
//! | `local` (default) | `local_testnet` | two nodes: `--alice`, `--bob` |

use bittensor_runtime::{
	genesis_config_presets, SS58_PREFIX, TOKEN_DECIMALS, TOKEN_SYMBOL, WASM_BINARY,
};
use sc_service::{ChainType, Properties};
use std::path::PathBuf;

/// A chain: its name, genesis, boot nodes and display properties.
pub(crate) type ChainSpec = sc_service::GenericChainSpec;

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
		path => {
			ChainSpec::from_json_file(PathBuf::from(path)).map_err(|error| {
				format!("--chain {path}: {error}; use `dev`, `local` or the path of a specification file")
			})
		}
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
	Ok(ChainSpec::builder(wasm, None)
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
