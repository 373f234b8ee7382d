//! The crate `eigentrust`: `t ← (1 − α)·Cᵀt + α·p` from `t = p`.
//!
//! With `C` the rows without self-share, each scaled to a sum of 1, and `p` the stakes, its limit is
//! the contribution if every row keeps the same `d = α`. It cannot express other graphs. Its `t`
//! always sums to 1, so there is no residual mass; a residual is the L1 distance to the limit, as for
//! the Python contenders of this kind.
//!
//! The crate stops when the change of an iteration is small. So the number `k` of iterations that
//! reaches the residual and the change of the `k`-th iteration are found outside of the timing, and
//! that change is the bound. Its one function also builds the matrix. So the time of a call that stops
//! after its first iteration is subtracted, and the rest is scaled from `k − 1` iterations to `k`.

use super::{normalised, Contender, Run, Until, MAX_SWEEPS};
use anyhow::{bail, ensure, Context};
use bench_graphs::{timed, Case};
use eigentrust::{
	eigentrust_with_options, EigenTrustError, EigenTrustOptions, PreTrust, TrustEdge, TrustScores,
};

/// The least residual above rounding.
const LEAST_RESIDUAL: f64 = 1e-12;

/// A graph whose rows all keep the same.
#[derive(Debug)]
pub struct Trust {
	edges: Vec<TrustEdge>,
	stakes: Vec<PreTrust>,
	alpha: f64,
	/// The last stop rule, its iterations, and the change of the last of them.
	plan: Option<(Until, u32, f64)>,
}

impl Trust {
	/// Converts the rows.
	///
	/// # Errors
	/// If the crate cannot express the graph.
	pub fn new(case: &Case) -> anyhow::Result<Self> {
		let rows = 0..case.components();
		let mut own = rows.clone().map(|uid| case.self_share(uid));
		let first = own.next().context("there are no components")?;
		ensure!(own.all(|own| own == first), "its self-share is the same for all components");
		ensure!(case.edges() > 0, "a component without edges would follow the stakes");
		ensure!(case.stakes.iter().any(|&stake| stake > 0), "without stakes it starts everywhere");
		let edges = rows.flat_map(|uid| {
			let (targets, shares) = case.row(uid);
			let edge =
				move |(&target, &share)| TrustEdge::new(uid, usize::from(target), f64::from(share));
			targets.iter().zip(shares).map(edge)
		});
		let stakes = case.stakes.iter().enumerate();
		Ok(Self {
			edges: edges.collect(),
			stakes: stakes.map(|(uid, &stake)| PreTrust::new(uid, stake as f64)).collect(),
			alpha: f64::from(first) / 65_536.0,
			plan: None,
		})
	}

	/// A call with this bound on the change and on the iterations, and its seconds.
	fn call(&self, bound: f64, most: u32) -> (Result<TrustScores, EigenTrustError>, f64) {
		let options = EigenTrustOptions::new()
			.with_alpha(self.alpha)
			.with_epsilon(bound)
			.with_max_iterations(most as usize);
		let (edges, stakes) = (self.edges.iter().copied(), self.stakes.iter().copied());
		timed(|| eigentrust_with_options(edges, stakes, &options))
	}

	/// Calls `seen` with the vector after each iteration until it returns true. As the crate computes it,
	/// but for the order of the sums.
	fn iterate(&self, mut seen: impl FnMut(&[f64]) -> bool) -> anyhow::Result<u32> {
		let stakes: Vec<f64> = self.stakes.iter().map(|stake| stake.weight).collect();
		let start = normalised(&stakes);
		let mut trust = start.clone();
		for iteration in 1..=MAX_SWEEPS {
			let mut next: Vec<f64> = start.iter().map(|part| part * self.alpha).collect();
			for edge in &self.edges {
				// All rows give 1 - α, so a share is the weight of both.
				next[edge.to] += trust[edge.from] * edge.weight / 65_536.0;
			}
			trust = next;
			if seen(&trust) {
				return Ok(iteration);
			}
		}
		bail!("{MAX_SWEEPS} iterations do not suffice")
	}

	/// The iterations after which the L1 distance to the limit is at most `bound`.
	fn iterations_to(&self, bound: f64) -> anyhow::Result<u32> {
		ensure!(bound >= LEAST_RESIDUAL, "a residual of {bound:e} is out of reach");
		let l1 = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
		let mut limit = Vec::new();
		self.iterate(|trust| {
			let change = if limit.is_empty() { 1.0 } else { l1(trust, &limit) };
			limit = trust.to_vec();
			// Each iteration leaves at most 7/8 of the distance.
			change <= LEAST_RESIDUAL / 100.0
		})?;
		self.iterate(|trust| l1(trust, &limit) <= bound)
	}

	/// The iterations, and the change of the last of them.
	fn plan(&mut self, until: Until) -> anyhow::Result<(u32, f64)> {
		if let Some((_, iterations, change)) = self.plan.filter(|plan| plan.0 == until) {
			return Ok((iterations, change));
		}
		let iterations = match until {
			Until::Sweeps(sweeps) => sweeps,
			Until::Residual(bound) => self.iterations_to(bound)?,
		};
		ensure!(iterations > 0, "it makes at least one iteration");
		let change = match self.call(f64::MIN_POSITIVE, iterations).0 {
			Err(EigenTrustError::NotConverged { residual, .. }) => residual,
			// Nothing changes any more: any bound stops it there or before.
			Ok(_) => f64::MIN_POSITIVE,
			Err(error) => bail!(error),
		};
		self.plan = Some((until, iterations, change));
		Ok((iterations, change))
	}
}

impl Contender for Trust {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let (iterations, bound) = self.plan(until)?;
		let (_, first) = self.call(f64::MIN_POSITIVE, 1);
		let (result, whole) = self.call(bound, iterations);
		let scores = result.context("the crate eigentrust")?;
		let sweeps = scores.iterations() as u32;
		let seconds = match sweeps {
			0 | 1 => whole,
			_ => (whole - first).max(0.0) * f64::from(sweeps) / f64::from(sweeps - 1),
		};
		Ok(Run { seconds, sweeps, vector: scores.into_scores(), digest: None })
	}
}
