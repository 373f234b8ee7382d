//! The events of the pallet.

/// The section of the pallet that defines its events.
#[frame_support::pallet_macros::pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A component was registered.
		ComponentRegistered {
			/// Index of the component.
			uid: u32,
			/// Cold key of the component.
			owner: T::AccountId,
		},
		/// A component deregistered; an epoch removes it soon.
		///
		/// Its stake is unbonding.
		ComponentLeaving {
			/// Index of the component.
			uid: u32,
		},
		/// A component was removed, and its deposit released.
		ComponentRemoved {
			/// The index, free again in a later epoch.
			uid: u32,
			/// Cold key of the component.
			owner: T::AccountId,
		},
		/// The endpoint of a component was set or removed.
		EndpointSet {
			/// Index of the component.
			uid: u32,
		},
		/// A service key was named; it serves after it accepts.
		ServiceKeyNamed {
			/// Index of the component.
			uid: u32,
			/// The key that can accept.
			service_key: T::AccountId,
		},
		/// A component was offered to another owner, or the offer was taken back.
		ComponentOffered {
			/// Index of the component.
			uid: u32,
			/// The account that can accept, if there is one.
			new_owner: Option<T::AccountId>,
		},
		/// A component has a new owner, with its stake and its deposit.
		OwnerSet {
			/// Index of the component.
			uid: u32,
			/// Cold key of the component.
			owner: T::AccountId,
			/// Its owner until now.
			previous: T::AccountId,
		},
		/// The service key of a component was set.
		ServiceKeySet {
			/// Index of the component.
			uid: u32,
			/// The key that now runs its miner.
			service_key: T::AccountId,
		},
		/// Tokens were staked.
		Staked {
			/// Index of the component.
			uid: u32,
			/// Units added.
			amount: Balance,
			/// Units staked now.
			stake: Balance,
		},
		/// Stake started to unbond.
		Unstaked {
			/// Index of the component.
			uid: u32,
			/// Units removed from the stake.
			amount: Balance,
			/// The first block in which they can be withdrawn.
			unlocks_at: BlockNumberFor<T>,
		},
		/// A validator was slashed.
		StakeSlashed {
			/// The account of the validator, which owns the component.
			account: T::AccountId,
			/// Units taken from its stake and from what it has unbonding.
			amount: Balance,
		},
		/// Unbonded stake was returned to an account.
		Withdrawn {
			/// The account.
			account: T::AccountId,
			/// Units returned.
			amount: Balance,
		},
		/// A row was posted; the next epoch makes it active.
		RowPosted {
			/// Index of the component.
			uid: u32,
			/// Number of edges.
			edges: u32,
			/// The self-share, out of 65,536.
			self_share: u32,
		},
		/// A solve started with a copy of stakes and rows.
		EpochStarted {
			/// Number of the epoch.
			epoch: u32,
			/// The block whose state holds the stakes.
			parent: T::Hash,
		},
		/// An epoch ended: all components were paid.
		EpochPaid {
			/// Number of the epoch.
			epoch: u32,
			/// Units minted for components, or 0 if nothing was payable.
			/// All of the schedule, less the part of validators.
			minted: Balance,
			/// The uids of the solve were 0 to `components − 1`.
			components: u32,
			/// Sweeps made.
			sweeps: u32,
			/// Mass that was not absorbed, of about 2^62.
			residual: u64,
		},
		/// A step did not fit into the block and is retried.
		SolveStalled {
			/// The phase.
			phase: Phase,
			/// Weight that the step needs.
			required: Weight,
			/// Weight that was left in the block.
			available: Weight,
		},
		/// Parameters were set by governance.
		ParametersSet {
			/// Least stake, in units.
			min_stake: Balance,
			/// Deposit of the first component, in units.
			registration_deposit: Balance,
			/// Epochs for which a row makes its stake a source.
			row_lifetime: u32,
		},
		/// A solve was aborted by governance; its epoch is not paid.
		SolveAborted {
			/// Number of the epoch; the next solve has it too.
			epoch: u32,
			/// The phase in which it was aborted.
			phase: Phase,
			/// Units of the emission that lapse.
			lapsed: Balance,
		},
		/// The solve starts again, because the runtime was upgraded.
		///
		/// The emission of its epoch is paid by the new solve.
		SolveRestarted {
			/// Number of the epoch.
			epoch: u32,
			/// The phase that the solve had reached.
			phase: Phase,
		},
		/// A page of rows cannot be read: the solve waits for an upgrade.
		RowPageUnreadable {
			/// Index of the page in `RowPages`.
			page: u32,
		},
		/// A solve reached the maximum number of sweeps.
		///
		/// The emission is divided among what was absorbed; the residual is paid to nobody.
		SolveTruncated {
			/// Number of the epoch.
			epoch: u32,
			/// Mass that was not absorbed, of about 2^62.
			residual: u64,
		},
	}
}
