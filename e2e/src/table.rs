//! The table of all components that a person reads while the network runs.
//!
//! ```text
//!  uid name    kind        stake  alone received  given    net      row   gain
//!    0 Alice   trainable 1003.20   1.60     0.41   0.82  −0.41   live 2  4.1 %
//! ```
//!
//! Amounts are BIT since the start of the run: what it was paid is *alone* + *received* − *given*, see
//! [`crate::economy`].
//!
//! Invariant: the table fits into the columns that it is given, from 78 on; more columns show more.

use bittensor_client::UNIT;
use comfy_table::{presets::NOTHING, CellAlignment, ContentArrangement, Table, TableComponent};

use crate::{miner::is_measured, report::ComponentReport};

/// From this width on, the table shows what the components it queries answered, and its perplexity.
const WIDE: usize = 96;
/// From this width on, it shows the perplexity of the unigram model too.
const WIDER: usize = 106;
/// Components that are shown; of others their number.
const SHOWN: usize = 24;

/// Lays the components out as a table of so many columns.
pub fn render(components: &[ComponentReport], columns: usize) -> String {
	let mut table = Table::new();
	table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
	for line in [
		TableComponent::TopBorder,
		TableComponent::TopBorderIntersections,
		TableComponent::HeaderLines,
		TableComponent::MiddleHeaderIntersections,
		TableComponent::BottomBorder,
		TableComponent::BottomBorderIntersections,
	] {
		table.set_style(line, '─');
	}
	let mut header = vec![
		"uid",
		"name",
		"kind",
		"stake\nBIT",
		"stake\nalone",
		"received",
		"given",
		"net",
		"row,\nepochs",
		"gain",
	];
	if columns >= WIDE {
		header.extend(["answers", "held-out\nperpl."]);
	}
	if columns >= WIDER {
		header.push("unigram");
	}
	table.set_header(header);
	for c in components.iter().take(SHOWN) {
		let economy = &c.economy;
		let mut cells = vec![
			c.uid.to_string(),
			c.name.clone(),
			if c.ended { "ended".into() } else { c.kind.clone() },
			short(c.stake.into()),
			short(economy.alone.into()),
			short(economy.received.into()),
			short(economy.given.into()),
			short(economy.net()),
			row(c),
			gain(c),
		];
		if columns >= WIDE {
			let answered = c.answered.map(|part| format!("{:.0} %", 100.0 * part));
			cells.extend([answered.unwrap_or("–".into()), perplexity(c.perplexity)]);
		}
		if columns >= WIDER {
			cells.push(perplexity(c.perplexity_unigram));
		}
		table.add_row(cells);
	}
	for (index, column) in table.column_iter_mut().enumerate() {
		column.set_padding((1, 0));
		if index != 1 && index != 2 {
			column.set_cell_alignment(CellAlignment::Right);
		}
	}
	let more = components.len().saturating_sub(SHOWN);
	let more = if more > 0 { format!("\n and {more} more components") } else { String::new() };
	format!("{table}{more}")
}

/// Units as BIT with two decimals, rounded toward zero.
pub fn cents(units: i128) -> String {
	let sign = if units < 0 { "−" } else { "" };
	let cents = units.unsigned_abs() / u128::from(UNIT / 100);
	match cents {
		0 => "0.00".into(),
		_ => format!("{sign}{}.{:02}", cents / 100, cents % 100),
	}
}

/// Units as BIT with so many decimals that six characters do: two below 100, none above 10,000.
fn short(units: i128) -> String {
	let text = cents(units);
	let dropped = match units.unsigned_abs() / u128::from(UNIT) {
		0..100 => 0,
		100..10_000 => 1,
		_ => 3,
	};
	text[..text.len() - dropped].into()
}

/// Age of the row, and whether it makes the stake count.
fn row(component: &ComponentReport) -> String {
	match (component.row_age, component.row_live) {
		(None, _) => "none".into(),
		(Some(age), true) => format!("live {age}"),
		(Some(age), false) => format!("old {age}"),
	}
}

fn gain(component: &ComponentReport) -> String {
	// A selfish one is shown as it ends: at its best it was served as a newcomer.
	let figures = match component.kind.as_str() {
		"selfish" => component.ends_at().map(|last| (last.gain, last.low, last.high)),
		_ => component.gain.map(|gain| (gain.gain, gain.low, gain.high)),
	};
	match figures {
		None => "–".into(),
		Some((gain, low, high)) if is_measured(low, high) => percent(gain),
		Some(_) => "none".into(),
	}
}

/// A part in at most six characters: with a decimal below ten percent.
fn percent(part: f64) -> String {
	let (sign, percent) = (if part < 0.0 { "−" } else { "" }, 100.0 * part.abs());
	match percent < 9.95 {
		true => format!("{sign}{percent:.1} %"),
		false => format!("{sign}{percent:.0} %"),
	}
}

fn perplexity(value: Option<f64>) -> String {
	value.map_or("–".into(), |value| format!("{value:.1}"))
}
