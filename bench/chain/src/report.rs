//! `chain.json` and the table of targets.
//!
//! ```text
//!   { machine, cases: [ { graph, n, …, blocks: […] } ], posting: […], sustained: {…} }
//!        │                                  every block as it was measured
//!        └─► targets(): figure, what was measured, must, aim, met     ─► Markdown, exit status
//! ```
//!
//! Invariants: a figure that was not measured is `null` here and "not measured" there, never 0 and
//! never met; every figure follows from the blocks in the same file.

use std::{fmt::Write as _, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
	blocks::Block,
	epochs::{ratio, Epoch, Idle, Merge, Ratios, Steady},
	measure::{largest, machine::Machine, median, pace::Pace},
	pages::PageTimes,
	posting::Posting,
	run::Limits,
	sustain::Sustained,
};

/// Components of the large network that the targets are about.
const LARGE: usize = 65_536;
/// Components from which on the hook is long enough to be measured in a block.
const MEASURABLE: usize = 4_096;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
	/// What it ran on.
	pub machine: Machine,
	/// One entry per graph and size.
	pub cases: Vec<Case>,
	/// What posting costs, by size.
	pub posting: Vec<Posting>,
	/// Minutes of posts.
	pub sustained: Option<Sustained>,
}

/// Whole epochs over one graph.
///
/// Figures without another word are about the steady epochs, those that merge no rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
	/// Name of the graph.
	pub graph: String,
	/// Components.
	pub n: usize,
	/// Edges of each row.
	pub edges: usize,
	/// Length of a slot, in milliseconds.
	pub slot_ms: u64,
	/// Blocks from one epoch's begin to the next, at least.
	pub epoch_length: u32,
	/// What blocks may hold.
	pub limits: Limits,
	/// What idle blocks declare and cost.
	pub idle: Idle,
	/// Blocks from the one where a solve began to the one that paid, the most of all epochs.
	pub blocks_per_solve: u32,
	/// The largest part of a block's weight that the hook declared.
	pub declared_share: f64,
	/// The largest part of what the hook may take that it declared.
	pub declared_share_of_service: f64,
	/// Declared ÷ measured of an epoch's hook: the smaller median of the next two.
	pub declared_over_measured: Option<f64>,
	/// Declared ÷ authoring time.
	pub declared_over_author: Option<Ratios>,
	/// Declared ÷ import time.
	pub declared_over_import: Option<Ratios>,
	/// How fast the machine was meanwhile.
	pub pace: Option<Pace>,
	/// What the hook of an epoch declared, in milliseconds: median.
	pub hook_declared_ms: f64,
	/// What the hook of an epoch took the author: median.
	pub hook_author_ms: Option<f64>,
	/// What the hook of an epoch took the importer: median.
	pub hook_import_ms: Option<f64>,
	/// The longest authoring time of a block of a solve, as a whole.
	pub author_ms: Option<f64>,
	/// The longest import time of a block of a solve, as a whole.
	pub import_ms: Option<f64>,
	/// Authoring time of every block of every solve.
	pub author_ms_blocks: Vec<Option<f64>>,
	/// Import time of every block of every solve.
	pub import_ms_blocks: Vec<Option<f64>>,
	/// Bytes that the importer wrote to storage in an epoch: median (`write_bytes`).
	pub bytes_written: f64,
	/// Bytes that the importer handed to write calls in an epoch: median (`wchar`).
	pub bytes_passed: f64,
	/// Peak of the validator's resident memory over all epochs, in MiB.
	pub peak_rss_mib: f64,
	/// Peak of the importer's.
	pub peak_rss_importer_mib: Option<f64>,
	/// Sweeps of the solves.
	pub sweeps: Vec<u32>,
	/// Residuals of the solves, of about 2^62.
	pub residuals: Vec<u64>,
	/// A solve stopped at the highest number of sweeps.
	pub truncated: bool,
	/// Blocks in which a step did not fit.
	pub stalled: u32,
	/// Slots without a block after the first one, in all epochs.
	pub missed_slots: u64,
	/// Blocks that the validator threw away because they were late.
	pub discarded: u32,
	/// The merge of all rows, in the first epoch.
	pub merge: Merge,
	/// Blocks from the first merge to the first payout.
	pub first_epoch_blocks: u32,
	/// Reading pages of the runtime API.
	pub page_ms: PageTimes,
	/// Every block.
	pub blocks: Vec<Block>,
}

impl Case {
	/// The case of these epochs, the first of which merged `rows` rows.
	pub fn of(
		epochs: &[Epoch],
		rows: u64,
		steady: &Steady,
		limits: &Limits,
		idle: Idle,
		blocks: Vec<Block>,
	) -> Self {
		let rest = epochs.get(1..).unwrap_or_default();
		let solves = || rest.iter().flat_map(Epoch::solve);
		let most = largest(solves().filter_map(declared)).unwrap_or_default();
		let over_author = Ratios::of(rest, Epoch::author_ms);
		let over_import = Ratios::of(rest, Epoch::import_ms);
		let medians = [over_author, over_import].into_iter().flatten().map(|ratios| ratios.median);
		let smaller = medians.min_by(f64::total_cmp);
		let mut case = Self {
			limits: *limits,
			idle,
			blocks_per_solve: rest.iter().map(|epoch| epoch.solve().len()).max().unwrap_or(0)
				as u32,
			declared_share: most / limits.block_ms,
			declared_share_of_service: most / limits.service_ms,
			declared_over_measured: smaller,
			declared_over_author: over_author,
			declared_over_import: over_import,
			hook_declared_ms: steady.declared_ms,
			hook_author_ms: steady.author_ms,
			hook_import_ms: steady.import_ms,
			author_ms: largest(solves().filter_map(|block| block.author_ms)),
			import_ms: largest(solves().filter_map(|block| block.import_ms)),
			author_ms_blocks: solves().map(|block| block.author_ms).collect(),
			import_ms_blocks: solves().map(|block| block.import_ms).collect(),
			bytes_written: middle(rest, |epoch| epoch.written.0),
			bytes_passed: middle(rest, |epoch| epoch.written.1),
			sweeps: rest.iter().map(|epoch| epoch.paid.sweeps).collect(),
			residuals: rest.iter().map(|epoch| epoch.paid.residual).collect(),
			truncated: blocks.iter().any(|block| block.truncated),
			stalled: blocks.iter().filter(|block| block.stalled).count() as u32,
			missed_slots: blocks.iter().map(|block| block.missed_slots).sum(),
			..Self::default()
		};
		if let Some(first) = epochs.first() {
			case.merge = Merge::of(first, rows, steady);
			case.first_epoch_blocks = first.blocks.len() as u32;
		}
		case.blocks = blocks;
		case
	}

	fn name(&self) -> String {
		format!("{} {}", self.graph, self.n)
	}

	/// Declared ÷ measured as it would be at the pace of the weights, if all that the hook does slowed
	/// down as an edge visit does.
	fn at_pace_of_weights(&self) -> Option<f64> {
		Some(self.declared_over_measured? * self.pace?.slowness())
	}

	/// A ratio of declared to measured, for the table of targets.
	fn ratio_text(&self, ratio: f64) -> String {
		let pace =
			self.pace.map(|pace| format!(", a visit at {:.2} × the weights'", pace.slowness()));
		format!("{ratio:.2} ({}{})", self.name(), pace.unwrap_or_default())
	}

	/// What must not happen in a short run on any machine.
	pub fn failures(&self) -> Vec<String> {
		let mut failures = Vec::new();
		let mut fail = |failed: bool, why: String| {
			if failed {
				failures.push(format!("{}: {why}", self.name()));
			}
		};
		fail(self.blocks_per_solve != 1, format!("a solve took {} blocks", self.blocks_per_solve));
		fail(self.missed_slots > 0, format!("{} slots have no block", self.missed_slots));
		fail(self.discarded > 0, format!("{} blocks were thrown away as late", self.discarded));
		fail(self.stalled > 0, format!("the emission stalled in {} blocks", self.stalled));
		fail(self.truncated, "a solve was truncated".into());
		let most = largest(self.blocks.iter().filter_map(declared)).unwrap_or_default();
		let service = self.limits.service_ms;
		// What an idle block's hook declares is not in the difference, so the sum stays below.
		fail(most > service, format!("the hook declared {most:.1} ms, it may {service:.1} ms"));
		failures
	}
}

fn declared(block: &Block) -> Option<f64> {
	block.hook.map(|hook| hook.declared_ms)
}

fn middle(epochs: &[Epoch], bytes: impl Fn(&Epoch) -> u64) -> f64 {
	median(epochs.iter().map(|epoch| bytes(epoch) as f64)).unwrap_or_default()
}

/// A figure beside what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
	/// What is measured.
	pub figure: String,
	/// What it must be, and what to aim for, in words.
	pub limits: [&'static str; 2],
	/// What was measured, in words; `None` if it was not.
	pub measured: Option<String>,
	/// Whether it is what it must be, and what to aim for.
	pub met: [bool; 2],
}

impl Target {
	/// A figure that must not be above `must`, better not above `aim`.
	fn at_most(
		figure: &str,
		limits: [&'static str; 2],
		[must, aim]: [f64; 2],
		measured: Option<(f64, String)>,
	) -> Self {
		let met = measured.as_ref().map(|&(value, _)| [value <= must, value <= aim]);
		Self {
			figure: figure.into(),
			limits,
			measured: measured.map(|(_, text)| text),
			met: met.unwrap_or_default(),
		}
	}
}

impl Report {
	/// Reads a report; an empty one if there is no such file.
	pub fn read(path: &Path) -> anyhow::Result<Self> {
		if !path.exists() {
			return Ok(Self::default());
		}
		let text = std::fs::read_to_string(path)
			.with_context(|| format!("could not read {}", path.display()))?;
		serde_json::from_str(&text)
			.with_context(|| format!("{} is no report of this version: remove it", path.display()))
	}

	/// Writes the report as JSON, through a temporary file so that a reader never sees half.
	pub fn write(&self, path: &Path) -> anyhow::Result<()> {
		let text = serde_json::to_string_pretty(self)? + "\n";
		let partial = path.with_extension("json.partial");
		path.parent()
			.map_or(Ok(()), std::fs::create_dir_all)
			.and_then(|()| std::fs::write(&partial, text))
			.and_then(|()| std::fs::rename(&partial, path))
			.with_context(|| format!("could not write {}", path.display()))
	}

	/// Takes a case in, in place of an earlier one of the same graph and size.
	pub fn add(&mut self, case: Case, posting: Option<Posting>) {
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

	fn large(&self) -> impl Iterator<Item = &Case> {
		self.cases.iter().filter(|case| case.n == LARGE)
	}

	/// The figures that have a target.
	pub fn targets(&self) -> Vec<Target> {
		let ordinary = self.large().find(|case| case.graph == "Z");
		let slowest = self.large().max_by_key(|case| case.blocks_per_solve);
		let measurable: Vec<(&Case, f64)> = self
			.cases
			.iter()
			.filter(|case| case.n >= MEASURABLE)
			.filter_map(|case| Some((case, case.declared_over_measured?)))
			.collect();
		let least = measurable.iter().min_by(|one, other| one.1.total_cmp(&other.1));
		let most = self
			.cases
			.iter()
			.filter(|case| case.n >= MEASURABLE)
			.filter_map(|case| {
				let ratios = [case.declared_over_author, case.declared_over_import];
				let medians = ratios.into_iter().flatten().map(|ratios| ratios.median);
				Some((case, largest(medians)?))
			})
			.max_by(|one, other| one.1.total_cmp(&other.1));
		let posted = || self.posting.iter().flat_map(|posting| &posting.full);
		let missed = self.cases.iter().map(|case| case.missed_slots).sum::<u64>()
			+ posted().map(|full| full.missed_slots).sum::<u64>();
		let late = self.cases.iter().map(|case| case.discarded).sum::<u32>()
			+ posted().map(|full| full.discarded).sum::<u32>();
		let post = posted().filter(|full| full.edges == 64);
		let post = largest(post.map(|full| full.call_declared_ms));
		let page = largest(self.large().map(|case| case.page_ms.both));
		let mut targets = vec![
			self.one_block(ordinary),
			Target::at_most(
				"the same, worst graph",
				["≤ 6", "≤ 3"],
				[6.0, 3.0],
				slowest.map(|case| {
					let blocks = case.blocks_per_solve;
					(f64::from(blocks), format!("{blocks} ({})", case.graph))
				}),
			),
			at_least(
				"least declared ÷ measured of the hook, N ≥ 4,096",
				least.map(|(case, ratio)| (*ratio, case.ratio_text(*ratio))),
			),
			Target::at_most(
				"most declared ÷ measured of the hook, N ≥ 4,096",
				["≤ 2.0", "≤ 1.5"],
				[2.0, 1.5],
				most.map(|(case, ratio)| (ratio, case.ratio_text(ratio))),
			),
			Target::at_most(
				"`post_row` of 64 edges, declared",
				["≤ 3 ms", "≤ 1 ms"],
				[3.0, 1.0],
				post.map(|ms| (ms, format!("{ms:.2} ms"))),
			),
			Target::at_most(
				"a page of 256 components with rows, N = 65,536",
				["≤ 50 ms", "≤ 10 ms"],
				[50.0, 10.0],
				page.map(|ms| (ms, format!("{ms:.1} ms"))),
			),
			Target::at_most(
				"slots missed and blocks late, all cases",
				["0", "0"],
				[0.0, 0.0],
				(!self.cases.is_empty()).then(|| {
					let text = format!("{missed} missed, {late} late");
					((missed + u64::from(late)) as f64, text)
				}),
			),
		];
		targets.push(Target::at_most(
			"posts lost, failed or unreadable in the sustained run",
			["0", "0"],
			[0.0, 0.0],
			self.sustained.as_ref().map(|sustained| {
				let text = format!("{} of {}", sustained.failures, sustained.posts);
				// A run in which nothing was posted shows nothing.
				let failures = if sustained.posts == 0 { 1 } else { sustained.failures };
				(failures as f64, text)
			}),
		));
		targets
	}

	/// The aim leaves 30 % of what the hook may take.
	fn one_block(&self, case: Option<&Case>) -> Target {
		Target {
			figure: "blocks for Begin–Sweep–Emit, N = 65,536 × 64, Z".into(),
			limits: ["1", "1, ≥ 30 % left"],
			measured: case.map(|case| {
				let left = 100.0 * (1.0 - case.declared_share_of_service);
				format!("{}, {left:.0} % left", case.blocks_per_solve)
			}),
			met: case.map_or([false; 2], |case| {
				let one = case.blocks_per_solve == 1;
				[one, one && case.declared_share_of_service <= 0.7]
			}),
		}
	}

	/// The tables, as Markdown.
	pub fn markdown(&self) -> String {
		let mut text = String::new();
		let machine = &self.machine;
		let _ = writeln!(
			text,
			"{}, {} cores, {} GiB.\n",
			machine.cpu, machine.cores, machine.memory_gib
		);
		text.push_str(
			"| figure | measured | must | met | aim | met |\n|---|---|---|---|---|---|\n",
		);
		for target in self.targets() {
			let [must, aim] = target.limits;
			let met = |met: bool| match (&target.measured, met) {
				(None, _) => "",
				(_, true) => "yes",
				(_, false) => "**no**",
			};
			let measured = target.measured.as_deref().unwrap_or("not measured");
			let _ = writeln!(
				text,
				"| {} | {measured} | {must} | {} | {aim} | {} |",
				target.figure,
				met(target.met[0]),
				met(target.met[1])
			);
		}
		self.case_table(&mut text);
		self.merge_table(&mut text);
		self.full_table(&mut text);
		if let Some(sustained) = &self.sustained {
			let _ = writeln!(
				text,
				"\n{:.0} s of posts of {} edges from {} accounts at {} ms slots: {} posts in blocks, \
				 {:.0} per second, {} retries, {} failures; {} rows read back as posted.",
				sustained.seconds,
				sustained.edges,
				sustained.accounts,
				sustained.slot_ms,
				sustained.posts,
				sustained.posts_per_second,
				sustained.retries,
				sustained.failures,
				sustained.rows_read
			);
		}
		text
	}

	fn case_table(&self, text: &mut String) {
		if self.cases.is_empty() {
			return;
		}
		text.push_str(
			"\n| graph | N | sweeps | blocks per solve | declared, of service | hook declared | \
			 hook authored | hook imported | declared ÷ authored | ÷ imported | an edge \
			 visit, ÷ the weights' | the less ratio, at theirs | longest block authored | imported \
			 | written per epoch | peak memory | page: components | rows | both |\n|---|---|---|---|\
			 ---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
		);
		for case in &self.cases {
			let _ = writeln!(
				text,
				"| {} | {} | {} | {} | {:.0} % | {:.1} ms | {} | {} | {} | {} | {} | {} | {} | {} | \
				 {:.1} MiB | {:.0} MiB | {:.1} ms | {:.1} ms | {:.1} ms |",
				case.graph,
				case.n,
				case.sweeps.iter().max().copied().unwrap_or(0),
				case.blocks_per_solve,
				100.0 * case.declared_share_of_service,
				case.hook_declared_ms,
				ms(case.hook_author_ms),
				ms(case.hook_import_ms),
				spread(case.declared_over_author),
				spread(case.declared_over_import),
				number(case.pace.map(|pace| pace.slowness())),
				number(case.at_pace_of_weights()),
				ms(case.author_ms),
				ms(case.import_ms),
				case.bytes_written / 1_048_576.0,
				case.peak_rss_mib,
				case.page_ms.components,
				case.page_ms.rows,
				case.page_ms.both,
			);
		}
	}

	fn merge_table(&self, text: &mut String) {
		let of_cases = self.cases.iter().map(|case| (case.graph.as_str(), case.n, &case.merge));
		let of_posts = self.posting.iter().flat_map(|posting| {
			posting.merges.iter().map(|merge| (posting.graph.as_str(), posting.n, merge))
		});
		let mut rows = of_cases.chain(of_posts).peekable();
		if rows.peek().is_none() {
			return;
		}
		text.push_str(
			"\n| merge of rows | graph | N | blocks | declared | authored | imported | declared ÷ \
			 imported | longest block authored |\n|---|---|---|---|---|---|---|---|---|\n",
		);
		for (graph, n, merge) in rows {
			let _ = writeln!(
				text,
				"| {} | {graph} | {n} | {} | {:.1} ms | {} | {} | {} | {} |",
				merge.rows,
				merge.blocks,
				merge.declared_ms,
				ms(merge.author_ms),
				ms(merge.measured_ms),
				number(ratio(merge.declared_ms, merge.measured_ms)),
				ms(merge.longest_author_ms),
			);
		}
	}

	fn full_table(&self, text: &mut String) {
		if self.posting.iter().all(|posting| posting.full.is_empty()) {
			return;
		}
		text.push_str(
			"\n| block of posts | N | slot | call declared | post declared | authored | imported | \
			 rows in a block: charged | measured | seen | longest such block authored | late |\n\
			 |---|---|---|---|---|---|---|---|---|---|---|---|\n",
		);
		for posting in &self.posting {
			for full in &posting.full {
				let _ = writeln!(
					text,
					"| {} edges | {} | {} ms | {:.3} ms | {:.3} ms | {} | {} | {} | {} | {} | {} | {} |",
					full.edges,
					posting.n,
					posting.slot_ms,
					full.call_declared_ms,
					full.declared_ms,
					full.author_ms.map_or("?".into(), |ms| format!("{ms:.3} ms")),
					full.import_ms.map_or("?".into(), |ms| format!("{ms:.3} ms")),
					full.rows_charged,
					full.rows_measured.map_or("?".into(), |rows| rows.to_string()),
					full.rows_seen,
					ms(full.longest_author_ms),
					full.discarded,
				);
			}
		}
	}
}

fn at_least(figure: &str, measured: Option<(f64, String)>) -> Target {
	let met = measured.as_ref().is_some_and(|&(value, _)| value >= 1.0);
	Target {
		figure: figure.into(),
		limits: ["≥ 1.0", "≥ 1.0"],
		measured: measured.map(|(_, text)| text),
		met: [met; 2],
	}
}

fn ms(value: Option<f64>) -> String {
	value.map_or("?".into(), |value| format!("{value:.1} ms"))
}

fn number(value: Option<f64>) -> String {
	value.map_or("?".into(), |value| format!("{value:.2}"))
}

/// A median, with the least and the most of single epochs.
fn spread(ratios: Option<Ratios>) -> String {
	ratios.map_or("?".into(), |Ratios { least, median, most }| {
		format!("{median:.2} ({least:.2}–{most:.2})")
	})
}
