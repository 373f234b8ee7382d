//! What a run found, as it is written to the JSON file.
//!
//! Invariant: a figure that was not measured is `null`, never 0.

use crate::{
	compare::{median, Distance},
	options::{epsilon_name, ENGINE_EPSILON},
};
use bench_graphs::{Shape, PINNED};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
	/// The processor.
	pub machine: String,
	/// The core that everything ran on; `null` if it was not confined to one.
	pub core: Option<usize>,
	/// Versions of the libraries; `null` is what is not installed.
	pub versions: BTreeMap<String, Option<String>>,
	/// One entry per graph, residual and contender.
	pub rows: Vec<Row>,
	/// What was not measured, and why.
	pub left_out: Vec<LeftOut>,
}

/// One contender on one graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
	/// The shape of the graph.
	pub graph: String,
	/// Its components.
	pub n: usize,
	/// Its edges.
	pub edges: usize,
	/// The residual mass to reach, as a part of all mass.
	pub epsilon: f64,
	/// The contender.
	pub contender: String,
	/// Nanoseconds per edge of the graph and sweep: solve time ÷ (sweeps × edges).
	pub ns_per_edge: Option<f64>,
	/// Sweeps made; `null` where a tool does not tell.
	pub sweeps: Option<u32>,
	/// Processor time of the solve, median of the rounds.
	pub solve_seconds: f64,
	/// Processor time of turning the graph into the contender's own form.
	pub convert_seconds: Option<f64>,
	/// Solve time ÷ that of SciPy's loop on the same graph, to the same residual, in the same round;
	/// median of the rounds.
	pub ratio_scipy: Option<f64>,
	/// The same with `csr`.
	pub ratio_csr: Option<f64>,
	/// Time of a sweep ÷ that of a sweep of `csr`: the sweeps compared, not their number.
	pub sweep_ratio_csr: Option<f64>,
	/// The distance from the reference.
	#[serde(flatten)]
	pub distance: Distance,
	/// The digest of the result.
	pub digest: String,
	/// Rounds that the medians are of.
	pub rounds: u32,
	/// The solve time of each round.
	pub round_seconds: Vec<f64>,
}

/// A contender that was not measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
	/// The shape of the graph.
	pub graph: String,
	/// Its components.
	pub n: usize,
	/// The contender.
	pub contender: String,
	/// Why.
	pub why: String,
}

impl Row {
	/// Whether it is this contender on this graph, to this residual.
	pub fn is(&self, contender: &str, graph: &str, n: usize, epsilon: f64) -> bool {
		self.contender == contender && self.graph == graph && self.n == n && self.epsilon == epsilon
	}
}

impl Report {
	/// The row of a contender on a graph.
	pub fn row(&self, contender: &str, graph: &str, n: usize, epsilon: f64) -> Option<&Row> {
		self.rows.iter().find(|row| row.is(contender, graph, n, epsilon))
	}

	/// Fills in the ratios of all rows.
	pub fn relate(&mut self) {
		let related: Vec<_> = self
			.rows
			.iter()
			.map(|row| {
				let other = |name| self.row(name, &row.graph, row.n, row.epsilon);
				let csr = other("csr").and_then(|csr| ratio(row, csr));
				let sweeps = row.sweeps.zip(other("csr").and_then(|csr| csr.sweeps));
				let per_edge = csr.zip(sweeps.filter(|&(own, _)| own > 0));
				let sweep =
					per_edge.map(|(ratio, (own, csr))| ratio * f64::from(csr) / f64::from(own));
				(other("scipy").and_then(|scipy| ratio(row, scipy)), csr, sweep)
			})
			.collect();
		for (row, (scipy, csr, sweep)) in self.rows.iter_mut().zip(related) {
			(row.ratio_scipy, row.ratio_csr, row.sweep_ratio_csr) = (scipy, csr, sweep);
		}
	}

	/// Which results of the engine have other bits than they must have.
	pub fn wrong_digests(&self) -> Vec<String> {
		let engine = self.rows.iter().filter(|row| ["ours", "wasm"].contains(&&*row.contender));
		let wrong = engine.filter(|row| {
			let pinned = pinned(row).is_some_and(|digest| digest != row.digest);
			let native = self.row("ours", &row.graph, row.n, row.epsilon);
			pinned || native.is_some_and(|native| native.digest != row.digest)
		});
		let name = |row: &Row| {
			format!(
				"{} on {} of {} to {}",
				row.contender,
				row.graph,
				row.n,
				epsilon_name(row.epsilon)
			)
		};
		wrong.map(name).collect()
	}
}

/// The digest that the row of the engine must have, if one is known.
fn pinned(row: &Row) -> Option<String> {
	let shape: Shape = row.graph.parse().ok()?;
	let mut known = PINNED.iter();
	let pinned = known.find(|known| known.shape == shape && known.components == row.n)?;
	(row.epsilon == ENGINE_EPSILON).then(|| format!("{:016x}", pinned.digest))
}

/// How many times as long `row` takes as `other`: the median of the rounds, in each of which both
/// ran within moments. A machine that is slower for a while then changes little. Where they ran
/// different rounds, the medians are compared.
fn ratio(row: &Row, other: &Row) -> Option<f64> {
	let of = |own: f64, other: f64| (other > 0.0).then(|| own / other);
	if row.round_seconds.len() != other.round_seconds.len() || row.round_seconds.is_empty() {
		return of(row.solve_seconds, other.solve_seconds);
	}
	let pairs = row.round_seconds.iter().zip(&other.round_seconds);
	median(&pairs.filter_map(|(&own, &other)| of(own, other)).collect::<Vec<_>>())
}
