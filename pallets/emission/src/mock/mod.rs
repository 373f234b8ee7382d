//! A runtime of this pallet and balances, and a checker that sees every block.
//!
//! Weights are small numbers, so that a test chooses with [`ServiceWeight`] how many blocks a solve
//! spans.

mod bond;
mod checker;
mod weights;

pub(crate) use bond::*;
pub(crate) use checker::*;

use crate::{
	self as pallet_emission,
	types::{Edge, Endpoint, Halvings, Parameters, Phase, PostedRow},
	Event,
};
use frame_support::{derive_impl, parameter_types, weights::Weight, PalletId};
use sp_core::H256;
use sp_runtime::BuildStorage;
use std::collections::BTreeMap;
use weights::TestWeight;

pub(crate) type AccountId = u64;
pub(crate) const ED: u64 = 10;
pub(crate) const MIN_STAKE: u64 = 1_000;
pub(crate) const DEPOSIT: u64 = 500;
pub(crate) const SIGMA: u64 = 1_000_003;
pub(crate) const EPOCH: u32 = 10;
/// Each account from 1 to 40 has this at the start.
pub(crate) const ENDOWMENT: u64 = 10_000_000;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
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
	type ExistentialDeposit = frame_support::traits::ConstU64<ED>;
}

parameter_types! {
	pub const EmissionPalletId: PalletId = PalletId(*b"emission");
	pub static MaxComponents: u32 = 1_100;
	pub const MinStakeBounds: (u64, u64) = (100, 1_000_000_000);
	pub const DepositBounds: (u64, u64) = (10, 1_000_000_000);
	pub const RowLifetimeBounds: (u32, u32) = (2, 100);
	pub static MaxRemovals: u32 = 2_000;
	pub static MaxFreePosts: u32 = 2_000;
	pub static ServiceWeight: Weight = Weight::from_parts(1_000_000, 0);
}

impl pallet_emission::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type PalletId = EmissionPalletId;
	type MaxComponents = MaxComponents;
	type MaxServiceWeight = ServiceWeight;
	type MaxRemovals = MaxRemovals;
	type MaxFreePosts = MaxFreePosts;
	type GovernanceOrigin = frame_system::EnsureRoot<AccountId>;
	type MinStakeBounds = MinStakeBounds;
	type DepositBounds = DepositBounds;
	type RowLifetimeBounds = RowLifetimeBounds;
	type Validators = Bond;
	type WeightInfo = TestWeight;
}

/// The minimum service weight with which every step fits, for up to 512 components.
pub(crate) const LEAST_SERVICE: u64 = 150;

pub(crate) fn parameters() -> Parameters {
	Parameters {
		epoch_length: EPOCH,
		sigma: SIGMA,
		halvings: Halvings { interval: 1_000_000, max: 64 },
		row_lifetime: 8,
		unbonding_blocks: 2 * EPOCH,
		min_stake: MIN_STAKE,
		registration_deposit: DEPOSIT,
	}
}

/// The initial state of a test.
pub(crate) struct Ext {
	pub(crate) parameters: Parameters,
	pub(crate) components: Vec<(AccountId, u64)>,
	pub(crate) service: u64,
	pub(crate) max_components: u32,
	/// Balance of each component's owner before it stakes.
	pub(crate) endowment: u64,
}

impl Default for Ext {
	fn default() -> Self {
		Self {
			parameters: parameters(),
			components: Vec::new(),
			service: 1_000_000,
			max_components: 65_536,
			endowment: ENDOWMENT,
		}
	}
}

impl Ext {
	/// Components 0 to `count − 1` of owners 1 to `count`, with stakes 1,000, 2,000, …
	pub(crate) fn with(count: u64) -> Self {
		let components = (1..=count).map(|owner| (owner, owner * MIN_STAKE)).collect();
		Self { components, ..Default::default() }
	}

	pub(crate) fn service(mut self, service: u64) -> Self {
		self.service = service;
		self
	}

	pub(crate) fn parameters(mut self, change: impl FnOnce(&mut Parameters)) -> Self {
		change(&mut self.parameters);
		self
	}

	pub(crate) fn build(self) -> sp_io::TestExternalities {
		MaxComponents::set(self.max_components);
		MaxRemovals::set(2_000);
		MaxFreePosts::set(2_000);
		Bonded::set(Vec::new());
		Halted::set(false);
		ValidatorPart::set(0);
		ServiceWeight::set(Weight::from_parts(self.service, 0));
		let mut accounts: BTreeMap<u64, u64> =
			(1..=40).map(|account| (account, ENDOWMENT)).collect();
		accounts.extend(self.components.iter().map(|&(owner, _)| (owner, self.endowment)));
		let genesis = RuntimeGenesisConfig {
			balances: pallet_balances::GenesisConfig {
				balances: accounts.into_iter().collect(),
				..Default::default()
			},
			emission: pallet_emission::GenesisConfig {
				parameters: self.parameters,
				components: self.components,
			},
			..Default::default()
		};
		let mut ext = sp_io::TestExternalities::new(genesis.build_storage().unwrap());
		ext.execute_with(|| {
			restart_checker();
			check_state();
		});
		ext
	}

	/// Runs a test and checks the state at its end.
	pub(crate) fn run(self, test: impl FnOnce()) {
		self.build().execute_with(|| {
			next_block();
			test();
			check_state();
		});
	}
}

/// The pallet's events of this block.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Emission(event) => Some(event),
			_ => None,
		})
		.collect()
}

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Makes `key` the service key of the component of `owner`.
pub(crate) fn serve(owner: AccountId, key: AccountId) {
	frame_support::assert_ok!(Emission::set_service_key(signed(owner), key));
	frame_support::assert_ok!(Emission::accept_service_key(signed(key), owner));
}

/// Edges of `(target, share)`.
pub(crate) fn edges(edges: &[(u32, u16)]) -> Vec<Edge> {
	edges.iter().map(|&(target, share)| Edge { target, share }).collect()
}

/// A row of `(target, share)`, as a call has it.
pub(crate) fn row(row: &[(u32, u16)]) -> PostedRow {
	edges(row).try_into().unwrap()
}

/// Posts a row that must be accepted.
pub(crate) fn post(who: AccountId, edges: &[(u32, u16)]) {
	frame_support::assert_ok!(Emission::post_row(signed(who), row(edges)));
}

pub(crate) fn endpoint(host: &str, port: u16) -> Endpoint {
	Endpoint { host: host.try_into().unwrap(), port, tls_spki: None, protocol: 1 }
}
