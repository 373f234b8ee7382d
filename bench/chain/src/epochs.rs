//! The costs of epochs, from their blocks.
//!
//! ```text
//!   block        … 4    5     6     7      8      9    10    11 …
//!   phase after   Idle Merge Merge Merge  Sweep  Idle  Idle Idle
//!   hook          –    ████  ████  ██████ ██████ ██    –    –       declared and measured, minus the
//!                      └── merge ────┘ └── solve ─┘                 median of idle blocks
//!                                 EpochStarted  EpochPaid
//! ```
//!
//! **Declared**: the mandatory weight of the block minus that of an idle one. **Measured**: the block's
//! import (or authoring) time minus the median of idle blocks. The hook of a block with signed extrinsics
//! is not measured, because they are part of its time. **Declared ÷ measured** is the median of the steady
//! epochs' ratios, with the least and the largest of them.
//!
//! The first epoch merges every row; a steady epoch merges none. So the cost of merging is the whole hook
//! of an epoch with rows minus the median of steady epochs.
//!
//! Invariant: no node is asked; the same blocks give the same numbers.

use bench_report::{largest, median, smallest};
use serde::{Deserialize, Serialize};

use crate::blocks::{Block, Hook, Paid};

/// A hook that declares less than this above an idle block did nothing, in milliseconds.
const NOTHING_MS: f64 = 0.001;

/// `time` minus `other`; `None` if one is unknown.
fn minus(time: Option<f64>, other: Option<f64>) -> Option<f64> {
	Some(time? - other?)
}

/// Medians of idle blocks, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Idle {
	/// Number of idle blocks.
	pub(crate) blocks: u32,
	/// Declared weight of inherents and hooks.
	pub(crate) mandatory_ms: f64,
	pub(crate) author_ms: Option<f64>,
	pub(crate) import_ms: Option<f64>,
}

impl Idle {
	/// The medians of the idle ones among consecutive `blocks`; `None` if there is none.
	pub(crate) fn of(blocks: &[Block]) -> Option<Self> {
		let pairs = blocks.iter().zip(blocks.iter().skip(1));
		let idle: Vec<&Block> =
			pairs.filter(|(before, block)| block.is_idle(before)).map(|(_, block)| block).collect();
		Some(Self {
			blocks: idle.len() as u32,
			mandatory_ms: median(idle.iter().map(|block| block.mandatory_ms))?,
			author_ms: median(idle.iter().filter_map(|block| block.author_ms)),
			import_ms: median(idle.iter().filter_map(|block| block.import_ms)),
		})
	}

	/// Writes the hook's part into each block.
	pub(crate) fn subtract_from(&self, blocks: &mut [Block]) {
		for block in blocks {
			let alone = block.extrinsics == 0;
			block.hook = Some(Hook {
				declared_ms: block.mandatory_ms - self.mandatory_ms,
				author_ms: minus(block.author_ms, self.author_ms).filter(|_| alone),
				import_ms: minus(block.import_ms, self.import_ms).filter(|_| alone),
			});
		}
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

	/// The declared weight of the whole hook, in milliseconds.
	pub(crate) fn declared_ms(&self) -> f64 {
		self.hooks().map(|hook| hook.declared_ms).sum()
	}

	/// The time of the whole hook at the importer; `None` if that of a block is unknown.
	pub(crate) fn import_ms(&self) -> Option<f64> {
		self.hooks().map(|hook| hook.import_ms).sum()
	}

	/// The time of the whole hook at the author.
	pub(crate) fn author_ms(&self) -> Option<f64> {
		self.hooks().map(|hook| hook.author_ms).sum()
	}

	fn hooks(&self) -> impl Iterator<Item = Hook> + '_ {
		self.blocks.iter().map(|block| block.hook.unwrap_or_default())
	}
}

/// The median hook of epochs that merge no rows; `None` of no epochs.
pub(crate) fn steady(epochs: &[Epoch]) -> Option<Hook> {
	Some(Hook {
		declared_ms: median(epochs.iter().map(Epoch::declared_ms))?,
		import_ms: median(epochs.iter().filter_map(Epoch::import_ms)),
		author_ms: median(epochs.iter().filter_map(Epoch::author_ms)),
	})
}

/// The cost of merging rows, above a steady epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Merge {
	/// Rows merged.
	pub(crate) rows: u64,
	/// Blocks in which they were, the one where the solve began included.
	pub(crate) blocks: u32,
	pub(crate) hook: Hook,
	/// Longest authoring time of its blocks, as a whole.
	pub(crate) longest_author_ms: Option<f64>,
}

impl Merge {
	/// The merge of `rows` rows in `epoch`.
	pub(crate) fn of(epoch: &Epoch, rows: u64, steady: &Hook) -> Self {
		let merging = epoch.blocks.iter().take(epoch.merge_blocks as usize);
		let hook = Hook {
			declared_ms: epoch.declared_ms() - steady.declared_ms,
			author_ms: minus(epoch.author_ms(), steady.author_ms),
			import_ms: minus(epoch.import_ms(), steady.import_ms),
		};
		let longest_author_ms = largest(merging.filter_map(|block| block.author_ms));
		Self { rows, blocks: epoch.merge_blocks, hook, longest_author_ms }
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
	pub(crate) fn of(epochs: &[Epoch], measured: fn(&Epoch) -> Option<f64>) -> Option<Self> {
		let ratios =
			|| epochs.iter().filter_map(|epoch| ratio(epoch.declared_ms(), measured(epoch)));
		let (least, most) = (smallest(ratios())?, largest(ratios())?);
		Some(Self { least, median: median(ratios())?, most })
	}
}
