//! Stake, attribution rows, epochs and the minting of tokens.
//!
//! Components register, stake, and post rows: the shares of their loss reduction that they
//! attribute to the components whose vectors they use. Once per epoch the chain turns all rows and
//! stakes into contributions (Algorithm 1, in the crate [`contribution`]) and mints the scheduled
//! emission in proportion to them (Algorithm 2). Minted tokens are stake.
//!
//! # One epoch
//!
//! ```text
//!        block b (epoch due)                                     block b + k
//!  ──────────┬──────────────────────────────────────────────────────┬──────────────────►
//!   Idle     │ Merge      Begin        Sweep ............... Emit   │ Idle     ... Merge
//!            │   │          │            │                     │    │
//!            │   │          │            │                     │    └ EpochPaid, epoch += 1
//!            │   │          │            │                     └ σ minted into the pot once, then
//!            │   │          │            │                       512 stakes per page are raised
//!            │   │          │            └ Gauss-Seidel push, as much as the weight allows
//!            │   │          └ stakes and live rows copied, in one step; EpochStarted
//!            │   └ components that leave are removed, pending rows become the charged rows
//!  post_row ─┴─► PendingRows ───────────(next Merge)──────────► RowPages
//! ```
//!
//! All of it runs in `on_poll`, which users cannot starve, under a meter of its own: the rest of the
//! block or [`Config::MaxServiceWeight`], whichever is less. Each step first checks that its worst
//! case fits, runs as far as the weight allows, and falls through into the next, so that a small
//! network goes once round in a single block. A solve that spans blocks keeps its two vectors in
//! pieces of 32 KiB and packs the rows anew in each block. A block without the hook (session
//! rotation, migrations) delays an epoch and breaks nothing: the emission depends on the numbers of
//! the blocks of `Begin` alone.
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
//! Epochs count from 1; the number grows when an epoch is paid. A component's *charged* row is the
//! one that the last solve used (`RowPages`); what is posted waits in `PendingRows`, last wins, and
//! no post is ever refused because a solve runs. An edge i → j counts iff j is registered and
//! registered(j) ≤ posted(i): an edge to a uid that has changed hands is void and its share stays
//! with i. A freed uid is given out again in a later epoch only, so the two can be told apart by
//! their epochs. The stake of i is a source iff its row is not older than `row_lifetime` epochs; an
//! older row still passes on what others attribute to i.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. pot ≥ Σ stakes + Σ unbonding + what is minted and not yet paid. The surplus never falls; it
//!    starts at the existential deposit, which genesis puts there so that the pot cannot be dusted.
//! 2. The issuance grows by minting only, by σ of the blocks between two `Begin`s, to the unit, or
//!    not at all if nothing is payable.
//! 3. Rows, charged and pending, are well-formed and belong to registered components; a uid is
//!    marked in `PendingSlots` iff it has a pending row.
//! 4. Cursors are in range, and the pieces of a solve exist iff the solve says so.
//! 5. Owners, service keys, uids, registrations, leaving lists and free uids agree; unregistered and
//!    leaving uids have no stake; each owner holds its deposit.
//!
//! # Where to find what
//!
//! | module | |
//! |---|---|
//! | [`types`] | types of storage, calls and the runtime API |
//! | `register`, `staking`, `row` | the calls |
//! | `phases` | the state machine: `merge`, `begin`, `sweep`, `emit` |
//! | `pages` | access to the paged storage |
//! | `api` | what the runtime API returns |
//! | [`weights`] | what calls and steps cost |
//! | `benchmarking` | how that is measured |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;
pub use types::{Parameters, PostedRow};
pub use weights::WeightInfo;

mod api;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod pages;
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
#[frame_support::pallet]
pub mod pallet {
	use super::{
		types::{
			Balance, Component, Endpoint, FreeQueue, FreeUid, LastPayout, Page, Parameters,
			PendingRow, Phase, Piece, PostedRow, RegisteredPage, RowPage, SolveState,
			UnbondingChunks,
		},
		WeightInfo,
	};
	use alloc::vec::Vec;
	use frame_support::{pallet_prelude::*, traits::fungible, weights::WeightMeter, PalletId};
	use frame_system::pallet_prelude::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

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

		/// The runtime's reasons to hold balance.
		type RuntimeHoldReason: From<HoldReason>;

		/// The account that holds all stakes is derived from this.
		#[pallet::constant]
		type PalletId: Get<PalletId>;

		/// The most components, 65,536 at most.
		#[pallet::constant]
		type MaxComponents: Get<u32>;

		/// The most weight that the emission takes of one block: a quarter of it is meant.
		#[pallet::constant]
		type MaxServiceWeight: Get<Weight>;

		/// What calls and steps cost.
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
		/// The most edges of a row.
		#[pallet::constant_name(MaxEdges)]
		fn max_edges() -> u32 {
			super::types::MAX_EDGES
		}

		/// A whole row, in shares.
		#[pallet::constant_name(ShareOne)]
		fn share_one() -> u32 {
			contribution::SHARE_ONE
		}

		/// The least self-share of a row, out of `ShareOne`.
		#[pallet::constant_name(MinSelfShare)]
		fn min_self_share() -> u32 {
			contribution::MIN_SELF_SHARE
		}

		/// The most sweeps of one solve.
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

	/// What no call can change; written by genesis.
	#[pallet::storage]
	pub type EmissionParameters<T> = StorageValue<_, Parameters, ValueQuery>;

	/// The number of the running epoch.
	#[pallet::storage]
	pub type Epoch<T> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

	/// The block of the last `Begin`: where the blocks of the running epoch's emission start.
	#[pallet::storage]
	pub type Started<T> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The state of the phase machine.
	#[pallet::storage]
	pub type Solve<T: Config> = StorageValue<_, SolveState<BlockNumberFor<T>, T::Hash>, ValueQuery>;

	/// The last epoch that was paid.
	#[pallet::storage]
	pub type LastPaid<T: Config> = StorageValue<_, LastPayout<BlockNumberFor<T>, T::Hash>>;

	/// Units minted since genesis.
	#[pallet::storage]
	pub type MintedTotal<T> = StorageValue<_, Balance, ValueQuery>;

	/// The registered components.
	#[pallet::storage]
	pub type Components<T: Config> = StorageMap<_, Twox64Concat, u32, Component<T::AccountId>>;

	/// The uid of the component that an account owns.
	#[pallet::storage]
	pub type UidOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32>;

	/// The uid of the component whose service key an account is, where that is not the owner.
	#[pallet::storage]
	pub type UidOfServiceKey<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32>;

	/// Where components answer.
	#[pallet::storage]
	pub type Endpoints<T> = StorageMap<_, Twox64Concat, u32, Endpoint>;

	/// The number of uids that were ever given out: they are 0 to this minus one.
	#[pallet::storage]
	pub type UidSpace<T> = StorageValue<_, u32, ValueQuery>;

	/// The uids of removed components, oldest first.
	#[pallet::storage]
	pub type FreeUids<T> = StorageMap<_, Twox64Concat, u32, FreeUid>;

	/// Which entries of `FreeUids` are in use.
	#[pallet::storage]
	pub type FreeUidQueue<T> = StorageValue<_, FreeQueue, ValueQuery>;

	/// The leaving components among each 512 uids.
	#[pallet::storage]
	pub type Leaving<T> = StorageMap<_, Twox64Concat, u32, Page<u32>, ValueQuery>;

	/// The epochs in which 4,096 uids registered; 0: nobody has the uid.
	#[pallet::storage]
	pub type RegisteredPages<T> = StorageMap<_, Twox64Concat, u32, RegisteredPage, ValueQuery>;

	/// The stakes of 512 uids, in units: what Algorithm 1 starts from, and where emission goes.
	#[pallet::storage]
	pub type StakePages<T> = StorageMap<_, Twox64Concat, u32, Page<u64>, ValueQuery>;

	/// What the last payout paid to 512 uids, in units.
	#[pallet::storage]
	pub type ContributionPages<T> = StorageMap<_, Twox64Concat, u32, Page<u64>, ValueQuery>;

	/// The charged rows of 32 uids.
	#[pallet::storage]
	pub type RowPages<T> = StorageMap<_, Twox64Concat, u32, RowPage, ValueQuery>;

	/// Rows that wait for the next `Merge`, by uid.
	#[pallet::storage]
	pub type PendingRows<T> = StorageMap<_, Twox64Concat, u32, PendingRow>;

	/// The uids that have a pending row: one entry per row page, 512 to a page, and one bit per row.
	#[pallet::storage]
	pub type PendingSlots<T> = StorageMap<_, Twox64Concat, u32, Page<u32>, ValueQuery>;

	/// Stake on its way back to accounts, by epoch.
	#[pallet::storage]
	pub type Unbonding<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, UnbondingChunks, ValueQuery>;

	/// Pieces of the residual of a solve that spans blocks.
	#[pallet::storage]
	pub type ResidualPieces<T> = StorageMap<_, Twox64Concat, u32, Piece>;

	/// Pieces of the contributions of a solve that spans blocks.
	#[pallet::storage]
	pub type SolvedPieces<T> = StorageMap<_, Twox64Concat, u32, Piece>;

	/// The state at block 0.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// What no call can change.
		pub parameters: Parameters,
		/// Components from the start: `(owner, stake)`. The stake and the deposit come from the
		/// owner's balance.
		pub components: Vec<(T::AccountId, Balance)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let Parameters { epoch_length, sigma, halvings, unbonding_epochs, min_stake, .. } =
				self.parameters;
			assert!(epoch_length >= 1, "emission: epochLength must be at least 1 block");
			assert!(unbonding_epochs >= 2, "emission: unbondingEpochs must be at least 2");
			assert!(min_stake >= 1, "emission: minStake must be at least 1 unit");
			assert!(
				halvings.interval == 0 || sigma.checked_mul(halvings.interval).is_some(),
				"emission: sigma · halvings.interval must fit 64 bits",
			);
			EmissionParameters::<T>::put(self.parameters);
			// Written, so that both can be read from the first block on.
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

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A component was registered.
		ComponentRegistered {
			/// Its index.
			uid: u32,
			/// Its cold key.
			owner: T::AccountId,
		},
		/// A component has deregistered: its stake is unbonding, and it is removed at the start of
		/// the next epoch.
		ComponentLeaving {
			/// Its index.
			uid: u32,
		},
		/// A component that was leaving is gone; its deposit is released.
		ComponentRemoved {
			/// The index, free again in a later epoch.
			uid: u32,
			/// Its cold key.
			owner: T::AccountId,
		},
		/// A component said where it answers, or that it does not.
		EndpointSet {
			/// The component.
			uid: u32,
		},
		/// A component has a new service key.
		ServiceKeySet {
			/// The component.
			uid: u32,
			/// The key that runs its miner from now on.
			service_key: T::AccountId,
		},
		/// Tokens were staked.
		Staked {
			/// The component.
			uid: u32,
			/// Units added.
			amount: Balance,
			/// Units staked now.
			stake: Balance,
		},
		/// Stake began to unbond.
		Unstaked {
			/// The component.
			uid: u32,
			/// Units taken off the stake.
			amount: Balance,
			/// The epoch from which on they can be withdrawn.
			unlocks_at: u32,
		},
		/// Unbonded stake went back to an account.
		Withdrawn {
			/// The account.
			account: T::AccountId,
			/// Units.
			amount: Balance,
		},
		/// A row was posted; it counts from the next epoch on.
		RowPosted {
			/// The component.
			uid: u32,
			/// The number of its edges.
			edges: u32,
			/// What stays with the component, out of 65,536.
			self_share: u32,
		},
		/// Stakes and rows were copied; the solve begins.
		EpochStarted {
			/// The number of the epoch.
			epoch: u32,
			/// The block whose state holds the stakes.
			parent: T::Hash,
		},
		/// All components were paid.
		EpochPaid {
			/// The number of the epoch.
			epoch: u32,
			/// Units minted: the whole of the schedule, or 0 if nothing was payable.
			minted: Balance,
			/// The uids of the solve were 0 to `components − 1`.
			components: u32,
			/// Sweeps made.
			sweeps: u32,
			/// Mass that was not absorbed, of about 2^62.
			residual: u64,
		},
		/// A step did not fit into what the block left for it; it is tried again in the next block.
		SolveStalled {
			/// The phase.
			phase: Phase,
			/// What the step needs.
			required: Weight,
			/// What there was.
			available: Weight,
		},
		/// The solve stopped at the highest number of sweeps; what was not absorbed is paid to
		/// nobody, the emission goes to what was.
		SolveTruncated {
			/// The number of the epoch.
			epoch: u32,
			/// Mass that was not absorbed, of about 2^62.
			residual: u64,
		},
	}

	/// Why a call was refused, and what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// This account owns a component already. Use that one; or deregister it, wait until it is
		/// removed at the start of the next epoch, and register again.
		AlreadyRegistered,
		/// This account owns no component. Sign with the owner's key, or call `register` first.
		NotOwner,
		/// This account is neither the owner nor the service key of a component. Sign with one of
		/// these keys, or call `register` first.
		NotRegistered,
		/// The component is leaving. Wait until it is removed at the start of the next epoch, then
		/// register again.
		ComponentLeaving,
		/// All uids are taken, or were freed in this very epoch. Try again in the next epoch.
		NoFreeUid,
		/// The owner's free balance does not cover the registration deposit and the existential
		/// deposit. Transfer tokens to the owner first.
		DepositNotCovered,
		/// This service key belongs to another component. Choose a key that no component uses.
		ServiceKeyInUse,
		/// The host must have 1 to 253 characters, only letters, digits, '.', '-', '_' and ':', and
		/// the port must not be 0. Give a host name or an IP address without scheme or path.
		InvalidEndpoint,
		/// The amount is 0. Give the number of units to move.
		ZeroAmount,
		/// The stake would be below the minimum. Stake `min_stake` units or more in all, or unstake
		/// everything.
		StakeBelowMinimum,
		/// The owner's free balance does not cover the amount and the existential deposit. Stake
		/// less, or transfer tokens to the owner first.
		NotEnoughBalance,
		/// The component has less stake than that. Unstake at most what it has.
		NotEnoughStake,
		/// Too many amounts are unbonding at a time. Call `withdraw_unbonded`, or unstake in a later
		/// epoch.
		TooManyUnbonding,
		/// Nothing can be withdrawn yet. Look up `unlocks_at` in `unbonding` and wait for that epoch.
		NothingUnlocked,
		/// The row has an edge to its own component. Leave it out: the self-share is what the other
		/// edges leave of 65,536.
		SelfEdge,
		/// The row names a component twice. Add up the two shares.
		DuplicateTarget,
		/// The row names a uid that no component has. Take it out.
		UnknownTarget,
		/// The row has an edge of share 0. Leave it out.
		ZeroShare,
		/// The row has more than 64 edges. Keep the strongest.
		TooManyEdges,
		/// The shares leave less than the least self-share. Let them sum to 57,344 at most.
		SharesOverLimit,
		/// There is no such edge to remove. Check the target, or give a share above 0.
		NoSuchEdge,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(now: BlockNumberFor<T>, block: &mut WeightMeter) {
			let limit = block.remaining().min(T::MaxServiceWeight::get());
			let mut meter = WeightMeter::with_limit(limit);
			Self::service(now, &mut meter);
			block.consume(meter.consumed());
		}

		fn integrity_test() {
			Self::check_constants();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a component: one per account, for a deposit that you get back.
		///
		/// The signer is the owner (cold key). It can be registered with an endpoint and with a
		/// service key, the account that runs the miner; without, the owner is its own service key.
		/// The deposit is held and released after `deregister`, when the next epoch starts.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register())]
		pub fn register(
			origin: OriginFor<T>,
			endpoint: Option<Endpoint>,
			service_key: Option<T::AccountId>,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register(owner, endpoint, service_key).map(|_| ())
		}

		/// Deregister your component: its stake starts to unbond, its uid is given up.
		///
		/// The component is removed and the deposit released at the start of the next epoch. What a
		/// solve in progress still pays to it unbonds too.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::deregister())]
		pub fn deregister(origin: OriginFor<T>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_deregister(&owner)
		}

		/// Say where your component answers Spikes and Grads; none: it does not.
		///
		/// Signed by the owner or the service key.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::set_endpoint())]
		pub fn set_endpoint(origin: OriginFor<T>, endpoint: Option<Endpoint>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_endpoint(&who, endpoint)
		}

		/// Choose the key that runs your miner: it can post rows and set the endpoint.
		///
		/// Signed by the owner. The key must not belong to another component.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::set_service_key())]
		pub fn set_service_key(origin: OriginFor<T>, service_key: T::AccountId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_set_service_key(&owner, service_key)
		}

		/// Stake tokens on your component.
		///
		/// Signed by the owner, from whose balance the amount comes. The stake must be `min_stake`
		/// or more afterwards. It counts in the next solve if the component has a live row.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::stake())]
		pub fn stake(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_stake(&owner, amount)
		}

		/// Take stake off your component; you can withdraw it some epochs later.
		///
		/// Signed by the owner. What is left must be 0 or `min_stake` at least.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::unstake())]
		pub fn unstake(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_unstake(&owner, amount)
		}

		/// Withdraw all stake that has finished unbonding.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::withdraw_unbonded())]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw_unbonded(&who)
		}

		/// Post your component's row: how much each other component lowers its loss.
		///
		/// Signed by the owner or the service key. `row` is a list of (uid, share), shares out of
		/// 65,536 and in any order; what they leave is the self-share, 8,192 at least. It replaces
		/// the row from the next epoch on. The fee is given back for a component's first
		/// post in an epoch if its stake is `min_stake` at least and the row moves by 1 % or more,
		/// or half the lifetime of the last one has passed.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::post_row(row.len() as u32))]
		pub fn post_row(origin: OriginFor<T>, row: PostedRow) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_post_row(&who, row)
		}

		/// Change one edge of your component's row; share 0 removes it.
		///
		/// Signed by the owner or the service key. The difference comes from or goes to the
		/// self-share. It starts from the row posted last, and counts from the next epoch on. The
		/// fee is given back as for `post_row`.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::set_edge())]
		pub fn set_edge(
			origin: OriginFor<T>,
			target: u32,
			share: u16,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_set_edge(&who, target, share)
		}
	}
}
