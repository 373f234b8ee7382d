//! The types of storage and calls.
//!
//! The views that clients read are in [`bittensor_emission`] and re-exported here. A uid is a `u32`
//! everywhere but in row pages, where it is a `u16`. Amounts are in units, shares out of
//! [`SHARE_ONE`](contribution::SHARE_ONE) = 65,536, epochs count from 1.

pub use bittensor_emission::{
	Balance, Bid, ComponentInfo, Edge, Endpoint, EpochStatus, Halvings, Host, LastPayout,
	Parameters, Phase, Row, RowInfo, MAX_COMPONENTS_PER_READ, MAX_CONTRIBUTIONS_PER_READ,
	MAX_ROWS_PER_READ,
};

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::{Type, TypeInfo};

/// Rows per [`RowPage`]: the number of bits in an entry of `PendingSlots`.
pub const ROWS_PER_PAGE: u32 = u32::BITS;

/// Entries per page of stakes, contributions or pending marks.
pub const ENTRIES_PER_PAGE: u32 = 512;

/// Entries per page of registrations: 16 KiB. Pages are written when a component registers or is
/// removed and read by every post for up to 64 targets; large pages keep those reads few.
pub const REGISTRATIONS_PER_PAGE: u32 = 4_096;

/// Entries per stored piece of a solve's vectors: 32 KiB.
pub const ENTRIES_PER_PIECE: u32 = 4_096;

/// Edges in a full [`RowPage`].
pub const EDGES_PER_PAGE: u32 = ROWS_PER_PAGE * MAX_EDGES;

/// Maximum number of edges in a row.
pub const MAX_EDGES: u32 = contribution::MAX_EDGES as u32;

/// Maximum number of edges in a call. It is above [`MAX_EDGES`], so that a row that is slightly too
/// long fails with a named error and not in decoding.
pub const MAX_POSTED_EDGES: u32 = 4 * MAX_EDGES;

/// Version of the layout of [`RowPage`].
pub const ROW_PAGE_VERSION: u8 = 1;

/// Maximum number of chunks of stake that an account can have unbonding.
pub const MAX_UNBONDING_CHUNKS: u32 = 32;

/// The edges of a row in a call, in any order: at most [`MAX_POSTED_EDGES`], or decoding fails.
///
/// In the metadata its type is that of `Vec<Edge>`, so that clients pass a plain list. A bounded vector
/// is a struct with one field there, for which some clients need `[[…]]`. The encoding is the same.
#[derive(
	Clone, PartialEq, Eq, Debug, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct PostedRow(BoundedVec<Edge, ConstU32<MAX_POSTED_EDGES>>);

impl PostedRow {
	/// The edges.
	pub fn into_inner(self) -> Vec<Edge> {
		self.0.into_inner()
	}
}

impl core::ops::Deref for PostedRow {
	type Target = [Edge];

	fn deref(&self) -> &[Edge] {
		&self.0
	}
}

impl TryFrom<Vec<Edge>> for PostedRow {
	type Error = Vec<Edge>;

	fn try_from(edges: Vec<Edge>) -> Result<Self, Vec<Edge>> {
		edges.try_into().map(Self)
	}
}

impl TypeInfo for PostedRow {
	type Identity = <Vec<Edge> as TypeInfo>::Identity;

	fn type_info() -> Type {
		Vec::<Edge>::type_info()
	}
}

/// The edges of a row that passed the checks.
pub type Edges = BoundedVec<Edge, ConstU32<MAX_EDGES>>;

/// A page of 512 entries, one per uid. Entries beyond its length are 0.
pub type Page<V> = BoundedVec<V, ConstU32<ENTRIES_PER_PAGE>>;

/// A page of registration epochs, one per uid. Entries beyond its length are 0.
pub type RegisteredPage = BoundedVec<u32, ConstU32<REGISTRATIONS_PER_PAGE>>;

/// A piece of a vector of a solve.
pub type Piece = BoundedVec<u64, ConstU32<ENTRIES_PER_PIECE>>;

/// The unbonding stake of an account, in chunks by block.
pub type UnbondingChunks<BlockNumber> =
	BoundedVec<UnbondingChunk<BlockNumber>, ConstU32<MAX_UNBONDING_CHUNKS>>;

/// A registered component.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Component<AccountId> {
	/// Cold key: holds the deposit and moves the stake.
	pub owner: AccountId,
	/// Key of the miner: posts rows and sets the endpoint.
	pub service_key: AccountId,
	/// The key that the owner names as the next service key; it has not accepted.
	pub next_service_key: Option<AccountId>,
	/// The account that the owner offers the component; it has not accepted.
	pub next_owner: Option<AccountId>,
	/// Units on hold at the owner, released when the component is removed.
	pub deposit: Balance,
	/// Epoch in which its stake was last lowered; 0 if never.
	pub unstaked: u32,
	/// The component has deregistered; a later `Merge` removes it, the next one if few leave.
	pub leaving: bool,
}

/// The active rows of 32 consecutive uids.
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

/// A row that the next `Merge` makes active.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PendingRow {
	/// Epoch in which it was posted.
	pub posted: u32,
	/// Its edges; the rest of 65,536 is the self-share.
	pub edges: Edges,
}

/// Stake that unbonds.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct UnbondingChunk<BlockNumber> {
	/// Units.
	pub amount: Balance,
	/// The first block in which they can be withdrawn.
	pub unlocks_at: BlockNumber,
}

/// A uid that a new component can get in an epoch after `freed`.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FreeUid {
	/// The uid.
	pub uid: u32,
	/// Epoch in which its last owner was removed.
	pub freed: u32,
}

/// The ends of a queue: entries `head` to `tail − 1` are in use; both wrap around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Queue {
	/// The entry that is taken next.
	pub head: u32,
	/// The entry that is written next.
	pub tail: u32,
}

impl Queue {
	/// Number of entries in use.
	pub(crate) fn len(&self) -> u32 {
		self.tail.wrapping_sub(self.head)
	}

	/// The entry to take, which is in use no more.
	pub(crate) fn pop(&mut self) -> Option<u32> {
		if self.len() == 0 {
			return None;
		}
		let entry = self.head;
		self.head = self.head.wrapping_add(1);
		Some(entry)
	}

	/// The entry to write, which is in use from now on.
	pub(crate) fn push(&mut self) -> u32 {
		let entry = self.tail;
		self.tail = self.tail.wrapping_add(1);
		entry
	}
}

/// The state of the phase machine, without the vectors of a solve that spans blocks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SolveState<BlockNumber, Hash> {
	/// Current phase.
	pub phase: Phase,
	/// Position: the number of components removed in this epoch (`Merge`), the first uid of the next
	/// window (`Sweep`), the next page of stakes (`Emit`), else 0.
	pub cursor: u32,
	/// The next row page in `Merge`; pending rows of earlier pages are active.
	pub row_page: u32,
	/// The uids of this solve are 0 to `components − 1`.
	pub components: u32,
	/// Initial mass; 0 without a source.
	pub total: u64,
	/// Mass not absorbed yet.
	pub residual: u64,
	/// Completed sweeps.
	pub sweep: u16,
	/// The vectors of the solve are stored in `ResidualPieces` and `SolvedPieces`.
	pub saved: bool,
	/// Units scheduled for this epoch; before `Begin`, those of a solve that an upgrade ended.
	pub sigma: Balance,
	/// Units minted for the components of this epoch; `None` until `Emit` mints.
	pub minted: Option<Balance>,
	/// Units of `minted` that are paid.
	pub paid: Balance,
	/// Sum of the contributions that `Emit` has paid.
	pub paid_mass: u64,
	/// Block of `Begin`.
	pub started_at: BlockNumber,
	/// Block whose state holds the stakes that `Begin` read.
	pub parent: Hash,
}

/// The graph and the vectors that the steps of one block share in memory.
pub(crate) struct Resident {
	/// All rows, without the edges that do not count.
	pub(crate) graph: contribution::Graph,
	/// `r` and `N*`.
	pub(crate) vectors: contribution::Vectors,
}
