//! The errors of the pallet. Each says what is wrong, then what to do.

/// The section of the pallet that defines its errors.
#[frame_support::pallet_macros::pallet_section]
mod errors {
	/// Why a call was refused, and what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// This account already owns a component. Use it, or call `deregister` and register again
		/// after the next epoch has started.
		AlreadyRegistered,
		/// This account owns no component. Sign with the owner's key, or call `register` first.
		NotOwner,
		/// This account neither owns nor serves a component. Sign with the owner's key or the
		/// service key, or call `register` first.
		NotRegistered,
		/// The component is leaving. Register again after the next epoch has started.
		ComponentLeaving,
		/// All uids are taken or were freed in this epoch. Try again in the next epoch.
		NoFreeUid,
		/// The owner's balance does not cover the deposit. Transfer to the owner at least
		/// `registration_deposit` plus the existential deposit.
		DepositNotCovered,
		/// This service key belongs to another component. Choose a key that no component uses.
		ServiceKeyInUse,
		/// The endpoint is invalid. Give a host name or an IP address without scheme or path, 1 to
		/// 253 letters, digits, '.', '-', '_' or ':', and a port other than 0.
		InvalidEndpoint,
		/// The amount is 0. Give the number of units to move.
		ZeroAmount,
		/// The stake would be below the minimum. Stake at least `min_stake` units in total, or
		/// unstake everything.
		StakeBelowMinimum,
		/// The owner's balance does not cover the amount. Stake less, or transfer tokens to the
		/// owner first; the existential deposit must stay.
		NotEnoughBalance,
		/// The component has less stake than that. Unstake at most its stake.
		NotEnoughStake,
		/// Too many amounts are unbonding. Call `withdraw_unbonded`, or unstake in a later epoch.
		TooManyUnbonding,
		/// Nothing can be withdrawn yet. Read `unlocks_at` in `unbonding` and wait for that epoch.
		NothingUnlocked,
		/// The row has an edge to its own component. Remove the edge: the self-share is what the
		/// other edges leave of 65,536.
		SelfEdge,
		/// The row names a component twice. Add the two shares.
		DuplicateTarget,
		/// The row names a uid that is not registered. Remove the edge.
		UnknownTarget,
		/// The row has an edge of share 0. Remove the edge.
		ZeroShare,
		/// The row has more than 64 edges. Keep the strongest.
		TooManyEdges,
		/// The self-share would be below 8,192. Let the shares sum to at most 57,344.
		SharesOverLimit,
		/// The row has no such edge to remove. Check the target, or give a share above 0.
		NoSuchEdge,
	}
}
