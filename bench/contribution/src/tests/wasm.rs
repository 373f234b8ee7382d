use super::{odd_graphs, small_graphs};
use bench_graphs::{digest, generate, Case, Shape, PINNED, PINNED_SIGMA, SEED};
use bench_kernel::{solve, Answer, Ended, Module, Request};
use contribution::{Payout, Progress, Solve, LOOK_COST, MAX_STEP_COST, ROW_COST, RUN_COST, WINDOW};
use rand::{Rng, SeedableRng};
use std::sync::LazyLock;

/// Compiled once for all tests of the program.
static MODULE: LazyLock<Module> = LazyLock::new(|| Module::new().unwrap());

const PAYOUTS: Option<u64> = Some(PINNED_SIGMA);

fn call(request: &Request, case: &Case) -> Answer {
	MODULE.call(&request.to_bytes(&case.to_bytes())).unwrap().0
}

/// What the library computes, natively and in one go.
pub(super) fn expected(case: &Case, sigma: Option<u64>) -> Answer {
	let Some((mut solve, mut vectors)) = Solve::begin(&case.stakes) else {
		return Answer::empty(Ended::NothingPayable, vec![0; case.components()]);
	};
	let mut budget = u64::MAX;
	let ended = match solve.advance(&case.graph(), &mut vectors, &mut budget) {
		Progress::Paused => Ended::Paused,
		Progress::Converged => Ended::Converged,
		Progress::Truncated => Ended::Truncated,
	};
	let mut values = vectors.contribution;
	if let Some(sigma) = sigma {
		let mut payout = Payout::new(sigma, values.iter().sum());
		values = values.into_iter().map(|part| payout.next(part)).collect();
	}
	Answer { ended, sweeps: solve.sweep, total: solve.total, residual: solve.residual, values }
}

#[test]
fn the_bits_are_those_of_the_library() {
	let large = Shape::ALL.map(|shape| (shape, generate(shape, 300, 64, SEED)));
	for (shape, case) in small_graphs().into_iter().chain(large) {
		for sigma in [None, PAYOUTS] {
			let answer = call(&Request::whole(sigma), &case);
			assert_eq!(answer.ended, Ended::Converged, "{shape}");
			assert_eq!(answer, expected(&case, sigma), "{shape}");
		}
	}
}

#[test]
fn pieces_change_nothing() {
	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
	for shape in Shape::ALL {
		let case = generate(shape, 300, 64, SEED);
		let expected = expected(&case, PAYOUTS);
		for _ in 0..8 {
			let per_call = rng.random_range(MAX_STEP_COST..MAX_STEP_COST * 25);
			let request = Request { per_call, ..Request::whole(PAYOUTS) };
			assert_eq!(call(&request, &case), expected, "{shape}, {per_call} visits per call");
		}
	}
}

#[test]
fn a_budget_is_kept_to() {
	let case = generate(Shape::U, 300, 64, SEED);
	// Nine whole windows and twelve rows, which are looked at once more than the whole ones.
	let last = 12 * (ROW_COST + 64) + 2 * LOOK_COST + RUN_COST;
	let sweep = 9 * (32 * (ROW_COST + 64) + LOOK_COST + RUN_COST) + last;
	let with = |budget, per_call| {
		let request = Request { budget, per_call, ..Request::whole(None) };
		call(&request, &case)
	};
	let none = with(0, 0);
	assert_eq!((none.ended, none.sweeps), (Ended::Paused, 0));
	assert_eq!(none.residual, none.total);
	assert!(none.values.iter().all(|&part| part == 0));
	// The last window begins if the most that one can take is left.
	let three_sweeps = 3 * sweep - last + MAX_STEP_COST;
	let almost = with(three_sweeps - 1, 0);
	assert_eq!((almost.ended, almost.sweeps), (Ended::Paused, 2));
	let three = with(three_sweeps, 5_000);
	assert_eq!((three.ended, three.sweeps), (Ended::Paused, 3));
	let absorbed: u64 = three.values.iter().sum();
	assert_eq!(absorbed + three.residual, three.total);
	// Too little for a single window: it ends all the same.
	assert_eq!(with(u64::MAX, 10).sweeps, 0);
}

#[test]
fn odd_graphs_are_answered() {
	for (name, case) in odd_graphs() {
		for sigma in [None, PAYOUTS] {
			assert_eq!(call(&Request::whole(sigma), &case), expected(&case, sigma), "{name}");
		}
	}
}

#[test]
fn bad_bytes_are_rejected() {
	let rejected = Answer::empty(Ended::Rejected, vec![]);
	let good = Request::whole(PAYOUTS).to_bytes(&generate(Shape::Z, 20, 4, SEED).to_bytes());
	assert_eq!(MODULE.call(&good).unwrap().0.ended, Ended::Converged);
	// 25 bytes of request, the graph file after it.
	for length in [0, 1, 24, 25, 30, 60, good.len() - 1] {
		assert_eq!(MODULE.call(&good[..length]).unwrap().0, rejected, "{length} bytes");
	}
	let mut unknown = good.clone();
	unknown[16] = 2;
	assert_eq!(MODULE.call(&unknown).unwrap().0, rejected, "something unknown is wanted");
	// A target that is no component, in the first edge.
	let mut malformed = good.clone();
	malformed[25 + 16 + 20 * 12 + 1] = 0xff;
	assert_eq!(MODULE.call(&malformed).unwrap().0, rejected);

	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
	for _ in 0..300 {
		let mut bytes = good.clone();
		for _ in 0..rng.random_range(1..6) {
			let place = rng.random_range(25..bytes.len());
			bytes[place] = rng.random();
		}
		// Rejected or solved, as the library does.
		let answer = MODULE.call(&bytes).unwrap().0;
		assert_eq!(answer, solve(&bytes), "the same, in machine code");
		match Case::from_bytes(&bytes[25..]) {
			Ok(case) => assert_eq!(answer, expected(&case, PAYOUTS)),
			Err(_) => assert_eq!(answer, rejected),
		}
	}
}

#[test]
fn the_pinned_digests() {
	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
	for pinned in PINNED {
		let case = generate(pinned.shape, pinned.components, 64, SEED);
		let most = MAX_STEP_COST * pinned.components.div_ceil(WINDOW) as u64 * 2;
		let in_pieces = rng.random_range(MAX_STEP_COST..most);
		for per_call in [0, in_pieces] {
			let answer = call(&Request { per_call, ..Request::whole(PAYOUTS) }, &case);
			let name = format!("{pinned:?}, {per_call} visits per call");
			assert_eq!(answer.ended, Ended::Converged, "{name}");
			assert_eq!(answer.values.iter().sum::<u64>(), PINNED_SIGMA, "{name}");
			assert_eq!(
				(answer.sweeps, digest(&answer.values)),
				(pinned.sweeps, pinned.digest),
				"{name}"
			);
		}
	}
}

#[test]
fn a_pair_of_calls_answers_as_one() {
	let case = generate(Shape::D8, 2_000, 64, SEED);
	let request = Request::whole(None);
	let (answer, solve, whole) = MODULE.call_pair(&request, &case.to_bytes()).unwrap();
	assert_eq!(answer, expected(&case, None));
	// The other call of the pair took its time, too.
	assert!(solve < whole, "{solve} of {whole} s");
}
