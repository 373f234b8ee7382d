//! A runtime of this pallet and balances, and a checker that sees every block.
//!
//! Weights are small numbers here, one unit per edge visit, so that a test chooses with
//! [`ServiceWeight`] into how many blocks a solve is cut.

use crate::{
	self as pallet_emission,
	pages::{load_entries, row_page},
	types::{Endpoint, Halvings, Parameters, Phase, PostedRow, MAX_EDGES},
	weights::{WeightInfo, LOAD_MARGIN, SWEEP_MARGIN},
	Components, ContributionPages, Event, MintedTotal, RegisteredPages, RowPages, StakePages,
	Started, UidOf, UidSpace, Unbonding,
};
use contribution::{Graph, Payout, Progress, Vectors};
use core::cell::RefCell;
use frame_support::{
	derive_impl, parameter_types,
	traits::Hooks,
	weights::{Weight, WeightMeter},
	PalletId,
};
use sp_core::H256;
use sp_runtime::{BoundedVec, BuildStorage};
use std::collections::BTreeMap;

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
	pub static ServiceWeight: Weight = Weight::from_parts(1_000_000, 0);
}

impl pallet_emission::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type PalletId = EmissionPalletId;
	type MaxComponents = MaxComponents;
	type MaxServiceWeight = ServiceWeight;
	type WeightInfo = TestWeight;
}

/// A few units per step, one per edge visit.
pub struct TestWeight;

fn units(count: u32) -> Weight {
	Weight::from_parts(count.into(), 0)
}

impl WeightInfo for TestWeight {
	fn register() -> Weight {
		units(10)
	}
	fn deregister() -> Weight {
		units(10)
	}
	fn set_endpoint() -> Weight {
		units(10)
	}
	fn set_service_key() -> Weight {
		units(10)
	}
	fn stake() -> Weight {
		units(10)
	}
	fn unstake() -> Weight {
		units(10)
	}
	fn withdraw_unbonded() -> Weight {
		units(10)
	}
	fn post_row(edges: u32) -> Weight {
		units(10 + edges)
	}
	fn set_edge() -> Weight {
		Self::post_row(MAX_EDGES)
	}
	fn poll() -> Weight {
		units(1)
	}
	fn leaving_page() -> Weight {
		units(1)
	}
	fn merge_leaving() -> Weight {
		units(30)
	}
	fn load_registered(pages: u32) -> Weight {
		units(pages)
	}
	fn pending_page() -> Weight {
		units(1)
	}
	fn merge_rows(rows: u32) -> Weight {
		units(8 + 2 * rows)
	}
	fn begin(pages: u32) -> Weight {
		units(60 * pages)
	}
	fn load_empty_rows(row_pages: u32) -> Weight {
		Self::load_rows(row_pages)
	}
	fn load_rows(row_pages: u32) -> Weight {
		// With the margin, one unit per page or one less.
		units((u64::from(row_pages) * LOAD_MARGIN.1 / LOAD_MARGIN.0) as u32)
	}
	fn sweep(visits: u32) -> Weight {
		// With the margin, one unit for 80 visits.
		units((u64::from(visits) * SWEEP_MARGIN.1 / SWEEP_MARGIN.0 / 80) as u32)
	}
	fn save_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn load_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn clear_vectors(pieces: u32) -> Weight {
		units(2 * pieces)
	}
	fn emit_mint() -> Weight {
		units(40)
	}
	fn load_piece() -> Weight {
		units(1)
	}
	fn emit_page(leaving: u32) -> Weight {
		units(50 + 2 * leaving)
	}
	fn emit_end() -> Weight {
		units(30)
	}
}

/// The least service weight with which every step fits, for up to 512 components.
pub(crate) const LEAST_SERVICE: u64 = 150;

pub(crate) fn parameters() -> Parameters {
	Parameters {
		epoch_length: EPOCH,
		sigma: SIGMA,
		halvings: Halvings { interval: 0, max: 0 },
		row_lifetime: 8,
		unbonding_epochs: 2,
		min_stake: MIN_STAKE,
		registration_deposit: DEPOSIT,
	}
}

/// What a test starts from.
pub(crate) struct Ext {
	pub(crate) parameters: Parameters,
	pub(crate) components: Vec<(AccountId, u64)>,
	pub(crate) service: u64,
	pub(crate) max_components: u32,
	/// What the owner of each component has before it stakes.
	pub(crate) endowment: u64,
}

impl Default for Ext {
	fn default() -> Self {
		Self {
			parameters: parameters(),
			components: Vec::new(),
			service: 1_000_000,
			max_components: 1_100,
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
			CHECKER.with_borrow_mut(|checker| *checker = Checker::new());
			check_state();
		});
		ext
	}

	/// Runs a test, and checks the state once more at its end.
	pub(crate) fn run(self, test: impl FnOnce()) {
		self.build().execute_with(|| {
			next_block();
			test();
			check_state();
		})
	}
}

/// What a solve starts from, seen from outside.
struct Witness {
	sources: Vec<u64>,
	rows: Vec<(u32, Vec<(u32, u16)>)>,
	registered: Vec<u32>,
	/// Block of the `Begin` before, and of this one.
	blocks: (u64, u64),
	/// What stakes and unbonding have grown by in the hooks since.
	paid: Vec<u64>,
}

/// Sees every block: issuance, surplus, and each payout against the pure crate.
#[derive(Default)]
struct Checker {
	/// Issuance less what was minted: it never changes.
	fixed: u64,
	surplus: u64,
	witness: Option<Witness>,
	payouts: u32,
}

thread_local! {
	static CHECKER: RefCell<Checker> = RefCell::new(Checker::default());
}

impl Checker {
	fn new() -> Self {
		Self {
			fixed: Balances::total_issuance() - MintedTotal::<Test>::get(),
			surplus: Emission::surplus().unwrap(),
			..Default::default()
		}
	}
}

/// How many epochs were paid and checked since the start of the test.
pub(crate) fn payouts() -> u32 {
	CHECKER.with_borrow(|checker| checker.payouts)
}

/// All invariants, of the pallet and those that need a memory.
pub(crate) fn check_state() {
	Emission::do_try_state().unwrap();
	CHECKER.with_borrow_mut(|checker| {
		let surplus = Emission::surplus().unwrap();
		assert!(surplus >= checker.surplus, "the surplus fell");
		checker.surplus = surplus;
		let fixed = Balances::total_issuance() - MintedTotal::<Test>::get();
		assert_eq!(fixed, checker.fixed, "tokens came or went other than by minting");
	});
}

/// The stakes of all uids.
pub(crate) fn stakes() -> Vec<u64> {
	load_entries::<StakePages<Test>, u64, _>(UidSpace::<Test>::get())
}

/// What the last payout paid to all uids.
pub(crate) fn contributions() -> Vec<u64> {
	load_entries::<ContributionPages<Test>, u64, _>(UidSpace::<Test>::get())
}

/// The owner of each uid.
fn owners_by_uid() -> BTreeMap<u32, AccountId> {
	UidOf::<Test>::iter().map(|(owner, uid)| (uid, owner)).collect()
}

/// Stake and unbonding of each uid.
fn holdings(uids: u32) -> Vec<u64> {
	let stakes = load_entries::<StakePages<Test>, u64, _>(uids);
	(0u32..)
		.zip(stakes)
		.map(|(uid, stake)| {
			let owner = Components::<Test>::get(uid).map(|component| component.owner);
			let unbonding: u64 = owner.map_or(0, |owner| {
				Unbonding::<Test>::get(owner).iter().map(|chunk| chunk.amount).sum()
			});
			stake + unbonding
		})
		.collect()
}

fn witness(stakes: &[u64], since: u64, epoch: u32) -> Witness {
	let uids = UidSpace::<Test>::get();
	let lifetime = crate::EmissionParameters::<Test>::get().row_lifetime;
	let rows: Vec<(u32, Vec<(u32, u16)>)> = (0..uids)
		.map(|uid| match RowPages::<Test>::get(row_page(uid)).row(uid) {
			Some((posted, edges)) => (posted, edges.into_inner()),
			None => (0, Vec::new()),
		})
		.collect();
	let sources = rows
		.iter()
		.zip(stakes)
		.map(|((posted, _), &stake)| {
			let live = *posted != 0 && (lifetime == 0 || epoch - posted <= lifetime);
			if live {
				stake
			} else {
				0
			}
		})
		.collect();
	Witness {
		sources,
		rows,
		registered: load_entries::<RegisteredPages<Test>, u32, _>(uids),
		blocks: (since, System::block_number()),
		paid: vec![0; uids as usize],
	}
}

/// The payouts of the pure crate, in one go.
fn reference(witness: &Witness) -> (Vec<u64>, u64, u16) {
	let schedule = crate::EmissionParameters::<Test>::get().schedule();
	let due = schedule.between(witness.blocks.0, witness.blocks.1);
	let count = witness.rows.len();
	let mut graph = Graph::with_capacity(count, 0);
	for (posted, edges) in &witness.rows {
		let (targets, shares): (Vec<u16>, Vec<u16>) =
			edges.iter().map(|&(target, share)| (target as u16, share)).unzip();
		graph.push_row(&targets, &shares, |target| {
			let since = witness.registered[usize::from(target)];
			since != 0 && since <= *posted
		});
	}
	let Some((mut solve, mut vectors)) = contribution::Solve::begin(&witness.sources) else {
		return (vec![0; count], 0, 0);
	};
	let progress = solve.advance(&graph, &mut vectors, &mut u64::MAX.clone());
	assert_eq!(progress, Progress::Converged);
	let Vectors { contribution, .. } = vectors;
	let mut payout = Payout::new(due, contribution.iter().sum());
	(contribution.into_iter().map(|mass| payout.next(mass)).collect(), due, solve.sweep)
}

/// One block without transactions: the hook under a meter of `remaining`, then all checks.
pub(crate) fn next_block_with(remaining: u64) {
	let number = System::block_number() + 1;
	System::reset_events();
	System::initialize(&number, &H256::from_low_u64_be(number - 1), &Default::default());

	let uids = UidSpace::<Test>::get();
	let (stakes_before, before) = (stakes(), holdings(uids));
	let owners = owners_by_uid();
	let since = Started::<Test>::get();
	let pages_before = RowPages::<Test>::iter().collect::<BTreeMap<_, _>>();
	let phase = Emission::epoch_status().phase;

	let remaining = Weight::from_parts(remaining, 0);
	let mut meter = WeightMeter::with_limit(remaining);
	Emission::on_poll(number, &mut meter);
	assert!(meter.consumed().all_lte(remaining.min(ServiceWeight::get())), "too much weight");

	let events = events();
	CHECKER.with_borrow_mut(|checker| {
		let started = events.iter().find_map(|event| match *event {
			Event::EpochStarted { epoch, .. } => Some(epoch),
			_ => None,
		});
		if let Some(epoch) = started {
			checker.witness = Some(witness(&stakes_before, since, epoch));
		} else if !matches!(phase, Phase::Idle | Phase::Merge) {
			assert_eq!(
				RowPages::<Test>::iter().collect::<BTreeMap<_, _>>(),
				pages_before,
				"rows change in Merge only"
			);
		}
		let Some(witness) = &mut checker.witness else { return };
		let owners_after = owners_by_uid();
		// The hook moves stake by paying only. An owner that was removed has no uid any more.
		for (uid, (after, before)) in (0u32..).zip(holdings(uids).iter().zip(&before)) {
			let same = owners.get(&uid) == owners_after.get(&uid);
			if let (true, Some(paid)) = (same, witness.paid.get_mut(uid as usize)) {
				*paid += after - before;
			}
		}
		let paid = events.iter().find_map(|event| match *event {
			Event::EpochPaid { minted, sweeps, .. } => Some((minted, sweeps)),
			_ => None,
		});
		if let Some((minted, sweeps)) = paid {
			let (payouts, due, expected_sweeps) = reference(witness);
			assert_eq!(minted, due);
			assert_eq!(payouts.iter().sum::<u64>(), minted);
			assert_eq!(sweeps, u32::from(expected_sweeps));
			let contributions = contributions();
			assert_eq!(contributions[..payouts.len()], payouts, "payouts of the pure crate");
			assert!(contributions[payouts.len()..].iter().all(|&units| units == 0));
			assert_eq!(witness.paid, payouts, "what reached stake and unbonding");
			checker.payouts += 1;
			checker.witness = None;
		}
	});
	check_state();
}

/// One block.
pub(crate) fn next_block() {
	next_block_with(u64::MAX)
}

/// Blocks until the epoch is paid; returns how many it took.
pub(crate) fn pay_epoch() -> u32 {
	let before = payouts();
	for count in 1..10_000 {
		next_block();
		if payouts() > before {
			return count;
		}
	}
	panic!("the epoch is never paid")
}

/// Blocks until the phase is reached.
pub(crate) fn run_to_phase(phase: Phase) {
	for _ in 0..10_000 {
		next_block();
		if Emission::epoch_status().phase == phase {
			return;
		}
	}
	panic!("{phase:?} is never reached")
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

pub(crate) fn row(edges: &[(u32, u16)]) -> PostedRow {
	BoundedVec::truncate_from(edges.to_vec())
}

/// Posts a row that must be accepted.
pub(crate) fn post(who: AccountId, edges: &[(u32, u16)]) {
	frame_support::assert_ok!(Emission::post_row(signed(who), row(edges)));
}

pub(crate) fn endpoint(host: &str, port: u16) -> Endpoint {
	Endpoint {
		host: BoundedVec::truncate_from(host.as_bytes().to_vec()),
		port,
		tls_spki: None,
		protocol: 1,
	}
}
