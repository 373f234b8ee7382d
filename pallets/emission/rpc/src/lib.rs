//! JSON-RPC of the emission: `emission_*`, for programs that do not speak SCALE.
//!
//! ```text
//!   emission_status(at?)                     the running epoch and the last payout
//!   emission_components(start, limit, at?)   components among `limit` uids from `start`
//!   emission_row(uid, at?)                   the active and the pending row of a component
//! ```
//!
//! Each method reads the runtime API `EmissionApi` at the block with the hash `at`, by default the best
//! block, and returns the views of [`bittensor_emission`] as JSON: amounts are decimal strings in
//! units, accounts SS58 addresses, hashes and keys `0x`-hex, shares numbers out of 65,536. Parameters
//! are given by position or by name.
//!
//! [`EmissionRpcServer`] is the server's trait, [`Emission`] its implementation in a node, and
//! [`EmissionRpcClient`] the client's trait.

use bittensor_emission::{ComponentInfo, EpochStatus, RowInfo, MAX_COMPONENTS_PER_READ};
use codec::Codec;
use jsonrpsee::{
	proc_macros::rpc,
	types::{error::INVALID_PARAMS_CODE, ErrorObjectOwned},
};
use pallet_emission_runtime_api::EmissionApi;
use serde::Serialize;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::{Block as BlockT, NumberFor};
use std::{marker::PhantomData, sync::Arc};

/// Why a method fails, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
	/// The node does not have the block.
	#[error("no block has the hash {0}: take one from chain_getBlockHash")]
	UnknownBlock(String),
	/// The node has the block but not its state.
	#[error(
		"the state of block {0} is pruned: ask for a recent block, or a node that runs with \
		 `--state-pruning archive`"
	)]
	NoState(String),
	/// The uid is not registered.
	#[error("no component has uid {0}: emission_components lists those registered")]
	UnknownUid(u32),
	/// The limit is above the maximum.
	#[error(
		"limit is {0}, at most {MAX_COMPONENTS_PER_READ} are returned: ask for fewer and go on with \
		 start + limit"
	)]
	LimitTooHigh(u32),
	/// The runtime call failed.
	#[error("the runtime did not answer: {0}: see the node's log")]
	Runtime(String),
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		let code = match error {
			Error::UnknownBlock(_) => 9_001,
			Error::NoState(_) => 9_002,
			Error::UnknownUid(_) => 9_003,
			Error::LimitTooHigh(_) => INVALID_PARAMS_CODE,
			Error::Runtime(_) => 9_004,
		};
		Self::owned(code, error.to_string(), None::<()>)
	}
}

/// The methods. The server runs them on blocking threads, because the runtime may compute for
/// milliseconds.
#[rpc(client, server, namespace = "emission")]
pub trait EmissionRpc<AccountId, BlockNumber, Hash> {
	/// The running epoch, its phase, its payout time, and the last payout.
	#[method(name = "status", blocking)]
	fn status(&self, at: Option<Hash>) -> Result<EpochStatus<BlockNumber, Hash>, Error>;

	/// The registered components among `limit` uids (at most 256) from `start`.
	#[method(name = "components", blocking)]
	fn components(
		&self,
		start: u32,
		limit: u32,
		at: Option<Hash>,
	) -> Result<Vec<ComponentInfo<AccountId>>, Error>;

	/// The active and the pending row of a component.
	#[method(name = "row", blocking)]
	fn row(&self, uid: u32, at: Option<Hash>) -> Result<RowInfo, Error>;
}

/// The server: it reads the runtime API of a node's client.
pub struct Emission<C, Block> {
	client: Arc<C>,
	block: PhantomData<Block>,
}

impl<C, Block> Emission<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
{
	/// A server over this client.
	pub fn new(client: Arc<C>) -> Self {
		Self { client, block: PhantomData }
	}

	/// Calls the runtime at block `at`, by default the best block.
	fn call<T>(
		&self,
		at: Option<Block::Hash>,
		call: impl FnOnce(&C::Api, Block::Hash) -> Result<T, ApiError>,
	) -> Result<T, Error> {
		let at = at.unwrap_or_else(|| self.client.info().best_hash);
		let known = self.client.header(at).map_err(|error| Error::Runtime(error.to_string()))?;
		if known.is_none() {
			return Err(Error::UnknownBlock(format!("{at:?}")));
		}
		let no_state = || Error::NoState(format!("{at:?}"));
		call(&self.client.runtime_api(), at).map_err(|error| match error {
			ApiError::StateBackendIsNotTrie | ApiError::UnknownBlock(_) => no_state(),
			ApiError::Application(source) => match source.downcast_ref() {
				Some(sp_blockchain::Error::UnknownBlock(_)) => no_state(),
				_ => Error::Runtime(source.to_string()),
			},
			error => Error::Runtime(error.to_string()),
		})
	}
}

impl<C, Block, AccountId> EmissionRpcServer<AccountId, NumberFor<Block>, Block::Hash>
	for Emission<C, Block>
where
	Block: BlockT,
	AccountId: Codec + Clone + Serialize + Send + Sync + 'static,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: EmissionApi<Block, AccountId, NumberFor<Block>, Block::Hash>,
{
	fn status(
		&self,
		at: Option<Block::Hash>,
	) -> Result<EpochStatus<NumberFor<Block>, Block::Hash>, Error> {
		self.call(at, |api, at| api.epoch_status(at))
	}

	fn components(
		&self,
		start: u32,
		limit: u32,
		at: Option<Block::Hash>,
	) -> Result<Vec<ComponentInfo<AccountId>>, Error> {
		if limit > MAX_COMPONENTS_PER_READ {
			return Err(Error::LimitTooHigh(limit));
		}
		self.call(at, |api, at| api.components(at, start, limit))
	}

	fn row(&self, uid: u32, at: Option<Block::Hash>) -> Result<RowInfo, Error> {
		let rows = self.call(at, |api, at| {
			Ok(match api.row(at, uid)? {
				Some(rows) => Some(rows),
				// A registered component without a row.
				None => api
					.component(at, uid)?
					.map(|component| RowInfo { uid: component.uid, ..Default::default() }),
			})
		})?;
		rows.ok_or(Error::UnknownUid(uid))
	}
}
