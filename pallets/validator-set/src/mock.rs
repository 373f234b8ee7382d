//! A runtime of this pallet with the real emission, sessions and offences.
//!
//! Session keys are numbers that need no proof, and a test sets the slot of each block.

use crate::{
	self as pallet_validator_set,
	types::{Balance, IncomeDivision, ValidatorLimits},
	Event, WeightInfo,
};
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Hooks},
	weights::{Weight, WeightMeter},
	PalletId,
};
use pallet_emission::types::{Halvings, Parameters, PostedRow};
use sp_core::H256;
use sp_runtime::{
	key_types::DUMMY, testing::UintAuthorityId, BuildStorage, KeyTypeId, Perbill, Percent,
};
use sp_staking::offence::{Kind, Offence, ReportOffence};
use std::collections::BTreeSet;

pub(crate) type AccountId = u64;
pub(crate) const ED: u64 = 10;
pub(crate) const UNIT: u64 = 1_000;
/// Least stake of a candidate.
pub(crate) const MIN_STAKE: u64 = 10 * UNIT;
/// Upper bound of the least stake of a candidate.
pub(crate) const MOST_STAKE: u64 = 1_000_000_000_000;
pub(crate) const KEY_DEPOSIT: u64 = 77;
pub(crate) const SIGMA: u64 = 100_003;
pub(crate) const EPOCH: u32 = 7;
/// Blocks per session.
pub(crate) const SESSION: u32 = 10;
/// Sessions for which offences can be reported.
pub(crate) const REPORTS: u32 = 2;
/// Accounts from 1 to this have a balance.
pub(crate) const ACCOUNTS: u64 = 20;
pub(crate) const ENDOWMENT: u64 = 10_000_000;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		ValidatorSet: pallet_validator_set,
		Session: pallet_session,
		Offences: pallet_offences,
		Emission: pallet_emission,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Self>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<ED>;
}

impl pallet_session::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = sp_runtime::traits::ConvertInto;
	type ShouldEndSession = ValidatorSet;
	type NextSessionRotation = ValidatorSet;
	type SessionManager = ValidatorSet;
	type SessionHandler = pallet_session::TestSessionHandler;
	type Keys = UintAuthorityId;
	type DisablingStrategy = pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ConstU64<KEY_DEPOSIT>;
}

impl pallet_offences::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = AccountId;
	type OnOffenceHandler = ValidatorSet;
}

parameter_types! {
	pub const EmissionPalletId: PalletId = PalletId(*b"emission");
	pub const VoteKey: KeyTypeId = DUMMY;
	pub ServiceWeight: Weight = Weight::from_parts(1_000_000, 0);
	pub const AmountBounds: (u64, u64) = (1, 1_000_000_000_000);
	pub const LifetimeBounds: (u32, u32) = (0, 10_000);
	/// The slot of the block.
	pub static Slot: u64 = 0;
	/// Who authored a block in which session.
	pub static Authors: BTreeSet<(u32, AccountId)> = BTreeSet::new();
}

/// Each call and each step is one unit.
pub struct OneUnit;

macro_rules! one_unit {
	($($name:ident($($argument:ty)?);)*) => {
		$(fn $name($(_: $argument)?) -> Weight {
			Weight::from_parts(1, 0)
		})*
	};
}

impl pallet_emission::WeightInfo for OneUnit {
	one_unit! {
		register(); deregister(); set_endpoint(); set_service_key(); accept_service_key();
		resign_service_key(); offer_component(); accept_component(); remove_dead(); stake(); unstake();
		withdraw_unbonded(); post_row(u32); set_edge(); poll(); leaving_queue(); merge_leaving();
		load_registered(u32); pending_page(); merge_rows(u32); begin(u32); load_empty_rows(u32);
		load_rows(u32); sweep(u32); save_vectors(u32); load_vectors(u32); clear_vectors(u32);
		emit_mint(); load_piece(); emit_page(); emit_end(); set_parameters(); abort_solve();
	}
}

impl WeightInfo for OneUnit {
	one_unit! {
		register(); leave(); purge_keys(); set_invulnerables(u32); set_limits(); block(); rotate(u32);
		on_offence(u32); reward();
	}
}

impl pallet_emission::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type PalletId = EmissionPalletId;
	type MaxComponents = ConstU32<65_536>;
	type MaxServiceWeight = ServiceWeight;
	type MaxRemovals = ConstU32<100>;
	type MaxFreePosts = ConstU32<100>;
	type GovernanceOrigin = frame_system::EnsureRoot<AccountId>;
	type MinStakeBounds = AmountBounds;
	type DepositBounds = AmountBounds;
	type RowLifetimeBounds = LifetimeBounds;
	type Validators = ValidatorSet;
	type WeightInfo = OneUnit;
}

impl pallet_validator_set::Config for Test {
	type AdminOrigin = frame_system::EnsureRoot<AccountId>;
	type Token = Balances;
	type Stake = Emission;
	type VoteKey = VoteKey;
	type Slot = Slot;
	type MaxValidators = ConstU32<32>;
	type MaxCandidates = ConstU32<10>;
	type MaxCandidateStake = ConstU64<MOST_STAKE>;
	type WeightInfo = OneUnit;
}

/// The initial state of a test.
pub(crate) struct Ext {
	pub(crate) invulnerables: Vec<AccountId>,
	pub(crate) limits: ValidatorLimits,
	pub(crate) division: IncomeDivision<AccountId>,
	/// Components at the start: owner and stake.
	pub(crate) components: Vec<(AccountId, Balance)>,
	/// Accounts with session keys; invulnerables have some too.
	pub(crate) keys: Vec<AccountId>,
	pub(crate) unbonding_blocks: u32,
}

pub(crate) fn limits() -> ValidatorLimits {
	ValidatorLimits {
		min_validators: 1,
		max_validators: 6,
		churn: 2,
		min_stake: MIN_STAKE,
		max_missed: Percent::from_percent(50),
	}
}

impl Default for Ext {
	/// One invulnerable, account 1; accounts 2 to 6 have keys and a stake of as many tens of tokens.
	fn default() -> Self {
		Self {
			invulnerables: vec![1],
			limits: limits(),
			division: IncomeDivision::default(),
			components: (2..=6).map(|owner| (owner, owner * MIN_STAKE)).collect(),
			keys: (2..=6).collect(),
			unbonding_blocks: (REPORTS + 1) * SESSION,
		}
	}
}

impl Ext {
	pub(crate) fn limits(mut self, change: impl FnOnce(&mut ValidatorLimits)) -> Self {
		change(&mut self.limits);
		self
	}

	pub(crate) fn build(self) -> sp_io::TestExternalities {
		Slot::set(1_000);
		Authors::take();
		let keys = |accounts: &[AccountId]| {
			accounts.iter().map(|&who| (who, who, UintAuthorityId(who))).collect::<Vec<_>>()
		};
		let genesis = RuntimeGenesisConfig {
			balances: pallet_balances::GenesisConfig {
				balances: (1..=ACCOUNTS).map(|who| (who, ENDOWMENT)).collect(),
				..Default::default()
			},
			validator_set: pallet_validator_set::GenesisConfig {
				limits: self.limits,
				session_length: SESSION,
				report_sessions: REPORTS,
				division: self.division,
				invulnerables: self.invulnerables.clone(),
			},
			session: pallet_session::GenesisConfig {
				keys: keys(&self.invulnerables),
				non_authority_keys: keys(&self.keys),
			},
			emission: pallet_emission::GenesisConfig {
				parameters: Parameters {
					epoch_length: EPOCH,
					sigma: SIGMA,
					halvings: Halvings { interval: 1_000_000, max: 64 },
					row_lifetime: 0,
					unbonding_blocks: self.unbonding_blocks,
					min_stake: UNIT,
					registration_deposit: 500,
				},
				components: self.components,
			},
			..Default::default()
		};
		let mut ext = sp_io::TestExternalities::new(genesis.build_storage().unwrap());
		ext.execute_with(check_state);
		ext
	}

	/// Runs a test from block 1 and checks the state at its end.
	pub(crate) fn run(self, test: impl FnOnce()) {
		self.build().execute_with(|| {
			next_block();
			test();
			check_state();
		});
	}
}

impl Ext {
	/// Runs a test from session 2 on, when these candidates validate beside the invulnerables.
	pub(crate) fn run_with(
		mut self,
		candidates: impl IntoIterator<Item = AccountId>,
		test: impl FnOnce(),
	) {
		let invulnerables = self.invulnerables.clone();
		let candidates: Vec<_> = candidates.into_iter().collect();
		self.invulnerables.extend(&candidates);
		let validators = self.invulnerables.clone();
		self.run(|| {
			assert_ok!(ValidatorSet::set_invulnerables(RuntimeOrigin::root(), invulnerables));
			register(candidates);
			run_to_session(2);
			assert_eq!(Session::validators(), validators);
			test();
		});
	}
}

/// Checks the invariants of this pallet.
pub(crate) fn check_state() {
	ValidatorSet::do_try_state().unwrap();
}

/// A block in the next slot of which somebody else than `absent` is the author. The slots before are
/// missed. `polls` says whether the hook of the emission runs.
pub(crate) fn block_without(absent: &[AccountId], polls: bool) {
	let number = System::block_number() + 1;
	System::reset_events();
	System::initialize(&number, &H256::from_low_u64_be(number - 1), &Default::default());
	let set = Session::validators();
	let mut slot = Slot::get() + 1;
	if set.iter().any(|who| !absent.contains(who)) {
		while absent.contains(&set[slot as usize % set.len()]) {
			slot += 1;
		}
	}
	Slot::set(slot);
	if let Some(who) = set.get((slot % set.len().max(1) as u64) as usize) {
		Authors::mutate(|authors| {
			authors.insert((Session::current_index(), *who));
		});
	}
	ValidatorSet::on_initialize(number);
	Session::on_initialize(number);
	if polls {
		Emission::on_poll(number, &mut WeightMeter::new());
	}
	check_state();
}

/// A block of the next author.
pub(crate) fn next_block() {
	block_without(&[], true);
}

/// Blocks until the session `session` starts.
pub(crate) fn run_to_session(session: u32) {
	while Session::current_index() < session {
		next_block();
	}
}

/// Blocks of others than `absent` until the next session starts.
pub(crate) fn session_without(absent: &[AccountId]) {
	let next = Session::current_index() + 1;
	while Session::current_index() < next {
		block_without(absent, true);
	}
}

/// The pallet's events of this block.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::ValidatorSet(event) => Some(event),
			_ => None,
		})
		.collect()
}

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Gives an account keys, a component and this stake.
pub(crate) fn equip(who: AccountId, stake: Balance) {
	assert_ok!(Session::set_keys(signed(who), UintAuthorityId(who), vec![]));
	assert_ok!(Emission::register(signed(who), None, None));
	assert_ok!(Emission::stake(signed(who), stake));
}

/// Makes these accounts candidates.
pub(crate) fn register(accounts: impl IntoIterator<Item = AccountId>) {
	for who in accounts {
		assert_ok!(ValidatorSet::register(signed(who)));
	}
}

/// Posts a row without edges, so that the stake is a source.
pub(crate) fn post(who: AccountId) {
	assert_ok!(Emission::post_row(signed(who), PostedRow::default()));
}

/// An offence that names its fraction.
pub(crate) struct Crime {
	pub(crate) session: u32,
	pub(crate) round: u64,
	pub(crate) offender: AccountId,
	pub(crate) fraction: Perbill,
}

impl Offence<AccountId> for Crime {
	const ID: Kind = *b"a crime in tests";
	type Slot = u64;

	fn offenders(&self) -> Vec<AccountId> {
		vec![self.offender]
	}

	fn session_index(&self) -> u32 {
		self.session
	}

	fn validator_set_count(&self) -> u32 {
		8
	}

	fn slot(&self) -> u64 {
		self.round
	}

	fn slash_fraction(&self, _: u32) -> Perbill {
		self.fraction
	}
}

/// Reports a new offence of the running session through pallet-offences.
pub(crate) fn report(offender: AccountId, percent: u32) {
	report_of(Session::current_index(), offender, percent);
}

/// Reports a new offence of a session through pallet-offences.
pub(crate) fn report_of(session: u32, offender: AccountId, percent: u32) {
	// Each report is of a round of its own.
	let block = System::block_number() * 1_000_000;
	let round = block + u64::from(session) * 10_000 + u64::from(percent) * 100 + offender;
	let fraction = Perbill::from_percent(percent);
	let crime = Crime { session, round, offender, fraction };
	let _ = <Offences as ReportOffence<_, _, Crime>>::report_offence(vec![], crime);
}
