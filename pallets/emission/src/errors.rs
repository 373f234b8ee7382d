//! The errors of the pallet. Each says what is wrong, then what to do.

/// The section of the pallet that defines its errors.
#[frame_support::pallet_macros::pallet_section]
mod errors {
	/// Why a call was refused, and what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// This account already owns a component. Use that component.
		/// Or call `deregister`, and register again after the next epoch has started.
		AlreadyRegistered,
		/// This account owns no component. Sign with the owner's key.
		/// Or call `register` first.
		NotOwner,
		/// This account has no component. Sign with the owner or service key.
		/// Or call `register` first.
		NotRegistered,
		/// The component is leaving. Register again in the next epoch.
		ComponentLeaving,
		/// A uid is free. Register without removing a component.
		/// Dead components are removed only if all uids are taken.
		UidsLeft,
		/// The component is not dead. Choose one that is.
		/// `components` shows them: no live row and less than `min_stake` for a row lifetime.
		NotDead,
		/// No uid is free. Try again in the next epoch.
		/// All uids are taken or were freed in this epoch. If some are of dead components, call
		/// `remove_dead` first.
		NoFreeUid,
		/// The owner cannot pay the deposit. Transfer tokens to the owner.
		/// Its free balance must cover the `deposit` of `epoch_status` and the existential deposit.
		DepositNotCovered,
		/// The key owns or serves another component. Choose another key.
		ServiceKeyInUse,
		/// This account serves a component. Use another account.
		/// Or call `resign_service_key` first.
		AlreadyServes,
		/// The component does not name this account. Ask its owner to.
		/// The owner calls `set_service_key` or `offer_component` with this account.
		NotNamed,
		/// The endpoint is invalid. Give a host name or an IP address and a port.
		/// The host has 1 to 253 letters, digits, '.', '-', '_' or ':', without scheme or path; the
		/// port is not 0.
		InvalidEndpoint,
		/// The amount is 0. Give a number of units above 0.
		ZeroAmount,
		/// The stake would be below the minimum. Stake more, or unstake all.
		/// The minimum is `min_stake` units in total.
		StakeBelowMinimum,
		/// The owner's balance is too low. Stake less, or fund the owner.
		/// The balance must cover the amount and the existential deposit.
		NotEnoughBalance,
		/// The stake is less than the amount. Unstake at most the stake.
		NotEnoughStake,
		/// The stake secures a validator. Unstake less, or leave first.
		/// A candidate or validator keeps `limits.min_stake` of the pallet ValidatorSet. Call its `leave`;
		/// the stake is free when the last session ends for which the account was chosen. Nobody withdraws
		/// while the storage of that pallet waits for a migration.
		StakeBonded,
		/// The component secures a validator. Leave, and wait.
		/// Call `leave` of the pallet ValidatorSet. The component can change hands when no offence of its
		/// validator can be reported any more.
		ComponentBonded,
		/// Too many amounts are unbonding. Call `withdraw_unbonded` first.
		/// Or unstake in a later epoch.
		TooManyUnbonding,
		/// Nothing can be withdrawn yet. Wait for the block `unlocks_at`.
		/// It is in the storage item `unbonding`.
		NothingUnlocked,
		/// The row has an edge to its own component. Remove the edge.
		/// The self-share is what the other edges leave of 65,536.
		SelfEdge,
		/// The row names a component twice. Add the two shares.
		DuplicateTarget,
		/// The row names an unregistered uid. Remove the edge.
		UnknownTarget,
		/// The row has an edge of share 0. Remove the edge.
		ZeroShare,
		/// The row has more than 64 edges. Keep the strongest.
		TooManyEdges,
		/// The self-share would be below 8,192. Lower the other shares.
		/// They sum to at most 57,344.
		SharesOverLimit,
		/// The row has no such edge. Check the target.
		/// Share 0 removes an edge; a share above 0 adds one.
		NoSuchEdge,
		/// The storage has another version. Wait until it is migrated.
		/// The runtime was upgraded and its migration is not complete. Nothing is read or changed
		/// before.
		OtherStorageVersion,
		/// The minimum stake is out of bounds. Choose a value within them.
		/// The constant `MinStakeBounds` has the least and the largest value, in units.
		MinStakeOutOfBounds,
		/// The deposit is out of bounds. Choose a value within them.
		/// The constant `DepositBounds` has the least and the largest value, in units.
		DepositOutOfBounds,
		/// The row lifetime is out of bounds. Choose a value within them.
		/// The constant `RowLifetimeBounds` has the least and the largest value, in epochs.
		RowLifetimeOutOfBounds,
		/// No solve runs. Wait until one does.
		/// `epoch_status` then shows another phase than `Idle`.
		NoSolve,
		/// The epoch is being paid. Wait until it is.
		/// Its emission is minted and a part of it is paid, so it cannot be taken back.
		BeingPaid,
	}
}
