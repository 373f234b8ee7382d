//! Whole epochs over one graph, from their blocks.

use serde::{Deserialize, Serialize};

use crate::{
	blocks::Block,
	epochs::{Epoch, Idle, Merge, Ratios, Steady},
	limits::Limits,
	measure::{largest, median, pace::Pace, smallest},
	pages::PageTimes,
};

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
		let mut case = Self {
			limits: *limits,
			idle,
			blocks_per_solve: rest.iter().map(|epoch| epoch.solve().len()).max().unwrap_or(0)
				as u32,
			declared_share: most / limits.block_ms,
			declared_share_of_service: most / limits.service_ms,
			declared_over_author: Ratios::of(rest, Epoch::author_ms),
			declared_over_import: Ratios::of(rest, Epoch::import_ms),
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
		case.declared_over_measured = smallest(case.medians());
		if let Some(first) = epochs.first() {
			case.merge = Merge::of(first, rows, steady);
			case.first_epoch_blocks = first.blocks.len() as u32;
		}
		case.blocks = blocks;
		case
	}

	/// Declared ÷ measured, the median of epochs: at the author, and at the importer.
	pub(super) fn medians(&self) -> impl Iterator<Item = f64> {
		let ratios = [self.declared_over_author, self.declared_over_import];
		ratios.into_iter().flatten().map(|ratios| ratios.median)
	}

	pub(super) fn name(&self) -> String {
		format!("{} {}", self.graph, self.n)
	}

	/// Declared ÷ measured as it would be at the pace of the weights, if all that the hook does slowed
	/// down as an edge visit does.
	pub(super) fn at_pace_of_weights(&self) -> Option<f64> {
		Some(self.declared_over_measured? * self.pace?.slowness())
	}

	/// A ratio of declared to measured, for the table of targets.
	pub(super) fn ratio_text(&self, ratio: f64) -> String {
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
