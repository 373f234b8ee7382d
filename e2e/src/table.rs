//! The table of all components that a person reads while the network runs.
//!
//! ```text
//!  uid kind      stake  minted  through edges  ΔL_ii  strongest bid  perplexity …
//!   0  trainable 1003.2 1.6000         0.4121  61.2 %  ← 2: 14.0 %       212.4  …
//! ```
//!
//! Invariant: on a terminal a new table replaces the one before it; elsewhere it is appended, so
//! that a log file stays readable.

use std::io::{IsTerminal, Write};

use bittensor_client::{bit, SHARE_ONE};
use comfy_table::{presets::NOTHING, CellAlignment, ContentArrangement, Table, TableComponent};

use crate::report::ComponentReport;

/// A component's report, and what the last epoch paid to it, in units.
#[derive(Clone, Debug)]
pub struct Line {
	/// The component so far.
	pub component: ComponentReport,
	/// Units of the last epoch.
	pub minted: u64,
	/// Part of them that came over edges.
	pub through_edges: u64,
}

/// Lays the components out as a table.
pub fn render(lines: &[Line]) -> Table {
	let mut table = Table::new();
	table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
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
	table.set_header([
		"uid",
		"kind",
		"stake\nBIT",
		"minted\nlast epoch",
		"of it through\nedges",
		"ΔL_ii",
		"strongest\nbid",
		"held-out\nperplexity",
		"gain over\nits twin",
		"unigram",
		"spikes\nserved",
		"grads\nserved",
	]);
	for line in lines {
		let c = &line.component;
		table.add_row([
			c.uid.to_string(),
			c.kind.clone(),
			bit(c.stake.parse().unwrap_or(0)),
			bit(line.minted),
			bit(line.through_edges),
			c.self_share.map_or("no row".into(), percent),
			strongest_bid(c.uid, lines),
			perplexity(c.perplexity),
			c.gain.map_or("–".into(), |gain| gain.to_string()),
			perplexity(c.perplexity_unigram),
			c.spikes_served.to_string(),
			c.grads_served.to_string(),
		]);
	}
	for (index, column) in table.column_iter_mut().enumerate() {
		if index != 1 {
			column.set_cell_alignment(CellAlignment::Right);
		}
	}
	table
}

/// The bid for `uid` with the largest flow in the last epoch, payout · share / self-share, as
/// `← bidder: share of the bidder's row`.
fn strongest_bid(uid: u32, lines: &[Line]) -> String {
	let bids = lines.iter().flat_map(|line| {
		let to_us = line.component.row.iter().filter(move |edge| edge.target == uid);
		to_us.map(move |edge| {
			let share = u32::from(edge.share);
			let kept = line.component.self_share.unwrap_or(0);
			(contribution::flow(line.minted, share, kept), share, line.component.uid)
		})
	});
	let strongest = bids.max_by_key(|&(flow, share, _)| (flow, share));
	strongest.map_or("–".into(), |(_, share, from)| format!("← {from}: {}", percent(share)))
}

fn percent(share: u32) -> String {
	format!("{:.1} %", 100.0 * f64::from(share) / f64::from(SHARE_ONE))
}

fn perplexity(value: Option<f64>) -> String {
	value.map_or("–".into(), |value| format!("{value:.1}"))
}

/// Standard output: plain lines, and one block of text that is replaced in place.
#[derive(Debug)]
pub struct Screen {
	terminal: bool,
	/// Lines of the block at the bottom of the terminal.
	block: usize,
}

impl Default for Screen {
	fn default() -> Self {
		Self { terminal: std::io::stdout().is_terminal(), block: 0 }
	}
}

impl Screen {
	/// Prints a line that stays. A block above it stays too.
	pub fn line(&mut self, text: &str) {
		self.block = 0;
		write_out(&format!("{text}\n"));
	}

	/// Prints `text`; on a terminal it takes the place of the block before it.
	pub fn block(&mut self, text: &str) {
		// Up by the old block's lines, then clear to the end of the screen.
		let clear = match (self.terminal, self.block) {
			(true, lines @ 1..) => format!("\x1b[{lines}A\x1b[J"),
			_ => String::new(),
		};
		self.block = text.lines().count();
		write_out(&format!("{clear}{}\n", text.trim_end_matches('\n')));
	}
}

/// Ignores errors: a closed pipe must not end the network.
fn write_out(text: &str) {
	let mut out = std::io::stdout().lock();
	let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
