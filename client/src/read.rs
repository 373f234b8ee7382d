//! Reads of a node: the runtime API at a block, decoded by the metadata of that block.
//!
//! ```text
//!   read   ── one method ── EmissionApi.row(uid)               ─┐
//!   pages  ── one method per 256 uids ── EmissionApi.rows(…)    ├─► state_call at the block
//!   stored ── one storage item ── System.Account               ─┘
//! ```

use crate::{
	connect::{block_number, At, Link, SubxtChain},
	follow,
	names::{Item, Method},
	AccountId, Bid, BlockEvents, Call, Chain, ChainError, ComponentInfo, EpochStatus, Hash, Head,
	Parameters, RowInfo, Unbonding,
};
use async_trait::async_trait;
use bittensor_emission::MAX_COMPONENTS_PER_READ as PAGE;
use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use subxt::{
	config::substrate::{DigestItem, SubstrateHeader},
	dynamic::{self, At as _, Value},
	error::RuntimeApiError,
	ext::{
		frame_decode::{runtime_apis::IntoEncodableValues, storage::IntoDecodableValues},
		scale_decode::DecodeAsType,
	},
	rpcs::client::RpcParams,
	utils::H256,
};

/// The engine whose digest holds the slot of a block.
const AURA: [u8; 4] = *b"aura";

impl Link {
	/// The header of a block.
	async fn header(&self, hash: H256) -> Result<SubstrateHeader<H256>, ChainError> {
		self.rpc
			.chain_get_header(Some(hash))
			.await
			.map_err(|error| self.rpc_error(error))?
			.ok_or_else(|| ChainError::NoBlock { block: format!("{hash:?}") })
	}

	/// The block of a hash.
	pub(crate) async fn head_of(&self, hash: H256) -> Result<Head, ChainError> {
		Ok(Head { number: block_number(self.header(hash).await?.number), hash: hash.0 })
	}

	/// One call of the runtime API.
	async fn call<A, R>(&self, at: &At, method: Method, args: A) -> Result<R, ChainError>
	where
		A: IntoEncodableValues,
		R: DecodeAsType,
	{
		let payload = dynamic::runtime_api_call::<A, R>(method.api(), method.as_str(), args);
		at.runtime_apis().call(payload).await.map_err(|error| match error {
			RuntimeApiError::CannotCallApi(reason) => self.backend_error(&reason, at.block_hash()),
			error => {
				let what = format!("runtime API {}.{}", method.api(), method.as_str());
				ChainError::incompatible(what, error)
			}
		})
	}

	/// One call of the runtime API at a block.
	pub(crate) async fn read<A, R>(
		&self,
		at: Option<Hash>,
		method: Method,
		args: A,
	) -> Result<R, ChainError>
	where
		A: IntoEncodableValues,
		R: DecodeAsType,
	{
		self.timed(async { self.call(&self.at(at).await?, method, args).await }).await
	}

	/// What a method that lists by uid gives, page after page. `args` gives the arguments of the
	/// page from a uid on.
	async fn pages<A, R>(
		&self,
		at: Option<Hash>,
		method: Method,
		args: impl Fn(u32) -> A,
	) -> Result<Vec<R>, ChainError>
	where
		A: IntoEncodableValues,
		R: DecodeAsType,
	{
		self.timed(async {
			let at = self.at(at).await?;
			let status: EpochStatus = self.call(&at, Method::EpochStatus, ()).await?;
			let mut all = Vec::new();
			for start in (0..status.components).step_by(PAGE as usize) {
				all.push(self.call(&at, method, args(start)).await?);
			}
			Ok(all)
		})
		.await
	}

	/// The value of a storage item, if there is one.
	pub(crate) async fn stored<K, V>(
		&self,
		at: Option<Hash>,
		item: Item,
		keys: K,
	) -> Result<Option<V>, ChainError>
	where
		K: IntoEncodableValues + IntoDecodableValues,
		V: DecodeAsType,
	{
		let what = || format!("storage {}.{}", item.pallet(), item.as_str());
		self.timed(async {
			let at = self.at(at).await?;
			let address = dynamic::storage::<K, V>(item.pallet(), item.as_str());
			let value = at.storage().try_fetch(address, keys).await;
			let value = value.map_err(|error| ChainError::incompatible(what(), error))?;
			let value = value.map(|value| value.decode()).transpose();
			value.map_err(|error| ChainError::incompatible(what(), error))
		})
		.await
	}
}

/// What only a node has.
impl SubxtChain {
	/// The last finalised block.
	pub async fn finalized(&self) -> Result<Head, ChainError> {
		let link = &self.link;
		link.timed(async {
			let hash = link.rpc.chain_get_finalized_head().await;
			link.head_of(hash.map_err(|error| link.rpc_error(error))?).await
		})
		.await
	}

	/// The Aura slot in which a block was authored; `None` for block 0.
	pub async fn slot(&self, hash: Hash) -> Result<Option<u64>, ChainError> {
		let header = self.link.timed(self.link.header(H256(hash))).await?;
		Ok(header.digest.logs.iter().find_map(|log| match log {
			DigestItem::PreRuntime(AURA, slot) => {
				Some(u64::from_le_bytes(slot.as_slice().try_into().ok()?))
			}
			_ => None,
		}))
	}

	/// One JSON-RPC request with positional parameters, for what no other method gives.
	pub async fn request<R: DeserializeOwned>(
		&self,
		method: &str,
		params: RpcParams,
	) -> Result<R, ChainError> {
		let link = &self.link;
		link.timed(async {
			let answer = link.raw.request(method, params).await;
			answer.map_err(|error| link.rpc_error(error))
		})
		.await
	}
}

#[async_trait]
impl Chain for SubxtChain {
	fn genesis_hash(&self) -> Hash {
		self.link.genesis
	}

	async fn head(&self, number: Option<u32>) -> Result<Head, ChainError> {
		let link = &self.link;
		link.timed(async { link.head_of(link.hash_of(number).await?).await }).await
	}

	async fn head_at(&self, hash: Hash) -> Result<Head, ChainError> {
		self.link.timed(self.link.head_of(H256(hash))).await
	}

	async fn components(&self, at: Option<Hash>) -> Result<Vec<ComponentInfo>, ChainError> {
		let pages: Vec<Vec<_>> =
			self.link.pages(at, Method::Components, |start| (start, PAGE)).await?;
		Ok(pages.into_iter().flatten().collect())
	}

	async fn component_of(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<u32>, ChainError> {
		self.link.read(at, Method::ComponentOf, (account,)).await
	}

	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError> {
		self.link.read(at, Method::Row, (uid,)).await
	}

	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError> {
		let pages: Vec<Vec<_>> = self.link.pages(at, Method::Rows, |start| (start, PAGE)).await?;
		Ok(pages.into_iter().flatten().collect())
	}

	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Option<Vec<Bid>>, ChainError> {
		let pages: Vec<Option<Vec<Bid>>> =
			self.link.pages(at, Method::Bids, |start| (uid, start, PAGE)).await?;
		let bids: Option<Vec<Vec<Bid>>> = pages.into_iter().collect();
		Ok(bids.map(|pages| pages.concat()))
	}

	async fn parameters(&self) -> Result<Parameters, ChainError> {
		let parameters = self.link.stored(None, Item::EmissionParameters, ()).await?;
		parameters.ok_or_else(|| {
			ChainError::incompatible("the parameters of the emission", "genesis did not set them")
		})
	}

	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError> {
		self.link.read(at, Method::EpochStatus, ()).await
	}

	async fn time(&self, at: Option<Hash>) -> Result<Option<u64>, ChainError> {
		self.link.stored(at, Item::Now, ()).await
	}

	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError> {
		let found: Option<Value> = self.link.stored(at, Item::Account, (account,)).await?;
		let Some(found) = found else { return Ok(0) };
		let free = found.at("data").and_then(|data| data.at("free")).and_then(Value::as_u128);
		free.and_then(|free| u64::try_from(free).ok()).ok_or_else(|| {
			ChainError::incompatible("storage System.Account", "it has no free balance of 64 bits")
		})
	}

	async fn unbonding(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Vec<Unbonding>, ChainError> {
		let found = self.link.stored(at, Item::Unbonding, (account,)).await?;
		Ok(found.unwrap_or_default())
	}

	async fn fee(&self, call: &Call) -> Result<u64, ChainError> {
		self.fee_of(call).await
	}

	async fn submit(&self, call: Call) -> Result<Head, ChainError> {
		self.submit_call(&call).await
	}

	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>> {
		follow::blocks(self.link.clone())
	}
}
