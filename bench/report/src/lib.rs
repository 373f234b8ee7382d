//! What all benchmarks share: what they write (statistics, targets, tables, files), one core to run on,
//! and processes with contenders.
//!
//! ```text
//!   samples ──median──► report (serde) ──┬────────────────────► NAME.json
//!                                        └─► Target, table() ─► NAME.md, standard output
//! ```
//!
//! Invariant: a value that was not measured is `null` in JSON and "–" in a table, and never meets a
//! target.

mod child;
mod machine;
mod statistics;
mod target;

pub use child::Child;
pub use machine::{field, pin_to_one_core, Machine};
pub use statistics::{largest, median, smallest};
pub use target::{targets, Target};

use anyhow::Context;
use comfy_table::{presets::ASCII_MARKDOWN, Table};
use serde::Serialize;
use std::{fs, path::Path};

/// What stands in a table for a value that was not measured.
pub const UNKNOWN: &str = "–";

/// A column: its head, and what it shows of a row.
pub type Column<T> = (&'static str, fn(&T) -> String);

/// A Markdown table with a line below it; empty if there are no rows.
pub fn table<H, R>(head: H, rows: impl IntoIterator<Item = R>) -> String
where
	H: IntoIterator<Item: Into<comfy_table::Cell>>,
	R: IntoIterator<Item = String>,
{
	let mut table = Table::new();
	table.load_preset(ASCII_MARKDOWN).set_header(head);
	table.add_rows(rows.into_iter().map(|row| row.into_iter().collect::<Vec<_>>()));
	match table.is_empty() {
		true => String::new(),
		false => format!("{table}\n\n"),
	}
}

/// The table of `items` with these columns.
pub fn table_of<'a, T: 'a>(
	columns: &[Column<T>],
	items: impl IntoIterator<Item = &'a T>,
) -> String {
	let rows = items.into_iter().map(|item| columns.iter().map(move |(_, show)| show(item)));
	table(columns.iter().map(|(head, _)| *head), rows)
}

/// A value with so many decimals and a unit.
pub fn fixed(value: impl Into<Option<f64>>, decimals: usize, unit: &str) -> String {
	value.into().map_or(UNKNOWN.into(), |value| format!("{value:.decimals$}{unit}"))
}

/// A number with two or three significant digits.
pub fn number(value: f64) -> String {
	let decimals = match value.abs() {
		0.0 => return "0".into(),
		size if size < 1e-3 => return format!("{value:.1e}"),
		size if size < 0.1 => 3,
		size if size < 10.0 => 2,
		size if size < 100.0 => 1,
		_ => return format!("{value:.0}"),
	};
	format!("{value:.decimals$}").trim_end_matches('0').trim_end_matches('.').into()
}

/// Writes a report as JSON to `path` and its tables as Markdown beside it. Each file is replaced as a
/// whole, so that a reader never sees half of it.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn write(path: &Path, report: &impl Serialize, markdown: &str) -> anyhow::Result<()> {
	let json = serde_json::to_string_pretty(report).context("cannot write the report as JSON")?;
	for (path, text) in [(path, json + "\n"), (&path.with_extension("md"), markdown.into())] {
		let partial = path.with_extension("partial");
		path.parent()
			.map_or(Ok(()), fs::create_dir_all)
			.and_then(|()| fs::write(&partial, text))
			.and_then(|()| fs::rename(&partial, path))
			.with_context(|| format!("cannot write {}", path.display()))?;
	}
	Ok(())
}
