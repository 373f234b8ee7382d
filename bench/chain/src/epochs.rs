//! The costs of epochs, from their blocks.
//!
//! ```text
//!   block        … 4    5     6     7      8      9    10    11 …
//!   phase after   Idle Merge Merge Merge  Sweep  Idle  Idle Idle
//!   hook          –    ████  ████  ██████ ██████ ██    –    –       costs of the block minus the median
//!                      └── merge ────┘ └── solve ─┘                 of idle blocks
//!                                 EpochStarted  EpochPaid
//! ```
//!
//! The hook of a block with signed extrinsics is not measured, because they are part of its time.
//! *Declared ÷ measured* is the median of the steady epochs' ratios. The first epoch merges every row; a
//! steady epoch merges none. So the cost of merging is the whole hook of an epoch with rows minus the
//! median of steady epochs.
//!
//! Invariant: no node is asked; the same blocks give the same numbers.

use bench_report::{largest, median, smallest};
use serde::{Deserialize, Serialize};

use crate::{
	blocks::{Block, Paid},
	costs::Costs,
};

/// A hook that declares less than this above an idle block did nothing, in milliseconds.
const NOTHING_MS: f64 = 0.001;

/// The idle ones among consecutive `blocks`.
pub(crate) fn idle(blocks: &[Block]) -> impl Iterator<Item = &Block> + Clone {
	blocks.windows(2).filter(|pair| pair[1].is_idle(&pair[0])).map(|pair| &pair[1])
}

/// Writes the hook into each block: its costs above those of an idle one.
pub(crate) fn write_hooks(blocks: &mut [Block], idle: Costs) {
	for block in blocks {
		let Costs { declared_ms, author_ms, import_ms } = block.costs().minus(idle);
		let alone = |time: Option<f64>| time.filter(|_| block.extrinsics == 0);
		let (author_ms, import_ms) = (alone(author_ms), alone(import_ms));
		block.hook = Some(Costs { declared_ms, author_ms, import_ms });
	}
}

/// Whether the emission did anything in this block.
pub(crate) fn is_active(block: &Block) -> bool {
	block.started
		|| block.paid.is_some()
		|| block.stalled
		|| block.hook.is_some_and(|hook| hook.declared_ms > NOTHING_MS)
}

/// An epoch that was paid.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Epoch {
	pub(crate) paid: Paid,
	/// The blocks in which the hook worked, the first to the one that paid.
	pub(crate) blocks: Vec<Block>,
	/// How many of them merged rows: those up to the one where the solve began.
	pub(crate) merge_blocks: u32,
	/// Bytes written to storage from the payout before to this one.
	pub(crate) written: u64,
}

impl Epoch {
	/// The complete epochs among consecutive blocks with hooks.
	pub(crate) fn all(blocks: &[Block]) -> Vec<Self> {
		let whole = |of_epoch: &[Block]| {
			let paid = of_epoch.last()?.paid?;
			let active = &of_epoch[of_epoch.iter().position(is_active)?..];
			let started = active.iter().position(|block| block.started)?;
			let written = of_epoch.iter().map(|block| block.bytes_written).sum();
			Some(Self { paid, blocks: active.to_vec(), merge_blocks: started as u32 + 1, written })
		};
		blocks.split_inclusive(|block| block.paid.is_some()).filter_map(whole).collect()
	}

	/// The blocks from the one where the solve began to the one that paid.
	pub(crate) fn solve(&self) -> &[Block] {
		self.blocks.get(self.merge_blocks.saturating_sub(1) as usize..).unwrap_or_default()
	}

	/// The whole hook; a time is `None` if that of a block is unknown.
	pub(crate) fn hook(&self) -> Costs {
		let hooks = || self.blocks.iter().map(|block| block.hook.unwrap_or_default());
		Costs {
			declared_ms: hooks().map(|hook| hook.declared_ms).sum(),
			author_ms: hooks().map(|hook| hook.author_ms).sum(),
			import_ms: hooks().map(|hook| hook.import_ms).sum(),
		}
	}
}

/// The cost of merging rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Merge {
	/// Rows merged.
	pub(crate) rows: u64,
	/// Blocks in which they were, the one where the solve began included.
	pub(crate) blocks: u32,
	/// The hook of the epoch above that of a steady epoch.
	pub(crate) hook: Costs,
	/// Longest authoring time of its blocks, as a whole.
	pub(crate) longest_author_ms: Option<f64>,
}

impl Merge {
	/// The merge of `rows` rows in `epoch`.
	pub(crate) fn of(epoch: &Epoch, rows: u64, steady: Costs) -> Self {
		let merging = epoch.blocks.iter().take(epoch.merge_blocks as usize);
		Self {
			rows,
			blocks: epoch.merge_blocks,
			hook: epoch.hook().minus(steady),
			longest_author_ms: largest(merging.filter_map(|block| block.author_ms)),
		}
	}
}

/// Declared ÷ measured; `None` if nothing was measured.
pub(crate) fn ratio(declared: f64, measured: Option<f64>) -> Option<f64> {
	measured.filter(|&measured| measured > 0.0).map(|measured| declared / measured)
}

/// Declared ÷ measured of single epochs. On a virtual machine one epoch may take 1.5 times as long as the
/// same one half a minute earlier, with the author and with the importer; so the median decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ratios {
	pub(crate) least: f64,
	pub(crate) median: f64,
	pub(crate) most: f64,
}

impl Ratios {
	/// The ratios of the epochs whose time is known; `None` if there is none.
	pub(crate) fn of(epochs: &[Epoch], measured: fn(Costs) -> Option<f64>) -> Option<Self> {
		let hooks = || epochs.iter().map(Epoch::hook);
		let ratios = || hooks().filter_map(|hook| ratio(hook.declared_ms, measured(hook)));
		let (least, most) = (smallest(ratios())?, largest(ratios())?);
		Some(Self { least, median: median(ratios())?, most })
	}
}
