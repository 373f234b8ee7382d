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

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config {
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
		/// It may call `system.authorize_upgrade`, `system.set_code`, the calls of `migrations`, and
		/// `grandpa.note_stalled` with a `delay` from 1 to one less than `sessionLength` and a last
		/// finalised block that exists.
		NotAllowed,
	}

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
	}
}
