//! The engine itself.

use super::{nothing, Contender, Run, Until};
use crate::Timer;
use anyhow::bail;
use bench_graphs::{digest, Case, PINNED_SIGMA};
use contribution::{Graph, Payout, Progress, Solve, RESIDUAL_BITS, ROW_COST};

/// `contribution`, as it is in the chain.
#[derive(Debug)]
pub struct Ours {
	graph: Graph,
	stakes: Vec<u64>,
	/// The last residual that was asked for, and the sweeps that reach it.
	reached: Option<(f64, u32)>,
}

impl Ours {
	/// Packs the rows as the engine holds them.
	pub fn new(case: &Case) -> Self {
		let mut graph = Graph::with_capacity(case.components(), case.edges());
		for uid in 0..case.components() {
			let (targets, shares) = case.row(uid);
			graph.push_row(targets, shares, |_| true);
		}
		Self { graph, stakes: case.stakes.clone(), reached: None }
	}

	/// What one sweep takes from a budget.
	pub fn sweep_cost(&self) -> u64 {
		self.graph.edges() as u64 + ROW_COST * self.graph.components() as u64
	}

	/// The sweeps after which the residual is at most `bound` of all mass. The engine knows one
	/// bound only, its own; to stop elsewhere it needs a budget.
	///
	/// # Errors
	/// If the engine ends before.
	pub fn sweeps_to(&mut self, bound: f64) -> anyhow::Result<u32> {
		if let Some((known, sweeps)) = self.reached {
			if known == bound {
				return Ok(sweeps);
			}
		}
		let Some((mut solve, mut vectors)) = Solve::begin(&self.stakes) else { return Ok(0) };
		let left = |solve: &Solve| solve.residual as f64 / solve.total as f64;
		while left(&solve) > bound {
			let mut budget = self.sweep_cost();
			let progress = solve.advance(&self.graph, &mut vectors, &mut budget);
			if progress != Progress::Paused && left(&solve) > bound {
				bail!(
					"the engine ends ({progress:?}) at a residual of {:e}, {bound:e} was asked for",
					left(&solve)
				);
			}
		}
		let sweeps = u32::from(solve.sweep);
		self.reached = Some((bound, sweeps));
		Ok(sweeps)
	}
}

impl Contender for Ours {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let budget = match until {
			Until::Residual(bound) if is_own(bound) => u64::MAX,
			Until::Residual(bound) => u64::from(self.sweeps_to(bound)?) * self.sweep_cost(),
			Until::Sweeps(sweeps) => u64::from(sweeps) * self.sweep_cost(),
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
