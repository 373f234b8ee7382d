//! The tables that a person reads.

use crate::{
	options::{epsilon_name, ENGINE_EPSILON},
	report::{Report, Row},
};
use std::{collections::BTreeSet, fmt::Write};

/// What was aimed for.
struct Target {
	what: &'static str,
	n: usize,
	must: f64,
	aim: f64,
	/// The figure of a graph.
	figure: fn(&Report, graph: &str, n: usize) -> Option<f64>,
	/// The graphs that count.
	graphs: &'static [&'static str],
}

/// The graphs that targets are set for. RS shows what the most work costs, R8 the slowest visits.
const TARGETED: &[&str] = &["U", "Z", "D8", "C", "R"];
const ORDINARY: &[&str] = &["U", "Z", "D8"];

const fn target(
	what: &'static str,
	n: usize,
	(must, aim): (f64, f64),
	figure: fn(&Report, &str, usize) -> Option<f64>,
	graphs: &'static [&'static str],
) -> Target {
	Target { what, n, must, aim, figure, graphs }
}

const TARGETS: [Target; 8] = [
	target("native sweep ÷ native f64 CSR", 4_096, (1.5, 1.1), native_sweep, TARGETED),
	target("native sweep ÷ native f64 CSR", 65_536, (1.0, 0.7), native_sweep, TARGETED),
	target("wasm sweep ÷ native f64 CSR", 4_096, (2.0, 1.5), wasm_sweep, TARGETED),
	target("wasm sweep ÷ native f64 CSR", 65_536, (1.2, 0.9), wasm_sweep, TARGETED),
	target("wasm solve ÷ SciPy loop", 4_096, (1.0, 0.6), wasm_solve, TARGETED),
	target("wasm solve ÷ SciPy loop", 65_536, (1.0, 0.6), wasm_solve, TARGETED),
	target("largest relative error", 4_096, (1e-6, 5e-8), relative_error, ORDINARY),
	target("largest relative error", 65_536, (1e-6, 5e-8), relative_error, ORDINARY),
];

fn native_sweep(report: &Report, graph: &str, n: usize) -> Option<f64> {
	report.row("ours", graph, n, ENGINE_EPSILON)?.sweep_ratio_csr
}

fn wasm_sweep(report: &Report, graph: &str, n: usize) -> Option<f64> {
	report.row("wasm", graph, n, ENGINE_EPSILON)?.sweep_ratio_csr
}

fn wasm_solve(report: &Report, graph: &str, n: usize) -> Option<f64> {
	report.row("wasm", graph, n, ENGINE_EPSILON)?.ratio_scipy
}

fn relative_error(report: &Report, graph: &str, n: usize) -> Option<f64> {
	Some(report.row("ours", graph, n, ENGINE_EPSILON)?.distance.max_relative_error)
}

/// All tables of a report.
pub fn render(report: &Report) -> String {
	let mut text = String::new();
	let core = report.core.map_or("any core".into(), |core| format!("core {core}"));
	line(&mut text, &format!("Machine: {}, {core}.", report.machine));
	let versions = report
		.versions
		.iter()
		.filter_map(|(name, version)| Some(format!("{name} {}", version.as_deref()?)));
	let versions: Vec<String> = versions.collect();
	line(&mut text, &format!("Versions: {}.", versions.join(", ")));
	targets(&mut text, report);
	let mut epsilons: Vec<f64> = report.rows.iter().map(|row| row.epsilon).collect();
	epsilons.dedup();
	// The engine's own residual if it was measured, else the first one.
	let epsilon = if epsilons.contains(&ENGINE_EPSILON) {
		ENGINE_EPSILON
	} else {
		epsilons.first().copied().unwrap_or(ENGINE_EPSILON)
	};
	let sizes: BTreeSet<usize> = report.rows.iter().map(|row| row.n).collect();
	for &n in &sizes {
		let title = format!("Solve to a residual of {}, {n} components", epsilon_name(epsilon));
		table(&mut text, report, &title, n, epsilon, time);
	}
	line(
		&mut text,
		"Each field: nanoseconds per edge visit × sweeps = milliseconds of the solve; then the \
		 solve ÷ SciPy's (in brackets ÷ `csr`, where SciPy was not measured).",
	);
	for &n in &sizes {
		let title = format!("Errors against f64 at {}, {n} components", epsilon_name(epsilon));
		table(&mut text, report, &title, n, epsilon, error);
	}
	line(
		&mut text,
		"Each field: the largest relative error of a component above 2^-24 of the sum; L1; positions \
		 moved. In R most components get less mass than rounding is, so their order means nothing.",
	);
	left_out(&mut text, report);
	text
}

/// A paragraph.
fn line(text: &mut String, line: &str) {
	// Writing to a string does not fail.
	let _ = writeln!(text, "{line}\n");
}

fn row_of(text: &mut String, fields: &[String]) {
	let _ = writeln!(text, "| {} |", fields.join(" | "));
}

/// What was aimed for, on the graph where the figure is worst.
fn targets(text: &mut String, report: &Report) {
	let lines: Vec<Vec<String>> = TARGETS
		.iter()
		.filter_map(|target| {
			let figures = target
				.graphs
				.iter()
				.filter_map(|&graph| Some((graph, (target.figure)(report, graph, target.n)?)));
			let (graph, worst) = figures.max_by(|a, b| a.1.total_cmp(&b.1))?;
			Some(vec![
				format!("{}, N = {}", target.what, target.n),
				format!("≤ {}", number(target.must)),
				format!("≤ {}", number(target.aim)),
				format!("{} ({graph})", number(worst)),
				verdict(worst, target).into(),
			])
		})
		.collect();
	if lines.is_empty() {
		return;
	}
	let _ = writeln!(text, "**Targets**, each on the graph where it is worst\n");
	row_of(text, &["figure", "must", "aim", "measured", ""].map(String::from));
	let _ = writeln!(text, "|---|---:|---:|---:|---|");
	for fields in lines {
		row_of(text, &fields);
	}
	text.push('\n');
}

fn verdict(figure: f64, target: &Target) -> &'static str {
	match figure {
		_ if figure <= target.aim => "aim met",
		_ if figure <= target.must => "must met",
		_ => "missed",
	}
}

/// One table: contenders by graphs.
fn table(
	text: &mut String,
	report: &Report,
	title: &str,
	n: usize,
	epsilon: f64,
	field: fn(&Row) -> String,
) {
	let rows = || report.rows.iter().filter(|row| row.n == n && row.epsilon == epsilon);
	let graphs = first_seen(rows().map(|row| row.graph.as_str()));
	let contenders = first_seen(rows().map(|row| row.contender.as_str()));
	if graphs.is_empty() {
		return;
	}
	let _ = writeln!(text, "**{title}**\n");
	let head = std::iter::once("").chain(graphs.iter().copied());
	row_of(text, &head.map(String::from).collect::<Vec<_>>());
	let _ = writeln!(text, "|---|{}", "---:|".repeat(graphs.len()));
	for contender in contenders {
		let fields = graphs
			.iter()
			.map(|graph| report.row(contender, graph, n, epsilon).map_or("–".into(), field));
		row_of(text, &std::iter::once(contender.into()).chain(fields).collect::<Vec<_>>());
	}
	text.push('\n');
}

/// The different names, in the order in which they come first.
fn first_seen<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
	let mut seen = Vec::new();
	for name in names {
		if !seen.contains(&name) {
			seen.push(name);
		}
	}
	seen
}

fn time(row: &Row) -> String {
	let per_edge = match (row.ns_per_edge, row.sweeps) {
		(Some(ns), Some(sweeps)) => format!("{} × {sweeps} = ", number(ns)),
		_ => String::new(),
	};
	let ratio = match (row.ratio_scipy, row.ratio_csr) {
		(Some(ratio), _) => format!("; {}", number(ratio)),
		(None, Some(ratio)) => format!("; ({})", number(ratio)),
		(None, None) => String::new(),
	};
	format!("{per_edge}{}{ratio}", number(row.solve_seconds * 1e3))
}

fn error(row: &Row) -> String {
	let distance = &row.distance;
	format!(
		"{}; {}; {}",
		number(distance.max_relative_error),
		number(distance.l1),
		distance.positions_moved
	)
}

/// Two or three digits that count.
fn number(value: f64) -> String {
	let digits = match value.abs() {
		0.0 => return "0".into(),
		size if size < 1e-3 => return format!("{value:.1e}"),
		size if size < 0.1 => 3,
		size if size < 10.0 => 2,
		size if size < 100.0 => 1,
		_ => 0,
	};
	let text = format!("{value:.digits$}");
	match text.contains('.') {
		true => text.trim_end_matches('0').trim_end_matches('.').into(),
		false => text,
	}
}

/// Who was left out of which graphs, a line per reason.
fn left_out(text: &mut String, report: &Report) {
	let reasons = first_seen(report.left_out.iter().map(|left_out| left_out.why.as_str()));
	for why in reasons {
		let of_reason = || report.left_out.iter().filter(|left_out| left_out.why == why);
		let who = first_seen(of_reason().map(|left_out| left_out.contender.as_str()));
		let graphs: Vec<String> =
			of_reason().map(|left_out| format!("{}-{}", left_out.graph, left_out.n)).collect();
		let graphs = first_seen(graphs.iter().map(String::as_str));
		let _ =
			writeln!(text, "- Not measured: {} on {}: {why}.", who.join(", "), graphs.join(", "));
	}
}
