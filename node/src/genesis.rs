//! The database must be that of the chain that the node is to run.

use crate::{
	parts::{FullBackend, HostFunctions},
	refusal::Refusal,
};
use bittensor_runtime::opaque::{Block, Hash};
use sc_client_api::Backend;
use sc_executor::WasmExecutor;
use sc_service::{BuildGenesisBlock, Configuration, Error as ServiceError, GenesisBlockBuilder};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

type Builder = GenesisBlockBuilder<Block, FullBackend, WasmExecutor<HostFunctions>>;

/// A builder of the first block of the configured chain, for the database of `backend`.
///
/// Refuses a database whose first block is another one. The SDK would run that chain without a word.
pub(crate) fn builder(
	config: &Configuration,
	backend: &Arc<FullBackend>,
	executor: &WasmExecutor<HostFunctions>,
) -> Result<Builder, ServiceError> {
	let storage = config
		.chain_spec
		.as_storage_builder()
		.build_storage()
		.map_err(sp_blockchain::Error::Storage)?;
	let builder = |storage, commit| {
		Builder::new_with_storage(storage, commit, backend.clone(), executor.clone())
	};
	let stored = backend.blockchain().info().genesis_hash;
	if stored != Hash::default() {
		let (block, _) = builder(storage.clone(), false)?.build_genesis_block()?;
		let expected = block.header.hash();
		if stored != expected {
			let path = config.database.path().unwrap_or(&config.data_path).display().to_string();
			return Err(Refusal::ForeignDatabase {
				path,
				stored,
				chain: config.chain_spec.name().into(),
				expected,
			}
			.into());
		}
	}
	Ok(builder(storage, !config.no_genesis())?)
}
