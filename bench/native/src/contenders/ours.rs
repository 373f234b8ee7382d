//! The engine itself.

use super::{nothing, Contender, Run, Until};
use crate::Timer;
use anyhow::{bail, Context};
use bench_graphs::{digest, Case, PINNED_SIGMA};
use contribution::{Graph, Payout, Progress, Solve, MAX_STEP_COST, RESIDUAL_BITS};

/// `contribution`, as it is in the chain.
#[derive(Debug)]
pub struct Ours {
	graph: Graph,
	stakes: Vec<u64>,
	/// The last residual that was asked for, and the budget that reaches it.
	reached: Option<(f64, u64)>,
}

impl Ours {
	/// Packs the rows as the engine holds them.
	pub fn new(case: &Case) -> Self {
		Self { graph: case.graph(), stakes: case.stakes.clone(), reached: None }
	}

	/// The budget of [`Solve::advance`] that ends at the first sweep after which the residual is at
	/// most `bound` of all mass. The engine knows one bound only, its own; to stop elsewhere it needs
	/// a budget.
	///
	/// # Errors
	/// If the engine ends before.
	pub fn budget_to(&mut self, bound: f64) -> anyhow::Result<u64> {
		if let Some((known, budget)) = self.reached {
			if known == bound {
				return Ok(budget);
			}
		}
		let left = |solve: &Solve| solve.residual as f64 / solve.total as f64;
		let budget = self
			.budget_until(|solve| left(solve) <= bound)
			.with_context(|| format!("a residual of {bound:e} is out of reach"))?;
		self.reached = Some((bound, budget));
		Ok(budget)
	}

	/// The budget that ends at the first sweep after which `done`.
	fn budget_until(&self, done: impl Fn(&Solve) -> bool) -> anyhow::Result<u64> {
		let Some((mut solve, mut vectors)) = Solve::begin(&self.stakes) else { return Ok(0) };
		let mut visits = 0;
		while solve.cursor > 0 || !done(&solve) {
			// Window by window, since what a sweep takes depends on the rows that it passes over.
			let mut rest = MAX_STEP_COST;
			let progress = solve.advance(&self.graph, &mut vectors, &mut rest);
			visits += MAX_STEP_COST - rest;
			if progress != Progress::Paused && !done(&solve) {
				bail!(
					"the engine ends ({progress:?}) after {} sweeps at a residual of {:e}",
					solve.sweep,
					solve.residual as f64 / solve.total as f64
				);
			}
		}
		// A window begins as long as the most that one can take is left.
		Ok(visits + MAX_STEP_COST - 1)
	}
}

impl Contender for Ours {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let budget = match until {
			Until::Residual(bound) if is_own(bound) => u64::MAX,
			Until::Residual(bound) => self.budget_to(bound)?,
			Until::Sweeps(sweeps) => self.budget_until(|solve| u32::from(solve.sweep) >= sweeps)?,
		};
		let Some((mut solve, mut vectors)) = Solve::begin(&self.stakes) else {
			return Ok(nothing(self.stakes.len()));
		};
		let mut left = budget;
		let timer = Timer::start();
		let progress = solve.advance(&self.graph, &mut vectors, &mut left);
		let seconds = timer.seconds();
		if progress == Progress::Truncated {
			bail!("the engine made {} sweeps without convergence", solve.sweep);
		}
		let absorbed: u64 = vectors.contribution.iter().sum();
		let mut payout = Payout::new(PINNED_SIGMA, absorbed);
		let payouts: Vec<u64> =
			vectors.contribution.iter().map(|&part| payout.next(part)).collect();
		let vector =
			vectors.contribution.iter().map(|&part| part as f64 / absorbed.max(1) as f64).collect();
		Ok(Run {
			seconds,
			sweeps: u32::from(solve.sweep),
			visits: u64::from(solve.sweep) * self.graph.edges() as u64,
			vector,
			digest: Some(digest(&payouts)),
		})
	}
}

/// Whether this is the bound that the engine stops at by itself, but for what a number loses on
/// its way through JSON.
fn is_own(bound: f64) -> bool {
	(bound * 2f64.powi(RESIDUAL_BITS as i32) - 1.0).abs() < 1e-12
}
