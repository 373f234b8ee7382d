//! `σ` is paid to the unit.

use bittensor_contribution::{Graph, Payout, Progress, Solve, SHARE_ONE};
use proptest::{collection::vec, prelude::*};

fn pay(sigma: u64, contributions: &[u64]) -> Vec<u64> {
	let mut payout = Payout::new(sigma, contributions.iter().sum());
	contributions.iter().map(|&part| payout.next(part)).collect()
}

#[test]
fn the_sum_is_cut_not_the_parts() {
	assert_eq!(pay(10, &[1, 1, 1]), [3, 3, 4]);
	assert_eq!(pay(1, &[1, 1, 1]), [0, 0, 1]);
	assert_eq!(pay(2, &[0, 5, 0, 5]), [0, 1, 0, 1]);
	assert_eq!(pay(u64::MAX, &[u64::MAX]), [u64::MAX]);
}

#[test]
fn nothing_payable_nothing_paid() {
	assert_eq!(pay(10, &[]), []);
	assert_eq!(pay(10, &[0, 0]), [0, 0]);
	assert_eq!(pay(0, &[3, 4]), [0, 0]);
}

#[test]
fn more_than_sigma_is_never_paid() {
	// Contributions beyond the announced sum, as in a damaged state.
	let mut payout = Payout::new(100, 10);
	assert_eq!(payout.next(u64::MAX), 100);
	assert_eq!(payout.next(u64::MAX), 0);
	let mut payout = Payout { sigma: 100, total: 10, paid_mass: 99, paid: 100 };
	assert_eq!(payout.next(5), 0);
	let mut payout = Payout::new(100, 0);
	assert_eq!(payout.next(5), 0);
}

proptest! {
	#[test]
	fn sigma_is_exact_and_each_part_is_within_a_unit(
		sigma in prop_oneof![any::<u64>(), 0u64..1_000],
		parts in vec(prop_oneof![0u64..1 << 55, Just(0), 0u64..4], 0..60),
		cut in any::<usize>(),
	) {
		let total: u64 = parts.iter().sum();
		let mut payout = Payout::new(sigma, total);
		let mut paid = Vec::new();
		for (i, &part) in parts.iter().enumerate() {
			if i == cut % parts.len() {
				// Stored and loaded between two components.
				let Payout { sigma, total, paid_mass, paid } = payout;
				payout = Payout { sigma, total, paid_mass, paid };
			}
			paid.push(payout.next(part));
		}
		prop_assert_eq!(payout.paid_mass, total);
		prop_assert_eq!(payout.paid, paid.iter().sum::<u64>());
		let sum: u128 = paid.iter().map(|&units| u128::from(units)).sum();
		prop_assert_eq!(sum, if total == 0 { 0 } else { u128::from(sigma) });
		for (&part, &units) in parts.iter().zip(&paid) {
			// |units - σ·part/T| < 1
			let exact = u128::from(sigma) * u128::from(part);
			let units = u128::from(units) * u128::from(total);
			prop_assert!(units.abs_diff(exact) < u128::from(total).max(1));
			prop_assert!(part > 0 || units == 0);
		}
	}
}

/// The part of the sources that a selfish component has after 500 epochs of 20 units, from a tenth of
/// `staked` units, if the others give it a quarter of their mass.
fn selfish_part(staked: u64) -> f64 {
	const UNIT: u64 = 1_000_000_000;
	let mut stakes = vec![staked * UNIT / 10, staked * UNIT / 10 * 9];
	let mut graph = Graph::with_capacity(2, 1);
	graph.push_row(&[], &[], |_| true);
	graph.push_row(&[0], &[(SHARE_ONE / 4) as u16], |_| true);
	for _ in 0..500 {
		let (mut solve, mut vectors) = Solve::begin(&stakes).unwrap();
		assert_eq!(solve.advance(&graph, &mut vectors, &mut { u64::MAX }), Progress::Converged);
		for (stake, paid) in stakes.iter_mut().zip(pay(20 * UNIT, &vectors.contribution)) {
			*stake += paid;
		}
	}
	stakes[0] as f64 / (stakes[0] + stakes[1]) as f64
}

#[test]
fn concentration_follows_the_growth_of_the_staked_sources() {
	for (staked, in_percent) in [(600, 56.0), (60_000, 13.0)] {
		let part = selfish_part(staked);
		let growth = (staked as f64 + 500.0 * 20.0) / staked as f64;
		assert!((part - (1.0 - 0.9 * growth.powf(-0.25))).abs() < 0.002, "{staked}: {part}");
		assert!((100.0 * part - in_percent).abs() < 0.6, "{staked}: {part}");
	}
}
