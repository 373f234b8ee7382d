//! Extreme sizes, stakes and graphs: the solve ends with the right result.

use crate::case::{mass, Case};
use bittensor_contribution::{
	Graph, Payout, Progress, Solve, Vectors, MAX_COMPONENTS, MAX_STEP_COST, SHARE_ONE, WINDOW,
};

/// Payouts of 10^9 units.
fn payouts(case: &Case) -> Vec<u64> {
	let (solve, vectors, progress) = case.solve();
	assert_eq!(progress, Progress::Converged);
	assert_eq!(mass(&vectors), u128::from(solve.total));
	let mut payout = Payout::new(1_000_000_000, vectors.contribution.iter().sum());
	let paid: Vec<u64> = vectors.contribution.iter().map(|&part| payout.next(part)).collect();
	assert_eq!(paid.iter().sum::<u64>(), 1_000_000_000);
	paid
}

#[test]
fn nobody() {
	assert_eq!(Solve::begin(&[]), None);
	assert_eq!(Solve::begin(&[0, 0, 0]), None);
	// An impossible restored state: the solve ends too.
	let mut solve = Solve { total: 1 << 61, residual: 1 << 61, sweep: 0, cursor: 0 };
	let graph = Graph::with_capacity(0, 0);
	let mut budget = 1_000;
	assert_eq!(solve.advance(&graph, &mut Vectors::default(), &mut budget), Progress::Truncated);
	assert_eq!(budget, 1_000);
}

#[test]
fn one_component_earns_all() {
	let case = Case { stakes: vec![1], rows: vec![vec![]] };
	assert_eq!(payouts(&case), [1_000_000_000]);
	let (solve, vectors, _) = case.solve();
	assert_eq!((solve.total, solve.residual, solve.sweep), (1 << 61, 0, 1));
	assert_eq!(vectors.contribution, [1 << 61]);
}

#[test]
fn without_rows_all_keep_their_stake() {
	let case = Case { stakes: vec![0, 250, 750, 0], rows: vec![vec![]; 4] };
	assert_eq!(payouts(&case), [0, 250_000_000, 750_000_000, 0]);
}

#[test]
fn one_stake_flows_down_a_chain() {
	// 3/4 moves on at each of 20 steps; the last row keeps all that arrives.
	let n = 21u16;
	let mut stakes = vec![0; usize::from(n)];
	stakes[0] = u64::MAX;
	let rows = (0..n).map(|i| if i + 1 < n { vec![(i + 1, 49_152)] } else { vec![] }).collect();
	let paid = payouts(&Case { stakes, rows });
	for (i, &paid) in paid.iter().enumerate() {
		let own = if i == 20 { 1.0 } else { 0.25 };
		let expected = 1e9 * 0.75f64.powi(i as i32) * own;
		assert!((paid as f64 - expected).abs() <= 1.0 + 1e9 * 2f64.powi(-30), "{i}: {paid}");
	}
}

#[test]
fn a_unit_beside_2_to_the_60() {
	let case = Case { stakes: vec![1, 1 << 60], rows: vec![vec![], vec![]] };
	let (_, vectors, _) = case.solve();
	assert_eq!(vectors.contribution, [2, 1 << 61]);
	// The same as the only source of another component.
	let case = Case { stakes: vec![1, 1 << 60], rows: vec![vec![(2, 32_768)], vec![], vec![]] };
	let (_, vectors, _) = Case { stakes: vec![1, 1 << 60, 0], ..case }.solve();
	assert_eq!(vectors.contribution, [1, 1 << 61, 1]);
}

#[test]
fn the_largest_stakes() {
	// On a chain the sum of stakes fits a u64. A larger sum is scaled down without overflow.
	for stakes in [
		vec![u64::MAX, 0],
		vec![u64::MAX - 1, 1],
		vec![u64::MAX; 2],
		vec![u64::MAX; MAX_COMPONENTS],
	] {
		let (solve, vectors) = Solve::begin(&stakes).unwrap();
		assert!((1 << 61..1 << 62).contains(&solve.total));
		assert_eq!(mass(&vectors), u128::from(solve.total));
	}
	let (_, vectors) = Solve::begin(&[u64::MAX; 4]).unwrap();
	assert!(vectors.residual.iter().all(|&part| part.abs_diff(1 << 60) <= 1));
}

#[test]
fn stakes_without_a_uid_are_not_read() {
	let mut stakes = vec![1; MAX_COMPONENTS];
	let expected = Solve::begin(&stakes);
	stakes.push(u64::MAX);
	assert_eq!(Solve::begin(&stakes), expected);
}

#[test]
fn a_closed_clique_at_the_least_self_share() {
	// 8 rows of 7 x 8,192 = 57,344: each step absorbs 1/8, so the solve takes the most sweeps.
	let rows = (0..8u16).map(|i| (0..8).filter(|&j| j != i).map(|j| (j, 8_192)).collect());
	let case = Case { stakes: vec![1_000_000; 8], rows: rows.collect() };
	let (solve, _, _) = case.solve();
	assert!((70..=156).contains(&solve.sweep), "{} sweeps", solve.sweep);
	for paid in payouts(&case) {
		assert!(paid.abs_diff(125_000_000) <= 1, "{paid}");
	}
}

#[test]
fn a_reversed_ring_is_as_slow_as_algorithm_1() {
	// Row i points at the row one window before it, against the order of the sweep. There are more than
	// 157 windows, so that no mass completes the cycle.
	let n = 200 * WINDOW as u16;
	let ring = |step: u16| {
		let rows = (0..n).map(|i| vec![((i + step) % n, 57_344)]).collect();
		let mut case = Case { stakes: vec![0; usize::from(n)], rows };
		case.stakes[usize::from(n) - 1] = 1 << 40;
		let (solve, vectors, progress) = case.solve();
		assert_eq!(progress, Progress::Converged);
		assert_eq!(mass(&vectors), u128::from(solve.total));
		solve.sweep
	};
	assert_eq!(ring(n - WINDOW as u16), 156);
	// A sweep follows a chain of rows through one window in either direction.
	assert_eq!(ring(n - 1), 156u16.div_ceil(WINDOW as u16));
	// In the order of the sweep it follows a chain through all windows.
	assert!(ring(1) <= 2);
}

#[test]
fn the_dearest_window_takes_the_most_of_a_step() {
	// All mass is in the last row of the window. Each row gives nearly all to the previous row and the
	// rest to 63 rows outside, so that each look finds a single row of 64 edges.
	let row = |i: u16| {
		let before = (i.checked_sub(1).unwrap_or(127), 57_344 - 63);
		(64..127).map(|to| (to, 1)).chain([before]).collect()
	};
	let window = WINDOW as u16;
	let rows = (0..128).map(|i| if i < window { row(i) } else { vec![] }).collect();
	let mut case = Case { stakes: vec![0; 128], rows };
	case.stakes[WINDOW - 1] = 1 << 40;
	let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
	let mut budget = MAX_STEP_COST;
	let progress = solve.advance(&case.graph(), &mut vectors, &mut budget);
	assert_eq!((progress, budget, solve.cursor as usize), (Progress::Paused, 0, WINDOW));
	assert!(vectors.contribution[..WINDOW].iter().all(|&part| part > 0));
}

#[test]
fn the_whole_uid_space() {
	// Each row gives half to the next; the last row closes the ring.
	let mut graph = Graph::with_capacity(MAX_COMPONENTS, MAX_COMPONENTS);
	for uid in 0..=u16::MAX {
		graph.push_row(&[uid.wrapping_add(1)], &[(SHARE_ONE / 2) as u16], |_| true);
	}
	assert_eq!((graph.rows(), graph.edges()), (MAX_COMPONENTS, MAX_COMPONENTS));
	let (mut solve, mut vectors) = Solve::begin(&[7; MAX_COMPONENTS]).unwrap();
	let mut budget = u64::MAX;
	assert_eq!(solve.advance(&graph, &mut vectors, &mut budget), Progress::Converged);
	assert_eq!(mass(&vectors), u128::from(solve.total));
	let mean = solve.total / MAX_COMPONENTS as u64;
	assert!(vectors.contribution.iter().all(|&part| part.abs_diff(mean) < mean >> 12));
}

#[test]
fn vectors_shorter_than_the_graph_are_extended() {
	let mut graph = Graph::with_capacity(3, 2);
	graph.push_row(&[2], &[32_768], |_| true);
	let (mut solve, mut vectors) = Solve::begin(&[1]).unwrap();
	let mut budget = u64::MAX;
	assert_eq!(solve.advance(&graph, &mut vectors, &mut budget), Progress::Converged);
	assert_eq!(vectors.contribution, [1 << 60, 0, 1 << 60]);
	assert_eq!(vectors.residual, [0, 0, 0]);
}

#[test]
fn entries_without_a_uid_stay_as_they_are() {
	// The last row gives half to the first, which is not adjacent.
	let mut graph = Graph::with_capacity(MAX_COMPONENTS, 1);
	for _ in 1..MAX_COMPONENTS {
		graph.push_row(&[], &[], |_| true);
	}
	graph.push_row(&[0], &[32_768], |_| true);
	let mut stakes = vec![0; MAX_COMPONENTS];
	stakes[MAX_COMPONENTS - 1] = 1;
	let (mut solve, mut vectors) = Solve::begin(&stakes).unwrap();
	vectors.contribution.resize(MAX_COMPONENTS + 3, 7);
	let mut budget = u64::MAX;
	assert_eq!(solve.advance(&graph, &mut vectors, &mut budget), Progress::Converged);
	assert_eq!(vectors.contribution[0], 1 << 60);
	assert_eq!(vectors.contribution[MAX_COMPONENTS - 1..], [1 << 60, 7, 7, 7]);
}
