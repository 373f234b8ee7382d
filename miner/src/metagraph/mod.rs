//! The chain as a miner sees it: components, rows, bids and epochs.
//!
//! ```text
//!            trait Chain ──────────────┬───────────────────────┐
//!                 │                    │                       │
//!        subxt.rs (a node,     memory.rs (in-memory     the rest of the miner
//!        over a WebSocket)      twin, for tests)        sees only the trait
//!                 │
//!      view.rs  mirrors components, charged rows, flows and endpoints
//!      poster.rs  posts the row when it is due, one call in flight
//! ```
//!
//! Invariants: amounts are in units (1 BIT = 10^9 units); shares are out of 65,536; a row that is
//! read here is the row that was charged in the last solve, unless it says "pending". Nothing in
//! the miner waits for the chain to train or to serve.

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::Serialize;

pub mod memory;
pub mod poster;
pub mod subxt;
pub mod view;

/// Shares of a row sum to this.
pub const SHARE_ONE: u32 = 65_536;
/// A component keeps at least this share for itself (1/8).
pub const MIN_SELF_SHARE: u32 = 8_192;
/// A row has at most this many edges.
pub const MAX_EDGES: usize = 64;
/// Units in one BIT.
pub const UNIT: u64 = 1_000_000_000;
/// The protocol number in an [`Endpoint`]: signed envelopes over gRPC, version 1.
pub const PROTOCOL: u16 = 1;

/// An account: the 32 bytes of an sr25519 public key.
pub type AccountId = [u8; 32];
/// A block hash.
pub type Hash = [u8; 32];

/// Where a component serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Endpoint {
	/// Host name or address, at most 253 bytes.
	pub host: String,
	/// TCP port.
	pub port: u16,
	/// SHA-256 of the certificate's public key, if the transport is TLS.
	#[serde(serialize_with = "hex_option")]
	pub tls_spki: Option<[u8; 32]>,
	/// Version of the wire protocol, [`PROTOCOL`].
	pub protocol: u16,
}

impl std::fmt::Display for Endpoint {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		if self.host.contains(':') {
			write!(f, "[{}]:{}", self.host, self.port)
		} else {
			write!(f, "{}:{}", self.host, self.port)
		}
	}
}

fn hex_option<S: serde::Serializer>(
	value: &Option<[u8; 32]>,
	serializer: S,
) -> Result<S::Ok, S::Error> {
	match value {
		Some(bytes) => serializer.serialize_some(&format!("0x{}", hex::encode(bytes))),
		None => serializer.serialize_none(),
	}
}

/// One registered component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentInfo {
	/// Dense on-chain index.
	pub uid: u32,
	/// The account that owns stake and registration.
	pub owner: AccountId,
	/// The account that signs Spikes, Grads and posts.
	pub service_key: AccountId,
	/// Where it serves, if it announced that.
	pub endpoint: Option<Endpoint>,
	/// Epoch of the registration.
	pub registered: u32,
	/// It asked to leave and goes at the next merge.
	pub leaving: bool,
	/// Units of stake.
	pub stake: u64,
	/// Units of stake that count in S (equation 4) now: 0 without a live row.
	pub source: u64,
	/// Units paid at the last payout.
	pub payout: u64,
}

/// A row of ΔL: shares of other components; the rest of [`SHARE_ONE`] is the component's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
	/// Epoch in which it was posted.
	pub posted: u32,
	/// ΔL_ii out of 65,536.
	pub self_share: u32,
	/// (target uid, share out of 65,536).
	pub edges: Vec<(u32, u16)>,
}

/// The rows of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowInfo {
	/// Its owner's uid.
	pub uid: u32,
	/// The row charged in the last solve.
	pub charged: Option<Row>,
	/// A newer row that waits for the next merge.
	pub pending: Option<Row>,
}

/// What one component bids for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
	/// The bidder.
	pub uid: u32,
	/// Share of its row, out of 65,536.
	pub share: u32,
	/// Units per epoch that flow over the edge: payout_i · w_ij / d_i.
	pub flow: u64,
}

/// Where the chain is in its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
	/// Between two solves.
	Idle,
	/// Pending rows enter the rows that are charged.
	Merge,
	/// Stakes are copied.
	Begin,
	/// Algorithm 1 runs.
	Sweep,
	/// Payouts are written.
	Emit,
}

/// The last payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastPayout {
	/// Its epoch.
	pub epoch: u32,
	/// Units minted (σ of the epoch).
	pub minted: u64,
	/// Components in the solve.
	pub components: u32,
	/// Sweeps until it converged.
	pub sweeps: u32,
	/// Mass not yet absorbed when it stopped (solver's scale).
	pub residual: u64,
	/// The block that ended it: the state of this block shows the charged rows and the payouts.
	pub paid_at: u32,
	/// The block whose state holds the stakes of the solve.
	pub parent: Hash,
	/// The block in which the solve began.
	pub started_at: u32,
}

/// The chain's epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochStatus {
	/// Current epoch.
	pub epoch: u32,
	/// Current phase.
	pub phase: Phase,
	/// Sweep under way.
	pub sweep: u32,
	/// Next row, page or uid of the phase.
	pub cursor: u32,
	/// One above the highest uid ever used.
	pub components: u32,
	/// Components registered now.
	pub registered: u32,
	/// The block in which the epoch started.
	pub started: u32,
	/// Blocks until the next payout (estimate).
	pub next_payout_in: u32,
	/// Units minted since genesis.
	pub minted_total: u64,
	/// Units at stake.
	pub total_stake: u64,
	/// The last payout, if there was one.
	pub last: Option<LastPayout>,
}

/// Parameters of the emission that a miner needs; written by genesis only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
	/// Blocks in an epoch.
	pub epoch_length: u32,
	/// Epochs for which a posted row counts.
	pub row_lifetime: u32,
	/// Units of stake from which on posts are refunded.
	pub min_stake: u64,
	/// Units held on the owner while it is registered.
	pub registration_deposit: u64,
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
	/// Its number.
	pub number: u32,
	/// Its hash.
	pub hash: Hash,
}

/// What happened to the emission in a block, as far as a miner cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
	/// A solve began: pending rows are charged from here.
	EpochStarted {
		/// Its epoch.
		epoch: u32,
	},
	/// A solve was paid: flows are new.
	EpochPaid {
		/// Its epoch.
		epoch: u32,
		/// Units minted.
		minted: u64,
	},
	/// Somebody registered, left, moved, or changed the service key.
	Membership,
}

/// A new best block and its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEvents {
	/// The block.
	pub head: Head,
	/// Its events, in order.
	pub events: Vec<Event>,
}

/// A signed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
	/// Becomes a component; the caller is owner and, without `service_key`, service key.
	Register {
		/// Where it serves.
		endpoint: Option<Endpoint>,
		/// Another account that runs the miner.
		service_key: Option<AccountId>,
	},
	/// Adds units to the stake.
	Stake {
		/// Units.
		amount: u64,
	},
	/// Announces where the component serves, or that it does not.
	SetEndpoint {
		/// The endpoint.
		endpoint: Option<Endpoint>,
	},
	/// Replaces the row; what is left of 65,536 is the component's own share.
	PostRow {
		/// (uid, share), in any order.
		row: Vec<(u32, u16)>,
	},
}

impl Call {
	/// The call's name in the pallet.
	pub fn name(&self) -> &'static str {
		match self {
			Call::Register { .. } => "register",
			Call::Stake { .. } => "stake",
			Call::SetEndpoint { .. } => "set_endpoint",
			Call::PostRow { .. } => "post_row",
		}
	}
}

/// What can go wrong between a miner and the chain; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// No node answers at the address.
	#[error(
		"no node answers at {url}: {reason}. Start a node (`bittensor-node --dev`) or give its \
		 WebSocket address with --chain ws://HOST:PORT"
	)]
	Unreachable {
		/// The address.
		url: String,
		/// What the transport said.
		reason: String,
	},
	/// The node is of another chain.
	#[error(
		"wrong genesis: the node at {url} is of chain 0x{found}, expected 0x{expected}. Give the \
		 address of a node of your chain with --chain, or correct --genesis"
	)]
	WrongGenesis {
		/// The address.
		url: String,
		/// Genesis hash wanted, hex.
		expected: String,
		/// Genesis hash found, hex.
		found: String,
	},
	/// The node's runtime has no emission pallet or API as this miner knows it.
	#[error(
		"the chain does not offer {what}: {reason}. Use a miner built for this chain's runtime \
		 version"
	)]
	Incompatible {
		/// Which call or runtime API.
		what: String,
		/// What was missing.
		reason: String,
	},
	/// The runtime refused the call.
	#[error("the chain refused `{call}`: {name}. {hint}")]
	Dispatch {
		/// The call.
		call: String,
		/// The error's name, `Pallet::Error`.
		name: String,
		/// What to do, from the runtime's own documentation.
		hint: String,
	},
	/// The pool or the signature check refused the transaction.
	#[error(
		"the node did not take `{call}`: {reason}. Check that the account has funds for the fee \
		 and that no other process uses the same key"
	)]
	Rejected {
		/// The call.
		call: String,
		/// What the node said.
		reason: String,
	},
	/// The transaction did not get into a block in time.
	#[error(
		"`{call}` was in no block within {seconds} s; the chain may have stopped making blocks"
	)]
	NotIncluded {
		/// The call.
		call: String,
		/// How long we waited.
		seconds: u64,
	},
	/// A block or its state is not there (any more).
	#[error(
		"block {block} is unknown to the node or its state was pruned. Take a newer block, or a \
		 node that runs with --state-pruning archive"
	)]
	NoBlock {
		/// Number or hash.
		block: String,
	},
	/// Anything else the node said.
	#[error("chain: {0}")]
	Other(String),
}

impl ChainError {
	/// Trying again later may help.
	pub fn is_transient(&self) -> bool {
		matches!(
			self,
			ChainError::Unreachable { .. }
				| ChainError::NotIncluded { .. }
				| ChainError::Rejected { .. }
				| ChainError::Other(_)
		)
	}
}

/// Access to a chain. All reads are at a block: `None` is the best one.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
	/// Hash of block 0.
	fn genesis_hash(&self) -> Hash;

	/// The best block, or the one of a number.
	async fn head(&self, number: Option<u32>) -> Result<Head, ChainError>;

	/// The block of a hash.
	async fn head_at(&self, hash: Hash) -> Result<Head, ChainError>;

	/// All components, by uid.
	async fn components(&self, at: Option<Hash>) -> Result<Vec<ComponentInfo>, ChainError>;

	/// The uid of an owner or service key.
	async fn component_of(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Option<u32>, ChainError>;

	/// The rows of one component.
	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError>;

	/// All rows, by uid.
	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError>;

	/// All bids for `uid`.
	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Vec<Bid>, ChainError>;

	/// The chain's fixed parameters.
	async fn parameters(&self) -> Result<Parameters, ChainError>;

	/// The epoch.
	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError>;

	/// Free units of an account.
	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError>;

	/// Signs, submits and waits until the call is in a best block and succeeded.
	async fn submit(&self, call: Call) -> Result<Head, ChainError>;

	/// New best blocks with their events, for ever: it outlives reconnections.
	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>>;
}

/// Units as a decimal string of units (the form of every amount in JSON).
pub fn decimal(units: u64) -> String {
	units.to_string()
}

/// Units as BIT for people, 4 decimals, rounded down.
pub fn bit(units: u64) -> String {
	format!("{}.{:04}", units / UNIT, units % UNIT / 100_000)
}

/// Flow of an edge in units per epoch: payout · share / self-share (0 if the row is malformed).
pub fn flow(payout: u64, share: u32, self_share: u32) -> u64 {
	if self_share == 0 {
		return 0;
	}
	let flow = u128::from(payout) * u128::from(share) / u128::from(self_share);
	u64::try_from(flow).unwrap_or(u64::MAX)
}

/// SS58 address of an account, prefix 42.
pub fn ss58(account: &AccountId) -> String {
	::subxt::utils::AccountId32(*account).to_string()
}
