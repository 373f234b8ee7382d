//! Root for the technical committee: the calls that only Root may make, and that the committee may make as
//! Root.
//!
//! ```text
//!   members ──propose, vote, close──► TechnicalCommittee ─┬─ 2/3 ─► set_parameters, schedule, unpause, …
//!                                                         └─ 2/3 ─► as_root(call) ─ allowed? ─► call by Root
//! ```
//!
//! Pallets of this repository accept the committee itself ([`crate::configs::governance`]). `System`,
//! `Grandpa` and `Migrations` accept only Root. [`Config::RootCalls`] lists what the committee may do there:
//! upgrade the runtime, revive finality, and repair a migration. The list has no call that writes the storage
//! at will, mints, or moves anybody's tokens, so the committee cannot change the emission but by a new
//! runtime.
//!
//! # Numbers of sets of finality
//!
//! Nodes and the chain count the sets that vote on finality. A node counts a change when it is final; the
//! chain, when it happens. A forced change ends a stall, and nodes forget all changes that were not final
//! then: the chain is ahead of them for good, by as many. A report of a double vote names the number of the
//! nodes, so it would be refused. [`Call::shift_set_id`] lets the chain count as the nodes do. It takes
//! nothing from anybody: a report needs two signed votes, and nodes never use a number twice.

pub use pallet::*;

/// The pallet. It stores nothing.
#[frame_support::pallet]
pub mod pallet {
	use alloc::boxed::Box;
	use frame_support::{
		dispatch::{GetDispatchInfo, PostDispatchInfo},
		pallet_prelude::*,
		traits::{Contains, UnfilteredDispatchable},
	};
	use frame_system::{pallet_prelude::*, RawOrigin};
	use pallet_grandpa::{CurrentSetId, SetIdSession};
	use sp_consensus_grandpa::SetId;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime provides.
	#[pallet::config]
	pub trait Config:
		frame_system::Config + pallet_session::Config + pallet_grandpa::Config
	{
		/// A call.
		type RuntimeCall: Parameter
			+ UnfilteredDispatchable<RuntimeOrigin = Self::RuntimeOrigin>
			+ GetDispatchInfo;

		/// Who may call as Root.
		type Origin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The calls that they may make.
		type RootCalls: Contains<<Self as Config>::RuntimeCall>;
	}

	/// Why a call was refused, and what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// The committee may not make this call as Root. Propose another.
		/// It may call `system.authorize_upgrade`, `system.set_code`, the calls of `migrations`,
		/// `governance.shift_set_id`, and `grandpa.note_stalled` with a `delay` from 1 to one less than
		/// `sessionLength` and a last finalised block that exists.
		NotAllowed,
		/// The number of the set cannot move so far. Name the difference.
		/// It is from -1000 to 1000, not 0, and the number that results is not below 0.
		ShiftOutOfRange,
	}

	/// The most by which the number of a set is shifted at once. A change of the set takes a session, so a
	/// stall of a week with sessions of ten minutes can leave as many.
	pub const MAX_SHIFT: u32 = 1_000;

	/// Time of the checks. As `sudo.sudo`, which does the same but reads its key: measured at 10 µs.
	const OVERHEAD: Weight = Weight::from_parts(10_000_000, 0);

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Make a call as Root.
		///
		/// By two thirds of the technical committee. Fails as the call fails.
		#[pallet::call_index(0)]
		#[pallet::weight({
			let info = call.get_dispatch_info();
			(info.call_weight.saturating_add(OVERHEAD), info.class)
		})]
		pub fn as_root(
			origin: OriginFor<T>,
			call: Box<<T as Config>::RuntimeCall>,
		) -> DispatchResult {
			T::Origin::ensure_origin(origin)?;
			ensure!(T::RootCalls::contains(&call), Error::<T>::NotAllowed);
			let made = call.dispatch_bypass_filter(RawOrigin::Root.into());
			made.map(|_: PostDispatchInfo| ()).map_err(|error| error.error)
		}

		/// Count the sets of finality as the nodes do, after a forced change.
		///
		/// By Root. `by` is what is added to the number of the running set: -2 if the chain is two ahead of
		/// the nodes. Reports of double votes are refused while the two differ.
		#[pallet::call_index(1)]
		#[pallet::weight(shift_weight::<T>(*by))]
		pub fn shift_set_id(origin: OriginFor<T>, by: i32) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_shift(by)
		}
	}

	/// Each number that is passed removes two entries at most.
	fn shift_weight<T: Config>(by: i32) -> Weight {
		let passed = u64::from(by.unsigned_abs().min(MAX_SHIFT));
		OVERHEAD.saturating_add(T::DbWeight::get().reads_writes(4, 4 + 2 * passed))
	}

	impl<T: Config> Pallet<T> {
		/// Moves the number of the running set, and what is known of its sessions.
		///
		/// `SetIdSession` has the last session of each set. The running set begins after the last session of
		/// the set before it; that stays so.
		fn do_shift(by: i32) -> DispatchResult {
			let from = CurrentSetId::<T>::get();
			let to = from.checked_add_signed(by.into()).ok_or(Error::<T>::ShiftOutOfRange)?;
			let in_range = (1..=MAX_SHIFT).contains(&by.unsigned_abs());
			ensure!(in_range, Error::<T>::ShiftOutOfRange);
			let session = pallet_session::Pallet::<T>::current_index();
			let before = from.checked_sub(1).and_then(SetIdSession::<T>::get);
			let before = before.unwrap_or_else(|| session.saturating_sub(1));
			let known: SetId = T::MaxSetIdSessionEntries::get().max(1);
			for id in from.min(to)..=from.max(to) {
				SetIdSession::<T>::remove(id);
				// What pallet-grandpa forgets when it counts up to this number.
				if let Some(old) = id.checked_sub(known).filter(|_| to > from) {
					SetIdSession::<T>::remove(old);
				}
			}
			CurrentSetId::<T>::put(to);
			SetIdSession::<T>::insert(to, session);
			if let Some(previous) = to.checked_sub(1) {
				if !SetIdSession::<T>::contains_key(previous) {
					SetIdSession::<T>::insert(previous, before);
				}
			}
			Ok(())
		}
	}
}
