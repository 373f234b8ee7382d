//! Pinned results of the benchmark graphs, exact to the bit. The benchmark's tests check the same
//! table for other builds and for WebAssembly.

use bench_graphs::{digest, generate, Case, Shape, PINNED, PINNED_SIGMA, SEED};
use bittensor_contribution::{Graph, Payout, Progress, Solve, MAX_STEP_COST, WINDOW};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Number of sweeps and digest of the payouts of a solve; `budget` returns the budget of each call.
fn solved(case: &Case, graph: &Graph, mut budget: impl FnMut() -> u64) -> (u16, u64) {
	let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
	while solve.advance(graph, &mut vectors, &mut budget()) != Progress::Converged {}
	let mut payout = Payout::new(PINNED_SIGMA, vectors.contribution.iter().sum());
	let payouts: Vec<u64> = vectors.contribution.iter().map(|&part| payout.next(part)).collect();
	assert_eq!(payouts.iter().sum::<u64>(), PINNED_SIGMA);
	(solve.sweep, digest(&payouts))
}

/// Checks one graph with random interruptions, and without interruption if that is affordable.
fn check(shape: Shape, components: usize) {
	let pinned =
		PINNED.iter().find(|pinned| (pinned.shape, pinned.components) == (shape, components));
	let pinned = pinned.unwrap();
	let expected = (pinned.sweeps, pinned.digest);
	let case = generate(shape, components, 64, SEED);
	let graph = case.graph();
	// From one window to a few sweeps per call.
	let mut rng = ChaCha8Rng::seed_from_u64(components as u64);
	let most = components.div_ceil(WINDOW) as u64 * 3 * MAX_STEP_COST;
	let random = || rng.random_range(MAX_STEP_COST..most);
	assert_eq!(solved(&case, &graph, random), expected, "{shape} of {components}, in pieces");
	if components < 10_000 {
		assert_eq!(solved(&case, &graph, || u64::MAX), expected, "{shape} of {components}");
	}
}

#[test]
fn small_and_middling_graphs() {
	for shape in Shape::ALL {
		check(shape, 256);
		check(shape, 4_096);
	}
}

// One test per graph: each takes seconds in a debug build.

#[test]
fn u_of_65536() {
	check(Shape::U, 65_536);
}

#[test]
fn z_of_65536() {
	check(Shape::Z, 65_536);
}

#[test]
fn d8_of_65536() {
	check(Shape::D8, 65_536);
}

#[test]
fn c_of_65536() {
	check(Shape::C, 65_536);
}

#[test]
fn r_of_65536() {
	check(Shape::R, 65_536);
}

#[test]
fn rs_of_65536() {
	check(Shape::RS, 65_536);
}

#[test]
fn r8_of_65536() {
	check(Shape::R8, 65_536);
}
