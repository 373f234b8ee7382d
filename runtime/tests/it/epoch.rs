//! Epochs of the largest network with the weights of this runtime: the number of blocks of a solve, and
//! the payouts compared with those of the contribution crate.

use bench_graphs::{generate, Case, Shape, SEED};
use bittensor_runtime::{slots, Emission, Runtime, RuntimeEvent, System};
use contribution::{Payout, Progress, Solve};
use frame_support::{
	traits::{Get, GetStorageVersion, Hooks},
	weights::{Weight, WeightMeter},
};
use pallet_emission::{
	types::{Page, RegisteredPage, RowPage, ENTRIES_PER_PAGE, REGISTRATIONS_PER_PAGE},
	EmissionParameters, Event, Parameters, RegisteredPages, RowPages, StakePages, UidSpace,
};
use sp_io::TestExternalities;

const COMPONENTS: u32 = 65_536;
/// Slots of 6 s: a block of 2 s, of which the emission may take 500 ms.
const SLOT: u64 = 6_000;
const ROWS_PER_PAGE: usize = pallet_emission::types::ROWS_PER_PAGE as usize;

/// Stores the stakes and rows of a case as pages; all components registered in epoch 1.
fn write(case: &Case) {
	slots::SlotDuration::<Runtime>::put(SLOT);
	EmissionParameters::<Runtime>::put(Parameters::default());
	Emission::in_code_storage_version().put::<Emission>();
	UidSpace::<Runtime>::put(COMPONENTS);
	for (index, stakes) in (0u32..).zip(case.stakes.chunks(ENTRIES_PER_PAGE as usize)) {
		StakePages::<Runtime>::insert(index, Page::truncate_from(stakes.to_vec()));
	}
	for index in 0..COMPONENTS / REGISTRATIONS_PER_PAGE {
		let all = RegisteredPage::truncate_from(vec![1; REGISTRATIONS_PER_PAGE as usize]);
		RegisteredPages::<Runtime>::insert(index, all);
	}
	for page in 0..COMPONENTS as usize / ROWS_PER_PAGE {
		let (mut targets, mut shares) = (Vec::new(), Vec::new());
		let mut ends = [0; ROWS_PER_PAGE];
		for (row, end) in ends.iter_mut().enumerate() {
			let (to, with) = case.row(page * ROWS_PER_PAGE + row);
			targets.extend_from_slice(to);
			shares.extend_from_slice(with);
			*end = targets.len() as u16;
		}
		let rows = RowPage {
			posted: [1; ROWS_PER_PAGE],
			ends,
			targets: targets.try_into().expect("at most 2,048"),
			shares: shares.try_into().expect("as many"),
			..Default::default()
		};
		RowPages::<Runtime>::insert(page as u32, rows);
	}
}

/// The cost of a solve on the chain.
struct Epoch {
	/// Blocks from `Begin` to the last payment.
	blocks: u32,
	/// The largest weight of one of these blocks, and its limit.
	most: Weight,
	limit: Weight,
	sweeps: u32,
	minted: u64,
	payouts: Vec<u64>,
}

/// Runs the hook in otherwise empty blocks until the epoch is paid.
fn pay_epoch() -> Epoch {
	let limit = <Runtime as pallet_emission::Config>::MaxServiceWeight::get();
	let block = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
	let (mut started, mut most) = (None, Weight::zero());
	for number in Parameters::default().epoch_length.. {
		System::set_block_number(number);
		System::reset_events();
		let mut meter = WeightMeter::with_limit(block);
		Emission::on_poll(number, &mut meter);
		most = most.max(meter.consumed());
		for record in System::events() {
			match record.event {
				RuntimeEvent::Emission(Event::EpochStarted { .. }) => started = Some(number),
				RuntimeEvent::Emission(Event::SolveStalled { phase, required, available }) => {
					panic!("{phase:?} needs {required}, there is {available}")
				}
				RuntimeEvent::Emission(Event::EpochPaid { sweeps, minted, .. }) => {
					let blocks = number - started.expect("it began") + 1;
					let starts = (0..COMPONENTS).step_by(4_096);
					let payouts =
						starts.flat_map(|start| Emission::contribution(start, 4_096)).collect();
					return Epoch { blocks, most, limit, sweeps, minted, payouts };
				}
				_ => {}
			}
		}
	}
	panic!("the epoch is never paid")
}

/// The payouts according to the contribution crate.
fn reference(case: &Case, minted: u64) -> Vec<u64> {
	let (mut solve, mut vectors) = Solve::begin(&case.stakes).expect("there is stake");
	assert_eq!(solve.advance(&case.graph(), &mut vectors, &mut { u64::MAX }), Progress::Converged);
	let mut payout = Payout::new(minted, vectors.contribution.iter().sum());
	vectors.contribution.into_iter().map(|mass| payout.next(mass)).collect()
}

fn solved_in(shape: Shape, most_blocks: u32) {
	let case = generate(shape, COMPONENTS as usize, 64, SEED);
	TestExternalities::default().execute_with(|| {
		write(&case);
		let epoch = pay_epoch();
		let left = 100 - 100 * epoch.most.ref_time() / epoch.limit.ref_time();
		println!(
			"{}: {} sweeps in {} blocks; in the fullest, {left} % of the share are left",
			shape.name(),
			epoch.sweeps,
			epoch.blocks,
		);
		assert!(epoch.most.all_lte(epoch.limit), "more than a quarter of the block");
		assert!(epoch.blocks <= most_blocks, "{} blocks", epoch.blocks);
		assert!(epoch.payouts == reference(&case, epoch.minted), "not the pure crate's payouts");
	});
}

#[test]
fn an_ordinary_network_of_65_536_is_paid_in_one_block() {
	solved_in(Shape::Z, 1);
	solved_in(Shape::U, 1);
}

#[test]
fn attacks_of_65_536_are_paid_in_three_blocks() {
	for shape in [Shape::D8, Shape::C, Shape::R, Shape::R8] {
		solved_in(shape, 3);
	}
}

#[test]
fn the_worst_network_of_65_536_is_paid_in_six_blocks() {
	solved_in(Shape::RS, 6);
}
