//! The first block: the database must have that of the chain that the node is to run, and the specification
//! must make the one that it states.
//!
//! ```text
//! specification ──state──► storage ──builder──► first block ◄──compare── database, stated hash
//! ```

mod state;

pub(crate) use state::storage;

use crate::{
	chain_spec,
	parts::{FullBackend, HostFunctions},
	refusal::Refusal,
};
use bittensor_runtime::opaque::{Block, Hash};
use sc_client_api::Backend;
use sc_executor::WasmExecutor;
use sc_service::{BuildGenesisBlock, Configuration, Error as ServiceError, GenesisBlockBuilder};
use sp_blockchain::HeaderBackend;
use sp_core::storage::Storage;
use std::sync::Arc;

type Builder = GenesisBlockBuilder<Block, FullBackend, WasmExecutor<HostFunctions>>;

/// A builder of the first block of the configured chain, whose state is `storage`, for the database of
/// `backend`.
///
/// Refuses a database whose first block is another one, because the SDK would run that chain without a
/// word, and a specification whose first block is not the one that it states.
pub(crate) fn builder(
	config: &Configuration,
	storage: Storage,
	backend: &Arc<FullBackend>,
	executor: &WasmExecutor<HostFunctions>,
) -> Result<Builder, ServiceError> {
	let builder = |storage, commit| {
		Builder::new_with_storage(storage, commit, backend.clone(), executor.clone())
	};
	let built = || -> Result<Hash, ServiceError> {
		let (block, _) = builder(storage.clone(), false)?.build_genesis_block()?;
		Ok(block.header.hash())
	};
	let chain = || config.chain_spec.name().to_owned();
	let stored = backend.blockchain().info().genesis_hash;
	match (chain_spec::stated_genesis(&*config.chain_spec), stored == Hash::default()) {
		(None, true) => {}
		(Some(stated), true) => {
			let built = built()?;
			if built != stated {
				let chain = chain();
				return Err(Refusal::ForeignGenesis { chain, stated, built }.into());
			}
		}
		(stated, false) => {
			let expected = stated.map_or_else(built, Ok)?;
			if stored != expected {
				let path = config.database.path().unwrap_or(&config.data_path);
				let (path, chain) = (path.display().to_string(), chain());
				return Err(Refusal::ForeignDatabase { path, stored, chain, expected }.into());
			}
		}
	}
	Ok(builder(storage, !config.no_genesis())?)
}
