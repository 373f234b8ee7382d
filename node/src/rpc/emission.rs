//! `emission_*`: components, rows and epochs as JSON, for programs that do not speak SCALE.
//!
//! ```text
//!   emission_status(at?)                     the running epoch, and the last payout
//!   emission_components(start, limit, at?)   the components with uids from `start` on
//!   emission_row(uid, at?)                   the charged row of one, and the pending one
//! ```
//!
//! The same as the runtime API `EmissionApi`, at the best block or at the block with the hash `at`.
//! Amounts are in units (10^-9 BIT) and, like every number that may exceed 2^53, decimal strings.
//! Accounts are SS58 addresses, hashes and keys `0x`-hex, shares out of 65,536.

use bittensor_runtime::{
	opaque::{Block, Hash},
	AccountId, BlockNumber,
};
use jsonrpsee::{
	core::RegisterMethodError,
	types::{error::INVALID_PARAMS_CODE, ErrorObjectOwned},
	RpcModule,
};
use pallet_emission::types::{
	ComponentInfo, Endpoint, EpochStatus, LastPayout, Phase, Row, RowInfo, MAX_COMPONENTS_PER_READ,
};
use pallet_emission_runtime_api::EmissionApi;
use serde::Serialize;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_core::bytes::to_hex;
use std::sync::Arc;

/// Why there is no answer, and what to do.
#[derive(Debug, PartialEq)]
enum Error {
	/// The node has no such block.
	UnknownBlock(Hash),
	/// The node has the block but not its state.
	NoState(Hash),
	/// The uid belongs to nobody.
	UnknownUid(u32),
	/// More was asked for than one answer holds.
	LimitTooHigh(u32),
	/// The runtime could not be called.
	Runtime(String),
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		let (code, message) = match error {
			Error::UnknownBlock(at) => {
				(9_001, format!("no block has the hash {at:?}: take one from chain_getBlockHash"))
			}
			Error::NoState(at) => (
				9_002,
				format!(
					"the state of block {at:?} is pruned: ask for a recent block, or a node that \
					 runs with `--state-pruning archive`"
				),
			),
			Error::UnknownUid(uid) => (
				9_003,
				format!("no component has uid {uid}: emission_components lists those registered"),
			),
			Error::LimitTooHigh(limit) => (
				INVALID_PARAMS_CODE,
				format!(
					"limit is {limit}, at most {MAX_COMPONENTS_PER_READ} are returned: ask for \
					 fewer and go on with start + limit"
				),
			),
			Error::Runtime(error) => {
				(9_004, format!("the runtime did not answer: {error}: see the node's log"))
			}
		};
		Self::owned(code, message, None::<()>)
	}
}

/// The running epoch and the last payout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StatusJson {
	epoch: u32,
	phase: Phase,
	sweep: u32,
	cursor: u32,
	components: u32,
	registered: u32,
	started: BlockNumber,
	next_payout_in: u32,
	minted_total: String,
	total_stake: String,
	last: Option<PayoutJson>,
}

impl From<EpochStatus<BlockNumber, Hash>> for StatusJson {
	fn from(status: EpochStatus<BlockNumber, Hash>) -> Self {
		Self {
			epoch: status.epoch,
			phase: status.phase,
			sweep: status.sweep,
			cursor: status.cursor,
			components: status.components,
			registered: status.registered,
			started: status.started,
			next_payout_in: status.next_payout_in,
			minted_total: status.minted_total.to_string(),
			total_stake: status.total_stake.to_string(),
			last: status.last.map(Into::into),
		}
	}
}

/// The last payout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PayoutJson {
	epoch: u32,
	minted: String,
	components: u32,
	sweeps: u32,
	residual: String,
	paid_at: BlockNumber,
	parent: Hash,
	started_at: BlockNumber,
}

impl From<LastPayout<BlockNumber, Hash>> for PayoutJson {
	fn from(last: LastPayout<BlockNumber, Hash>) -> Self {
		Self {
			epoch: last.epoch,
			minted: last.minted.to_string(),
			components: last.components,
			sweeps: last.sweeps,
			residual: last.residual.to_string(),
			paid_at: last.paid_at,
			parent: last.parent,
			started_at: last.started_at,
		}
	}
}

/// A component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ComponentJson {
	uid: u32,
	owner: AccountId,
	service_key: AccountId,
	endpoint: Option<EndpointJson>,
	registered: u32,
	leaving: bool,
	stake: String,
	source: String,
	payout: String,
}

impl From<ComponentInfo<AccountId>> for ComponentJson {
	fn from(component: ComponentInfo<AccountId>) -> Self {
		Self {
			uid: component.uid,
			owner: component.owner,
			service_key: component.service_key,
			endpoint: component.endpoint.map(Into::into),
			registered: component.registered,
			leaving: component.leaving,
			stake: component.stake.to_string(),
			source: component.source.to_string(),
			payout: component.payout.to_string(),
		}
	}
}

/// Where a component answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct EndpointJson {
	host: String,
	port: u16,
	tls_spki: Option<String>,
	protocol: u16,
}

impl From<Endpoint> for EndpointJson {
	fn from(endpoint: Endpoint) -> Self {
		Self {
			host: String::from_utf8_lossy(&endpoint.host).into_owned(),
			port: endpoint.port,
			tls_spki: endpoint.tls_spki.map(|key| to_hex(&key, false)),
			protocol: endpoint.protocol,
		}
	}
}

/// The rows of a component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RowsJson {
	uid: u32,
	charged: Option<RowJson>,
	pending: Option<RowJson>,
}

impl From<RowInfo> for RowsJson {
	fn from(rows: RowInfo) -> Self {
		Self {
			uid: rows.uid,
			charged: rows.charged.map(Into::into),
			pending: rows.pending.map(Into::into),
		}
	}
}

/// A row: `edges` are pairs of uid and share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RowJson {
	posted: u32,
	self_share: u32,
	edges: Vec<(u32, u16)>,
}

impl From<Row> for RowJson {
	fn from(row: Row) -> Self {
		Self { posted: row.posted, self_share: row.self_share, edges: row.edges }
	}
}

/// Answers from a node's client.
pub(crate) struct Emission<C> {
	client: Arc<C>,
}

impl<C> Emission<C>
where
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	C::Api: EmissionApi<Block, AccountId, BlockNumber, Hash>,
{
	pub(crate) fn new(client: Arc<C>) -> Self {
		Self { client }
	}

	/// Calls the runtime at block `at`, or else at the best one.
	fn call<T>(
		&self,
		at: Option<Hash>,
		call: impl FnOnce(&C::Api, Hash) -> Result<T, ApiError>,
	) -> Result<T, Error> {
		let at = at.unwrap_or_else(|| self.client.info().best_hash);
		let known = self.client.header(at).map_err(|error| Error::Runtime(error.to_string()))?;
		if known.is_none() {
			return Err(Error::UnknownBlock(at));
		}
		call(&self.client.runtime_api(), at).map_err(|error| match error {
			ApiError::StateBackendIsNotTrie | ApiError::UnknownBlock(_) => Error::NoState(at),
			ApiError::Application(source) => match source.downcast::<sp_blockchain::Error>() {
				Ok(source) => match *source {
					sp_blockchain::Error::UnknownBlock(_) => Error::NoState(at),
					source => Error::Runtime(source.to_string()),
				},
				Err(source) => Error::Runtime(source.to_string()),
			},
			error => Error::Runtime(error.to_string()),
		})
	}
}

impl<C> Emission<C>
where
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
	C::Api: EmissionApi<Block, AccountId, BlockNumber, Hash>,
{
	/// The methods, with their parameters by position. They run on the blocking threads, as the
	/// runtime may compute for milliseconds.
	pub(crate) fn into_rpc(self) -> Result<RpcModule<Self>, RegisterMethodError> {
		let mut module = RpcModule::new(self);
		module.register_blocking_method("emission_status", |params, emission, _| {
			let at = params.sequence().optional_next()?;
			Ok::<_, ErrorObjectOwned>(emission.status(at)?)
		})?;
		module.register_blocking_method("emission_components", |params, emission, _| {
			let mut params = params.sequence();
			let (start, limit) = (params.next()?, params.next()?);
			let at = params.optional_next()?;
			Ok::<_, ErrorObjectOwned>(emission.components(start, limit, at)?)
		})?;
		module.register_blocking_method("emission_row", |params, emission, _| {
			let mut params = params.sequence();
			let uid = params.next()?;
			let at = params.optional_next()?;
			Ok::<_, ErrorObjectOwned>(emission.row(uid, at)?)
		})?;
		Ok(module)
	}

	/// The running epoch, its phase, when it pays, and the last payout.
	fn status(&self, at: Option<Hash>) -> Result<StatusJson, Error> {
		Ok(self.call(at, |api, at| api.epoch_status(at))?.into())
	}

	/// The registered components among the `limit` (256 at most) uids from `start` on.
	fn components(
		&self,
		start: u32,
		limit: u32,
		at: Option<Hash>,
	) -> Result<Vec<ComponentJson>, Error> {
		if limit > MAX_COMPONENTS_PER_READ {
			return Err(Error::LimitTooHigh(limit));
		}
		let components = self.call(at, |api, at| api.components(at, start, limit))?;
		Ok(components.into_iter().map(Into::into).collect())
	}

	/// The charged row of a component, and the pending one.
	fn row(&self, uid: u32, at: Option<Hash>) -> Result<RowsJson, Error> {
		let rows = self.call(at, |api, at| {
			Ok(match api.row(at, uid)? {
				Some(rows) => Some(rows),
				// A component that has posted nothing yet.
				None => api.component(at, uid)?.map(|component| RowInfo {
					uid: component.uid,
					charged: None,
					pending: None,
				}),
			})
		})?;
		Ok(rows.ok_or(Error::UnknownUid(uid))?.into())
	}
}
