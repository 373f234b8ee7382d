//! What epochs cost, from their blocks.
//!
//! ```text
//!   block        … 4    5     6     7      8      9    10    11 …
//!   phase after   Idle Merge Merge Merge  Sweep  Idle  Idle Idle
//!   hook          –    ████  ████  ██████ ██████ ██    –    –       declared and measured, beyond an
//!                      └── merge ────┘ └── solve ─┘                 idle block's median
//!                                 EpochStarted  EpochPaid
//! ```
//!
//! **Declared**: the mandatory weight of the block less that of an idle one. **Measured**: the
//! block's import (or authoring) time less the median of idle blocks. A block with signed extrinsics
//! has no measured hook, as they are in its time too. **Declared ÷ measured** is the median of the
//! steady epochs' ratios, with the least and the most of them beside it.
//!
//! The first epoch merges every row; a steady epoch merges none. So the cost of merging is the whole
//! hook of an epoch with rows less the median of steady epochs.
//!
//! Invariant: nothing here asks a node; the same blocks give the same numbers.

use serde::{Deserialize, Serialize};

use crate::{
	blocks::{Block, Hook, Paid},
	measure::{largest, median, smallest},
};

/// A hook that declares less than this beyond an idle block did nothing, in milliseconds.
const NOTHING_MS: f64 = 0.001;

/// Medians of blocks in which nothing happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Idle {
	/// How many there were.
	pub blocks: u32,
	/// Declared weight of inherents and hooks, in milliseconds.
	pub mandatory_ms: f64,
	/// Authoring time.
	pub author_ms: Option<f64>,
	/// Import time.
	pub import_ms: Option<f64>,
}

impl Idle {
	/// The medians of the idle ones among consecutive `blocks`; `None` if there is none.
	pub fn of(blocks: &[Block]) -> Option<Self> {
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
	pub fn charge(&self, blocks: &mut [Block]) {
		for block in blocks {
			let alone = block.extrinsics == 0;
			let beyond = |time: Option<f64>, idle: Option<f64>| match alone {
				true => time.zip(idle).map(|(time, idle)| time - idle),
				false => None,
			};
			block.hook = Some(Hook {
				declared_ms: block.mandatory_ms - self.mandatory_ms,
				author_ms: beyond(block.author_ms, self.author_ms),
				import_ms: beyond(block.import_ms, self.import_ms),
			});
		}
	}
}

/// Whether the emission did anything in this block.
pub fn is_active(block: &Block) -> bool {
	block.started
		|| block.paid.is_some()
		|| block.stalled
		|| block.hook.is_some_and(|hook| hook.declared_ms > NOTHING_MS)
}

/// An epoch that was paid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Epoch {
	/// What its payout said.
	pub paid: Paid,
	/// The blocks in which the hook was at work, the first to the one that paid.
	pub blocks: Vec<Block>,
	/// How many of them merged rows: those up to the one where the solve began.
	pub merge_blocks: u32,
	/// Bytes written from the payout before to this one, to storage and to write calls.
	pub written: (u64, u64),
}

impl Epoch {
	/// The complete epochs among consecutive charged blocks.
	pub fn all(blocks: &[Block]) -> Vec<Self> {
		let mut epochs = Vec::new();
		let mut rest = blocks;
		while let Some(end) = rest.iter().position(|block| block.paid.is_some()) {
			let (of_epoch, after) = rest.split_at(end + 1);
			rest = after;
			let first = of_epoch.iter().position(is_active).unwrap_or(end);
			let active = &of_epoch[first..];
			let Some(started) = active.iter().position(|block| block.started) else { continue };
			epochs.push(Self {
				paid: active.iter().find_map(|block| block.paid).unwrap_or_default(),
				blocks: active.to_vec(),
				merge_blocks: started as u32 + 1,
				written: of_epoch.iter().fold((0, 0), |(stored, passed), block| {
					(stored + block.bytes_written, passed + block.bytes_passed)
				}),
			});
		}
		epochs
	}

	/// The blocks from the one where the solve began to the one that paid.
	pub fn solve(&self) -> &[Block] {
		let before = (self.merge_blocks as usize).saturating_sub(1);
		self.blocks.get(before..).unwrap_or_default()
	}

	/// What the whole hook declared, in milliseconds.
	pub fn declared_ms(&self) -> f64 {
		self.hooks().map(|hook| hook.declared_ms).sum()
	}

	/// What the whole hook took at the importer; `None` if that of a block is unknown.
	pub fn import_ms(&self) -> Option<f64> {
		self.hooks().map(|hook| hook.import_ms).sum()
	}

	/// What the whole hook took at the author.
	pub fn author_ms(&self) -> Option<f64> {
		self.hooks().map(|hook| hook.author_ms).sum()
	}

	fn hooks(&self) -> impl Iterator<Item = Hook> + '_ {
		self.blocks.iter().map(|block| block.hook.unwrap_or_default())
	}
}

/// Medians over epochs that merge no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steady {
	/// Declared by the whole hook of an epoch.
	pub declared_ms: f64,
	/// Measured at the importer.
	pub import_ms: Option<f64>,
	/// Measured at the author.
	pub author_ms: Option<f64>,
}

impl Steady {
	/// The medians of these epochs; `None` of none.
	pub fn of(epochs: &[Epoch]) -> Option<Self> {
		Some(Self {
			declared_ms: median(epochs.iter().map(Epoch::declared_ms))?,
			import_ms: median(epochs.iter().filter_map(Epoch::import_ms)),
			author_ms: median(epochs.iter().filter_map(Epoch::author_ms)),
		})
	}
}

/// What merging rows cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Merge {
	/// Rows merged.
	pub rows: u64,
	/// Blocks in which they were, the one where the solve began included.
	pub blocks: u32,
	/// Declared beyond a steady epoch, in milliseconds.
	pub declared_ms: f64,
	/// Measured at the importer, beyond a steady epoch.
	pub measured_ms: Option<f64>,
	/// Measured at the author, beyond a steady epoch.
	pub author_ms: Option<f64>,
	/// Longest authoring time of its blocks, as a whole.
	pub longest_author_ms: Option<f64>,
}

impl Merge {
	/// The merge of `rows` rows in `epoch`.
	pub fn of(epoch: &Epoch, rows: u64, steady: &Steady) -> Self {
		let beyond = |time: Option<f64>, steady: Option<f64>| {
			time.zip(steady).map(|(time, steady)| time - steady)
		};
		let merging = epoch.blocks.iter().take(epoch.merge_blocks as usize);
		Self {
			rows,
			blocks: epoch.merge_blocks,
			declared_ms: epoch.declared_ms() - steady.declared_ms,
			measured_ms: beyond(epoch.import_ms(), steady.import_ms),
			author_ms: beyond(epoch.author_ms(), steady.author_ms),
			longest_author_ms: largest(merging.filter_map(|block| block.author_ms)),
		}
	}
}

/// Declared ÷ measured; `None` where nothing was measured.
pub fn ratio(declared: f64, measured: Option<f64>) -> Option<f64> {
	measured.filter(|&measured| measured > 0.0).map(|measured| declared / measured)
}

/// Declared ÷ measured of whole epochs, each for itself.
///
/// On a virtual machine an epoch may take half as long again as the same one half a minute earlier, with
/// the author and with the importer. So the median is what the hook takes, and the others are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
	/// Of the epoch that took longest.
	pub least: f64,
	/// Of the middle one.
	pub median: f64,
	/// Of the shortest one.
	pub most: f64,
}

impl Ratios {
	/// The ratios of those epochs that were `measured`; `None` if none was.
	pub fn of(epochs: &[Epoch], measured: impl Fn(&Epoch) -> Option<f64>) -> Option<Self> {
		let ratios: Vec<f64> =
			epochs.iter().filter_map(|epoch| ratio(epoch.declared_ms(), measured(epoch))).collect();
		Some(Self {
			least: smallest(ratios.iter().copied())?,
			median: median(ratios.iter().copied())?,
			most: largest(ratios.iter().copied())?,
		})
	}
}
