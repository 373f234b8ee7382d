//! Prometheus histograms: sums and counts, of which differences are what happened in between.
//!
//! ```text
//!   substrate_proposer_block_constructed_sum{chain="…"} 0.0421      seconds
//!   substrate_proposer_block_constructed_count{chain="…"} 17
//! ```

use anyhow::Context;

use super::http;

/// Histogram of the time that authoring a block takes, as the proposer sees it: from its
/// initialisation to the finished block with its storage root. In seconds.
pub const AUTHORED: &str = "substrate_proposer_block_constructed";
/// Histogram of the time that importing a block takes: verifying it, executing it, computing its
/// storage root and committing it to the database. In seconds. Blocks of one's own are not in it.
pub const IMPORTED: &str = "substrate_block_verification_and_import_time";

/// Sum and count of a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Histogram {
	/// Sum of all observations.
	pub sum: f64,
	/// Number of observations.
	pub count: u64,
}

impl Histogram {
	/// What was observed since `before`.
	pub fn since(self, before: Self) -> Self {
		Self { sum: self.sum - before.sum, count: self.count.saturating_sub(before.count) }
	}
}

/// The histogram `name` of the node that serves metrics on `port`. One that was not observed yet
/// is empty.
pub async fn histogram(port: u16, name: &str) -> anyhow::Result<Histogram> {
	parse(&http::get(port, "/metrics").await?, name)
}

/// The histogram `name` in the text of a metrics page, summed over its labels.
pub fn parse(page: &str, name: &str) -> anyhow::Result<Histogram> {
	let mut histogram = Histogram::default();
	for line in page.lines() {
		let Some(rest) = line.strip_prefix(name) else { continue };
		let Some((series, value)) = rest.rsplit_once(' ') else { continue };
		let value = || value.parse::<f64>().with_context(|| format!("no number in `{line}`"));
		match series.split('{').next() {
			Some("_sum") => histogram.sum += value()?,
			Some("_count") => histogram.count += value()? as u64,
			_ => {}
		}
	}
	Ok(histogram)
}
