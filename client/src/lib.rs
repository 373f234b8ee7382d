//! The client of the chain: all that the miner, the end-to-end tests and the benchmarks know of it.
//!
//! ```text
//!                     trait Chain: reads at a block, submit, blocks
//!                      │                                   │
//!       SubxtChain: a node, over a WebSocket      MemoryChain: a twin in memory, for tests
//!         connect   read   submit   follow
//!                      │
//!         names    pallets, calls, runtime API methods, events and storage items
//!         calls    the arguments of each call
//!         offline  signing without a node
//!         funds    what a call costs, and whether an account has it
//!         parse    accounts and amounts as people write them
//! ```
//!
//! The views are those of [`bittensor_emission`], decoded by field name against the metadata that
//! the node serves: an added field or a renumbered variant breaks no client, and a missing one is an
//! error that names it.
//!
//! Invariants: amounts are in units (1 BIT = 10^9 units), shares out of 65,536; a read is of one
//! block; one call per account is in flight.
//!
//! ```
//! use bittensor_client::{Call, Chain, ChainError, Edge, MemoryChain, Parameters, UNIT};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ChainError> {
//! let (alice, bob) = ([1; 32], [2; 32]);
//! let balances = [(alice, 1_000 * UNIT), (bob, 1_000 * UNIT)];
//! let chain = MemoryChain::new(Parameters::default(), balances, alice);
//! for account in [alice, bob] {
//!     let call = Call::Register { endpoint: None, service_key: None };
//!     chain.seen_by(account).submit(call).await?;
//! }
//! // Alice attributes half of her loss reduction to Bob.
//! chain.submit(Call::PostRow { row: vec![Edge { target: 1, share: 32_768 }] }).await?;
//!
//! let row = chain.row(0, None).await?.and_then(|row| row.pending).expect("just posted");
//! assert_eq!(row.self_share, 32_768);
//! # Ok(())
//! # }
//! ```
//!
//! To add a call: a variant of [`names::CallName`], one of [`Call`] with its arguments, and its
//! effect in [`memory`]. To add a read: a method of [`names::Method`] and of [`Chain`].

pub mod calls;
pub mod errors;
pub mod funds;
pub mod memory;
pub mod names;
pub mod offline;
pub mod parse;

mod connect;
mod follow;
mod printed;
mod read;
mod submit;
mod validators;

pub use bittensor_emission::{
	Bid, Edge, Endpoint, Halvings, Host, Parameters, Phase, Row, RowInfo, MAX_EDGES,
	MIN_SELF_SHARE, SHARE_ONE, UNIT,
};
pub use calls::Call;
pub use connect::{check_url, Key, SubxtChain};
pub use errors::ChainError;
pub use memory::MemoryChain;
pub use names::{Event, Part};
pub use offline::Offline;
pub use printed::PrintedKey;
pub use subxt::rpcs::{client::RpcParams, rpc_params};

use async_trait::async_trait;
use futures::stream::BoxStream;

/// An account: the 32 bytes of an sr25519 public key.
pub type AccountId = [u8; 32];
/// A block hash.
pub type Hash = [u8; 32];
/// A registered component.
pub type ComponentInfo = bittensor_emission::ComponentInfo<AccountId>;
/// The running epoch.
pub type EpochStatus = bittensor_emission::EpochStatus<u32, Hash>;
/// A validator of the running session.
pub type ValidatorInfo = bittensor_emission::ValidatorInfo<AccountId>;
/// A candidate.
pub type CandidateInfo = bittensor_emission::CandidateInfo<AccountId>;
/// What the set of validators knows of an account.
pub type ValidatorStatus = bittensor_emission::ValidatorStatus<u32>;
/// The last epoch that was paid.
pub type LastPayout = bittensor_emission::LastPayout<u32, Hash>;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
	/// Its number.
	pub number: u32,
	/// Its hash.
	pub hash: Hash,
}

/// Stake of an account that unbonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, subxt::ext::scale_decode::DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Unbonding {
	/// Units.
	pub amount: u64,
	/// The first block in which they can be withdrawn.
	pub unlocks_at: u32,
}

/// A new best block and its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEvents {
	/// The block.
	pub head: Head,
	/// The events in it that clients know, in order.
	pub events: Vec<Event>,
}

/// Access to a chain. Reads are of the block `at`; `None` is the best block.
///
/// # Errors
/// [`ChainError::Unreachable`] if no node answers, [`ChainError::NoBlock`] if the node does not have
/// the block or its state, [`ChainError::Incompatible`] if the runtime does not offer what is read.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
	/// Hash of block 0.
	fn genesis_hash(&self) -> Hash;

	/// The best block, or the block of a number on the best chain.
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

	/// The rows of one component; `None` if it has none.
	async fn row(&self, uid: u32, at: Option<Hash>) -> Result<Option<RowInfo>, ChainError>;

	/// All rows, by uid.
	async fn rows(&self, at: Option<Hash>) -> Result<Vec<RowInfo>, ChainError>;

	/// The bids of all components for `uid`, by uid of the bidder, with the flows of the last paid epoch.
	/// `None` while a solve is in progress: its rows are already those of the next payout.
	/// [`Chain::paid_at`] gives a block that has them.
	async fn bids(&self, uid: u32, at: Option<Hash>) -> Result<Option<Vec<Bid>>, ChainError>;

	/// What genesis fixed about the emission.
	async fn parameters(&self) -> Result<Parameters, ChainError>;

	/// The running epoch and the last payout.
	async fn epoch_status(&self, at: Option<Hash>) -> Result<EpochStatus, ChainError>;

	/// The time of a block, in milliseconds since the Unix epoch; `None` on a chain without a clock.
	async fn time(&self, _at: Option<Hash>) -> Result<Option<u64>, ChainError> {
		Ok(None)
	}

	/// The newest block up to the block `at` whose rows are those of the last payout: `at` itself, or
	/// while a solve is in progress the block that paid last. `None` if a first solve is in progress.
	async fn paid_at(&self, at: Hash) -> Result<Option<Hash>, ChainError> {
		let status = self.epoch_status(Some(at)).await?;
		match (status.phase, status.last) {
			(Phase::Idle, _) => Ok(Some(at)),
			(_, Some(last)) => Ok(Some(self.head(Some(last.paid_at)).await?.hash)),
			(_, None) => Ok(None),
		}
	}

	/// Free balance of an account, in units.
	async fn free_balance(&self, account: AccountId, at: Option<Hash>) -> Result<u64, ChainError>;

	/// The stake of an account that unbonds, oldest first.
	async fn unbonding(
		&self,
		account: AccountId,
		at: Option<Hash>,
	) -> Result<Vec<Unbonding>, ChainError>;

	/// The fee of a call now, in units, before any refund.
	async fn fee(&self, call: &Call) -> Result<u64, ChainError>;

	/// Signs and submits a call, and waits until it succeeded in a best block.
	///
	/// # Errors
	/// [`ChainError::Unfunded`] if the account cannot pay the fee, [`ChainError::Rejected`] if the
	/// pool refused it for another reason, [`ChainError::NotIncluded`] if no block took
	/// it in time, [`ChainError::Dispatch`] if the runtime refused it.
	async fn submit(&self, call: Call) -> Result<Head, ChainError>;

	/// New best blocks with their events, without end: after a lost connection the stream gives an
	/// error and continues with the next best block.
	fn blocks(&self) -> BoxStream<'static, Result<BlockEvents, ChainError>>;
}

/// Units as a decimal string, the form of every amount in JSON.
pub fn decimal(units: u64) -> String {
	units.to_string()
}

/// Units as BIT with four decimals, rounded down, for people: `1.2345`.
pub fn bit(units: u64) -> String {
	format!("{}.{:04}", units / UNIT, units % UNIT / 100_000)
}

/// A hash as `0x` and 64 hexadecimal digits.
pub fn hex_hash(hash: &Hash) -> String {
	format!("0x{}", hex::encode(hash))
}

/// SS58 address of an account, prefix 42.
pub fn ss58(account: &AccountId) -> String {
	subxt::utils::AccountId32(*account).to_string()
}

/// The first and the last `each` characters of an address, for a narrow column; the whole address if it
/// is short.
pub fn ends(address: &str, each: usize) -> String {
	let last = address.len().checked_sub(each).and_then(|at| address.get(at..));
	match (address.get(..each), last) {
		(Some(first), Some(last)) if address.len() > 2 * each + 2 => format!("{first}…{last}"),
		_ => address.into(),
	}
}
