//! Conservation after every window, interruption before any window, and arbitrary bytes.

use crate::{
	case::{any_case, mass, random, Spread},
	definition::Definition,
};
use bittensor_contribution::{
	Graph, Progress, Solve, Vectors, MAX_STEP_COST, MAX_SWEEPS, SHARE_ONE, WINDOW,
};
use proptest::{collection::vec, prelude::*};

/// Calls `advance` with this budget; returns the part that was spent.
fn advance(
	solve: &mut Solve,
	graph: &Graph,
	vectors: &mut Vectors,
	budget: u64,
) -> (Progress, u64) {
	let mut left = budget;
	let progress = solve.advance(graph, vectors, &mut left);
	assert!(left <= budget);
	(progress, budget - left)
}

/// The entries as `u128`.
fn wide(vector: &[u64]) -> Vec<u128> {
	vector.iter().map(|&mass| mass.into()).collect()
}

/// Splits a state into the values that a chain stores, and restores it.
fn store_and_load(solve: Solve, vectors: &Vectors) -> (Solve, Vectors) {
	let Solve { total, residual, sweep, cursor } = solve;
	let copy = |v: &Vec<u64>| v.chunks(3).flatten().copied().collect();
	(
		Solve { total, residual, sweep, cursor },
		Vectors { residual: copy(&vectors.residual), contribution: copy(&vectors.contribution) },
	)
}

proptest! {
	#[test]
	fn the_scaled_stakes_sum_to_the_total(
		stakes in vec(prop_oneof![any::<u64>(), 0u64..1_000, Just(0), Just(u64::MAX)], 0..50),
	) {
		let sum: u128 = stakes.iter().map(|&stake| u128::from(stake)).sum();
		let Some((solve, vectors)) = Solve::begin(&stakes) else {
			prop_assert_eq!(sum, 0);
			return Ok(());
		};
		prop_assert!((1 << 61..1 << 62).contains(&solve.total));
		prop_assert_eq!(mass(&vectors), u128::from(solve.total));
		prop_assert_eq!((solve.residual, solve.sweep, solve.cursor), (solve.total, 0, 0));
		prop_assert_eq!(&vectors.contribution, &vec![0; stakes.len()]);
		for (&stake, &scaled) in stakes.iter().zip(&vectors.residual) {
			prop_assert_eq!(stake == 0 && scaled > 0, false);
			// |scaled - stake · 2^k| < 1, for 2^k = 2^(62 - bits of the sum).
			let bits = 128 - sum.leading_zeros();
			let (stake, scaled) = (u128::from(stake) << 62, u128::from(scaled) << bits);
			prop_assert!(stake.abs_diff(scaled) < 1 << bits);
			prop_assert!(bits > 62 || stake == scaled);
		}
	}

	/// Each window matches the definition in result and price and conserves mass, and the residual is
	/// the sum of `r`.
	#[test]
	fn mass_is_conserved_after_every_window(case in prop_oneof![any_case(8), any_case(80)]) {
		let graph = case.graph();
		let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
		let mut definition = Definition::begin(&case);
		loop {
			// A budget below the maximum price of a window: nothing happens.
			let before = (solve, vectors.clone());
			prop_assert_eq!(
				advance(&mut solve, &graph, &mut vectors, MAX_STEP_COST - 1),
				(Progress::Paused, 0)
			);
			prop_assert_eq!(&(solve, vectors.clone()), &before);

			let (progress, spent) = advance(&mut solve, &graph, &mut vectors, MAX_STEP_COST);
			let paid = definition.cost;
			definition.window(&case);
			prop_assert_eq!(spent, definition.cost - paid);
			prop_assert_eq!(wide(&vectors.residual), &definition.r[..]);
			prop_assert_eq!(wide(&vectors.contribution), &definition.absorbed[..]);
			prop_assert_eq!(
				(solve.sweep, solve.cursor as usize),
				(definition.sweep, definition.cursor)
			);
			prop_assert_eq!(mass(&vectors), u128::from(solve.total));
			prop_assert_eq!(vectors.residual.iter().sum::<u64>(), solve.residual);
			prop_assert_eq!(vectors.residual.len(), case.stakes.len());
			let converged = definition.converged(solve.total);
			prop_assert_eq!(progress == Progress::Converged, converged);
			if converged {
				break;
			}
			prop_assert_eq!(progress, Progress::Paused);
		}
	}

	/// The bound behind `MAX_SWEEPS`: a sweep leaves at most 7/8 of the visited mass and skips at most
	/// a quarter of the residual. The stakes differ widely in size, so that some rows are skipped.
	#[test]
	fn every_sweep_leaves_29_of_32_parts(
		mut case in any_case(70),
		shifts in vec(0u32..60, 70),
	) {
		for (stake, shift) in case.stakes.iter_mut().zip(shifts) {
			*stake >>= shift;
		}
		case.stakes[0] = case.stakes[0].max(1);
		let graph = case.graph();
		let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
		let mut definition = Definition::begin(&case);
		let mut ended = None;
		while ended.is_none() {
			let (sweep, before) = (solve.sweep, solve.residual);
			let mut skipped = 0;
			while solve.sweep == sweep && ended.is_none() {
				let first = solve.cursor as usize;
				let visited = definition.window(&case);
				let (progress, _) = advance(&mut solve, &graph, &mut vectors, MAX_STEP_COST);
				let below = (first..case.rows.len().min(first + WINDOW))
					.filter(|uid| !visited.contains(uid));
				skipped += below.map(|uid| vectors.residual[uid]).sum::<u64>();
				ended = (progress != Progress::Paused).then_some(progress);
			}
			prop_assert!(skipped <= before / 4);
			prop_assert!(solve.residual <= (before - skipped) / 8 * 7 + 7 + skipped);
			prop_assert!(solve.residual <= before / 32 * 29 + 29);
		}
		prop_assert_eq!(ended, Some(Progress::Converged));
		prop_assert!(solve.sweep <= 212);
	}

	/// The owner of a stake keeps its self-share of it, even of a tiny stake: the first sweep skips no
	/// stake.
	#[test]
	fn dust_is_divided(mut case in any_case(12), dust in 0usize..12) {
		let dust = dust % case.stakes.len();
		// Less than 2^-30 of the total: if it were skipped, the solve would end without it.
		case.stakes.fill(1 << 40);
		case.stakes[dust] = 1;
		let own = SHARE_ONE - case.rows[dust].iter().map(|edge| u32::from(edge.1)).sum::<u32>();
		let (solve, vectors, _) = case.solve();
		let scaled = solve.total / case.stakes.iter().sum::<u64>();
		let least = u128::from(scaled) * u128::from(own) / u128::from(SHARE_ONE);
		prop_assert!(u128::from(vectors.contribution[dust]) >= least);
	}

	/// Any budgets, and any number of stores and loads, give the same bits at the same price.
	#[test]
	fn interruption_changes_nothing(
		case in any_case(100),
		budgets in vec(0u64..20_000, 1..20),
	) {
		let graph = case.graph();
		let (mut one_shot, mut expected) = Solve::begin(&case.stakes).unwrap();
		let (ended, price) = advance(&mut one_shot, &graph, &mut expected, u64::MAX);

		let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
		let mut paid = 0;
		let mut turns = budgets.iter().copied().chain(std::iter::repeat(5_777));
		let progress = loop {
			let (progress, spent) =
				advance(&mut solve, &graph, &mut vectors, turns.next().unwrap());
			paid += spent;
			prop_assert_eq!(mass(&vectors), u128::from(solve.total));
			if progress != Progress::Paused {
				break progress;
			}
			(solve, vectors) = store_and_load(solve, &vectors);
		};
		prop_assert_eq!(progress, ended);
		prop_assert_eq!(solve, one_shot);
		prop_assert_eq!(&vectors, &expected);
		prop_assert_eq!(paid, price);

		// A finished solve does not change.
		prop_assert_eq!(advance(&mut solve, &graph, &mut vectors, 1_000_000), (ended, 0));
		prop_assert_eq!((solve, vectors), (one_shot, expected));
	}

	/// The order of edges in a row, zero shares and void edges do not change the result.
	#[test]
	fn edge_order_changes_nothing(mut case in any_case(20)) {
		let (_, expected, _) = case.solve();
		case.rows.iter_mut().for_each(|row| row.reverse());
		let (_, vectors, _) = case.solve();
		prop_assert_eq!(vectors, expected);
	}

	/// Components without stake and without incoming edges do not change the result of the others.
	#[test]
	fn unused_uids_change_nothing(mut case in any_case(20), more in 0usize..10) {
		let (solve, expected, _) = case.solve();
		let n = case.rows.len();
		case.rows.resize(n + more, Vec::new());
		case.stakes.resize(n + more, 0);
		let (longer, vectors, _) = case.solve();
		prop_assert_eq!(longer, solve);
		prop_assert_eq!(&vectors.contribution[..n], &expected.contribution[..]);
		prop_assert_eq!(&vectors.contribution[n..], &vec![0; more][..]);
	}

	/// For any rows and any damaged state the solve ends without a panic and conserves mass modulo
	/// 2^64.
	#[test]
	fn any_bytes_reach_an_end(
		components in 0usize..12,
		rows in vec(vec((any::<u16>(), any::<u16>()), 0..70), 0..12),
		mask in any::<u16>(),
		(total, residual, sweep, cursor) in any::<(u64, u64, u16, u32)>(),
		near in any::<bool>(),
		r in vec(any::<u64>(), 0..14),
		x in vec(any::<u64>(), 0..14),
		budget in 0u64..9_000,
	) {
		let mut graph = Graph::with_capacity(components, 0);
		for row in rows {
			let (targets, shares): (Vec<u16>, Vec<u16>) =
				row.into_iter().map(|(target, share)| (target & mask, share >> (mask & 7))).unzip();
			graph.push_row(&targets, &shares, |_| true);
		}
		let (sweep, cursor) = if near { (sweep % 200, cursor % 20) } else { (sweep, cursor) };
		let mut solve = Solve { total, residual, sweep, cursor };
		let mut vectors = Vectors { residual: r, contribution: x };
		let sum = |v: &Vectors| {
			v.residual.iter().chain(&v.contribution).fold(0u64, |sum, &m| sum.wrapping_add(m))
		};
		let before = sum(&vectors);
		let mut turns = 0;
		loop {
			let (progress, spent) = advance(&mut solve, &graph, &mut vectors, budget);
			prop_assert!(spent <= budget);
			prop_assert_eq!(sum(&vectors), before);
			prop_assert!(vectors.residual.len() >= components);
			prop_assert_eq!(vectors.residual.len(), vectors.contribution.len());
			turns += 1;
			// 216 sweeps of one window; each call with enough budget processes at least one.
			if progress != Progress::Paused || (spent == 0 && turns > 3) {
				break;
			}
			prop_assert!(turns <= 4_000);
		}
	}
}

#[test]
fn interruption_changes_nothing_on_a_large_graph() {
	let case = random(11, 3_000, 24, Spread::Zipf);
	let graph = case.graph();
	let (one_shot, expected, _) = case.solve();
	for budget in [MAX_STEP_COST, 10_007, 77_777] {
		let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
		if budget == MAX_STEP_COST {
			// One window per call is slow: only the last sweep.
			while solve.sweep + 1 < one_shot.sweep {
				advance(&mut solve, &graph, &mut vectors, 10_000);
			}
		}
		while advance(&mut solve, &graph, &mut vectors, budget).0 == Progress::Paused {
			assert_eq!(mass(&vectors), u128::from(solve.total));
		}
		assert_eq!((solve, &vectors), (one_shot, &expected));
	}
}

#[test]
fn after_the_last_sweep_a_solve_is_truncated() {
	// Valid rows do not reach this limit, so the number of sweeps is set by hand.
	let case = random(3, 100, 8, Spread::Uniform);
	let graph = case.graph();
	let (mut solve, mut vectors) = Solve::begin(&case.stakes).unwrap();
	solve.sweep = MAX_SWEEPS - 1;
	assert_eq!(advance(&mut solve, &graph, &mut vectors, u64::MAX).0, Progress::Truncated);
	assert_eq!((solve.sweep, solve.cursor), (MAX_SWEEPS, 0));
	assert!(solve.residual > solve.total >> 30);
	assert_eq!(mass(&vectors), u128::from(solve.total));
	assert_eq!(advance(&mut solve, &graph, &mut vectors, u64::MAX), (Progress::Truncated, 0));
}
