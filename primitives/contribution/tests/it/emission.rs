//! The schedule: its values, and its sums compared with a sum block by block.

use bittensor_contribution::Schedule;
use proptest::prelude::*;

#[test]
fn it_halves_after_each_interval() {
	let schedule = Schedule { sigma: 1_001, halving_interval: 10, max_halvings: 2 };
	let at = |blocks: [u64; 9]| blocks.map(|block| schedule.at(block));
	assert_eq!(
		at([0, 1, 10, 11, 20, 21, 30, 31, u64::MAX]),
		[0, 1_001, 1_001, 500, 500, 250, 250, 250, 250]
	);
	assert_eq!(schedule.between(0, 10), 10_010);
	assert_eq!(schedule.between(9, 11), 1_501);
	assert_eq!(schedule.between(0, 40), 10_010 + 5_000 + 2 * 2_500);
}

#[test]
fn without_interval_or_halvings_it_stays() {
	for schedule in [
		Schedule { sigma: 7, halving_interval: 0, max_halvings: 64 },
		Schedule { sigma: 7, halving_interval: 10, max_halvings: 0 },
	] {
		assert_eq!(schedule.at(u64::MAX), 7);
		assert_eq!(schedule.between(100, 1_000), 6_300);
	}
}

#[test]
fn with_64_halvings_it_ends() {
	let schedule = Schedule { sigma: 1 << 40, halving_interval: 1_000, max_halvings: u32::MAX };
	assert_eq!(schedule.at(41_000), 1);
	assert_eq!(schedule.at(41_001), 0);
	assert_eq!(schedule.between(0, u64::MAX), ((1 << 41) - 1) * 1_000);
	let schedule = Schedule { sigma: u64::MAX, halving_interval: 1, max_halvings: 64 };
	assert_eq!([schedule.at(64), schedule.at(65), schedule.at(66)], [1, 0, 0]);
}

#[test]
fn an_empty_range_sums_to_nothing_and_a_sum_that_does_not_fit_is_the_largest() {
	let schedule = Schedule { sigma: u64::MAX / 2, halving_interval: 0, max_halvings: 0 };
	assert_eq!(schedule.between(5, 5), 0);
	assert_eq!(schedule.between(6, 5), 0);
	assert_eq!(schedule.between(5, 7), u64::MAX - 1);
	assert_eq!(schedule.between(5, 8), u64::MAX);
	assert_eq!(schedule.between(0, u64::MAX), u64::MAX);
}

proptest! {
	#[test]
	fn a_sum_is_that_of_its_blocks(
		sigma in prop_oneof![0u64..100, any::<u64>().prop_map(|sigma| sigma >> 10)],
		halving_interval in prop_oneof![0u64..9, 0u64..200],
		max_halvings in prop_oneof![0u32..5, any::<u32>()],
		from in 0u64..300,
		blocks in 0u64..300,
	) {
		let schedule = Schedule { sigma, halving_interval, max_halvings };
		let sum: u64 = (from + 1..=from + blocks).map(|block| schedule.at(block)).sum();
		prop_assert_eq!(schedule.between(from, from + blocks), sum);
	}

	/// Consecutive epochs pay the same total as one long epoch.
	#[test]
	fn sums_add_up(
		sigma in 0u64..1 << 20,
		halving_interval in 0u64..1 << 32,
		max_halvings in 0u32..70,
		mut blocks in [0u64..1 << 40, 0u64..1 << 40, 0u64..1 << 40],
	) {
		let schedule = Schedule { sigma, halving_interval, max_halvings };
		blocks.sort_unstable();
		let [a, b, c] = blocks;
		prop_assert_eq!(
			schedule.between(a, b) + schedule.between(b, c),
			schedule.between(a, c)
		);
	}
}

#[test]
fn the_total_is_known_iff_the_emission_ends() {
	let schedule =
		|sigma, halving_interval, max_halvings| Schedule { sigma, halving_interval, max_halvings };
	// 5 + 2 + 1, ten blocks each.
	assert_eq!(schedule(5, 10, 3).total(), Some(80));
	assert_eq!(schedule(5, 10, 64).total(), Some(80));
	assert_eq!(schedule(5, 10, 64).between(0, u64::MAX), 80);
	assert_eq!(schedule(0, 0, 0).total(), Some(0));
	for endless in [schedule(5, 10, 2), schedule(5, 0, 64)] {
		assert!(!endless.ends());
		assert_eq!(endless.total(), None);
	}
	let large = schedule(u64::MAX, 2, 64);
	assert!(large.ends());
	assert_eq!(large.total(), None);
}
