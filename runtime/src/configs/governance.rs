//! Governance: the technical committee, its schedule and preimages, the brake, and migrations.
//!
//! | who | what |
//! |---|---|
//! | half of the committee | pause calls by name |
//! | two thirds | set parameters and members, abort a solve, unpause, schedule calls, upgrade the runtime |
//! | Root (Sudo, in presets for tests) | the same, and every other call |

use crate::{
	configs::{accounts::deposit, validators::KeysStay},
	governance, slots, AccountId, Balance, Balances, BlockNumber, OriginCaller, Preimage, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, System, UNIT,
};
use alloc::collections::BTreeSet;
use core::cmp::Ordering;
use frame_support::{
	migrations::ForceUnstuckOnFailedMigration,
	parameter_types,
	traits::{
		fungible::HoldConsideration, ConstU32, Contains, EitherOfDiverse, Get, InsideBoth,
		LinearStoragePrice, PrivilegeCmp,
	},
	weights::Weight,
};
use frame_system::{EnsureRoot, RawOrigin};
use pallet_collective::{EnsureProportionAtLeast, RawOrigin as Committee};
use pallet_tx_pause::RuntimeCallNameOf;
use sp_runtime::traits::Convert;

/// Maximum number of members of the technical committee.
pub const MAX_MEMBERS: u32 = 32;

/// Two thirds of the technical committee.
pub type TwoThirds = EnsureProportionAtLeast<AccountId, (), 2, 3>;

/// Who sets parameters within bounds: Root, or two thirds of the technical committee.
pub type GovernanceOrigin = EitherOfDiverse<EnsureRoot<AccountId>, TwoThirds>;

/// Who pauses calls: Root, or half of the committee, so that a brake needs fewer than a change.
pub type BrakeOrigin =
	EitherOfDiverse<EnsureRoot<AccountId>, EnsureProportionAtLeast<AccountId, (), 1, 2>>;

/// Blocks in which the committee votes on a proposal: three days.
pub struct MotionDuration;

impl Get<BlockNumber> for MotionDuration {
	fn get() -> BlockNumber {
		const THREE_DAYS: u64 = 3 * 24 * 60 * 60 * 1_000;
		(THREE_DAYS / slots::Length::get()) as BlockNumber
	}
}

/// Maximum weight of a proposal, and of migrations per block: half of a block.
pub struct HalfBlock;

impl Get<Weight> for HalfBlock {
	fn get() -> Weight {
		slots::limits_of(slots::Length::get()).max_block / 2
	}
}

/// Maximum weight of scheduled calls per block: a quarter of a block, so that the emission has its own.
pub struct QuarterBlock;

impl Get<Weight> for QuarterBlock {
	fn get() -> Weight {
		slots::limits_of(slots::Length::get()).max_block / 4
	}
}

/// Maximum number of open proposals. Nobody can propose while there are as many.
pub const MAX_PROPOSALS: u32 = 100;

/// The deposit for a proposal beside so many open ones: 1 BIT more for each. A member that fills the list alone
/// pays 5,050 BIT. The linear deposit of pallet-collective counts in 32 bits of units, which is 4 BIT.
pub struct ProposalDeposit;

impl Convert<u32, Balance> for ProposalDeposit {
	fn convert(open: u32) -> Balance {
		UNIT.saturating_mul(Balance::from(open).saturating_add(1))
	}
}

impl pallet_collective::Config for Runtime {
	type Consideration = HoldConsideration<AccountId, Balances, ProposalHold, ProposalDeposit, u32>;
	type DefaultVote = pallet_collective::PrimeDefaultVote;
	type DisapproveOrigin = EnsureRoot<AccountId>;
	type KillOrigin = EnsureRoot<AccountId>;
	type MaxMembers = ConstU32<MAX_MEMBERS>;
	type MaxProposalWeight = HalfBlock;
	type MaxProposals = ConstU32<MAX_PROPOSALS>;
	type MotionDuration = MotionDuration;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type SetMembersOrigin = GovernanceOrigin;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
}

/// Whether finality is revived by a change of the set that is forced `delay` blocks after its announcement
/// and starts at the block `last`.
///
/// pallet-grandpa drops the change of the next session without an error if this one is not over then. One
/// without a delay would be enacted in a block that nodes may still take back.
fn revives(delay: BlockNumber, last: BlockNumber) -> bool {
	let session = pallet_validator_set::SessionLength::<Runtime>::get();
	(1..session).contains(&delay) && last < System::block_number()
}

/// The calls that the committee may make as Root. All others are refused, also inside of a batch.
pub struct RootCalls;

impl Contains<RuntimeCall> for RootCalls {
	fn contains(call: &RuntimeCall) -> bool {
		match call {
			// Not the variants without checks: a new runtime has a higher version, which restarts a
			// running solve.
			RuntimeCall::System(call) => matches!(
				call,
				frame_system::Call::authorize_upgrade { .. } | frame_system::Call::set_code { .. }
			),
			RuntimeCall::Grandpa(pallet_grandpa::Call::note_stalled {
				delay,
				best_finalized_block_number,
			}) => revives(*delay, *best_finalized_block_number),
			RuntimeCall::Governance(call) => {
				matches!(call, governance::Call::shift_set_id { .. })
			}
			RuntimeCall::Migrations(_) => true,
			_ => false,
		}
	}
}

impl governance::Config for Runtime {
	type Origin = TwoThirds;
	type RootCalls = RootCalls;
	type RuntimeCall = RuntimeCall;
}

/// Compares who scheduled a call and who cancels it: any two thirds of the committee cancel what any two
/// thirds have scheduled.
pub struct CommitteePrivilege;

impl PrivilegeCmp<OriginCaller> for CommitteePrivilege {
	fn cmp_privilege(left: &OriginCaller, right: &OriginCaller) -> Option<Ordering> {
		use OriginCaller::{system, TechnicalCommittee};
		match (left, right) {
			(left, right) if left == right => Some(Ordering::Equal),
			(system(RawOrigin::Root), _) => Some(Ordering::Greater),
			(
				TechnicalCommittee(Committee::Members(..)),
				TechnicalCommittee(Committee::Members(..)),
			) => Some(Ordering::Equal),
			_ => None,
		}
	}
}

impl pallet_scheduler::Config for Runtime {
	type BlockNumberProvider = System;
	type MaxScheduledPerBlock = ConstU32<50>;
	type MaximumWeight = QuarterBlock;
	type OriginPrivilegeCmp = CommitteePrivilege;
	type PalletsOrigin = OriginCaller;
	type Preimages = Preimage;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type ScheduleOrigin = GovernanceOrigin;
	type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	/// Why the deposit of a proposal is on hold.
	pub const ProposalHold: RuntimeHoldReason =
		RuntimeHoldReason::TechnicalCommittee(pallet_collective::HoldReason::ProposalSubmission);
	/// Deposit for an entry of the preimage store.
	pub const PreimageBase: Balance = deposit(2, 64);
	/// Deposit for a byte of a preimage.
	pub const PreimageByte: Balance = deposit(0, 1);
	/// Why the deposit of a preimage is on hold.
	pub const PreimageHold: RuntimeHoldReason =
		RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
}

impl pallet_preimage::Config for Runtime {
	type Consideration = HoldConsideration<
		AccountId,
		Balances,
		PreimageHold,
		LinearStoragePrice<PreimageBase, PreimageByte, Balance>,
	>;
	type Currency = Balances;
	type ManagerOrigin = GovernanceOrigin;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
}

/// The calls that cannot be paused: without them the chain stops, its members cannot act, or people cannot
/// take their stake and their keys out.
pub struct NeverPaused;

impl NeverPaused {
	/// Whether this call of this pallet is never paused.
	pub fn names(pallet: &[u8], call: &[u8]) -> bool {
		match pallet {
			// Blocks: the clock, the keys of validators, finality and its offences. Governance: it votes,
			// acts and lifts the brake.
			b"System"
			| b"Timestamp"
			| b"Session"
			| b"Grandpa"
			| b"TechnicalCommittee"
			| b"Governance"
			| b"Scheduler"
			| b"Preimage"
			| b"TxPause"
			| b"Migrations"
			| b"Sudo" => true,
			// The way out of stake, and what governance does to the emission.
			b"Emission" => matches!(
				call,
				b"unstake"
					| b"withdraw_unbonded"
					| b"deregister" | b"resign_service_key"
					| b"set_parameters"
					| b"abort_solve"
			),
			// The way out of the set of validators, and what governance does to it.
			b"ValidatorSet" => call != b"register",
			// Accounts that act only through others leave through them, and a stolen proxy is removed. The
			// call that a proxy makes can be paused by its own name.
			b"Proxy" => matches!(
				call,
				b"proxy"
					| b"announce" | b"proxy_announced"
					| b"reject_announcement"
					| b"remove_announcement"
					| b"remove_proxy"
					| b"remove_proxies"
					| b"kill_pure"
			),
			b"Utility" => call == b"as_derivative",
			_ => false,
		}
	}
}

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
	fn contains((pallet, call): &RuntimeCallNameOf<Runtime>) -> bool {
		Self::names(pallet, call)
	}
}

impl pallet_tx_pause::Config for Runtime {
	type MaxNameLen = ConstU32<64>;
	type PauseOrigin = BrakeOrigin;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type UnpauseOrigin = GovernanceOrigin;
	type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
	type WhitelistedCalls = NeverPaused;
}

/// Refuses to leave the committee without members, with too many, or with one twice.
pub struct KeepsCommittee;

impl Contains<RuntimeCall> for KeepsCommittee {
	fn contains(call: &RuntimeCall) -> bool {
		let RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
			new_members,
			..
		}) = call
		else {
			return true;
		};
		let distinct: BTreeSet<_> = new_members.iter().take(MAX_MEMBERS as usize + 1).collect();
		(1..=MAX_MEMBERS as usize).contains(&new_members.len())
			&& distinct.len() == new_members.len()
	}
}

/// The calls that an origin other than Root can make: those that are not paused, and keep the committee and
/// the keys of validators.
pub type CallFilter = InsideBoth<crate::TxPause, InsideBoth<KeepsCommittee, KeysStay>>;

impl pallet_migrations::Config for Runtime {
	type CursorMaxLen = ConstU32<65_536>;
	// A chain whose transactions are blocked could not be repaired by governance. `Emission` and
	// `ValidatorSet` halt by themselves while their storage has another version.
	type FailedMigrationHandler = ForceUnstuckOnFailedMigration;
	type IdentifierMaxLen = ConstU32<256>;
	type MaxServiceWeight = HalfBlock;
	type MigrationStatusHandler = ();
	#[cfg(feature = "next-version")]
	type Migrations = (crate::next_version::CountComponents,);
	#[cfg(not(any(feature = "next-version", feature = "runtime-benchmarks")))]
	type Migrations = ();
	#[cfg(all(feature = "runtime-benchmarks", not(feature = "next-version")))]
	type Migrations = pallet_migrations::mock_helpers::MockedMigrations;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}
