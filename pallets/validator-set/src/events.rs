//! The events of the pallet.

/// The section of the pallet that defines its events.
#[frame_support::pallet_macros::pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account became a candidate.
		CandidateRegistered {
			/// The account.
			account: T::AccountId,
			/// Its stake, in units.
			stake: Balance,
		},
		/// An account stopped being a candidate.
		CandidateLeft {
			/// The account.
			account: T::AccountId,
		},
		/// A candidate was removed.
		CandidateRemoved {
			/// The account.
			account: T::AccountId,
			/// Why.
			reason: Removal,
		},
		/// The set of a session differs from the one before.
		ValidatorsPlanned {
			/// The session; it is the one after the running session.
			session: SessionIndex,
			/// Validators that join.
			joined: Vec<T::AccountId>,
			/// Validators that leave.
			left: Vec<T::AccountId>,
		},
		/// Fewer validators were found than the minimum.
		TooFewValidators {
			/// The session.
			session: SessionIndex,
			/// Validators found.
			found: u32,
			/// The minimum.
			wanted: u32,
		},
		/// A validator was slashed.
		ValidatorSlashed {
			/// The account.
			account: T::AccountId,
			/// Session of the offence.
			session: SessionIndex,
			/// The part of its stake that it loses for this session.
			fraction: Perbill,
			/// Units taken now.
			amount: Balance,
		},
		/// The invulnerables were set.
		InvulnerablesSet {
			/// The accounts.
			accounts: Vec<T::AccountId>,
		},
		/// The limits were set.
		LimitsSet {
			/// The limits.
			limits: ValidatorLimits,
		},
		/// Validators got their part of an epoch's emission.
		ValidatorsPaid {
			/// Units minted for them.
			amount: Balance,
		},
	}
}
