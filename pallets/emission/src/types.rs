//! The types of storage, calls and the runtime API.
//!
//! Everything that a person or a client sees numbers components by a `u32` uid; inside row pages a
//! uid is a `u16`. Amounts are in units (the smallest part of a token), shares out of
//! [`SHARE_ONE`](contribution::SHARE_ONE) = 65,536, epochs count from 1.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Amounts, in units.
pub type Balance = u64;

/// Rows in one [`RowPage`]: as many as the bits of an entry of `PendingSlots`.
pub const ROWS_PER_PAGE: u32 = u32::BITS;

/// Entries in one page of stakes, contributions, leaving components or pending slots.
pub const ENTRIES_PER_PAGE: u32 = 512;

/// Entries in one page of registrations: 16 KiB. They are written when a component comes or goes
/// and read by every post, for up to 64 targets anywhere; large pages make that few reads.
pub const REGISTRATIONS_PER_PAGE: u32 = 4_096;

/// Entries in one stored piece of a solve's vectors: 32 KiB.
pub const ENTRIES_PER_PIECE: u32 = 4_096;

/// Edges in one full [`RowPage`].
pub const EDGES_PER_PAGE: u32 = ROWS_PER_PAGE * MAX_EDGES;

/// The most edges of a row.
pub const MAX_EDGES: u32 = contribution::MAX_EDGES as u32;

/// The most edges that a call can carry. It is above [`MAX_EDGES`] so that a row that is somewhat
/// too long gets an error by name and not a decoding failure.
pub const MAX_POSTED_EDGES: u32 = 4 * MAX_EDGES;

/// The version of the layout of [`RowPage`].
pub const ROW_PAGE_VERSION: u8 = 1;

/// The most chunks of stake that one account can have unbonding at a time.
pub const MAX_UNBONDING_CHUNKS: u32 = 32;

/// The most components that one call of the runtime API returns.
pub const MAX_COMPONENTS_PER_READ: u32 = 256;

/// The most rows that one call of the runtime API returns, or searches for bids.
pub const MAX_ROWS_PER_READ: u32 = 1_024;

/// The most contributions that one call of the runtime API returns.
pub const MAX_CONTRIBUTIONS_PER_READ: u32 = 4_096;

/// The edges of a row as a call carries them: `(uid, share)`, any order.
pub type PostedRow = BoundedVec<(u32, u16), ConstU32<MAX_POSTED_EDGES>>;

/// The edges of a row that passed the checks: `(uid, share)`.
pub type Edges = BoundedVec<(u32, u16), ConstU32<MAX_EDGES>>;

/// One page of 512 entries, one per uid. Entries beyond its length are the default (zero).
pub type Page<V> = BoundedVec<V, ConstU32<ENTRIES_PER_PAGE>>;

/// One page of registration epochs, one per uid. Entries beyond its length are 0.
pub type RegisteredPage = BoundedVec<u32, ConstU32<REGISTRATIONS_PER_PAGE>>;

/// A piece of a vector of a solve.
pub type Piece = BoundedVec<u64, ConstU32<ENTRIES_PER_PIECE>>;

/// The chunks of stake that an account has unbonding, by epoch.
pub type UnbondingChunks = BoundedVec<UnbondingChunk, ConstU32<MAX_UNBONDING_CHUNKS>>;

/// Where a component answers Spikes and Grads.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Endpoint {
	/// Host name or IP address, 1 to 253 characters: letters, digits, `.`, `-`, `_` and `:`.
	pub host: BoundedVec<u8, ConstU32<253>>,
	/// TCP port, not 0.
	pub port: u16,
	/// SHA-256 of the public key of its TLS certificate, if it speaks TLS.
	pub tls_spki: Option<[u8; 32]>,
	/// Version of the protocol that it speaks.
	pub protocol: u16,
}

impl Endpoint {
	/// Whether a client could dial it.
	pub fn is_valid(&self) -> bool {
		let letter = |&c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':');
		!self.host.is_empty() && self.host.iter().all(letter) && self.port != 0
	}
}

/// A registered component.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Component<AccountId> {
	/// The cold key: it holds the deposit and moves the stake.
	pub owner: AccountId,
	/// The key that runs the miner: it may post rows and set the endpoint.
	pub service_key: AccountId,
	/// Units on hold from the owner, released when the component is removed.
	pub deposit: Balance,
	/// It has deregistered and is removed in the next `Merge`.
	pub leaving: bool,
}

/// The rows of 32 consecutive uids, as they were charged in the last solve.
///
/// ```text
///   byte    0        1             129          193
///           version  posted 32×u32 ends 32×u16  compact(n) targets n×u16  compact(n) shares n×u16
/// ```
///
/// Row `k` of the page has the edges from `ends[k − 1]` (0 for the first) to `ends[k]`; `posted[k]`
/// is the epoch in which it was posted, 0 if there is no row.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RowPage {
	/// [`ROW_PAGE_VERSION`].
	pub version: u8,
	/// The epoch in which each row was posted, 0 for none.
	pub posted: [u32; ROWS_PER_PAGE as usize],
	/// Where the edges of each row end.
	pub ends: [u16; ROWS_PER_PAGE as usize],
	/// The uid that each edge points at.
	pub targets: BoundedVec<u16, ConstU32<EDGES_PER_PAGE>>,
	/// The share of each edge, out of 65,536.
	pub shares: BoundedVec<u16, ConstU32<EDGES_PER_PAGE>>,
}

/// A row that waits for the next `Merge`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PendingRow {
	/// The epoch in which it was posted.
	pub posted: u32,
	/// Its edges; what they leave of 65,536 is the self-share.
	pub edges: Edges,
}

/// Stake that is on its way back to an account.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct UnbondingChunk {
	/// Units.
	pub amount: Balance,
	/// The epoch from which on they can be withdrawn.
	pub unlocks_at: u32,
}

/// A uid that can be given to a new component in an epoch after `freed`.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FreeUid {
	/// The uid.
	pub uid: u32,
	/// The epoch in which its last owner was removed.
	pub freed: u32,
}

/// The ends of the queue of free uids: entries `head` to `tail − 1` are in use, both wrap around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FreeQueue {
	/// The entry that is taken next.
	pub head: u32,
	/// The entry that is written next.
	pub tail: u32,
}

/// The halvings of the emission.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Default,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Halvings {
	/// Blocks from one halving to the next; 0: the emission never halves.
	pub interval: u64,
	/// The number of halvings after which it stays as it is.
	pub max: u32,
}

/// What no call can change: written by genesis.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
	/// Blocks from one `Begin` to the next, at least; 1 or more.
	pub epoch_length: u32,
	/// Units minted per block before the first halving.
	pub sigma: Balance,
	/// When the emission halves.
	pub halvings: Halvings,
	/// Epochs for which a posted row makes its stake a source; 0: forever.
	pub row_lifetime: u32,
	/// Epochs from `unstake` to `withdraw_unbonded`; 2 or more.
	pub unbonding_epochs: u32,
	/// The least stake, in units, other than none; also what a refunded post needs.
	pub min_stake: Balance,
	/// Units held from the owner of a component while it is registered.
	pub registration_deposit: Balance,
}

impl Default for Parameters {
	/// Those of the development preset: short epochs, one token per block.
	fn default() -> Self {
		Self {
			epoch_length: 10,
			sigma: 1_000_000_000,
			halvings: Halvings::default(),
			row_lifetime: 100,
			unbonding_epochs: 2,
			min_stake: 1_000_000_000,
			registration_deposit: 1_000_000_000,
		}
	}
}

impl Parameters {
	/// The emission as Algorithm 2 has it.
	pub fn schedule(&self) -> contribution::Schedule {
		contribution::Schedule {
			sigma: self.sigma,
			halving_interval: self.halvings.interval,
			max_halvings: self.halvings.max,
		}
	}

	/// Whether a row posted in epoch `posted` (0: none) makes its stake a source in epoch `epoch`.
	pub fn is_live(&self, posted: u32, epoch: u32) -> bool {
		posted != 0 && (self.row_lifetime == 0 || epoch.saturating_sub(posted) <= self.row_lifetime)
	}
}

/// What the chain does about the emission now.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum Phase {
	/// Waiting for the epoch to be due.
	#[default]
	Idle,
	/// Removing components that leave and taking over the pending rows.
	Merge,
	/// About to copy stakes.
	Begin,
	/// Solving Algorithm 1.
	Sweep,
	/// Paying, page by page.
	Emit,
}

/// The state of the phase machine: the whole of it, but for the vectors of a solve that spans
/// blocks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SolveState<BlockNumber, Hash> {
	/// What is being done.
	pub phase: Phase,
	/// Where: in `Merge` the next page of leaving components, in `Sweep` the first uid of
	/// the next window, in `Emit` the next page of stakes; else 0.
	pub cursor: u32,
	/// In `Merge`, the next row page; the pending rows of those before it were taken over.
	pub row_page: u32,
	/// The uids of this solve are 0 to `components − 1`.
	pub components: u32,
	/// The mass that was put in; 0: there is no source.
	pub total: u64,
	/// The mass not absorbed yet.
	pub residual: u64,
	/// Completed sweeps.
	pub sweep: u16,
	/// The vectors of the solve lie in `ResidualPieces` and `SolvedPieces`.
	pub saved: bool,
	/// Units scheduled for this epoch.
	pub sigma: Balance,
	/// Units minted for this epoch: `None` until `Emit` has done so.
	pub minted: Option<Balance>,
	/// Units of them that are paid.
	pub paid: Balance,
	/// The running sum of contributions that `Emit` has paid.
	pub paid_mass: u64,
	/// The block of `Begin`.
	pub started_at: BlockNumber,
	/// The block whose state `Begin` read the stakes of.
	pub parent: Hash,
}

/// The last epoch that was paid.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct LastPayout<BlockNumber, Hash> {
	/// Its number.
	pub epoch: u32,
	/// Units minted.
	pub minted: Balance,
	/// The uids of its solve were 0 to `components − 1`.
	pub components: u32,
	/// Sweeps made.
	pub sweeps: u32,
	/// The mass not absorbed when it stopped, of about 2^62.
	pub residual: u64,
	/// The block in which the last component was paid; its state shows the charged rows.
	pub paid_at: BlockNumber,
	/// The block whose state holds the stakes of the solve.
	pub parent: Hash,
	/// The block of `Begin`, the child of `parent`.
	pub started_at: BlockNumber,
}

/// A component, for readers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ComponentInfo<AccountId> {
	/// Its index.
	pub uid: u32,
	/// The cold key.
	pub owner: AccountId,
	/// The key of its miner.
	pub service_key: AccountId,
	/// Where it answers, if it said so.
	pub endpoint: Option<Endpoint>,
	/// The epoch in which it registered.
	pub registered: u32,
	/// It is removed at the start of the next epoch.
	pub leaving: bool,
	/// Units staked.
	pub stake: Balance,
	/// Units that are a source if the next solve began now: the stake, or 0 without a live row
	/// (charged or pending).
	pub source: Balance,
	/// Units paid to it by the last payout.
	pub payout: Balance,
}

/// A row, for readers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Row {
	/// The epoch in which it was posted.
	pub posted: u32,
	/// What stays with the component, out of 65,536.
	pub self_share: u32,
	/// `(uid, share)` of each edge that counts.
	pub edges: Vec<(u32, u16)>,
}

/// The rows of a component, for readers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct RowInfo {
	/// Its index.
	pub uid: u32,
	/// The row of the last solve; void edges are left out, their share is in the self-share.
	pub charged: Option<Row>,
	/// The row that the next epoch takes over, if one was posted since.
	pub pending: Option<Row>,
}

/// What one component bids for another, for readers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Bid {
	/// The bidder.
	pub uid: u32,
	/// Its share, out of 65,536.
	pub share: u32,
	/// What passed along the edge in the last payout: `payout · share / self_share`, in units.
	pub flow: Balance,
}

/// The emission at a glance, for readers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct EpochStatus<BlockNumber, Hash> {
	/// The number of the running epoch.
	pub epoch: u32,
	/// What is being done.
	pub phase: Phase,
	/// Completed sweeps of the solve in progress.
	pub sweep: u32,
	/// The next uid (`Sweep`, a multiple of 32) or page (`Merge`, `Emit`).
	pub cursor: u32,
	/// Uids are 0 to `components − 1`.
	pub components: u32,
	/// How many of them are registered.
	pub registered: u32,
	/// The block of the last `Begin`.
	pub started: BlockNumber,
	/// Blocks to the next payout; an estimate.
	pub next_payout_in: u32,
	/// Units minted since genesis.
	pub minted_total: Balance,
	/// Units staked.
	pub total_stake: Balance,
	/// The last epoch that was paid.
	pub last: Option<LastPayout<BlockNumber, Hash>>,
}

/// What the edges leave of 65,536.
pub(crate) fn self_share(edges: &[(u32, u16)]) -> u32 {
	let given: u32 = edges.iter().map(|&(_, share)| u32::from(share)).sum();
	contribution::SHARE_ONE.saturating_sub(given)
}

/// The vectors and the graph that the steps of one block share in memory.
pub(crate) struct Resident {
	/// All rows, without the edges that do not count.
	pub(crate) graph: contribution::Graph,
	/// `r` and `N*`.
	pub(crate) vectors: contribution::Vectors,
}
