//! The engine itself.

use super::{nothing, Contender, Run, Until};
use anyhow::{bail, ensure};
use bench_graphs::{digest, timed, Case, PINNED_SIGMA};
use contribution::{Graph, Payout, Progress, Solve, MAX_STEP_COST, RESIDUAL_BITS};

/// `contribution`, as in the chain.
#[derive(Debug)]
pub struct Ours {
	graph: Graph,
	stakes: Vec<u64>,
}

impl Ours {
	/// Packs the rows as the engine holds them.
	pub fn new(case: &Case) -> Self {
		Self { graph: case.graph(), stakes: case.stakes.clone() }
	}

	/// The budget of [`Solve::advance`] that ends at the first sweep after which `until` is reached. The
	/// engine has only one bound, its own; to stop elsewhere it needs a budget.
	fn budget(&self, until: Until) -> anyhow::Result<u64> {
		let left = |solve: &Solve| solve.residual as f64 / solve.total as f64;
		let done = |solve: &Solve| match until {
			Until::Residual(bound) => left(solve) <= bound,
			Until::Sweeps(sweeps) => u32::from(solve.sweep) >= sweeps,
		};
		let Some((mut solve, mut vectors)) = Solve::begin(&self.stakes) else { return Ok(0) };
		let mut visits = 0;
		while solve.cursor > 0 || !done(&solve) {
			// Window by window, since the cost of a sweep depends on the rows that it skips.
			let mut rest = MAX_STEP_COST;
			let progress = solve.advance(&self.graph, &mut vectors, &mut rest);
			visits += MAX_STEP_COST - rest;
			ensure!(
				progress == Progress::Paused || done(&solve),
				"{until:?} is out of reach: the engine ends ({progress:?}) after {} sweeps at a residual \
				 of {:e}",
				solve.sweep,
				left(&solve)
			);
		}
		// A window begins only if the most that one can cost is left.
		Ok(visits + MAX_STEP_COST - 1)
	}
}

impl Contender for Ours {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let mut left = match until {
			Until::Residual(bound) if is_own(bound) => u64::MAX,
			_ => self.budget(until)?,
		};
		let Some((mut solve, mut vectors)) = Solve::begin(&self.stakes) else {
			return Ok(nothing(self.stakes.len()));
		};
		let (progress, seconds) = timed(|| solve.advance(&self.graph, &mut vectors, &mut left));
		if progress == Progress::Truncated {
			bail!("the engine made {} sweeps without convergence", solve.sweep);
		}
		let absorbed: u64 = vectors.contribution.iter().sum();
		let mut payout = Payout::new(PINNED_SIGMA, absorbed);
		let parts = vectors.contribution.iter();
		let payouts: Vec<u64> = parts.clone().map(|&part| payout.next(part)).collect();
		Ok(Run {
			seconds,
			sweeps: solve.sweep.into(),
			vector: parts.map(|&part| part as f64 / absorbed.max(1) as f64).collect(),
			digest: Some(digest(&payouts)),
		})
	}
}

/// Whether this is the engine's own bound, up to the rounding of JSON.
fn is_own(bound: f64) -> bool {
	(bound * 2f64.powi(RESIDUAL_BITS as i32) - 1.0).abs() < 1e-12
}
