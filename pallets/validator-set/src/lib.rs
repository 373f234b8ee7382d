//! The set of validators: who produces and finalises blocks, and what that costs and pays.
//!
//! ```text
//!   session s − 1              session s                     session s + 1
//!  ──────────────┬────────────────────────────────┬─────────────────────────────►
//!                │ block: count authored, missed  │ end: note who authored, drop absent candidates
//!      register ─┘                                │ start: count from 0, forget old sessions
//!                                                 │ plan session s + 2:
//!                                                 │   invulnerables ∪ the largest stakes
//!                                                 └ the set planned before takes over
//! ```
//!
//! A validator is the account that owns a component of [`pallet_emission`] and has registered session
//! keys. *Invulnerables* are chosen by genesis or governance. *Candidates* register; those with the
//! largest stakes fill the places that are left. A session lasts a fixed number of blocks. At its end the
//! set after the next is planned, so a change takes effect one session later. At most
//! [`ValidatorLimits::churn`] validators join and as many leave per session.
//!
//! Finality goes on as long as at most `⌊(n − 1) / 3⌋` of `n` validators are offline. Candidates register
//! without a proof that their node runs, so at most that many of a set may be *unproven*: not have authored
//! a block in the last session in which they had a slot. A set of less than four tolerates nobody offline;
//! there one unproven validator may join, and finality depends on it. What is not bounded: proven validators
//! that go offline together, and validators that a slash removes at once.
//!
//! # Bond
//!
//! The stake of a candidate is its bond. It may not go below the minimum while the account is a
//! candidate or is chosen for a session; nor may the component be handed over until no offence of its
//! sessions can be reported any more. What is unstaked unbonds for at least that long and can be slashed.
//!
//! # Offences
//!
//! Whoever votes twice in a round of finality is slashed by the fraction that GRANDPA computes:
//! `min(3 k / n, 1)²` for `k` offenders among `n`. An account is slashed once per session, by the largest
//! fraction. It is no candidate any more, is disabled, and cannot register for
//! [`ReportSessions`] sessions.
//!
//! A report names a session and a key. The pallet records the keys by which the validators of a session vote
//! when it plans the session, and keeps them until its offences cannot be reported any more
//! ([`Served`]). So other session keys, of the offender or of anybody else, do not hide an offence.
//!
//! # Absence
//!
//! A candidate that misses too many of its slots loses its candidacy, but no stake. Slots that nobody used
//! in a whole round are an outage of the chain and count for none.
//!
//! A candidate that is dropped, or leaves, without having authored a block cannot register until no offence
//! of its sessions can be reported any more. Otherwise candidates that never run could hold the places of
//! newcomers for nothing.
//!
//! # Upgrades
//!
//! While the storage has another version than the code, no session ends and no slot is counted, every call
//! fails with `OtherStorageVersion`, and no offence is accepted. Stake cannot be taken out, not even what has
//! unbonded. A migration writes the version, and the session goes on.
//!
//! # Income
//!
//! Genesis divides fees, tips and the emission ([`IncomeDivision`]). The validators' part of the emission is
//! divided in proportion to the blocks that each authored since the last epoch was paid.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. The limits are in range, and a session has a block.
//! 2. Candidates are at most [`Config::MaxCandidates`], have session keys, and are not barred.
//! 3. The planned set has no duplicates, and is what pallet-session has queued.
//! 4. `Served` has the sets of the sessions whose offences can be reported, up to the next session.
//!    `Bound` has the last of them for each account, and no other account.
//! 5. `Turns` has an entry for each validator of the session.
//! 6. A barred account was slashed for a session that is remembered. A disabled validator is barred.
//! 7. `Proven` has accounts of the planned set, each once.
//! 8. `Absent` has accounts that are in `Bound`, and no candidates.
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | this file | configuration, storage, genesis and hooks |
//! | `calls`, `events`, `errors` | the other parts of the pallet |
//! | [`types`] | types of storage and calls; the views are in [`bittensor_emission`] |
//! | `candidates` | what the calls do |
//! | `session` | the ends of sessions, and what is remembered of them |
//! | [`parameters`] | the values of genesis and governance, and their ranges |
//! | `plan` | the choice of a set |
//! | `turns` | authored and missed slots |
//! | `offences` | slashes |
//! | `income` | the validators' part of the emission |
//! | `api` | what the runtime API returns |
//! | [`weights`] | weights of calls and hooks |
//! | `benchmarking` | measures them |
//! | `invariants` | checks what must hold after every block |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;
pub use types::{IncomeDivision, ValidatorLimits};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Target of the log lines of this pallet.
const LOG_TARGET: &str = "runtime::validator-set";

mod api;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod calls;
mod candidates;
mod errors;
mod events;
mod income;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod offences;
pub mod parameters;
mod plan;
mod session;
#[cfg(test)]
mod tests;
mod turns;
pub mod types;
pub mod weights;

/// The pallet: see the [crate](crate) for the design.
#[import_section(calls::calls)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	use super::{
		types::{Balance, IncomeDivision, Removal, Slash, Turn, Twice, ValidatorLimits, Voter},
		WeightInfo, LOG_TARGET,
	};
	use alloc::vec::Vec;
	use frame_support::{pallet_prelude::*, traits::fungible};
	use frame_system::pallet_prelude::*;
	use pallet_emission::Stake;
	use sp_runtime::{KeyTypeId, Perbill, SaturatedConversion};
	use sp_staking::SessionIndex;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The set of validators.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime provides.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>>
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// Who sets invulnerables and limits.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The token, in which validators are paid.
		type Token: fungible::Mutate<Self::AccountId, Balance = Balance>;

		/// The stakes that secure validators.
		type Stake: Stake<Self::AccountId>;

		/// The session key by which validators vote on finality.
		type VoteKey: Get<KeyTypeId>;

		/// The slot of this block.
		///
		/// 0 if it has none.
		type Slot: Get<u64>;

		/// Upper bound of `max_validators`.
		#[pallet::constant]
		type MaxValidators: Get<u32>;

		/// Maximum number of candidates.
		#[pallet::constant]
		type MaxCandidates: Get<u32>;

		/// Upper bound of `min_stake`, in units.
		#[pallet::constant]
		type MaxCandidateStake: Get<Balance>;

		/// Weights of calls and hooks.
		type WeightInfo: WeightInfo;
	}

	/// Blocks per session, fixed by genesis.
	#[pallet::storage]
	pub type SessionLength<T> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

	/// Sessions for which an offence can be reported, fixed by genesis.
	///
	/// An offence of session `s` can be reported until session `s` plus this ends.
	#[pallet::storage]
	pub type ReportSessions<T> = StorageValue<_, SessionIndex, ValueQuery>;

	/// Who gets fees, tips, emission and slashes, fixed by genesis.
	#[pallet::storage]
	pub type Division<T: Config> = StorageValue<_, IncomeDivision<T::AccountId>, ValueQuery>;

	/// The limits of the set.
	#[pallet::storage]
	pub type Limits<T> = StorageValue<_, ValidatorLimits, ValueQuery>;

	/// Validators by choice of genesis or governance.
	#[pallet::storage]
	pub type Invulnerables<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, T::MaxValidators>, ValueQuery>;

	/// Candidates, and the session in which each registered.
	#[pallet::storage]
	pub type Candidates<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, T::AccountId, SessionIndex>;

	/// The validators of the next session.
	#[pallet::storage]
	pub type Planned<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, T::MaxValidators>, ValueQuery>;

	/// Hash of the planned validators with their session keys.
	#[pallet::storage]
	pub type PlannedKeys<T: Config> = StorageValue<_, T::Hash, ValueQuery>;

	/// The validators of each session whose offences can be reported.
	///
	/// And of the next one. With the keys by which they vote.
	#[pallet::storage]
	pub type Served<T: Config> = StorageMap<
		_,
		Twox64Concat,
		SessionIndex,
		BoundedVec<Voter<T::AccountId, T::Hash>, T::MaxValidators>,
		ValueQuery,
	>;

	/// The last session for which an account was chosen.
	///
	/// Removed when no offence of it can be reported any more.
	#[pallet::storage]
	pub type Bound<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, SessionIndex>;

	/// Slashes by session of the offence and account.
	#[pallet::storage]
	pub type Slashes<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, T::AccountId, Slash>;

	/// Slashed accounts, and the last session in which each cannot register.
	#[pallet::storage]
	pub type Barred<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, SessionIndex>;

	/// Newcomers that stopped being candidates before they authored a block.
	///
	/// They cannot register while they are in `Bound`.
	#[pallet::storage]
	pub type Absent<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

	/// The slot of the last block.
	#[pallet::storage]
	pub type LastSlot<T> = StorageValue<_, u64, ValueQuery>;

	/// What the validators of this session did, in their order.
	#[pallet::storage]
	pub type Turns<T: Config> = StorageValue<_, BoundedVec<Turn, T::MaxValidators>, ValueQuery>;

	/// Validators of the planned set that are known to author.
	///
	/// Each authored a block in the last session in which it had a slot.
	#[pallet::storage]
	pub type Proven<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, Twice<T::MaxValidators>>, ValueQuery>;

	/// Blocks authored in earlier sessions that no epoch has paid yet.
	///
	/// Empty if validators have no part of the emission.
	#[pallet::storage]
	pub type Unpaid<T: Config> =
		StorageValue<_, BoundedVec<(T::AccountId, u32), Twice<T::MaxValidators>>, ValueQuery>;

	/// The state at block 0.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// The first validators; each needs keys in `session.keys`.
		pub invulnerables: Vec<T::AccountId>,
		/// The limits of the set.
		pub limits: ValidatorLimits,
		/// Blocks per session.
		pub session_length: u32,
		/// Sessions for which an offence can be reported.
		pub report_sessions: SessionIndex,
		/// Who gets fees, tips, emission and slashes.
		pub division: IncomeDivision<T::AccountId>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		/// No validators; sessions and report window fit the default of the emission; all fees and tips for
		/// the author of a block.
		fn default() -> Self {
			Self {
				invulnerables: Vec::new(),
				limits: ValidatorLimits::default(),
				session_length: 10,
				report_sessions: 1,
				division: IncomeDivision::default(),
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let checked = Pallet::<T>::check_genesis(self);
			assert!(checked.is_ok(), "validatorSet.{}", checked.err().unwrap_or_default());
			SessionLength::<T>::put(self.session_length);
			ReportSessions::<T>::put(self.report_sessions);
			Limits::<T>::put(self.limits);
			Division::<T>::put(self.division.clone());
			// Their keys are checked when pallet-session builds its genesis, after this one.
			Invulnerables::<T>::put(BoundedVec::truncate_from(self.invulnerables.clone()));
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			let mut weight = <T as Config>::WeightInfo::block();
			if !Self::is_current() {
				log::error!(target: LOG_TARGET, "sessions halt: the storage has another version");
				return weight;
			}
			Self::note_slot();
			if Self::is_due(now.saturated_into()) {
				let candidates = Candidates::<T>::count();
				pallet_session::Pallet::<T>::rotate_session();
				weight.saturating_accrue(<T as Config>::WeightInfo::rotate(candidates));
			}
			weight
		}

		fn integrity_test() {
			assert!(T::MaxValidators::get() >= 1, "MaxValidators must be at least 1");
			let block = T::BlockWeights::get().max_block;
			let rotation = <T as Config>::WeightInfo::rotate(T::MaxCandidates::get());
			assert!(
				rotation.all_lte(block / 4),
				"a rotation takes {rotation:?}, more than a quarter of {block:?}: lower MaxCandidates",
			);
			let reward = <T as Config>::WeightInfo::reward();
			assert!(
				reward.all_lte(block / 16),
				"a payment takes {reward:?}, more than a sixteenth of {block:?}: lower MaxValidators",
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
