//! What the contenders have in common.

mod csr;
mod eigentrust;
mod fixed128;
mod ours;

pub use csr::{Csr, CsrPush};
pub use eigentrust::Trust;
pub use fixed128::Fixed128;
pub use ours::Ours;

use anyhow::ensure;
use bench_graphs::{timed, Case};

/// A residual that is not reached after this many sweeps never is.
pub const MAX_SWEEPS: u32 = 5_000;

/// When a solve is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
	/// The residual mass is at most this part of all mass.
	Residual(f64),
	/// This many sweeps were made.
	Sweeps(u32),
}

/// One solve.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
	/// Processor seconds of the sweeps.
	pub seconds: f64,
	/// Sweeps made.
	pub sweeps: u32,
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

/// A contender's name, and how it is made from a graph; an error if it cannot express the graph.
pub type Entry = (&'static str, fn(&Case) -> anyhow::Result<Box<dyn Contender>>);

/// All native contenders, in the order of the tables.
pub const CONTENDERS: [Entry; 5] = [
	("ours", |case| Ok(Box::new(Ours::new(case)))),
	("csr", |case| Ok(Box::new(Csr::new(case)))),
	("csr-push", |case| Ok(Box::new(CsrPush::new(case)))),
	("eigentrust", |case| Ok(Box::new(Trust::new(case)?))),
	("fixed128", |case| Ok(Box::new(Fixed128::new(case)))),
];

/// Calls `sweep` until `until` is reached, and returns the sweeps made and the seconds taken.
///
/// `sweep` returns the residual mass that it leaves, as a part of all mass; before the first sweep that
/// is 1.
fn sweep_until(until: Until, mut sweep: impl FnMut() -> f64) -> anyhow::Result<(u32, f64)> {
	let (bound, most) = match until {
		Until::Residual(bound) => (bound, MAX_SWEEPS),
		Until::Sweeps(sweeps) => (f64::NEG_INFINITY, sweeps),
	};
	let mut residual = 1.0;
	let mut sweeps = 0;
	let ((), seconds) = timed(|| {
		while residual > bound && sweeps < most {
			residual = sweep();
			sweeps += 1;
		}
	});
	ensure!(
		residual <= bound || matches!(until, Until::Sweeps(_)),
		"the residual is {residual:e} after {sweeps} sweeps, the bound is {bound:e}"
	);
	Ok((sweeps, seconds))
}

/// `values` as parts of their sum; all 0 if the sum is 0.
fn normalised(values: &[f64]) -> Vec<f64> {
	let sum: f64 = values.iter().sum();
	let scale = if sum > 0.0 { 1.0 / sum } else { 0.0 };
	values.iter().map(|value| value * scale).collect()
}

/// Stakes as parts of their sum; `None` if all are 0.
fn sources(case: &Case) -> Option<Vec<f64>> {
	let stakes: Vec<f64> = case.stakes.iter().map(|&stake| stake as f64).collect();
	stakes.iter().any(|&stake| stake > 0.0).then(|| normalised(&stakes))
}

/// The run of a graph without mass.
fn nothing(components: usize) -> Run {
	Run { seconds: 0.0, sweeps: 0, vector: vec![0.0; components], digest: None }
}
