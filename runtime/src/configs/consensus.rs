//! Block production (Aura), finality (GRANDPA) and the clock. Who takes part is in
//! [`validators`](super::validators).

use crate::{
	slots, AccountId, Aura, Grandpa, Offences, Runtime, RuntimeCall, RuntimeEvent, Session,
	UncheckedExtrinsic, ValidatorSet,
};
use alloc::vec::Vec;
use frame_support::{
	traits::{ConstBool, ConstU32, Get, KeyOwnerProofSystem},
	weights::Weight,
};
use frame_system::offchain::{CreateBare, CreateTransactionBase};
use pallet_emission::Validators as _;
use pallet_validator_set::WeightInfo as _;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_grandpa::{AuthorityId as GrandpaId, SetId, KEY_TYPE};
use sp_core::crypto::KeyTypeId;
use sp_session::MembershipProof;
use sp_staking::SessionIndex;

/// Maximum number of validators. Finality exchanges a vote of each in every round.
pub type MaxValidators = ConstU32<32>;

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = slots::HalfLength;
	type Moment = u64;
	type OnTimestampSet = Aura;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_aura::Config for Runtime {
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type AuthorityId = AuraId;
	// A slashed validator authors no block: its slots are empty.
	type DisabledValidators = Session;
	type MaxAuthorities = MaxValidators;
	type SlotDuration = slots::Length;
}

/// Sets of finality of which the runtime knows the sessions: one for each session whose offences can be
/// reported, and the one before, which shows where the oldest begins.
pub struct KnownSets;

impl Get<u64> for KnownSets {
	fn get() -> u64 {
		u64::from(pallet_validator_set::ReportSessions::<Runtime>::get()).saturating_add(2)
	}
}

/// Blocks for which a node keeps a report that is not in a block yet.
pub struct ReportLongevity;

impl Get<u64> for ReportLongevity {
	fn get() -> u64 {
		ValidatorSet::report_window().into()
	}
}

/// Weights of GRANDPA's calls, with the slash that a report causes.
pub struct GrandpaWeight;

impl pallet_grandpa::WeightInfo for GrandpaWeight {
	fn report_equivocation(validators: u32, nominators: u32) -> Weight {
		let offenders = validators.min(MaxValidators::get());
		let slash =
			crate::weights::pallet_validator_set::WeightInfo::<Runtime>::on_offence(offenders);
		<() as pallet_grandpa::WeightInfo>::report_equivocation(validators, nominators)
			.saturating_add(slash)
	}

	fn note_stalled() -> Weight {
		<() as pallet_grandpa::WeightInfo>::note_stalled()
	}
}

/// Says whose voting key it is, from what the set of validators remembers of a session. A proof names the
/// session and has no nodes of a trie.
pub struct VoteKeys;

impl VoteKeys {
	/// The proof for a key of a set of finality: of the last session of that set in which it votes.
	pub fn prove_in_set(set: SetId, key: &GrandpaId) -> Option<MembershipProof> {
		let last = Grandpa::session_for_set(set)?;
		let before = set.checked_sub(1).and_then(Grandpa::session_for_set);
		let window = pallet_validator_set::ReportSessions::<Runtime>::get();
		let oldest = Session::current_index().saturating_sub(window);
		let first = before.map_or(oldest, |before| oldest.max(before.saturating_add(1)));
		(first..=last).rev().find_map(|session| Self::prove_in(session, key))
	}

	fn prove_in(session: SessionIndex, key: &GrandpaId) -> Option<MembershipProof> {
		let (_, validator_count) = ValidatorSet::voter(session, key.as_ref())?;
		Some(MembershipProof { session, trie_nodes: Vec::new(), validator_count })
	}
}

impl KeyOwnerProofSystem<(KeyTypeId, GrandpaId)> for VoteKeys {
	type Proof = MembershipProof;
	type IdentificationTuple = AccountId;

	fn prove((kind, key): (KeyTypeId, GrandpaId)) -> Option<MembershipProof> {
		(kind == KEY_TYPE).then(|| Self::prove_in(Session::current_index(), &key)).flatten()
	}

	fn check_proof(
		(kind, key): (KeyTypeId, GrandpaId),
		proof: MembershipProof,
	) -> Option<AccountId> {
		let (owner, count) = ValidatorSet::voter(proof.session, key.as_ref())?;
		let right =
			kind == KEY_TYPE && proof.validator_count == count && proof.trie_nodes.is_empty();
		right.then_some(owner)
	}
}

impl pallet_grandpa::Config for Runtime {
	// Nodes report equivocations themselves, by an extrinsic without signature.
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, VoteKeys, ReportLongevity>;
	type KeyOwnerProof = MembershipProof;
	type MaxAuthorities = MaxValidators;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = KnownSets;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = GrandpaWeight;
}

impl<Call> CreateTransactionBase<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<Call> CreateBare<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
