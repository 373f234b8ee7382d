//! [`Chain`] over a node's WebSocket, by metadata.
//!
//! ```text
//!  reads    ── state_call EmissionApi_* at a block ── decoded by the metadata of that block
//!  events   ── new best heads ── System.Events ── Emission.* by name
//!  submit   ── nonce (pool) ── mortal era ── sign ── watch ── in a best block ── its events
//! ```
//!
//! Types and calls are encoded and decoded by name against the metadata that the node serves, so
//! an added field or a renumbered variant does not break a miner, and a missing one is a named
//! error. The connection heals itself; after each gap the genesis hash is checked again, so that a
//! node that came back as another chain is noticed.

use super::{
	AccountId, Bid, BlockEvents, Call, Chain, ChainError, ComponentInfo, Endpoint, EpochStatus,
	Event, Hash, Head, LastPayout, Parameters, Phase, Row, RowInfo,
};
use crate::identity::Identity;
use ::subxt::{
	backend::LegacyBackend,
	client::{OnlineClient, OnlineClientAtBlock},
	config::{
		substrate::{SubstrateConfig, H256},
		DefaultExtrinsicParamsBuilder, RpcConfigFor,
	},
	dynamic,
	error::{BackendError, DispatchError, ExtrinsicError, RuntimeApiError, TransactionEventsError},
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType},
	metadata::Metadata,
	rpcs::{
		client::{reconnecting_rpc_client::ExponentialBackoff, ReconnectingRpcClient, RpcClient},
		methods::legacy::LegacyRpcMethods,
	},
	tx::TransactionStatus,
	utils::AccountId32,
};
use async_trait::async_trait;
use futures::{stream::BoxStream, StreamExt};
use std::{
	sync::Arc,
	time::{Duration, Instant},
};

const PALLET: &str = "Emission";
const PARAMETERS: &str = "EmissionParameters";
const API: &str = "EmissionApi";
/// Components, rows or bids per call of the runtime API (its own limit).
const PAGE: u32 = 256;
/// A read that takes longer is an error.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// A call that is in no block by then is an error.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(60);
/// Blocks for which a signed call stays valid.
const MORTALITY: u64 = 64;
/// How often a call that the pool did not take is signed again.
const ATTEMPTS: u32 = 4;

type Client = OnlineClient<SubstrateConfig>;
type At = OnlineClientAtBlock<SubstrateConfig>;
type Rpc = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A chain behind a node's WebSocket address.
pub struct SubxtChain {
	link: Link,
	signer: Option<Arc<Identity>>,
	/// One call in flight, so that nonces do not collide.
	submitting: tokio::sync::Mutex<()>,
}

/// What reads need; cheap to clone.
#[derive(Clone)]
struct Link {
	url: String,
	genesis: Hash,
	client: Client,
	rpc: Rpc,
}

impl SubxtChain {
	/// Connects to `url` (`ws://` or `wss://`), retrying until `timeout` has passed, and checks
	/// the genesis hash if one is expected. `signer` signs calls; without it [`Chain::submit`]
	/// fails.
	pub async fn connect(
		url: &str,
		expected: Option<Hash>,
		timeout: Duration,
		signer: Option<Arc<Identity>>,
	) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
		if !url.starts_with("ws://") && !url.starts_with("wss://") {
			return Err(unreachable("the address must begin with ws:// or wss://".into()));
		}
		let started = Instant::now();
		let mut pause = Duration::from_millis(100);
		let mut told = false;
		loop {
			// A client that does not retry shows why the node cannot be reached.
			let probe = ReconnectingRpcClient::builder()
				.retry_policy(std::iter::empty::<Duration>())
				.connection_timeout(Duration::from_secs(5))
				.build(url)
				.await;
			match probe {
				Ok(_) => break,
				Err(error) if started.elapsed() + pause >= timeout => {
					return Err(unreachable(format!(
						"{error} (tried for {} s)",
						started.elapsed().as_secs()
					)))
				}
				Err(error) if !told => {
					tracing::info!("waiting for the node at {url}: {error}");
					told = true;
				}
				Err(_) => {}
			}
			tokio::time::sleep(pause).await;
			pause = (pause * 2).min(Duration::from_secs(2));
		}

		let connect = async {
			let inner = ReconnectingRpcClient::builder()
				.retry_policy(ExponentialBackoff::from_millis(50).max_delay(Duration::from_secs(2)))
				.connection_timeout(Duration::from_secs(5))
				.build(url)
				.await
				.map_err(|error| unreachable(error.to_string()))?;
			let rpc_client = RpcClient::new(inner);
			let rpc = Rpc::new(rpc_client.clone());
			let genesis =
				rpc.genesis_hash().await.map_err(|error| unreachable(error.to_string()))?;
			if let Some(expected) = expected {
				check_genesis(url, expected, genesis.0)?;
			}
			let config = SubstrateConfig::builder().set_genesis_hash(genesis).build();
			let backend: LegacyBackend<SubstrateConfig> =
				LegacyBackend::builder().build(rpc_client);
			let client = Client::from_backend_with_config(config, Arc::new(backend))
				.await
				.map_err(|error| unreachable(error.to_string()))?;
			Ok(Link { url: url.into(), genesis: genesis.0, client, rpc })
		};
		let link = tokio::time::timeout(READ_TIMEOUT, connect)
			.await
			.map_err(|_| unreachable("it accepts connections but does not answer".into()))??;
		let chain = Self { link, signer, submitting: tokio::sync::Mutex::new(()) };
		check_metadata(chain.link.at(None).await?.metadata_ref())?;
		Ok(chain)
	}

	async fn submit_once(&self, call: &Call, signer: &Identity) -> Result<Head, Failure> {
		let link = &self.link;
		let rejected = |reason: String| {
			Failure::NotTaken(ChainError::Rejected { call: call.name().into(), reason })
		};
		let nonce = link
			.rpc
			.system_account_next_index(&AccountId32(signer.account()))
			.await
			.map_err(|error| Failure::NotTaken(link.rpc_error(error)))?;
		// The era is anchored in a finalised block: no reorganisation invalidates the call.
		let at = link
			.client
			.at_current_block()
			.await
			.map_err(|error| Failure::NotTaken(ChainError::Other(error.to_string())))?;
		let params = || DefaultExtrinsicParamsBuilder::new().mortal(MORTALITY).nonce(nonce).build();
		let mut transactions = at.transactions();
		let signed = match call {
			Call::Register { endpoint, service_key } => {
				let data =
					(endpoint.as_ref().map(EndpointType::from), service_key.map(AccountId32));
				let payload = dynamic::transaction(PALLET, call.name(), data);
				transactions.create_signed(&payload, signer, params()).await
			}
			Call::Stake { amount } => {
				let payload = dynamic::transaction(PALLET, call.name(), (*amount,));
				transactions.create_signed(&payload, signer, params()).await
			}
			Call::SetEndpoint { endpoint } => {
				let data = (endpoint.as_ref().map(EndpointType::from),);
				let payload = dynamic::transaction(PALLET, call.name(), data);
				transactions.create_signed(&payload, signer, params()).await
			}
			Call::PostRow { row } => {
				let payload = dynamic::transaction(PALLET, call.name(), (row.clone(),));
				transactions.create_signed(&payload, signer, params()).await
			}
		}
		.map_err(|error| match error {
			ExtrinsicError::AccountNonceError { .. } => rejected(error.to_string()),
			error => Failure::Final(ChainError::Incompatible {
				what: format!("call {PALLET}.{}", call.name()),
				reason: error.to_string(),
			}),
		})?;

		// A refusal here means that the call is not in the pool: it can be signed again.
		let mut progress =
			signed.submit_and_watch().await.map_err(|error| rejected(error.to_string()))?;
		let unknown = |reason: String| {
			Failure::Final(ChainError::Rejected { call: call.name().into(), reason })
		};
		while let Some(status) = progress.next().await {
			let included = match status.map_err(|error| unknown(error.to_string()))? {
				TransactionStatus::InBestBlock(block)
				| TransactionStatus::InFinalizedBlock(block) => block,
				TransactionStatus::Error { message }
				| TransactionStatus::Invalid { message }
				| TransactionStatus::Dropped { message } => return Err(unknown(message)),
				_ => continue,
			};
			let hash = included.block_hash();
			return match included.wait_for_success().await {
				Ok(_) => link.head_of(hash).await.map_err(Failure::Final),
				Err(TransactionEventsError::ExtrinsicFailed(error)) => {
					Err(Failure::Final(dispatch_error(call, &error)))
				}
				Err(error) => Err(unknown(error.to_string())),
			};
		}
		Err(unknown("the node closed the subscription; its fate is unknown".into()))
	}
}

/// Checks that a runtime offers every call, storage and API that a miner uses.
pub fn check_metadata(metadata: &Metadata) -> Result<(), ChainError> {
	let missing = |what: String| ChainError::Incompatible {
		what,
		reason: "it is not in the metadata of the node's runtime".into(),
	};
	let pallet =
		metadata.pallet_by_name(PALLET).ok_or_else(|| missing(format!("pallet {PALLET}")))?;
	for call in ["register", "stake", "set_endpoint", "post_row"] {
		pallet
			.call_variant_by_name(call)
			.ok_or_else(|| missing(format!("call {PALLET}.{call}")))?;
	}
	pallet
		.storage()
		.and_then(|storage| storage.entry_by_name(PARAMETERS))
		.ok_or_else(|| missing(format!("storage {PALLET}.{PARAMETERS}")))?;
	let api = metadata
		.runtime_api_trait_by_name(API)
		.ok_or_else(|| missing(format!("runtime API {API}")))?;
	for method in ["component_of", "components", "row", "rows", "bids", "epoch_status"] {
		api.method_by_name(method).ok_or_else(|| missing(format!("runtime API {API}.{method}")))?;
	}
	Ok(())
}

/// Whether a call may have had an effect when submitting it failed.
enum Failure {
	/// It is surely not in the pool: it can be signed and sent again.
	NotTaken(ChainError),
	/// It was refused for good, or may be in a block.
	Final(ChainError),
}

fn check_genesis(url: &str, expected: Hash, found: Hash) -> Result<(), ChainError> {
	if expected == found {
		return Ok(());
	}
	Err(ChainError::WrongGenesis {
		url: url.into(),
		expected: hex::encode(expected),
		found: hex::encode(found),
	})
}

fn dispatch_error(call: &Call, error: &DispatchError) -> ChainError {
	let (name, hint) = match error {
		DispatchError::Module(module) => match module.details() {
			Ok(details) => (
				format!("{}::{}", details.pallet.name(), details.variant.name),
				details.variant.docs.join(" "),
			),
			Err(_) => (module.to_string(), String::new()),
		},
		error => (error.to_string(), String::new()),
	};
	ChainError::Dispatch { call: call.name().into(), name, hint }
}

impl Link {
	fn rpc_error(&self, error: ::subxt::rpcs::Error) -> ChainError {
		if error.is_disconnected_will_reconnect() {
			return ChainError::Unreachable { url: self.url.clone(), reason: error.to_string() };
		}
		ChainError::Other(error.to_string())
	}

	/// `None` is the best block.
	async fn hash_of(&self, number: Option<u32>) -> Result<H256, ChainError> {
		self.rpc
			.chain_get_block_hash(number.map(|number| u64::from(number).into()))
			.await
			.map_err(|error| self.rpc_error(error))?
			.ok_or_else(|| ChainError::NoBlock {
				block: number.map_or("best".into(), |number| number.to_string()),
			})
	}

	async fn head_of(&self, hash: H256) -> Result<Head, ChainError> {
		let header = self
			.rpc
			.chain_get_header(Some(hash))
			.await
			.map_err(|error| self.rpc_error(error))?
			.ok_or_else(|| ChainError::NoBlock { block: format!("{hash:?}") })?;
		Ok(Head { number: block_number(header.number), hash: hash.0 })
	}

	async fn at(&self, at: Option<Hash>) -> Result<At, ChainError> {
		let hash = match at {
			Some(hash) => H256(hash),
			None => self.hash_of(None).await?,
		};
		self.client.at_block(hash).await.map_err(|error| {
			use ::subxt::error::OnlineClientAtBlockError as E;
			match error {
				E::BlockHeaderNotFound { .. } | E::BlockNotFound { .. } => {
					ChainError::NoBlock { block: format!("{hash:?}") }
				}
				E::CannotGetBlockHeader { reason, .. } | E::CannotGetSpecVersion { reason, .. } => {
					self.backend_error(&reason, hash)
				}
				error => ChainError::Other(error.to_string()),
			}
		})
	}

	fn backend_error(&self, error: &BackendError, at: H256) -> ChainError {
		let text = error.to_string();
		if error.is_disconnected_will_reconnect() {
			return ChainError::Unreachable { url: self.url.clone(), reason: text };
		}
		if text.contains("State already discarded")
			|| text.contains("UnknownBlock")
			|| text.contains("Header was not found")
		{
			return ChainError::NoBlock { block: format!("{at:?}") };
		}
		ChainError::Other(text)
	}

	/// One call of the runtime API.
	async fn call<A, R>(&self, at: &At, method: &str, args: A) -> Result<R, ChainError>
	where
		A: ::subxt::ext::frame_decode::runtime_apis::IntoEncodableValues,
		R: DecodeAsType,
	{
		let payload = dynamic::runtime_api_call::<A, R>(API, method, args);
		at.runtime_apis().call(payload).await.map_err(|error| match error {
			RuntimeApiError::CannotCallApi(reason) => self.backend_error(&reason, at.block_hash()),
			error => ChainError::Incompatible {
				what: format!("runtime API {API}.{method}"),
				reason: error.to_string(),
			},
		})
	}

	/// uids in use are below this.
	async fn uids(&self, at: &At) -> Result<u32, ChainError> {
		Ok(self.call::<_, EpochStatusType>(at, "epoch_status", ()).await?.components)
	}

	async fn events(
		&self,
		block: &::subxt::client::Block<SubstrateConfig>,
	) -> Result<BlockEvents, ChainError> {
		let other = |error: String| ChainError::Other(error);
		let head = Head { number: block_number(block.number()), hash: block.hash().0 };
		let at = block.at().await.map_err(|error| other(error.to_string()))?;
		let all = at.events().fetch().await.map_err(|error| other(error.to_string()))?;
		let mut events = Vec::new();
		for event in all.iter() {
			let event = event.map_err(|error| other(error.to_string()))?;
			if event.pallet_name() != PALLET {
				continue;
			}
			let incompatible = |error: ::subxt::error::EventsError| ChainError::Incompatible {
				what: format!("event {PALLET}.{}", event.event_name()),
				reason: error.to_string(),
			};
			match event.event_name() {
				"EpochStarted" => {
					let fields: EpochStartedType =
						event.decode_fields_unchecked_as().map_err(incompatible)?;
					events.push(Event::EpochStarted { epoch: fields.epoch });
				}
				"EpochPaid" => {
					let fields: EpochPaidType =
						event.decode_fields_unchecked_as().map_err(incompatible)?;
					events.push(Event::EpochPaid { epoch: fields.epoch, minted: fields.minted });
				}
				"ComponentRegistered"
				| "ComponentLeaving"
				| "ComponentRemoved"
				| "EndpointSet"
				| "ServiceKeySet" => events.push(Event::Membership),
				_ => {}
			}
		}
		Ok(BlockEvents { head, events })
	}
}

/// Block numbers of this chain are 32 bits wide.
fn block_number(number: u64) -> u32 {
	u32::try_from(number).unwrap_or(u32::MAX)
}

async fn timed<T>(
	link: &Link,
	future: impl std::future::Future<Output = Result<T, ChainError>>,
) -> Result<T, ChainError> {
	tokio::time::timeout(READ_TIMEOUT, future).await.unwrap_or_else(|_| {
		Err(ChainError::Unreachable {
			url: link.url.clone(),
			reason: format!("no answer within {} s", READ_TIMEOUT.as_secs()),
		})
	})
}

#[async_trait]
impl Chain for SubxtChain {
	fn genesis_hash(&self) -> Hash {
		self.link.genesis
	}

	async fn head(&self, number: Option<u32>) -> Result<Head, ChainError> {
		timed(&self.link, async {
			let hash = self.link.hash_of(number).await?;
			self.link.head_of(hash).await
		})
		.await
	}

	async fn head_at(&self, hash: Hash) -> Result<Head, ChainError> {
		timed(&self.link, self.link.head_of(H256(hash))).await
	}

	async fn components(&self, at: Option<Hash>) -> Result<Vec<ComponentInfo>, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let mut all = Vec::new();
			for start in (0..link.uids(&at).await?).step_by(PAGE as usize) {
				let page: Vec<ComponentType> = link.call(&at, "components", (start, PAGE)).await?;
				all.extend(page.into_iter().map(ComponentInfo::from));
			}
			// A page may end early and the next one overlap it; uids are unique.
			all.sort_by_key(|component| component.uid);
			all.dedup_by_key(|component| component.uid);
			Ok(all)
		})
		.await
	}

	async fn component_of(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<u32>, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			link.call(&at, "component_of", (AccountId32(account),)).await
		})
		.await
	}

	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let row: Option<RowInfoType> = link.call(&at, "row", (uid,)).await?;
			Ok(row.map(RowInfo::from))
		})
		.await
	}

	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let mut all = Vec::new();
			for start in (0..link.uids(&at).await?).step_by(PAGE as usize) {
				let page: Vec<RowInfoType> = link.call(&at, "rows", (start, PAGE)).await?;
				all.extend(page.into_iter().map(RowInfo::from));
			}
			all.sort_by_key(|row| row.uid);
			all.dedup_by_key(|row| row.uid);
			Ok(all)
		})
		.await
	}

	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Vec<Bid>, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let mut all = Vec::new();
			for start in (0..link.uids(&at).await?).step_by(PAGE as usize) {
				let page: Vec<BidType> = link.call(&at, "bids", (uid, start, PAGE)).await?;
				all.extend(page.into_iter().map(|bid| Bid {
					uid: bid.uid,
					share: bid.share,
					flow: bid.flow,
				}));
			}
			all.sort_by_key(|bid| bid.uid);
			all.dedup_by_key(|bid| bid.uid);
			Ok(all)
		})
		.await
	}

	async fn parameters(&self) -> Result<Parameters, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(None).await?;
			let what = || format!("storage {PALLET}.{PARAMETERS}");
			let address = dynamic::storage::<(), ParametersType>(PALLET, PARAMETERS);
			let value = at.storage().fetch(address, ()).await.map_err(|error| {
				ChainError::Incompatible { what: what(), reason: error.to_string() }
			})?;
			let parameters = value.decode().map_err(|error| ChainError::Incompatible {
				what: what(),
				reason: error.to_string(),
			})?;
			Ok(Parameters {
				epoch_length: parameters.epoch_length,
				row_lifetime: parameters.row_lifetime,
				min_stake: parameters.min_stake,
				registration_deposit: parameters.registration_deposit,
			})
		})
		.await
	}

	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let status: EpochStatusType = link.call(&at, "epoch_status", ()).await?;
			Ok(status.into())
		})
		.await
	}

	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError> {
		let link = &self.link;
		timed(link, async {
			let at = link.at(at).await?;
			let address = dynamic::storage::<(AccountId32,), AccountType>("System", "Account");
			let found = at
				.storage()
				.try_fetch(address, (AccountId32(account),))
				.await
				.map_err(|error| ChainError::Other(error.to_string()))?;
			match found {
				Some(value) => {
					let account =
						value.decode().map_err(|error| ChainError::Other(error.to_string()))?;
					Ok(account.data.free)
				}
				None => Ok(0),
			}
		})
		.await
	}

	async fn submit(&self, call: Call) -> Result<Head, ChainError> {
		let Some(signer) = self.signer.clone() else {
			return Err(ChainError::Rejected {
				call: call.name().into(),
				reason: "no key was given to sign with".into(),
			});
		};
		let _one = self.submitting.lock().await;
		let deadline = tokio::time::Instant::now() + SUBMIT_TIMEOUT;
		let mut attempt = 1;
		loop {
			let result = tokio::time::timeout_at(deadline, self.submit_once(&call, &signer)).await;
			match result {
				Ok(Ok(head)) => return Ok(head),
				Ok(Err(Failure::Final(error))) => return Err(error),
				Ok(Err(Failure::NotTaken(error))) if attempt >= ATTEMPTS => return Err(error),
				Ok(Err(Failure::NotTaken(error))) => {
					tracing::debug!("`{}`, attempt {attempt}: {error}", call.name());
				}
				Err(_) => {
					return Err(ChainError::NotIncluded {
						call: call.name().into(),
						seconds: SUBMIT_TIMEOUT.as_secs(),
					})
				}
			}
			tokio::time::sleep(Duration::from_millis(500) * attempt).await;
			attempt += 1;
		}
	}

	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>> {
		struct State {
			link: Link,
			blocks: Option<::subxt::client::Blocks<SubstrateConfig>>,
			failed: bool,
		}
		let state = State { link: self.link.clone(), blocks: None, failed: false };
		futures::stream::unfold(state, |mut state| async move {
			if state.failed {
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
			let result = async {
				let other = |error: String| ChainError::Other(error);
				if state.failed {
					// The node may have come back as another chain.
					let found = state
						.link
						.rpc
						.genesis_hash()
						.await
						.map_err(|error| state.link.rpc_error(error))?;
					check_genesis(&state.link.url, state.link.genesis, found.0)?;
				}
				if state.blocks.is_none() {
					let blocks = state
						.link
						.client
						.stream_best_blocks()
						.await
						.map_err(|error| other(error.to_string()))?;
					state.blocks = Some(blocks);
				}
				let Some(blocks) = state.blocks.as_mut() else {
					return Err(other("no subscription".into()));
				};
				match blocks.next().await {
					Some(Ok(block)) => state.link.events(&block).await,
					Some(Err(error)) => Err(other(error.to_string())),
					None => Err(other("the node closed the subscription".into())),
				}
			}
			.await;
			state.failed = result.is_err();
			if state.failed {
				state.blocks = None;
			}
			Some((result, state))
		})
		.boxed()
	}
}

// The runtime's types, by field name. Fields that a miner does not need are left out.

#[derive(DecodeAsType, EncodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
#[encode_as_type(crate_path = "::subxt::ext::scale_encode")]
struct EndpointType {
	host: Vec<u8>,
	port: u16,
	tls_spki: Option<[u8; 32]>,
	protocol: u16,
}

impl From<&Endpoint> for EndpointType {
	fn from(endpoint: &Endpoint) -> Self {
		Self {
			host: endpoint.host.clone().into_bytes(),
			port: endpoint.port,
			tls_spki: endpoint.tls_spki,
			protocol: endpoint.protocol,
		}
	}
}

impl From<EndpointType> for Endpoint {
	fn from(endpoint: EndpointType) -> Self {
		Self {
			host: String::from_utf8_lossy(&endpoint.host).into_owned(),
			port: endpoint.port,
			tls_spki: endpoint.tls_spki,
			protocol: endpoint.protocol,
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct ComponentType {
	uid: u32,
	owner: AccountId32,
	service_key: AccountId32,
	endpoint: Option<EndpointType>,
	registered: u32,
	leaving: bool,
	stake: u64,
	source: u64,
	payout: u64,
}

impl From<ComponentType> for ComponentInfo {
	fn from(component: ComponentType) -> Self {
		Self {
			uid: component.uid,
			owner: component.owner.0,
			service_key: component.service_key.0,
			endpoint: component.endpoint.map(Endpoint::from),
			registered: component.registered,
			leaving: component.leaving,
			stake: component.stake,
			source: component.source,
			payout: component.payout,
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct RowType {
	posted: u32,
	self_share: u32,
	edges: Vec<(u32, u16)>,
}

impl From<RowType> for Row {
	fn from(row: RowType) -> Self {
		Self { posted: row.posted, self_share: row.self_share, edges: row.edges }
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct RowInfoType {
	uid: u32,
	charged: Option<RowType>,
	pending: Option<RowType>,
}

impl From<RowInfoType> for RowInfo {
	fn from(row: RowInfoType) -> Self {
		Self {
			uid: row.uid,
			charged: row.charged.map(Row::from),
			pending: row.pending.map(Row::from),
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct BidType {
	uid: u32,
	share: u32,
	flow: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
enum PhaseType {
	Idle,
	Merge,
	Begin,
	Sweep,
	Emit,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct LastPayoutType {
	epoch: u32,
	minted: u64,
	components: u32,
	sweeps: u32,
	residual: u64,
	paid_at: u32,
	parent: H256,
	started_at: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct EpochStatusType {
	epoch: u32,
	phase: PhaseType,
	sweep: u32,
	cursor: u32,
	components: u32,
	registered: u32,
	started: u32,
	next_payout_in: u32,
	minted_total: u64,
	total_stake: u64,
	last: Option<LastPayoutType>,
}

impl From<EpochStatusType> for EpochStatus {
	fn from(status: EpochStatusType) -> Self {
		Self {
			epoch: status.epoch,
			phase: match status.phase {
				PhaseType::Idle => Phase::Idle,
				PhaseType::Merge => Phase::Merge,
				PhaseType::Begin => Phase::Begin,
				PhaseType::Sweep => Phase::Sweep,
				PhaseType::Emit => Phase::Emit,
			},
			sweep: status.sweep,
			cursor: status.cursor,
			components: status.components,
			registered: status.registered,
			started: status.started,
			next_payout_in: status.next_payout_in,
			minted_total: status.minted_total,
			total_stake: status.total_stake,
			last: status.last.map(|last| LastPayout {
				epoch: last.epoch,
				minted: last.minted,
				components: last.components,
				sweeps: last.sweeps,
				residual: last.residual,
				paid_at: last.paid_at,
				parent: last.parent.0,
				started_at: last.started_at,
			}),
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct ParametersType {
	epoch_length: u32,
	row_lifetime: u32,
	min_stake: u64,
	registration_deposit: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct EpochStartedType {
	epoch: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct EpochPaidType {
	epoch: u32,
	minted: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct AccountType {
	data: AccountDataType,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "::subxt::ext::scale_decode")]
struct AccountDataType {
	free: u64,
}
