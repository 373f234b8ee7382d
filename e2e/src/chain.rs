//! Reading the chain: heads, slots, and the three `emission_*` methods of the node.
//!
//! ```text
//!  chain_getHeader ─────► Head { number, hash, slot }      slot: from Aura's digest
//!  emission_status ─────► Status { epoch, phase, last payout … }
//!  emission_components ─► Component { uid, stake, payout … }   any block, by hash
//!  emission_row ────────► Row { posted, self_share, edges }    the row that was charged
//! ```
//!
//! Invariants: every read names its block, so that numbers of one epoch belong together; an
//! amount is a decimal string on the wire and a `u64` of units here (1 BIT = 10^9 units).

use anyhow::Context;
use serde::{Deserialize, Deserializer};
use serde_json::{json, Value};
use subxt::{
	ext::scale_value::At as _,
	rpcs::client::{RpcClient, RpcParams},
	OnlineClient, SubstrateConfig,
};

/// Components asked for in one call; the node caps a page at 256.
const PAGE: u32 = 256;

/// A block of the best or the finalised chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
	/// Block number.
	pub number: u32,
	/// Block hash, `0x…`.
	pub hash: String,
	/// Aura slot in which it was authored; `None` for genesis.
	pub slot: Option<u64>,
}

/// State of the emission, as `emission_status` gives it.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
	/// Epoch that is now under way.
	pub epoch: u32,
	/// Exclusive upper bound of all uids.
	pub components: u32,
	/// The last payout, if there was one.
	pub last: Option<LastPayout>,
	/// Sum of all payouts, in units.
	#[serde(deserialize_with = "amount")]
	pub minted_total: u64,
}

/// The last payout of a chain.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct LastPayout {
	/// Epoch that was paid.
	pub epoch: u32,
	/// Units minted.
	#[serde(deserialize_with = "amount")]
	pub minted: u64,
	/// Sweeps that the solve took.
	pub sweeps: u32,
	/// Mass not yet at its end when the solve stopped, of a total in [2^61, 2^62).
	#[serde(deserialize_with = "amount")]
	pub residual: u64,
	/// Block in which the last component was paid.
	pub paid_at: u32,
	/// Block whose state holds the stakes of the solve.
	pub parent: String,
	/// Block in which the solve began.
	pub started_at: u32,
}

/// A component, as `emission_components` gives it.
#[derive(Clone, Debug, Deserialize)]
pub struct Component {
	/// Its index on the chain.
	pub uid: u32,
	/// Account that owns it, SS58.
	pub owner: String,
	/// Where it serves, if it says so.
	pub endpoint: Option<Endpoint>,
	/// Its stake, in units.
	#[serde(deserialize_with = "amount")]
	pub stake: u64,
	/// What the last payout gave it, in units.
	#[serde(deserialize_with = "amount")]
	pub payout: u64,
}

/// Where a component serves.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Endpoint {
	/// Host name or address.
	pub host: String,
	/// TCP port.
	pub port: u16,
}

/// A row of shares.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Row {
	/// Epoch in which it was posted.
	pub posted: u32,
	/// What the component keeps, out of 65,536.
	pub self_share: u32,
	/// What it attributes to others: (uid, share out of 65,536).
	pub edges: Vec<(u32, u16)>,
}

/// A component's rows, as `emission_row` gives them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Rows {
	/// The row that the last solve used.
	pub charged: Option<Row>,
	/// A row that waits for the next solve.
	pub pending: Option<Row>,
}

/// What genesis fixed about the emission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
	/// Units per block and when they halve.
	pub schedule: contribution::Schedule,
	/// Epochs that a row lives after its post; 0: forever.
	pub row_lifetime: u32,
	/// Blocks from one payout's begin to the next.
	pub epoch_length: u32,
}

impl Parameters {
	/// Whether a row that was posted in epoch `posted` makes its owner's stake a source in `epoch`.
	pub fn is_live(&self, posted: u32, epoch: u32) -> bool {
		self.row_lifetime == 0 || epoch.saturating_sub(posted) <= self.row_lifetime
	}
}

/// A connection to a node.
#[derive(Clone, Debug)]
pub struct Chain {
	rpc: RpcClient,
}

impl Chain {
	/// Connects to `url` (`ws://…`).
	pub async fn connect(url: &str) -> anyhow::Result<Self> {
		let rpc = RpcClient::from_insecure_url(url)
			.await
			.with_context(|| format!("no connection to the node at {url}"))?;
		Ok(Self { rpc })
	}

	/// One JSON-RPC call with positional parameters.
	pub async fn call<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: &[Value],
	) -> anyhow::Result<T> {
		let mut list = RpcParams::new();
		for param in params {
			list.push(param)?;
		}
		let answer = self.rpc.request(method, list).await;
		answer.with_context(|| format!("{method} failed"))
	}

	/// The best block.
	pub async fn best(&self) -> anyhow::Result<Head> {
		let header: Header = self.call("chain_getHeader", &[]).await?;
		let number = header.number()?;
		Ok(Head { number, hash: self.hash(number).await?, slot: header.slot() })
	}

	/// The last finalised block.
	pub async fn finalized(&self) -> anyhow::Result<Head> {
		let hash: String = self.call("chain_getFinalizedHead", &[]).await?;
		self.head(&hash).await
	}

	/// The block with this hash.
	pub async fn head(&self, hash: &str) -> anyhow::Result<Head> {
		let header: Header = self.call("chain_getHeader", &[json!(hash)]).await?;
		Ok(Head { number: header.number()?, hash: hash.into(), slot: header.slot() })
	}

	/// Hash of the best chain's block `number`.
	pub async fn hash(&self, number: u32) -> anyhow::Result<String> {
		let hash: Option<String> = self.call("chain_getBlockHash", &[json!(number)]).await?;
		hash.with_context(|| format!("the node has no block {number}"))
	}

	/// State of the emission at the block `at`.
	pub async fn status(&self, at: &str) -> anyhow::Result<Status> {
		self.call("emission_status", &[json!(at)]).await
	}

	/// All components at the block `at`, in uid order.
	pub async fn components(&self, at: &str) -> anyhow::Result<Vec<Component>> {
		let space = self.status(at).await?.components;
		let mut all = Vec::new();
		for start in (0..space).step_by(PAGE as usize) {
			let params = [json!(start), json!(PAGE), json!(at)];
			all.extend(self.call::<Vec<Component>>("emission_components", &params).await?);
		}
		Ok(all)
	}

	/// The rows of `uid` at the block `at`; no row if there never was one.
	pub async fn rows(&self, uid: u32, at: &str) -> anyhow::Result<Rows> {
		let rows: Option<Rows> = self.call("emission_row", &[json!(uid), json!(at)]).await?;
		Ok(rows.unwrap_or_default())
	}

	/// What genesis fixed about the emission, from the chain's own storage.
	pub async fn parameters(&self) -> anyhow::Result<Parameters> {
		let client = OnlineClient::<SubstrateConfig>::from_rpc_client(self.rpc.clone()).await?;
		let entry =
			subxt::dynamic::storage::<(), subxt::dynamic::Value>("Emission", "EmissionParameters");
		let block = client.at_current_block().await?;
		let stored = block.storage().fetch(entry, ()).await?.decode()?;
		let number = |name: &str| {
			let found = stored.at(name).and_then(|value| value.as_u128());
			let found = found.and_then(|value| u64::try_from(value).ok());
			found.with_context(|| format!("EmissionParameters has no number `{name}`"))
		};
		let halvings = stored.at("halvings");
		let halving = |name: &str| {
			let found = halvings.and_then(|h| h.at(name)).and_then(|value| value.as_u128());
			let found = found.and_then(|value| u64::try_from(value).ok());
			found.with_context(|| format!("EmissionParameters.halvings has no number `{name}`"))
		};
		Ok(Parameters {
			schedule: contribution::Schedule {
				sigma: number("sigma")?,
				halving_interval: halving("interval")?,
				max_halvings: u32::try_from(halving("max")?)?,
			},
			row_lifetime: u32::try_from(number("row_lifetime")?)?,
			epoch_length: u32::try_from(number("epoch_length")?)?,
		})
	}
}

#[derive(Deserialize)]
struct Header {
	number: String,
	digest: Digest,
}

#[derive(Deserialize)]
struct Digest {
	logs: Vec<String>,
}

impl Header {
	fn number(&self) -> anyhow::Result<u32> {
		let digits = self.number.trim_start_matches("0x");
		u32::from_str_radix(digits, 16).context("the node gave no block number")
	}

	/// Slot in the digest: `PreRuntime` (6), engine `aura`, length 8, then a little-endian u64.
	fn slot(&self) -> Option<u64> {
		const AURA: &str = "0x066175726120";
		let hex = self.digest.logs.iter().find_map(|log| log.strip_prefix(AURA))?;
		let bytes: Option<Vec<u8>> =
			(0..8).map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect();
		Some(u64::from_le_bytes(bytes?.try_into().ok()?))
	}
}

/// A `u64` that is written as a decimal string.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
	let text = String::deserialize(deserializer)?;
	text.parse().map_err(serde::de::Error::custom)
}
