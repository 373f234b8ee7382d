//! The figures of one graph, from its blocks.

use anyhow::Context;
use bench_report::{largest, median, smallest};
use serde::{Deserialize, Serialize};

use crate::{
	blocks::Block,
	costs::Costs,
	epochs::{idle, write_hooks, Epoch, Merge, Ratios},
	pace::Pace,
	pages::PageTimes,
	state::Limits,
};

/// Whole epochs over one graph.
///
/// Figures without another word are about the steady epochs, those that merge no rows. Times are in
/// milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
	/// Name of the graph, its components, and the length of a slot.
	pub(crate) graph: String,
	pub(crate) n: usize,
	pub(crate) slot_ms: u64,
	pub(crate) limits: Limits,
	/// Idle blocks, and the hook of an epoch: medians.
	pub(crate) idle: Costs,
	pub(crate) hook: Costs,
	/// Blocks from the one where a solve began to the one that paid, the most of all epochs.
	pub(crate) blocks_per_solve: u32,
	/// The largest declared weight of the hook in a block, as a part of its limit.
	pub(crate) declared_share_of_service: f64,
	/// Declared ÷ measured of an epoch's hook: the smaller median of the next two.
	pub(crate) declared_over_measured: Option<f64>,
	/// Declared ÷ authoring time.
	pub(crate) declared_over_author: Option<Ratios>,
	/// Declared ÷ import time.
	pub(crate) declared_over_import: Option<Ratios>,
	/// The speed of the machine meanwhile.
	pub(crate) pace: Option<Pace>,
	/// The longest authoring and import time of a block of a solve, as a whole.
	pub(crate) author_ms: Option<f64>,
	pub(crate) import_ms: Option<f64>,
	/// Bytes that the importer wrote to storage in an epoch: median.
	pub(crate) bytes_written: f64,
	/// Peak of the validator's resident memory over all epochs, in MiB.
	pub(crate) peak_rss_mib: f64,
	/// Sweeps of the solves.
	pub(crate) sweeps: Vec<u32>,
	/// A solve stopped at the limit of sweeps.
	pub(crate) truncated: bool,
	/// Blocks in which a step did not fit.
	pub(crate) stalled: u32,
	/// Slots without a block after the first one, in all epochs.
	pub(crate) missed_slots: u64,
	/// Blocks that the validator discarded because they were late.
	pub(crate) discarded: u32,
	/// The merge of all rows, in the first epoch.
	pub(crate) merge: Merge,
	/// Reading pages of the runtime API.
	pub(crate) page_ms: PageTimes,
	/// Every block.
	pub(crate) blocks: Vec<Block>,
}

impl Case {
	/// The figures of a chain of `rows` rows, from its blocks since block 1 and without their hooks.
	pub(crate) fn of(rows: u64, limits: Limits, mut blocks: Vec<Block>) -> anyhow::Result<Self> {
		let idle = Costs::medians(idle(&blocks).map(Block::costs))
			.context("no block was idle: the hook's share is unknown")?;
		write_hooks(&mut blocks, idle);
		let epochs = Epoch::all(&blocks);
		let (first, rest) = epochs.split_first().context("no epoch was seen whole")?;
		let hook = Costs::medians(rest.iter().map(Epoch::hook));
		let hook = hook.context("no steady epoch was seen whole")?;
		let solves = || rest.iter().flat_map(Epoch::solve);
		let declared = solves().filter_map(|block| block.hook).map(|hook| hook.declared_ms);
		let most_blocks = rest.iter().map(|epoch| epoch.solve().len()).max();
		let mut case = Self {
			limits,
			idle,
			blocks_per_solve: most_blocks.unwrap_or_default() as u32,
			declared_share_of_service: largest(declared).unwrap_or_default() / limits.service_ms,
			declared_over_author: Ratios::of(rest, |hook| hook.author_ms),
			declared_over_import: Ratios::of(rest, |hook| hook.import_ms),
			hook,
			author_ms: largest(solves().filter_map(|block| block.author_ms)),
			import_ms: largest(solves().filter_map(|block| block.import_ms)),
			bytes_written: median(rest.iter().map(|epoch| epoch.written as f64))
				.unwrap_or_default(),
			sweeps: rest.iter().map(|epoch| epoch.paid.sweeps).collect(),
			truncated: blocks.iter().any(|block| block.truncated),
			stalled: blocks.iter().filter(|block| block.stalled).count() as u32,
			missed_slots: blocks.iter().map(|block| block.missed_slots).sum(),
			merge: Merge::of(first, rows, hook),
			..Self::default()
		};
		case.declared_over_measured = smallest(case.medians());
		case.blocks = blocks;
		Ok(case)
	}

	/// Declared ÷ measured, the median of epochs: at the author, and at the importer.
	pub(crate) fn medians(&self) -> impl Iterator<Item = f64> {
		let ratios = [self.declared_over_author, self.declared_over_import];
		ratios.into_iter().flatten().map(|ratios| ratios.median)
	}

	pub(crate) fn name(&self) -> String {
		format!("{} {}", self.graph, self.n)
	}

	/// What must not happen in a short run on any machine.
	pub(crate) fn failures(&self) -> Vec<String> {
		let hooks = self.blocks.iter().filter_map(|block| block.hook);
		let most = largest(hooks.map(|hook| hook.declared_ms)).unwrap_or_default();
		let service = self.limits.service_ms;
		let checks = [
			(self.blocks_per_solve != 1, format!("a solve took {} blocks", self.blocks_per_solve)),
			(self.missed_slots > 0, format!("{} slots have no block", self.missed_slots)),
			(self.discarded > 0, format!("{} blocks were discarded as late", self.discarded)),
			(self.stalled > 0, format!("the emission stalled in {} blocks", self.stalled)),
			(self.truncated, "a solve was truncated".into()),
			// The part of an idle block is subtracted, so the sum is below.
			(
				most > service,
				format!("the hook declared {most:.1} ms, the limit is {service:.1} ms"),
			),
		];
		let failed = checks.into_iter().filter(|(failed, _)| *failed);
		failed.map(|(_, why)| format!("{}: {why}", self.name())).collect()
	}
}
