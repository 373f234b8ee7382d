//! The errors of the pallet. Each says what is wrong, then what to do.

/// The section of the pallet that defines its errors.
#[frame_support::pallet_macros::pallet_section]
mod errors {
	/// Why a call was refused, and what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// An account has no session keys. Call `session.setKeys` first.
		/// `author_rotateKeysWithOwner` of the validator's node makes keys and their proof.
		NoKeys,
		/// The stake is below the minimum of candidates. Stake more.
		/// Register a component and stake on it: `limits.min_stake` units in total.
		StakeBelowMinimum,
		/// The account is a candidate already. Wait until it is chosen.
		/// `status` shows its stake; the largest stakes are chosen.
		AlreadyCandidate,
		/// The account was slashed. Register after the session `barred`.
		/// `status` shows it as `barred_until`.
		Slashed,
		/// It was chosen and never authored. Run its node; register later.
		/// It missed too many slots or left before its first block. It can register when the session has
		/// ended that `status` shows as `absent_until`.
		Absent,
		/// The account is an invulnerable. It validates without candidacy.
		Invulnerable,
		/// The list of candidates is full. Stake more than the least of them.
		/// A candidate that is a validator keeps its place.
		CandidatesFull,
		/// The account is no candidate. Call `register` first.
		NotCandidate,
		/// The account is chosen as a validator. Call `leave`, then wait.
		/// It is free when the session `bound` has ended: `status` shows it as `bound_until`. Governance
		/// releases an invulnerable.
		StillValidator,
		/// A limit is out of range. Give values within the bounds.
		/// 1 ≤ `min_validators` ≤ `max_validators` ≤ `MaxValidators`; `max_validators` is at least the number
		/// of invulnerables; 1 ≤ `churn` ≤ `MaxValidators` / 3; `min_stake` ≤ `MaxCandidateStake`.
		LimitsOutOfRange,
		/// More invulnerables than `max_validators`. Name fewer.
		TooManyInvulnerables,
		/// An invulnerable is named twice. Name each account once.
		DuplicateInvulnerable,
		/// The storage has another version. Wait until it is migrated.
		/// An upgrade of the runtime migrates it. The set of validators stays the same until then.
		OtherStorageVersion,
	}
}
