//! `chain.json`, the targets and the tables. Every figure follows from the blocks in the same file.

use std::path::Path;

use anyhow::Context;
use bench_report::{fixed, largest, table_of, targets, Column, Machine, Target, UNKNOWN};
use serde::{Deserialize, Serialize};

use crate::{
	case::Case,
	epochs::{ratio, Merge, Ratios},
	posting::{FullBlock, Posting},
	sustain::Sustained,
	EDGES,
};

/// Components of the large network that the targets are about.
const LARGE: usize = 65_536;
/// Components from which on the hook is long enough to be measured in a block.
const MEASURABLE: usize = 4_096;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
	pub(crate) machine: Machine,
	/// One entry per graph and size.
	pub(crate) cases: Vec<Case>,
	/// The cost of posting, by size.
	pub(crate) posting: Vec<Posting>,
	/// Minutes of posts.
	pub(crate) sustained: Option<Sustained>,
}

impl Report {
	/// Reads a report; an empty one if there is no such file.
	pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
		if !path.exists() {
			return Ok(Self::default());
		}
		let text = std::fs::read_to_string(path)
			.with_context(|| format!("could not read {}", path.display()))?;
		serde_json::from_str(&text).with_context(|| {
			format!("{} is not a report of this version: remove it", path.display())
		})
	}

	/// Writes JSON and Markdown.
	pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
		bench_report::write(path, self, &self.markdown())
	}

	/// Adds a case, in place of an earlier one of the same graph and size.
	pub(crate) fn add(&mut self, case: Case, posting: Option<Posting>) {
		let key = |case: &Case| (case.n, case.graph.clone(), case.slot_ms);
		self.cases.retain(|other| key(other) != key(&case));
		self.cases.push(case);
		self.cases.sort_by_key(key);
		if let Some(posting) = posting {
			self.posting.retain(|other| other.n != posting.n);
			self.posting.push(posting);
			self.posting.sort_by_key(|posting| posting.n);
		}
	}

	/// The figures that have a target. The worst case decides.
	pub(crate) fn targets(&self) -> [Target; 8] {
		let large = || self.cases.iter().filter(|case| case.n == LARGE);
		let measurable = || self.cases.iter().filter(|case| case.n >= MEASURABLE);
		let full = || self.posting.iter().flat_map(|posting| &posting.full);
		let ratios = measurable().filter_map(|case| Some((case.declared_over_measured?, case)));
		let least = ratios.min_by(|one, other| one.0.total_cmp(&other.0));
		let ratios = measurable().filter_map(|case| Some((largest(case.medians())?, case)));
		let most = ratios.max_by(|one, other| one.0.total_cmp(&other.0));
		let shown = |(ratio, case): (f64, &Case)| {
			let slowdown = case.pace.map(|pace| pace.slowdown());
			let slowdown = slowdown.map(|slowdown| format!(", machine slowdown {slowdown:.2}"));
			(ratio, format!("{ratio:.2} ({}{})", case.name(), slowdown.unwrap_or_default()))
		};
		let missed = self.cases.iter().map(|case| case.missed_slots).sum::<u64>()
			+ full().map(|full| full.missed_slots).sum::<u64>();
		let late = self.cases.iter().map(|case| case.discarded).sum::<u32>()
			+ full().map(|full| full.discarded).sum::<u32>();
		let post = full().filter(|full| full.edges == EDGES as u32);
		[
			Target::at_most(
				"blocks of emission share for Begin–Sweep–Emit, N = 65,536 × 64, Z",
				// The aim leaves 30 %.
				[1.0, 0.7],
				"",
				large().find(|case| case.graph == "Z").map(|case| {
					let (blocks, share) = (case.blocks_per_solve, case.declared_share_of_service);
					let (taken, left) = (f64::from(blocks) - 1.0 + share, 100.0 * (1.0 - share));
					let unit = if blocks == 1 { "block" } else { "blocks" };
					(taken, format!("{taken:.2} ({blocks} {unit}, {left:.0} % left)"))
				}),
			),
			Target::at_most(
				"blocks, worst graph",
				[6.0, 3.0],
				"",
				large().max_by_key(|case| case.blocks_per_solve).map(|case| {
					let blocks = case.blocks_per_solve;
					(f64::from(blocks), format!("{blocks} ({})", case.graph))
				}),
			),
			Target::at_least(
				"least declared ÷ measured of the hook, N ≥ 4,096",
				[1.0, 1.0],
				least.map(shown),
			),
			Target::at_most(
				"most declared ÷ measured of the hook, N ≥ 4,096",
				[2.0, 1.5],
				"",
				most.map(shown),
			),
			Target::at_most(
				"`post_row` of 64 edges, declared",
				[3.0, 1.0],
				" ms",
				largest(post.map(|full| full.call_declared_ms))
					.map(|ms| (ms, format!("{ms:.2} ms"))),
			),
			Target::at_most(
				"a page of 256 components with rows, N = 65,536",
				[50.0, 10.0],
				" ms",
				largest(large().map(|case| case.page_ms[2])).map(|ms| (ms, format!("{ms:.1} ms"))),
			),
			Target::at_most(
				"slots missed and blocks late, all cases",
				[0.0, 0.0],
				"",
				(!self.cases.is_empty()).then(|| {
					((missed + u64::from(late)) as f64, format!("{missed} missed, {late} late"))
				}),
			),
			Target::at_most(
				"posts lost, failed or unreadable in the sustained run",
				[0.0, 0.0],
				"",
				self.sustained.as_ref().map(|sustained| {
					// A run without posts shows nothing.
					let failures = if sustained.posts == 0 { 1 } else { sustained.failures };
					(failures as f64, format!("{} of {}", sustained.failures, sustained.posts))
				}),
			),
		]
	}

	/// All tables.
	pub(crate) fn markdown(&self) -> String {
		let Machine { cpu, cores, memory_gib } = &self.machine;
		let mut text = format!("{cpu}, {cores} cores, {memory_gib} GiB.\n\n");
		text += &targets(self.targets());
		text += &table_of(&CASE, &self.cases);
		let of_cases = self.cases.iter().map(|case| (case.graph.clone(), case.n, case.merge));
		let of_posts = self.posting.iter().flat_map(|posting| {
			posting.merges.iter().map(|&merge| (posting.graph.clone(), posting.n, merge))
		});
		text += &table_of(&MERGE, &of_cases.chain(of_posts).collect::<Vec<_>>());
		text += &table_of(&FULL, self.posting.iter().flat_map(|posting| &posting.full));
		if let Some(sustained) = &self.sustained {
			let Sustained { seconds, accounts, posts, failures, retries, rows_read, .. } =
				sustained;
			let rate = *posts as f64 / seconds;
			text += &format!(
				"{seconds:.0} s of posts of {EDGES} edges from {accounts} accounts at 1000 ms slots: {posts} \
				 posts in blocks, {rate:.0} per second, {retries} retries, {failures} failures; {rows_read} \
				 rows read back as posted.\n"
			);
		}
		text
	}
}

const CASE: [Column<Case>; 19] = [
	("graph", |case| case.graph.clone()),
	("N", |case| case.n.to_string()),
	("sweeps", |case| case.sweeps.iter().max().copied().unwrap_or(0).to_string()),
	("blocks per solve", |case| case.blocks_per_solve.to_string()),
	("declared, of service", |case| fixed(100.0 * case.declared_share_of_service, 0, " %")),
	("hook declared", |case| ms(case.hook.declared_ms)),
	("hook authored", |case| ms(case.hook.author_ms)),
	("hook imported", |case| ms(case.hook.import_ms)),
	("declared ÷ authored", |case| spread(case.declared_over_author)),
	("declared ÷ imported", |case| spread(case.declared_over_import)),
	("machine slowdown", |case| fixed(case.pace.map(|pace| pace.slowdown()), 2, "")),
	("lower ratio, speed-adjusted", |case| {
		// If all of the hook slows down as an edge visit does.
		let pace = case.pace.zip(case.declared_over_measured);
		fixed(pace.map(|(pace, ratio)| ratio * pace.slowdown()), 2, "")
	}),
	("longest block authored", |case| ms(case.author_ms)),
	("longest block imported", |case| ms(case.import_ms)),
	("written per epoch", |case| fixed(case.bytes_written / 1_048_576.0, 1, " MiB")),
	("peak memory", |case| fixed(case.peak_rss_mib, 0, " MiB")),
	("page: components", |case| ms(case.page_ms[0])),
	("page: rows", |case| ms(case.page_ms[1])),
	("page: both", |case| ms(case.page_ms[2])),
];

const MERGE: [Column<(String, usize, Merge)>; 9] = [
	("merge of rows", |(_, _, merge)| merge.rows.to_string()),
	("graph", |(graph, _, _)| graph.clone()),
	("N", |(_, n, _)| n.to_string()),
	("blocks", |(_, _, merge)| merge.blocks.to_string()),
	("declared", |(_, _, merge)| ms(merge.hook.declared_ms)),
	("authored", |(_, _, merge)| ms(merge.hook.author_ms)),
	("imported", |(_, _, merge)| ms(merge.hook.import_ms)),
	("declared ÷ imported", |(_, _, merge)| {
		fixed(ratio(merge.hook.declared_ms, merge.hook.import_ms), 2, "")
	}),
	("longest block authored", |(_, _, merge)| ms(merge.longest_author_ms)),
];

const FULL: [Column<FullBlock>; 12] = [
	("block of posts", |full| format!("{} edges", full.edges)),
	("N", |full| full.n.to_string()),
	("slot", |full| format!("{} ms", full.slot_ms)),
	("call declared", |full| fixed(full.call_declared_ms, 3, " ms")),
	("post declared", |full| fixed(full.declared_ms, 3, " ms")),
	("authored", |full| fixed(full.author_ms, 3, " ms")),
	("imported", |full| fixed(full.import_ms, 3, " ms")),
	("rows in a block: declared", |full| full.rows_declared.to_string()),
	("rows: measured", |full| full.rows_measured.map_or(UNKNOWN.into(), |rows| rows.to_string())),
	("rows: seen", |full| full.rows_seen.to_string()),
	("longest such block authored", |full| ms(full.longest_author_ms)),
	("late", |full| full.discarded.to_string()),
];

fn ms(value: impl Into<Option<f64>>) -> String {
	fixed(value, 1, " ms")
}

/// A median, with the least and the largest of single epochs.
fn spread(ratios: Option<Ratios>) -> String {
	ratios.map_or(UNKNOWN.into(), |Ratios { least, median, most }| {
		format!("{median:.2} ({least:.2}–{most:.2})")
	})
}
