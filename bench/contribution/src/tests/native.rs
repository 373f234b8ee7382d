use super::{odd_graphs, small_graphs};
use crate::{report::Distance, RESIDUAL};
use bench_graphs::{digest, generate, Case, Shape, PINNED_SIGMA, SEED};
use bench_native::{Contender, Csr, CsrPush, Ours, Run, Trust, Until, CONTENDERS};

/// `d∘x` with `(I − Gᵀ)x = S`, by elimination: no iteration, nothing shared with any contender.
fn eliminated(case: &Case) -> Vec<f64> {
	let n = case.components();
	let stakes: Vec<f64> = case.stakes.iter().map(|&stake| stake as f64).collect();
	let sum: f64 = stakes.iter().sum();
	let mut rows: Vec<Vec<f64>> = vec![vec![0.0; n + 1]; n];
	for (uid, row) in rows.iter_mut().enumerate() {
		row[uid] = 1.0;
		row[n] = stakes[uid] / sum;
	}
	for (uid, _) in stakes.iter().enumerate() {
		let (targets, shares) = case.row(uid);
		for (&target, &share) in targets.iter().zip(shares) {
			rows[usize::from(target)][uid] -= f64::from(share) / 65_536.0;
		}
	}
	for pivot in 0..n {
		let best =
			(pivot..n).max_by(|&a, &b| rows[a][pivot].abs().total_cmp(&rows[b][pivot].abs()));
		rows.swap(pivot, best.unwrap());
		let from = rows[pivot].clone();
		for (at, row) in rows.iter_mut().enumerate().filter(|&(at, _)| at != pivot) {
			let factor = row[pivot] / from[pivot];
			assert!(factor.is_finite(), "row {at}");
			for (to, from) in row.iter_mut().zip(&from) {
				*to -= factor * from;
			}
		}
	}
	(0..n)
		.map(|uid| rows[uid][n] / rows[uid][uid] * f64::from(case.self_share(uid)) / 65_536.0)
		.collect()
}

/// Every contender that can express the graph.
fn contenders(case: &Case) -> Vec<(&'static str, Box<dyn Contender>)> {
	CONTENDERS.into_iter().filter_map(|(name, make)| Some((name, make(case).ok()?))).collect()
}

fn l1(run: &Run, reference: &[f64]) -> f64 {
	Distance::between(&run.vector, reference).unwrap().l1
}

#[test]
fn all_find_the_solution() {
	for (shape, case) in small_graphs() {
		let solution = eliminated(&case);
		assert!((solution.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shape}");
		for (name, mut contender) in contenders(&case) {
			let run = contender.run(Until::Residual(RESIDUAL)).unwrap();
			// What is left out, and what normalising makes of it; eigentrust counts it elsewhere.
			let bound = 2.5 * RESIDUAL;
			assert!(l1(&run, &solution) < bound, "{name} on {shape}: {:e}", l1(&run, &solution));
			assert!((run.vector.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{name} on {shape}");
			assert!(run.seconds > 0.0, "{name} on {shape}");
		}
	}
}

#[test]
fn the_reference_is_exact() {
	for (shape, case) in small_graphs() {
		let run = Csr::new(&case).run(Until::Residual(1e-15)).unwrap();
		let distance = Distance::between(&run.vector, &eliminated(&case)).unwrap();
		assert!(distance.max_relative_error < 1e-12, "{shape}: {distance:?}");
	}
}

#[test]
fn fewer_sweeps_leave_more() {
	for (shape, case) in small_graphs() {
		let solution = eliminated(&case);
		for (name, mut contender) in contenders(&case) {
			let mut at = |residual| contender.run(Until::Residual(residual)).unwrap();
			let (rough, fine) = (at(1e-3), at(1e-6));
			assert!(rough.sweeps < fine.sweeps, "{name} on {shape}");
			assert!(l1(&rough, &solution) > l1(&fine, &solution), "{name} on {shape}");
			assert!(l1(&fine, &solution) < 2.5e-6, "{name} on {shape}");
			// And the residual is what stops it: the same sweeps, the same result.
			let counted = contender.run(Until::Sweeps(rough.sweeps)).unwrap();
			assert_eq!((counted.sweeps, counted.vector), (rough.sweeps, rough.vector), "{name}");
		}
	}
}

#[test]
fn in_place_takes_the_same_sweeps_in_any_numbers() {
	for (shape, case) in small_graphs() {
		for residual in [1e-3, 1e-6, RESIDUAL] {
			let ours = Ours::new(&case).run(Until::Residual(residual)).unwrap();
			let push = CsrPush::new(&case).run(Until::Residual(residual)).unwrap();
			let csr = Csr::new(&case).run(Until::Residual(residual)).unwrap();
			assert_eq!(ours.sweeps, push.sweeps, "{shape} to {residual:e}");
			assert!(ours.sweeps <= csr.sweeps, "{shape} to {residual:e}");
		}
	}
}

#[test]
fn the_digest_is_that_of_the_payouts() {
	let case = generate(Shape::Z, 40, 8, SEED);
	let run = Ours::new(&case).run(Until::Residual(RESIDUAL)).unwrap();
	let values = super::wasm::expected(&case, Some(PINNED_SIGMA)).values;
	assert_eq!(values.iter().sum::<u64>(), PINNED_SIGMA);
	assert_eq!(run.digest, Some(digest(&values)));
}

#[test]
fn odd_graphs_have_a_result() {
	for (name, case) in odd_graphs() {
		let sum: u128 = case.stakes.iter().map(|&stake| u128::from(stake)).sum();
		for (contender, mut made) in contenders(&case) {
			let run = made.run(Until::Residual(RESIDUAL)).unwrap();
			assert_eq!(run.vector.len(), case.components(), "{contender}, {name}");
			if sum == 0 {
				assert!(run.vector.iter().all(|&part| part == 0.0), "{contender}, {name}");
				assert_eq!(run.sweeps, 0, "{contender}, {name}");
			} else {
				let solution = eliminated(&case);
				assert!(l1(&run, &solution) < 2.5 * RESIDUAL, "{contender}, {name}");
			}
		}
	}
}

#[test]
fn the_crate_eigentrust_is_asked_only_what_it_can_say() {
	for (shape, case) in small_graphs() {
		let constant = !matches!(shape, Shape::Z | Shape::C);
		assert_eq!(Trust::new(&case).is_ok(), constant, "{shape}");
	}
	for name in ["nobody", "one component", "no stake"] {
		let (_, case) = odd_graphs().into_iter().find(|(odd, _)| *odd == name).unwrap();
		assert!(Trust::new(&case).is_err(), "{name}");
	}
}

#[test]
fn out_of_reach_is_an_error() {
	let case = generate(Shape::D8, 40, 8, SEED);
	let error = Ours::new(&case).run(Until::Residual(1e-12)).unwrap_err();
	assert!(error.to_string().contains("1e-12"), "{error}");
	assert!(Csr::new(&case).run(Until::Residual(-1.0)).is_err());
	let mut trust = Trust::new(&case).unwrap();
	assert!(trust.run(Until::Residual(1e-320)).is_err());
	assert!(trust.run(Until::Sweeps(0)).is_err());
}
