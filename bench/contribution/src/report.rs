//! Figures, targets, tables. A figure that was not measured is `null`, never 0.

use crate::RESIDUAL;
use bench_graphs::{Shape, PINNED};
use bench_report::{median, number, table, targets, Machine, Target, UNKNOWN};
use serde::Serialize;
use std::collections::BTreeMap;

/// A component below this part of the sum has no relative error: 2^-24.
const LEAST_PART: f64 = 1.0 / (1u32 << 24) as f64;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
	pub(crate) machine: Machine,
	/// The core that everything ran on; `null`: any.
	pub(crate) core: Option<usize>,
	/// Versions of the libraries; `null`: not installed.
	pub(crate) versions: BTreeMap<String, Option<String>>,
	pub(crate) rows: Vec<Row>,
	/// Contenders that were not measured.
	pub(crate) left_out: Vec<LeftOut>,
}

/// One contender on one graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Row {
	/// The shape of the graph, and its components.
	pub(crate) graph: String,
	pub(crate) n: usize,
	pub(crate) contender: String,
	/// Nanoseconds per edge and sweep: solve time ÷ (sweeps × edges).
	pub(crate) ns_per_edge: Option<f64>,
	/// `null`: the library does not report them.
	pub(crate) sweeps: Option<u32>,
	/// Processor time of the solve, median of the rounds.
	pub(crate) solve_seconds: f64,
	/// Solve time ÷ that of SciPy's loop on the same graph in the same round; median of the rounds.
	pub(crate) ratio_scipy: Option<f64>,
	/// The same with `csr`.
	pub(crate) ratio_csr: Option<f64>,
	/// Time of a sweep ÷ that of a sweep of `csr`.
	pub(crate) sweep_ratio_csr: Option<f64>,
	#[serde(flatten)]
	pub(crate) distance: Distance,
	/// The digest of the result.
	pub(crate) digest: String,
	/// The solve time of each round.
	pub(crate) round_seconds: Vec<f64>,
}

/// A contender that was not measured on a graph, such as `Z-4096`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LeftOut {
	pub(crate) graph: String,
	pub(crate) contender: String,
	pub(crate) why: String,
}

/// The distances between a result and the reference, both with sum 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Distance {
	/// The largest relative error of a component above 2^-24 of the sum.
	pub(crate) max_relative_error: f64,
	/// The sum of all absolute differences.
	pub(crate) l1: f64,
	/// The number of components whose rank differs.
	pub(crate) positions_moved: usize,
}

impl Distance {
	/// The distance of `result` from `reference`; `None` if they differ in length.
	pub(crate) fn between(result: &[f64], reference: &[f64]) -> Option<Self> {
		if result.len() != reference.len() {
			return None;
		}
		let pairs = || result.iter().zip(reference);
		let relative = pairs()
			.filter(|(_, &reference)| reference > LEAST_PART)
			.map(|(&result, &reference)| (result - reference).abs() / reference);
		let order = (ranking(result), ranking(reference));
		Some(Self {
			max_relative_error: relative.fold(0.0, f64::max),
			l1: pairs().map(|(result, reference)| (result - reference).abs()).sum(),
			positions_moved: order.0.iter().zip(&order.1).filter(|(a, b)| a != b).count(),
		})
	}
}

/// The components from the largest to the smallest; equal ones in uid order.
fn ranking(values: &[f64]) -> Vec<usize> {
	let mut order: Vec<usize> = (0..values.len()).collect();
	order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
	order
}

impl Report {
	/// The row of a contender on a graph.
	pub(crate) fn row(&self, contender: &str, graph: &str, n: usize) -> Option<&Row> {
		let is = |row: &&Row| row.contender == contender && row.graph == graph && row.n == n;
		self.rows.iter().find(is)
	}

	/// Fills in the ratios of all rows.
	pub(crate) fn relate(&mut self) {
		let all = self.clone();
		for row in &mut self.rows {
			let csr = all.row("csr", &row.graph, row.n);
			let scipy = all.row("scipy", &row.graph, row.n);
			row.ratio_scipy = scipy.and_then(|scipy| ratio(row, scipy));
			row.ratio_csr = csr.and_then(|csr| ratio(row, csr));
			let sweeps = row.sweeps.filter(|&own| own > 0).zip(csr.and_then(|csr| csr.sweeps));
			row.sweep_ratio_csr = row
				.ratio_csr
				.zip(sweeps)
				.map(|(ratio, (own, csr))| ratio * f64::from(csr) / f64::from(own));
		}
	}

	/// The engine's results whose bits are wrong.
	pub(crate) fn wrong_digests(&self) -> Vec<String> {
		let engine = self.rows.iter().filter(|row| ["ours", "wasm"].contains(&&*row.contender));
		let wrong = engine.filter(|row| {
			let native = self.row("ours", &row.graph, row.n).map(|native| native.digest.clone());
			[native, pinned(row)].into_iter().flatten().any(|digest| digest != row.digest)
		});
		wrong.map(|row| format!("{} on {} of {}", row.contender, row.graph, row.n)).collect()
	}

	/// All tables.
	pub(crate) fn markdown(&self) -> String {
		let core = self.core.map_or("any core".into(), |core| format!("core {core}"));
		let versions = self.versions.iter();
		let versions =
			versions.filter_map(|(name, version)| Some(format!("{name} {}", version.as_deref()?)));
		let versions: Vec<String> = versions.collect();
		let mut text = format!(
			"Machine: {}, {core}.\n\nVersions: {}.\n\n",
			self.machine.cpu,
			versions.join(", ")
		);
		let targets = targets(self.targets());
		if !targets.is_empty() {
			text += "**Targets**, each on its worst graph\n\n";
			text += &targets;
		}
		let sizes = unique(self.rows.iter().map(|row| row.n));
		for &n in &sizes {
			let bits = -RESIDUAL.log2();
			text += &format!("**Solve to a residual of 2^-{bits}, {n} components**\n\n");
			text += &self.grid(n, time);
		}
		text += "Each field: nanoseconds per edge visit × sweeps = milliseconds of the solve; then the \
		         solve ÷ SciPy's (in brackets ÷ `csr`'s, where SciPy was not measured).\n\n";
		for &n in &sizes {
			text += &format!("**Errors against f64, {n} components**\n\n");
			text += &self.grid(n, error);
		}
		text +=
			"Each field: the largest relative error of a component above 2^-24 of the sum; L1; \
		         positions moved. In R most components get less mass than the rounding error, so their \
		         order has no meaning.\n";
		for why in unique(self.left_out.iter().map(|left_out| left_out.why.as_str())) {
			let of_reason = || self.left_out.iter().filter(|left_out| left_out.why == why);
			let who = unique(of_reason().map(|left_out| left_out.contender.as_str())).join(", ");
			let graphs = unique(of_reason().map(|left_out| left_out.graph.as_str())).join(", ");
			text += &format!("- Not measured: {who} on {graphs}: {why}.\n");
		}
		text
	}

	/// The figures that have a target, where they were measured.
	fn targets(&self) -> impl Iterator<Item = Target> + '_ {
		/// Graphs with a target. RS shows the most work, R8 the slowest visits.
		const ALL: &[&str] = &["U", "Z", "D8", "C", "R"];
		type Figure =
			(&'static str, &'static str, &'static [&'static str], fn(&Row) -> Option<f64>);
		const SWEEP: fn(&Row) -> Option<f64> = |row| row.sweep_ratio_csr;
		const NATIVE: Figure = ("native sweep ÷ native f64 CSR", "ours", ALL, SWEEP);
		const WASM: Figure = ("wasm sweep ÷ native f64 CSR", "wasm", ALL, SWEEP);
		const SOLVE: Figure = ("wasm solve ÷ SciPy loop", "wasm", ALL, |row| row.ratio_scipy);
		const ERROR: Figure = ("largest relative error", "ours", &["U", "Z", "D8"], |row| {
			Some(row.distance.max_relative_error)
		});
		const TARGETS: [(Figure, usize, [f64; 2]); 8] = [
			(NATIVE, 4_096, [1.5, 1.1]),
			(NATIVE, 65_536, [1.0, 0.7]),
			(WASM, 4_096, [2.0, 1.5]),
			(WASM, 65_536, [1.2, 0.9]),
			(SOLVE, 4_096, [1.0, 0.6]),
			(SOLVE, 65_536, [1.0, 0.6]),
			(ERROR, 4_096, [1e-6, 5e-8]),
			(ERROR, 65_536, [1e-6, 5e-8]),
		];
		TARGETS.iter().filter_map(|&((what, contender, graphs, figure), n, bounds)| {
			let measured = graphs
				.iter()
				.filter_map(|&graph| Some((figure(self.row(contender, graph, n)?)?, graph)));
			let (worst, graph) = measured.max_by(|a, b| a.0.total_cmp(&b.0))?;
			let text = format!("{} ({graph})", number(worst));
			Some(Target::at_most(&format!("{what}, N = {n}"), bounds, "", Some((worst, text))))
		})
	}

	/// Contenders by graphs.
	fn grid(&self, n: usize, field: fn(&Row) -> String) -> String {
		let rows = || self.rows.iter().filter(|row| row.n == n);
		let graphs = unique(rows().map(|row| row.graph.as_str()));
		let cells = unique(rows().map(|row| row.contender.as_str())).into_iter().map(|contender| {
			let of = |graph: &&str| self.row(contender, graph, n).map_or(UNKNOWN.into(), field);
			std::iter::once(contender.into()).chain(graphs.iter().map(of)).collect::<Vec<String>>()
		});
		table(std::iter::once("").chain(graphs.iter().copied()), cells)
	}
}

/// The different values, in the order of their first places.
fn unique<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
	let mut seen = Vec::new();
	values.for_each(|value| {
		if !seen.contains(&value) {
			seen.push(value);
		}
	});
	seen
}

fn time(row: &Row) -> String {
	let per_edge = row.ns_per_edge.zip(row.sweeps);
	let per_edge =
		per_edge.map_or_else(String::new, |(ns, sweeps)| format!("{} × {sweeps} = ", number(ns)));
	let ratio = match (row.ratio_scipy, row.ratio_csr) {
		(Some(ratio), _) => format!("; {}", number(ratio)),
		(None, Some(ratio)) => format!("; ({})", number(ratio)),
		(None, None) => String::new(),
	};
	format!("{per_edge}{}{ratio}", number(row.solve_seconds * 1e3))
}

fn error(row: &Row) -> String {
	let Distance { max_relative_error, l1, positions_moved } = row.distance;
	format!("{}; {}; {positions_moved}", number(max_relative_error), number(l1))
}

/// The digest that a row of the engine must have, if one is known.
fn pinned(row: &Row) -> Option<String> {
	let shape: Shape = row.graph.parse().ok()?;
	let is = |known: &&bench_graphs::Pinned| known.shape == shape && known.components == row.n;
	PINNED.iter().find(is).map(|pinned| format!("{:016x}", pinned.digest))
}

/// Time of `row` ÷ that of `other`: the median of the rounds, in each of which both ran within moments,
/// so that a slow phase of the machine affects both. If they ran different rounds, the medians are
/// compared.
fn ratio(row: &Row, other: &Row) -> Option<f64> {
	let of = |own: f64, other: f64| (other > 0.0).then(|| own / other);
	if row.round_seconds.len() != other.round_seconds.len() || row.round_seconds.is_empty() {
		return of(row.solve_seconds, other.solve_seconds);
	}
	let pairs = row.round_seconds.iter().zip(&other.round_seconds);
	median(pairs.filter_map(|(&own, &other)| of(own, other)))
}
