//! The types of the parts of a node.

use crate::clock::Clock;
use bittensor_runtime::{apis::RuntimeApi, opaque::Block};
use sc_telemetry::Telemetry;
use std::sync::Arc;

/// The client: blocks, states and the runtime that executes them.
pub(crate) type FullClient =
	sc_service::TFullClient<Block, RuntimeApi, sc_executor::WasmExecutor<HostFunctions>>;
/// Functions of the node that the runtime can call.
pub(crate) type HostFunctions = sp_io::SubstrateHostFunctions;
/// The database with its caches.
pub(crate) type FullBackend = sc_service::TFullBackend<Block>;
/// Selects the chain to build on: the longest.
type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// The pool of extrinsics that wait for inclusion.
pub(crate) type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;
/// Imports blocks and justifications.
type GrandpaBlockImport =
	sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, FullClient, FullSelectChain>;

/// The parts that a running node and the database subcommands share.
pub(crate) type Service = sc_service::PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	FullPool,
	(GrandpaBlockImport, GrandpaLink, Arc<Clock>, Option<Telemetry>),
>;
