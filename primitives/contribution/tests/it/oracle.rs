//! The sweep has the limit of Algorithm 1, within proven bounds.

use crate::{
	algorithm::{algorithm_1_of, fine_limit, FINE_BITS},
	case::{any_case, random, Case, Spread},
};
use bittensor_contribution::{Progress, Solve};
use proptest::prelude::*;

/// Bound on the mass moved by rounding: one unit per edge visit, and less than `m / 2^47` for each row
/// visit of mass `m`. With self-shares of at least 1/8 the masses of all visits sum to at most
/// `8 · total`.
fn moved(case: &Case, solve: &Solve) -> u64 {
	case.edges() as u64 * u64::from(solve.sweep) + (solve.total >> 44)
}

proptest! {
	/// In `f64`: the L1 distance is at most the residual plus rounding.
	#[test]
	fn the_residual_bounds_the_distance_to_algorithm_1(case in any_case(40)) {
		let (solve, vectors, progress) = case.solve();
		prop_assert_eq!(progress, Progress::Converged);
		let total = solve.total as f64;
		let distance: f64 = algorithm_1_of(&case)
			.iter()
			.zip(&vectors.contribution)
			.map(|(&limit, &part)| (limit * total - part as f64).abs())
			.sum();
		// Algorithm 1 itself rounds to 2^-53 per operation.
		let rounding = 2 * moved(&case, &solve);
		prop_assert!(
			distance <= (solve.residual + rounding) as f64 + total * 1e-13,
			"distance {}, residual {}", distance / total, solve.residual as f64 / total
		);
	}

	/// With 44 bits below the unit: the distance equals the residual, apart from rounding. Misplaced
	/// mass counts twice in L1: at its actual and at its correct place.
	#[test]
	fn the_residual_is_the_distance_to_the_limit(case in any_case(24)) {
		let (_, start) = Solve::begin(&case.stakes).unwrap();
		let (solve, vectors, _) = case.solve();
		let distance: u128 = fine_limit(&start.residual, &case.rows)
			.iter()
			.zip(&vectors.contribution)
			.map(|(&limit, &part)| limit.abs_diff(u128::from(part) << FINE_BITS))
			.sum();
		let distance = (distance >> FINE_BITS) as u64;
		prop_assert!(
			distance.abs_diff(solve.residual) <= 2 * moved(&case, &solve) + 1,
			"distance {distance}, residual {}, moved {}", solve.residual, moved(&case, &solve)
		);
	}
}

/// The largest relative error, after normalisation, of the components above `2^-24` of the total.
fn worst_relative_error(case: &Case) -> f64 {
	let limit = algorithm_1_of(case);
	let sum: f64 = limit.iter().sum();
	let mut compared = 0;
	let mut worst = 0.0f64;
	for (limit, part) in limit.iter().map(|limit| limit / sum).zip(case.contribution()) {
		if limit > 2f64.powi(-24) {
			compared += 1;
			worst = worst.max((part / limit - 1.0).abs());
		}
	}
	assert!(compared * 2 > case.rows.len(), "only {compared} components are large enough");
	worst
}

#[test]
fn ordinary_graphs_are_exact_to_a_millionth() {
	for (seed, components, edges, spread) in [
		(1, 256, 64, Spread::Uniform),
		(2, 256, 64, Spread::Zipf),
		(3, 4_096, 16, Spread::Uniform),
		(4, 4_096, 64, Spread::Zipf),
		(5, 1_000, 1, Spread::Uniform),
	] {
		let case = random(seed, components, edges, spread);
		let worst = worst_relative_error(&case);
		assert!(worst <= 1e-6, "{components} x {edges} {spread:?}: {worst:e}");
	}
}

#[test]
fn ordinary_graphs_take_few_sweeps() {
	for (seed, spread) in [(6, Spread::Uniform), (7, Spread::Zipf)] {
		let (solve, _, progress) = random(seed, 4_096, 32, spread).solve();
		assert_eq!(progress, Progress::Converged);
		assert!((10..=24).contains(&solve.sweep), "{spread:?}: {} sweeps", solve.sweep);
	}
}
