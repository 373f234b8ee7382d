//! The set of validators: sessions, offences, and who gets fees.

use super::{accounts::deposit, consensus::MaxValidators, governance::GovernanceOrigin};
use crate::{
	AccountId, Aura, Authorship, Balances, Emission, Runtime, RuntimeCall, RuntimeEvent,
	SessionKeys, ValidatorSet, UNIT,
};
use frame_support::traits::{
	fungible::{Balanced, Credit},
	ConstU32, ConstU64, Contains, Get, Imbalance, OnUnbalanced,
};
use pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
use pallet_validator_set::Division;
use sp_core::crypto::KeyTypeId;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

impl pallet_authorship::Config for Runtime {
	type EventHandler = ();
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Aura>;
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	// Of n validators at most (n − 1) / 3 are disabled, so that blocks go on.
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	// An entry with 64 bytes of keys, and two that name the owner of a key.
	type KeyDeposit = ConstU64<{ deposit(3, 232) }>;
	type Keys = SessionKeys;
	type NextSessionRotation = ValidatorSet;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = ValidatorSet;
	type ShouldEndSession = ValidatorSet;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = AccountId;
	type OnOffenceHandler = ValidatorSet;
	type RuntimeEvent = RuntimeEvent;
}

/// The session key that votes on finality.
pub struct VoteKey;

impl Get<KeyTypeId> for VoteKey {
	fn get() -> KeyTypeId {
		sp_consensus_grandpa::KEY_TYPE
	}
}

/// The slot of the block, from its header.
pub struct BlockSlot;

impl Get<u64> for BlockSlot {
	fn get() -> u64 {
		pallet_aura::CurrentSlot::<Runtime>::get().into()
	}
}

impl pallet_validator_set::Config for Runtime {
	type AdminOrigin = GovernanceOrigin;
	type MaxCandidateStake = ConstU64<{ 1_000_000 * UNIT }>;
	type MaxCandidates = ConstU32<128>;
	type MaxValidators = MaxValidators;
	type Slot = BlockSlot;
	type Stake = Emission;
	type Token = Balances;
	type VoteKey = VoteKey;
	type WeightInfo = crate::weights::pallet_validator_set::WeightInfo<Runtime>;
}

/// Refuses `session.purgeKeys`, which does not ask whether the keys are in use. A set whose validators
/// all removed their keys would end the chain. `validatorSet.purgeKeys` asks.
pub struct KeysStay;

impl Contains<RuntimeCall> for KeysStay {
	fn contains(call: &RuntimeCall) -> bool {
		!matches!(call, RuntimeCall::Session(pallet_session::Call::purge_keys {}))
	}
}

/// Divides fees and tips between the author of the block and nobody: what the author does not get is
/// burnt. Genesis sets the parts.
pub struct AuthorFees;

impl OnUnbalanced<Credit<AccountId, Balances>> for AuthorFees {
	/// `amounts` are the fee, then the tip.
	fn on_unbalanceds(amounts: impl Iterator<Item = Credit<AccountId, Balances>>) {
		let division = Division::<Runtime>::get();
		let author = Authorship::author();
		for (credit, part) in amounts.zip([division.fees, division.tips]) {
			// A credit that is dropped is burnt.
			let Some(author) = &author else { continue };
			let given = part * credit.peek();
			let (given, _) = credit.split(given);
			drop(Balances::resolve(author, given));
		}
	}
}
