//! The set of validators: sessions, their history, offences, and who gets fees.

use super::{accounts::deposit, consensus::MaxValidators, governance::GovernanceOrigin};
use crate::{
	AccountId, Aura, Authorship, Balances, Emission, Runtime, RuntimeCall, RuntimeEvent,
	SessionKeys, ValidatorSet, UNIT,
};
use frame_support::traits::{
	fungible::{Balanced, Credit},
	ConstU32, ConstU64, Contains, Get, Imbalance, OnUnbalanced,
};
use pallet_session::{disabling::UpToLimitWithReEnablingDisablingStrategy, historical};
use pallet_validator_set::Division;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

impl pallet_authorship::Config for Runtime {
	type EventHandler = ();
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Aura>;
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	// At most a third is disabled, so that blocks and finality go on.
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	// An entry with 64 bytes of keys, and two that name the owner of a key.
	type KeyDeposit = ConstU64<{ deposit(3, 232) }>;
	type Keys = SessionKeys;
	type NextSessionRotation = ValidatorSet;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = historical::NoteHistoricalRoot<Self, ValidatorSet>;
	type ShouldEndSession = ValidatorSet;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl historical::Config for Runtime {
	type FullIdentification = ();
	type FullIdentificationOf = pallet_validator_set::ByAccount;
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = historical::IdentificationTuple<Self>;
	type OnOffenceHandler = ValidatorSet;
	type RuntimeEvent = RuntimeEvent;
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
