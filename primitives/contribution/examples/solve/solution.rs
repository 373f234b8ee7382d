//! One epoch, from stakes and rows to payouts, and the comparison with the payouts of a chain.

use super::tables::{Amounts, Rows};
use anyhow::Result;
use bittensor_contribution::{Graph, Payout, Progress, Solve};
use std::fmt;

/// Digits of a printed contribution: `10^18 · 2^62` fits a `u128`, and `2^-62` is above `10^-19`.
const DIGITS: usize = 18;

/// The solved epoch, one entry per uid.
pub(crate) struct Solution {
	contribution: Vec<u64>,
	payouts: Vec<u64>,
	/// `Σ N*`.
	absorbed: u64,
	/// `None` if the total stake is 0.
	solve: Option<(Solve, Progress)>,
}

/// The first uid whose payouts differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
	pub(crate) uid: u32,
	pub(crate) computed: u64,
	pub(crate) paid: u64,
}

impl Solution {
	/// Solves for the uids from 0 to the highest uid in the input, and divides `sigma` units.
	pub(crate) fn of(stakes: &Amounts, rows: &Rows, sigma: u64) -> Self {
		let targets = rows.values().flatten().map(|edge| edge.target);
		let highest = stakes.keys().chain(rows.keys()).copied().chain(targets).max();
		let components = highest.map_or(0, |uid| uid as usize + 1);

		let mut graph = Graph::with_capacity(components, rows.values().map(Vec::len).sum());
		let mut sources = Vec::with_capacity(components);
		for uid in 0..components as u32 {
			let row = rows.get(&uid).map_or(&[][..], Vec::as_slice);
			let (targets, shares): (Vec<u16>, Vec<u16>) =
				row.iter().map(|edge| (edge.target as u16, edge.share)).unzip();
			graph.push_row(&targets, &shares, |_| true);
			sources.push(stakes.get(&uid).copied().unwrap_or(0));
		}

		let (solve, contribution) = match Solve::begin(&sources) {
			None => (None, vec![0; components]),
			Some((mut solve, mut vectors)) => {
				let mut budget = u64::MAX;
				let progress = solve.advance(&graph, &mut vectors, &mut budget);
				(Some((solve, progress)), vectors.contribution)
			}
		};
		let absorbed = contribution.iter().sum();
		let mut payout = Payout::new(sigma, absorbed);
		let payouts = contribution.iter().map(|&part| payout.next(part)).collect();
		Self { contribution, payouts, absorbed, solve }
	}

	/// `uid,contribution,payout`, one line per uid.
	pub(crate) fn to_csv(&self) -> Result<String> {
		let mut writer = csv::Writer::from_writer(Vec::new());
		writer.write_record(["uid", "contribution", "payout"])?;
		for (uid, (&part, payout)) in self.contribution.iter().zip(&self.payouts).enumerate() {
			writer.write_record([uid.to_string(), self.fraction(part), payout.to_string()])?;
		}
		Ok(String::from_utf8(writer.into_inner()?)?)
	}

	/// `part / Σ N*` in decimal, rounded down.
	fn fraction(&self, part: u64) -> String {
		let one = 10u128.pow(DIGITS as u32);
		let scaled = (u128::from(part) * one).checked_div(self.absorbed.into()).unwrap_or(0);
		format!("{}.{:0DIGITS$}", scaled / one, scaled % one)
	}

	/// One line about the solve.
	pub(crate) fn summary(&self) -> String {
		let paid: u64 = self.payouts.iter().sum();
		let Some((solve, progress)) = self.solve else {
			return "no stake: nothing is payable".into();
		};
		let ended = match progress {
			Progress::Converged => "converged",
			Progress::Paused | Progress::Truncated => "not converged",
		};
		format!(
			"{ended}, sweeps: {}, residual: {:.1e} of the stake; {paid} units paid",
			solve.sweep,
			solve.residual as f64 / solve.total as f64
		)
	}

	/// Compares with the given payouts and returns the number of uids compared.
	pub(crate) fn compare(&self, paid: &Amounts) -> Result<usize, Difference> {
		let highest = paid.keys().next_back().map_or(0, |uid| *uid as usize + 1);
		let count = self.payouts.len().max(highest);
		for uid in 0..count {
			let computed = self.payouts.get(uid).copied().unwrap_or(0);
			let uid = uid as u32;
			let paid = paid.get(&uid).copied().unwrap_or(0);
			if computed != paid {
				return Err(Difference { uid, computed, paid });
			}
		}
		Ok(count)
	}
}

impl fmt::Display for Difference {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { uid, computed, paid } = self;
		write!(f, "payouts differ first at uid {uid}: computed {computed}, paid {paid} units")
	}
}
