//! Stake, rows, epochs and the minting of tokens.
//!
//! A component registers, stakes, and posts a row: the shares of its loss reduction that it
//! attributes to the components whose vectors it uses. Once per epoch the chain computes the
//! contributions from all rows and stakes (Algorithm 1, crate [`contribution`]) and mints the
//! scheduled emission in proportion to them (Algorithm 2). Minted tokens are stake.
//!
//! # One epoch
//!
//! ```text
//!        block b (epoch due)                                     block b + k
//!  ──────────┬──────────────────────────────────────────────────────┬──────────────────►
//!   Idle     │ Merge      Begin        Sweep ............... Emit   │ Idle     ... Merge
//!            │   │          │            │                     │    │
//!            │   │          │            │                     │    └ EpochPaid, epoch += 1
//!            │   │          │            │                     └ mint σ into the pot once, then
//!            │   │          │            │                       raise 512 stakes per page
//!            │   │          │            └ Gauss-Seidel push, as far as the weight allows
//!            │   │          └ copy stakes and live rows in one step; EpochStarted
//!            │   └ remove leaving components, make pending rows active
//!  post_row ─┴─► PendingRows ───────────(next Merge)──────────► RowPages
//! ```
//!
//! All of this runs in `on_poll`, which extrinsics cannot starve, under its own meter: the rest of
//! the block or [`Config::MaxServiceWeight`], whichever is less. Each step first checks that its
//! worst case fits, runs as far as the weight allows, and falls through to the next step, so a small
//! network completes an epoch in one block. A solve that spans blocks stores its two vectors in
//! pieces of 32 KiB and packs the rows again in each block. A block without the hook (session
//! rotation, migrations) delays an epoch and has no other effect: the emission depends only on the
//! block numbers of `Begin`. The events of the hook have the phase `Initialization`: they belong to the
//! block and not to an extrinsic.
//!
//! # Where the coins are
//!
//! ```text
//!   owner ──stake──► pot: Σ stakes + Σ unbonding + minted but not yet paid + surplus
//!     ▲               │                    ▲
//!     └─withdraw──────┘                    └── mint_into, once per epoch
//!     (deposit: on hold at the owner, outside the pot)
//! ```
//!
//! # Epochs and rows
//!
//! Epochs count from 1; the number increases when an epoch is paid. The *active* row of a component
//! is the one that the last solve used (`RowPages`). A posted row is *pending* (`PendingRows`): the
//! last post wins, and posts are accepted during a solve. An edge i → j counts iff j is registered
//! and registered(j) ≤ posted(i). An edge to a uid that has a new owner is void: its share stays
//! with i. A freed uid is reused only in a later epoch, so the two owners have different epochs. The
//! stake of i is a source iff its row is at most `row_lifetime` epochs old; an older row still
//! passes on what others attribute to i.
//!
//! A *flow* is what went over an edge in the last paid epoch: payout · share / self-share. From `Merge` to
//! `EpochPaid` the rows are already those of the next payout, so there is no flow to be had; `bids`
//! says so. Payouts are those of one epoch at every block.
//!
//! # Upgrades and governance
//!
//! - *Another storage version halts.* While the version of the storage is not that of the code, `on_poll`
//!   does nothing and every call fails with `OtherStorageVersion`, so no page is taken for an empty one. A
//!   single page of rows that cannot be read halts the solve too (`RowPageUnreadable`).
//! - *An upgrade restarts a solve* from `Merge` (`SolveRestarted`). The emission of its epoch is carried to
//!   the new solve. An epoch that is being paid is paid to its end.
//! - *Governance can abort a solve* (`abort_solve`): the emission of its epoch lapses, and the next epoch
//!   starts when it is due. It can set the minimum stake, the deposit and the row lifetime within bounds
//!   (`set_parameters`). No call changes the epoch length, sigma or the halvings.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. pot ≥ Σ stakes + Σ unbonding + minted and not yet paid. The surplus never decreases; it starts
//!    at the existential deposit, which genesis pays in so that the pot cannot be dusted.
//! 2. Only `Emit` mints: exactly σ of the blocks between two `Begin`s, with those of a solve that was
//!    restarted, or 0 if nothing is payable or the solve was aborted. The validators' part, if genesis gives them
//!    one, is minted to them; the rest is paid to components. The schedule ends, so the total minted is
//!    bounded. (Fees, slashes and burns reduce the issuance.)
//! 3. Active and pending rows are well-formed and belong to registered components; a uid is marked
//!    in `PendingSlots` iff it has a pending row.
//! 4. Cursors are in range, and the pieces of a solve exist iff the state says so.
//! 5. An account is owner or service key of one component at most, and each component has both. Uids,
//!    registrations, the queue of leaving components and free uids agree; unregistered uids have no
//!    stake; each owner holds its deposit; an account that owns or serves a component or has unbonding
//!    stake is held by a consumer reference.
//! 6. Work that a call causes later is part of its weight: removal for `deregister`, merging for a post.
//!    An epoch removes at most [`Config::MaxRemovals`] components, in the order in which they left.
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | this file | configuration, storage and genesis |
//! | `calls`, `events`, `errors` | the other parts of the pallet |
//! | [`types`] | types of storage and calls; the views are in [`bittensor_emission`] |
//! | [`parameters`] | ranges of the parameters at genesis, and `set_parameters` |
//! | `register`, `keys`, `staking`, `row` | what the calls do |
//! | `bond` | stake as the bond of validators: slashes, and the validators' part of the emission |
//! | `phases` | the state machine: `merge`, `begin`, `sweep`, `emit`, and `leave` |
//! | `pages` | access to the paged storage |
//! | `api` | what the runtime API returns |
//! | [`weights`] | weights of calls and steps |
//! | `benchmarking` | measures them |
//! | `invariants` | checks what must hold after every block |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use bond::{Stake, Validators};
pub use pallet::*;
pub use types::{Parameters, PostedRow};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

mod api;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod bond;
mod calls;
mod errors;
mod events;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
mod keys;
#[cfg(test)]
mod mock;
mod pages;
pub mod parameters;
mod phases;
mod register;
mod row;
mod staking;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

/// The log target of this pallet.
pub(crate) const LOG_TARGET: &str = "runtime::emission";

/// The pallet: see the [crate](crate) for the design.
#[import_section(calls::calls)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	use super::{
		types::{
			Balance, Component, Endpoint, FreeUid, LastPayout, Page, Parameters, PendingRow, Phase,
			Piece, PostedRow, Queue, RegisteredPage, RowPage, SolveState, UnbondingChunks,
		},
		weights, Validators, WeightInfo,
	};
	use alloc::vec::Vec;
	use frame_support::{pallet_prelude::*, traits::fungible, weights::WeightMeter, PalletId};
	use frame_system::pallet_prelude::*;

	/// Increases with every change of a stored type, also of [`super::types::ROW_PAGE_VERSION`]. While
	/// the chain has another one, hooks and calls do nothing: a migration writes it last.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// Stake, rows, epochs and minting.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The token.
		type Currency: fungible::Inspect<Self::AccountId, Balance = Balance>
			+ fungible::Mutate<Self::AccountId>
			+ fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// Seed of the account that holds all stakes.
		#[pallet::constant]
		type PalletId: Get<PalletId>;

		/// Maximum number of components, at most 65,536.
		#[pallet::constant]
		type MaxComponents: Get<u32>;

		/// Maximum weight of emission work per block.
		///
		/// Intended: one quarter of the block.
		#[pallet::constant]
		type MaxServiceWeight: Get<Weight>;

		/// Maximum number of components that one epoch removes.
		///
		/// Others that leave wait for a later one, so that they do not delay payouts.
		#[pallet::constant]
		type MaxRemovals: Get<u32>;

		/// Maximum number of posts per block whose fee is refunded.
		#[pallet::constant]
		type MaxFreePosts: Get<u32>;

		/// Who sets parameters and aborts a solve.
		type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Least and largest minimum stake that governance can set, in units.
		#[pallet::constant]
		type MinStakeBounds: Get<(Balance, Balance)>;

		/// Least and largest deposit that governance can set, in units.
		#[pallet::constant]
		type DepositBounds: Get<(Balance, Balance)>;

		/// Least and largest row lifetime that governance can set, in epochs.
		#[pallet::constant]
		type RowLifetimeBounds: Get<(u32, u32)>;

		/// The set of validators: which stakes secure it, and its part of the emission.
		type Validators: Validators<Self::AccountId>;

		/// Weights of calls and steps.
		type WeightInfo: WeightInfo;
	}

	/// Why balance is on hold.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit of a registered component; released when the component is removed.
		RegistrationDeposit,
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// Maximum number of edges in a row.
		#[pallet::constant_name(MaxEdges)]
		fn max_edges() -> u32 {
			super::types::MAX_EDGES
		}

		/// The sum of a row, in shares.
		#[pallet::constant_name(ShareOne)]
		fn share_one() -> u32 {
			contribution::SHARE_ONE
		}

		/// Minimum self-share of a row, out of `ShareOne`.
		#[pallet::constant_name(MinSelfShare)]
		fn min_self_share() -> u32 {
			contribution::MIN_SELF_SHARE
		}

		/// Maximum number of sweeps in one solve.
		#[pallet::constant_name(MaxSweeps)]
		fn max_sweeps() -> u32 {
			u32::from(contribution::MAX_SWEEPS)
		}

		/// The account that holds all stakes.
		#[pallet::constant_name(Pot)]
		fn pot_account() -> T::AccountId {
			Pallet::<T>::pot()
		}
	}

	/// Parameters, set by genesis.
	///
	/// Governance can change the minimum stake, the deposit and the row lifetime, within bounds.
	#[pallet::storage]
	pub type EmissionParameters<T> = StorageValue<_, Parameters, ValueQuery>;

	/// Number of the running epoch.
	#[pallet::storage]
	pub type Epoch<T> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

	/// Block of the last `Begin`, after which emission accrues.
	#[pallet::storage]
	pub type Started<T> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// State of the phase machine.
	#[pallet::storage]
	pub type Solve<T: Config> = StorageValue<_, SolveState<BlockNumberFor<T>, T::Hash>, ValueQuery>;

	/// The runtime was upgraded: a running solve starts again.
	#[pallet::storage]
	pub type RestartDue<T> = StorageValue<_, bool, ValueQuery>;

	/// A solve was aborted: the active rows are newer than the last payout.
	#[pallet::storage]
	pub type RowsUnpaid<T> = StorageValue<_, bool, ValueQuery>;

	/// The last epoch that was paid.
	#[pallet::storage]
	pub type LastPaid<T: Config> = StorageValue<_, LastPayout<BlockNumberFor<T>, T::Hash>>;

	/// Units minted since genesis.
	#[pallet::storage]
	pub type MintedTotal<T> = StorageValue<_, Balance, ValueQuery>;

	/// Registered components, by uid.
	#[pallet::storage]
	pub type Components<T: Config> = StorageMap<_, Twox64Concat, u32, Component<T::AccountId>>;

	/// Uid of the component that an account owns or serves.
	///
	/// An account has one component at most, so a key stands for one uid.
	#[pallet::storage]
	pub type UidOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32>;

	/// Where components serve, by uid.
	#[pallet::storage]
	pub type Endpoints<T> = StorageMap<_, Twox64Concat, u32, Endpoint>;

	/// Number of uids ever assigned: 0 to this minus one.
	#[pallet::storage]
	pub type UidSpace<T> = StorageValue<_, u32, ValueQuery>;

	/// Queue of the uids of removed components, oldest first.
	#[pallet::storage]
	pub type FreeUids<T> = StorageMap<_, Twox64Concat, u32, FreeUid>;

	/// The entries of `FreeUids` that are in use.
	#[pallet::storage]
	pub type FreeUidQueue<T> = StorageValue<_, Queue, ValueQuery>;

	/// Queue of the uids of leaving components, oldest first.
	#[pallet::storage]
	pub type Leaving<T> = StorageMap<_, Twox64Concat, u32, u32>;

	/// The entries of `Leaving` that are in use.
	#[pallet::storage]
	pub type LeavingQueue<T> = StorageValue<_, Queue, ValueQuery>;

	/// A block, and the number of posts in it whose fee was refunded.
	#[pallet::storage]
	pub type FreePosts<T> = StorageValue<_, (BlockNumberFor<T>, u32), ValueQuery>;

	/// Registration epochs, 4,096 uids per page; 0 is unregistered.
	#[pallet::storage]
	pub type RegisteredPages<T> = StorageMap<_, Twox64Concat, u32, RegisteredPage, ValueQuery>;

	/// Stakes in units, 512 uids per page.
	///
	/// Algorithm 1 starts from them, and payouts are added to them.
	#[pallet::storage]
	pub type StakePages<T> = StorageMap<_, Twox64Concat, u32, Page<u64>, ValueQuery>;

	/// Units paid per epoch, 512 uids per page.
	///
	/// Pages 0 to 127 are of the last epoch with an even number, pages 128 to 255 of the last with an
	/// odd one. The payouts of the last paid epoch are whole while the next ones are written.
	#[pallet::storage]
	pub type ContributionPages<T> = StorageMap<_, Twox64Concat, u32, Page<u64>, ValueQuery>;

	/// Active rows, 32 uids per page.
	#[pallet::storage]
	pub type RowPages<T> = StorageMap<_, Twox64Concat, u32, RowPage, ValueQuery>;

	/// Pending rows, by uid; the next `Merge` makes them active.
	#[pallet::storage]
	pub type PendingRows<T> = StorageMap<_, Twox64Concat, u32, PendingRow>;

	/// Uids that have a pending row, one bit each.
	///
	/// An entry has the bits of one row page; a page has 512 entries.
	#[pallet::storage]
	pub type PendingSlots<T> = StorageMap<_, Twox64Concat, u32, Page<u32>, ValueQuery>;

	/// Stake that unbonds, by account and block.
	#[pallet::storage]
	pub type Unbonding<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		UnbondingChunks<BlockNumberFor<T>>,
		ValueQuery,
	>;

	/// Residual of a solve that spans blocks, in pieces.
	#[pallet::storage]
	pub type ResidualPieces<T> = StorageMap<_, Twox64Concat, u32, Piece>;

	/// Contributions of a solve that spans blocks, in pieces.
	#[pallet::storage]
	pub type SolvedPieces<T> = StorageMap<_, Twox64Concat, u32, Piece>;

	/// The state at block 0.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The parameters; no call changes the emission.
		pub parameters: Parameters,
		/// Initial components: `(owner, stake)`. The owner's balance pays the stake and the deposit.
		pub components: Vec<(T::AccountId, Balance)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Pallet::<T>::assert_parameters(&self.parameters);
			let (unbonding, window) =
				(self.parameters.unbonding_blocks, T::Validators::report_window());
			assert!(
				unbonding >= window,
				"emission: unbondingBlocks is {unbonding}; it must be at least {window}, the blocks in which a \
				 validator's offence can be reported",
			);
			EmissionParameters::<T>::put(self.parameters);
			// Written explicitly, so that clients can read both from block 0.
			Epoch::<T>::put(1);
			Solve::<T>::put(SolveState::default());
			Pallet::<T>::open_pot();
			for (owner, stake) in &self.components {
				Pallet::<T>::do_register(owner.clone(), None, None)
					.expect("emission: each genesis component needs its own owner and a deposit");
				Pallet::<T>::do_stake(owner, *stake)
					.expect("emission: each genesis owner needs its stake, at least minStake");
			}
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(now: BlockNumberFor<T>, block: &mut WeightMeter) {
			let limit = block.remaining().min(T::MaxServiceWeight::get());
			let mut meter = WeightMeter::with_limit(limit);
			Self::service(now, &mut meter);
			block.consume(meter.consumed());
		}

		fn on_runtime_upgrade() -> Weight {
			// `on_poll` restarts a solve: it has the weight, and runs after all migrations.
			RestartDue::<T>::put(true);
			T::DbWeight::get().writes(1)
		}

		fn integrity_test() {
			Self::check_constants();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::check_invariants()
		}
	}
}
