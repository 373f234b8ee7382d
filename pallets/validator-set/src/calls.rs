//! The calls of the pallet: who signs, and what they do.

/// The section of the pallet that defines its calls.
#[frame_support::pallet_macros::pallet_section]
mod calls {
	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register as a candidate for the set of validators.
		///
		/// Signed by the owner of a component. It needs session keys (`session.setKeys`) and a stake of at
		/// least `limits.min_stake`, which it keeps until it has left. The candidates with the largest
		/// stakes are chosen at the start of the next session, and validate from the one after. If the
		/// list is full, a candidate with less stake loses its place.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::register())]
		pub fn register(origin: OriginFor<T>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_register(who)
		}

		/// Leave: stop being a candidate.
		///
		/// Signed by the candidate. It validates until the sessions end for which it was chosen, one or two
		/// from now; more if few others are left. Its stake is free after that. If it has not authored a
		/// block, it cannot register again for a while.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::leave())]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_leave(who)
		}

		/// Remove your session keys and get the deposit back.
		///
		/// Signed by an account that is neither a candidate nor chosen for a session.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::purge_keys())]
		pub fn purge_keys(origin: OriginFor<T>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_purge_keys(who)
		}

		/// Set the validators that need no stake.
		///
		/// Called by governance. Each account needs session keys. They join and others leave within the
		/// churn of the limits.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::set_invulnerables(accounts.len() as u32))]
		pub fn set_invulnerables(
			origin: OriginFor<T>,
			accounts: Vec<T::AccountId>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::ensure_current()?;
			Self::do_set_invulnerables(accounts)
		}

		/// Set the limits of the set of validators.
		///
		/// Called by governance: size, churn, least stake of a candidate, and missed slots. They hold
		/// from the next session.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::set_limits())]
		pub fn set_limits(origin: OriginFor<T>, limits: ValidatorLimits) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::ensure_current()?;
			Self::do_set_limits(limits)
		}
	}
}
