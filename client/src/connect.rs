//! A connection to a node: it waits for the node, checks its chain, and heals itself.

use crate::{
	names::{self, Part},
	ChainError, Hash,
};
use backon::{ExponentialBuilder, Retryable};
use std::{
	future::Future,
	sync::Arc,
	time::{Duration, Instant},
};
use subxt::{
	backend::LegacyBackend,
	client::{OnlineClient, OnlineClientAtBlock},
	config::{substrate::SubstrateConfig, RpcConfigFor},
	rpcs::{
		client::{reconnecting_rpc_client::ExponentialBackoff, ReconnectingRpcClient, RpcClient},
		methods::legacy::LegacyRpcMethods,
	},
	tx::Signer,
	utils::{AccountId32, MultiSignature, H256},
};

/// A read that takes longer is an error.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// An attempt to connect that takes longer is an error.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to connect.
const MAX_PAUSE: Duration = Duration::from_secs(2);

pub(crate) type At = OnlineClientAtBlock<SubstrateConfig>;
type Rpc = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A key that signs transactions, such as a `subxt_signer::sr25519::Keypair`.
#[derive(Clone)]
pub struct Key(Arc<dyn Signer<SubstrateConfig> + Send + Sync>);

impl Key {
	/// A key from whatever holds it.
	pub fn new(signer: impl Signer<SubstrateConfig> + Send + Sync + 'static) -> Self {
		Self(Arc::new(signer))
	}
}

impl Signer<SubstrateConfig> for Key {
	fn account_id(&self) -> AccountId32 {
		self.0.account_id()
	}

	fn sign(&self, payload: &[u8]) -> MultiSignature {
		self.0.sign(payload)
	}
}

/// A chain behind the WebSocket address of a node.
pub struct SubxtChain {
	pub(crate) link: Link,
	pub(crate) key: Option<Key>,
	/// One call in flight, so that nonces do not collide.
	pub(crate) submitting: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for SubxtChain {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("SubxtChain").field("url", &self.link.url).finish_non_exhaustive()
	}
}

/// Block numbers of this chain are 32 bits wide.
pub(crate) fn block_number(number: u64) -> u32 {
	u32::try_from(number).unwrap_or(u32::MAX)
}

/// What reads need; cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
	pub(crate) url: String,
	pub(crate) genesis: Hash,
	pub(crate) client: OnlineClient<SubstrateConfig>,
	pub(crate) rpc: Rpc,
	pub(crate) raw: RpcClient,
}

impl SubxtChain {
	/// Connects to `url` (`ws://` or `wss://`), retrying until `timeout` has passed, and compares
	/// the genesis hash with `expected`, if given. `key` signs calls; without it
	/// [`submit`](crate::Chain::submit) fails.
	///
	/// # Errors
	/// [`ChainError::Address`], [`ChainError::Unreachable`], [`ChainError::WrongGenesis`], or [`ChainError::Incompatible`] if
	/// the runtime lacks one of the [`names`] of [`Part::Components`].
	pub async fn connect(
		url: &str,
		expected: Option<Hash>,
		timeout: Duration,
		key: Option<Key>,
	) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
		check_url(url)?;
		wait_for_node(url, timeout).await.map_err(unreachable)?;
		let link = tokio::time::timeout(READ_TIMEOUT, Link::new(url, expected))
			.await
			.map_err(|_| unreachable("it accepts connections but does not answer".into()))??;
		let chain = Self { link, key, submitting: tokio::sync::Mutex::new(()) };
		chain.offers(Part::Components).await?;
		Ok(chain)
	}

	/// Checks that the runtime has all that a part needs.
	///
	/// # Errors
	/// [`ChainError::Incompatible`] names the first thing that is missing.
	pub async fn offers(&self, part: Part) -> Result<(), ChainError> {
		names::check(self.link.at(None).await?.metadata_ref(), part)
	}
}

/// Checks that `url` can be the address of a node, without connecting.
///
/// # Errors
/// [`ChainError::Address`] if it is no `ws://` or `wss://` address with a host.
pub fn check_url(url: &str) -> Result<(), ChainError> {
	let wrong = |reason: String| ChainError::Address { url: url.into(), reason };
	let parsed = url::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
	match parsed.scheme() {
		"ws" | "wss" => Ok(()),
		other => Err(wrong(format!("`{other}` is not a WebSocket scheme"))),
	}
}

/// Connects and disconnects: unlike a client that reconnects, a probe shows why it failed.
async fn wait_for_node(url: &str, timeout: Duration) -> Result<(), String> {
	let started = Instant::now();
	let probe = || {
		ReconnectingRpcClient::builder()
			.retry_policy(std::iter::empty::<Duration>())
			.connection_timeout(CONNECTION_TIMEOUT)
			.build(url)
	};
	let pauses = ExponentialBuilder::new()
		.with_min_delay(Duration::from_millis(100))
		.with_max_delay(MAX_PAUSE)
		.with_total_delay(Some(timeout))
		.without_max_times();
	let mut told = false;
	let connected = probe
		.retry(pauses)
		.when(|_| started.elapsed() < timeout)
		.notify(|error, _| {
			if !std::mem::replace(&mut told, true) {
				tracing::info!("waiting for the node at {url}: {error}");
			}
		})
		.await;
	let seconds = started.elapsed().as_secs();
	connected.map(drop).map_err(|error| format!("{error} (tried for {seconds} s)"))
}

impl Link {
	async fn new(url: &str, expected: Option<Hash>) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
		let inner = ReconnectingRpcClient::builder()
			.retry_policy(ExponentialBackoff::from_millis(50).max_delay(MAX_PAUSE))
			.connection_timeout(CONNECTION_TIMEOUT)
			.build(url)
			.await
			.map_err(|error| unreachable(error.to_string()))?;
		let raw = RpcClient::new(inner);
		let rpc = Rpc::new(raw.clone());
		let genesis = rpc.genesis_hash().await.map_err(|error| unreachable(error.to_string()))?;
		if let Some(expected) = expected {
			ChainError::check_genesis(url, expected, genesis.0)?;
		}
		let config = SubstrateConfig::builder().set_genesis_hash(genesis).build();
		let backend: LegacyBackend<SubstrateConfig> = LegacyBackend::builder().build(raw.clone());
		let client = OnlineClient::from_backend_with_config(config, Arc::new(backend))
			.await
			.map_err(|error| unreachable(error.to_string()))?;
		Ok(Self { url: url.into(), genesis: genesis.0, client, rpc, raw })
	}

	pub(crate) fn rpc_error(&self, error: subxt::rpcs::Error) -> ChainError {
		if error.is_disconnected_will_reconnect() {
			return self.unreachable(error.to_string());
		}
		ChainError::other(error)
	}

	pub(crate) fn unreachable(&self, reason: String) -> ChainError {
		ChainError::Unreachable { url: self.url.clone(), reason }
	}

	/// Hash of the block `number` on the best chain; `None` is the best block.
	pub(crate) async fn hash_of(&self, number: Option<u32>) -> Result<H256, ChainError> {
		self.rpc
			.chain_get_block_hash(number.map(|number| u64::from(number).into()))
			.await
			.map_err(|error| self.rpc_error(error))?
			.ok_or_else(|| ChainError::NoBlock {
				block: number.map_or("best".into(), |number| number.to_string()),
			})
	}

	/// The client at a block; `None` is the best block.
	pub(crate) async fn at(&self, at: Option<Hash>) -> Result<At, ChainError> {
		let hash = match at {
			Some(hash) => H256(hash),
			None => self.hash_of(None).await?,
		};
		self.client.at_block(hash).await.map_err(|error| {
			use subxt::error::OnlineClientAtBlockError as E;
			match error {
				E::BlockHeaderNotFound { .. } | E::BlockNotFound { .. } => {
					ChainError::NoBlock { block: format!("{hash:?}") }
				}
				E::CannotGetBlockHeader { reason, .. } | E::CannotGetSpecVersion { reason, .. } => {
					self.backend_error(&reason, hash)
				}
				error => ChainError::other(error),
			}
		})
	}

	/// What an error of the backend means for a read of the block `at`.
	pub(crate) fn backend_error(&self, error: &subxt::error::BackendError, at: H256) -> ChainError {
		/// What nodes say about a block that they do not have.
		const NO_BLOCK: [&str; 3] =
			["State already discarded", "UnknownBlock", "Header was not found"];
		let text = error.to_string();
		if error.is_disconnected_will_reconnect() {
			return self.unreachable(text);
		}
		match NO_BLOCK.iter().any(|words| text.contains(words)) {
			true => ChainError::NoBlock { block: format!("{at:?}") },
			false => ChainError::Other(text),
		}
	}

	/// Runs a read within the time limit of reads.
	pub(crate) async fn timed<T>(
		&self,
		read: impl Future<Output = Result<T, ChainError>>,
	) -> Result<T, ChainError> {
		tokio::time::timeout(READ_TIMEOUT, read).await.unwrap_or_else(|_| {
			Err(self.unreachable(format!("no answer within {} s", READ_TIMEOUT.as_secs())))
		})
	}
}
