//! What the contenders have in common.

mod csr;
mod eigentrust;
mod fixed128;
mod ours;

pub use csr::{Csr, CsrPush};
pub use eigentrust::Trust;
pub use fixed128::Fixed128;
pub use ours::Ours;

use crate::Timer;
use anyhow::bail;
use bench_graphs::Case;

/// More sweeps than this nobody makes: a residual that is not reached by then never is.
pub const MAX_SWEEPS: u32 = 5_000;

/// When a solve is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
	/// The residual mass is at most this part of all mass.
	Residual(f64),
	/// So many sweeps were made.
	Sweeps(u32),
}

/// One solve.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
	/// Seconds of the sweeps.
	pub seconds: f64,
	/// Sweeps made.
	pub sweeps: u32,
	/// Edge visits that the seconds are of.
	pub visits: u64,
	/// The part of the mass that each component absorbed; all 0 if there is no mass.
	pub vector: Vec<f64>,
	/// The digest of the payouts, of a contender that has payouts.
	pub digest: Option<u64>,
}

/// A solver with a graph in its own form.
pub trait Contender {
	/// Solves the graph.
	///
	/// # Errors
	/// If `until` cannot be reached.
	fn run(&mut self, until: Until) -> anyhow::Result<Run>;
}

/// Calls `sweep` until `until` is reached, and returns the sweeps made and the seconds taken.
///
/// `sweep` returns the residual mass that it leaves, as a part of all mass; before the first, all
/// mass is.
fn sweep_until(until: Until, mut sweep: impl FnMut() -> f64) -> anyhow::Result<(u32, f64)> {
	let (bound, most) = match until {
		Until::Residual(bound) => (bound, MAX_SWEEPS),
		Until::Sweeps(sweeps) => (f64::NEG_INFINITY, sweeps),
	};
	let mut residual = 1.0;
	let mut sweeps = 0;
	let timer = Timer::start();
	while residual > bound && sweeps < most {
		residual = sweep();
		sweeps += 1;
	}
	let seconds = timer.seconds();
	if let Until::Residual(bound) = until {
		if residual > bound {
			bail!("the residual is {residual:e} after {sweeps} sweeps, {bound:e} was asked for");
		}
	}
	Ok((sweeps, seconds))
}

/// The parts of their sum that `values` are; all 0 if the sum is.
fn normalised(values: &[f64]) -> Vec<f64> {
	let sum: f64 = values.iter().sum();
	let scale = if sum > 0.0 { 1.0 / sum } else { 0.0 };
	values.iter().map(|value| value * scale).collect()
}

/// Stakes as parts of their sum; `None` if they are all 0.
fn sources(case: &Case) -> Option<Vec<f64>> {
	let stakes: Vec<f64> = case.stakes.iter().map(|&stake| stake as f64).collect();
	stakes.iter().any(|&stake| stake > 0.0).then(|| normalised(&stakes))
}

/// The run of a graph without any mass: no sweep, and nothing for anybody.
fn nothing(components: usize) -> Run {
	let vector = vec![0.0; components];
	Run { seconds: 0.0, sweeps: 0, visits: 0, vector, digest: None }
}
