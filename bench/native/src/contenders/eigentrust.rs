//! The crate `eigentrust`: `t ← (1 − α)·Cᵀt + α·p` from `t = p`.
//!
//! With `C` the rows without what they keep, each scaled to a sum of 1, and `p` the stakes, its
//! limit is the contribution if every row keeps the same `d = α`; nothing else can be expressed.
//! Its `t` always sums to 1: mass that is still on its way counts where it is. So there is no
//! residual mass, and a residual is taken as the L1 distance to the limit, as for other tools of
//! this kind. The number of iterations that reaches it is found outside of the timing.
//!
//! It stops by another rule, when the change of an iteration is small: so the change at the `k`-th
//! iteration is found first and then given as the bound. And its one function builds the matrix as
//! well: so the time of a call that stops after its first iteration is subtracted, and the rest is
//! scaled from `k − 1` iterations to `k`.

use super::{Contender, Run, Until, MAX_SWEEPS};
use crate::Timer;
use anyhow::{bail, ensure, Context};
use bench_graphs::Case;
use eigentrust::{
	eigentrust_with_options, EigenTrustError, EigenTrustOptions, PreTrust, TrustEdge, TrustScores,
};
use std::collections::BTreeMap;

/// The least residual that can be told from rounding.
const LEAST_RESIDUAL: f64 = 1e-12;

/// A graph whose rows all keep the same.
#[derive(Debug)]
pub struct Trust {
	edges: Vec<TrustEdge>,
	stakes: Vec<PreTrust>,
	alpha: f64,
	/// The last residual that was asked for, and the iterations that reach it.
	reached: Option<(f64, u32)>,
	/// The change at the end of an iteration, by its number.
	changes: BTreeMap<u32, f64>,
}

impl Trust {
	/// Converts the rows.
	///
	/// # Errors
	/// Says what the crate's model cannot express.
	pub fn new(case: &Case) -> Result<Self, String> {
		let rows = 0..case.components();
		let mut own = rows.clone().map(|uid| case.self_share(uid));
		let Some(first) = own.next() else { return Err("there are no components".into()) };
		if own.any(|own| own != first) {
			return Err("its self-share is the same for all components".into());
		}
		if case.edges() == 0 {
			return Err("a component without edges would follow the stakes".into());
		}
		if case.stakes.iter().all(|&stake| stake == 0) {
			return Err("without stakes it starts everywhere".into());
		}
		let edges = rows.flat_map(|uid| {
			let (targets, shares) = case.row(uid);
			let edges = targets.iter().zip(shares);
			edges.map(move |(&target, &share)| {
				TrustEdge::new(uid, usize::from(target), f64::from(share))
			})
		});
		let stakes = case.stakes.iter().enumerate();
		Ok(Self {
			edges: edges.collect(),
			stakes: stakes.map(|(uid, &stake)| PreTrust::new(uid, stake as f64)).collect(),
			alpha: f64::from(first) / 65_536.0,
			reached: None,
			changes: BTreeMap::new(),
		})
	}

	/// A call with this bound on the change and on the iterations, and its seconds.
	fn call(&self, bound: f64, most: u32) -> (Result<TrustScores, EigenTrustError>, f64) {
		let options = EigenTrustOptions::new()
			.with_alpha(self.alpha)
			.with_epsilon(bound)
			.with_max_iterations(most as usize);
		let (edges, stakes) = (self.edges.iter().copied(), self.stakes.iter().copied());
		let timer = Timer::start();
		let result = eigentrust_with_options(edges, stakes, &options);
		(result, timer.seconds())
	}

	/// Calls `seen` with the vector after each iteration, from the first on, until it returns true.
	/// As the crate computes it, but for the order of the sums.
	fn iterate(&self, mut seen: impl FnMut(&[f64]) -> bool) -> anyhow::Result<u32> {
		let sum: f64 = self.stakes.iter().map(|stake| stake.weight).sum();
		let start: Vec<f64> = self.stakes.iter().map(|stake| stake.weight / sum).collect();
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
	fn iterations_to(&mut self, bound: f64) -> anyhow::Result<u32> {
		ensure!(bound >= LEAST_RESIDUAL, "a residual of {bound:e} is out of reach");
		if let Some((known, iterations)) = self.reached {
			if known == bound {
				return Ok(iterations);
			}
		}
		let l1 =
			|a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum() };
		let mut limit = Vec::new();
		self.iterate(|trust| {
			let change = if limit.is_empty() { 1.0 } else { l1(trust, &limit) };
			limit = trust.to_vec();
			// Each iteration leaves at most 7/8 of the distance.
			change <= LEAST_RESIDUAL / 100.0
		})?;
		let iterations = self.iterate(|trust| l1(trust, &limit) <= bound)?;
		self.reached = Some((bound, iterations));
		Ok(iterations)
	}

	/// The change at the end of iteration `iterations`.
	fn change_at(&mut self, iterations: u32) -> anyhow::Result<f64> {
		if let Some(&change) = self.changes.get(&iterations) {
			return Ok(change);
		}
		let change = match self.call(f64::MIN_POSITIVE, iterations).0 {
			Err(EigenTrustError::NotConverged { residual, .. }) => residual,
			// It no longer changes at all: any bound stops it there or before.
			Ok(_) => f64::MIN_POSITIVE,
			Err(error) => bail!(error),
		};
		self.changes.insert(iterations, change);
		Ok(change)
	}
}

impl Contender for Trust {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let iterations = match until {
			Until::Sweeps(sweeps) => sweeps,
			Until::Residual(bound) => self.iterations_to(bound)?,
		};
		ensure!(iterations > 0, "it makes one iteration at least");
		let bound = self.change_at(iterations)?;
		let (_, first) = self.call(f64::MIN_POSITIVE, 1);
		let (result, whole) = self.call(bound, iterations);
		let scores = result.context("the crate eigentrust")?;
		let sweeps = scores.iterations() as u32;
		let seconds = match sweeps {
			0 | 1 => whole,
			_ => (whole - first).max(0.0) * f64::from(sweeps) / f64::from(sweeps - 1),
		};
		Ok(Run {
			seconds,
			sweeps,
			visits: u64::from(sweeps) * self.edges.len() as u64,
			vector: scores.into_scores(),
			digest: None,
		})
	}
}
