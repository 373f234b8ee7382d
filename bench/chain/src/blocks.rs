//! Every block of the chain with what it declared and what it cost.
//!
//! ```text
//!   importer has block N ──► System::BlockWeight, Emission::Solve, Epoch, Events   at block N
//!                       ├──► slot in the header: slots without a block before it
//!                       ├──► validator's histogram: authoring time
//!                       ├──► importer's histogram: import time
//!                       └──► /proc of the importer: bytes written since block N − 1
//! ```
//!
//! A histogram tells the time of a block only if it was observed exactly once since the block before.
//! Else the authoring time is the validator's log line, in whole milliseconds, and the import time is
//! unknown: `null`, never a guess. Bytes are those between two observations: the database writes part
//! of a block's changes later, so they are exact over an epoch and approximate for a block.
//!
//! Invariant: blocks come in order and without gaps.

use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use anyhow::{bail, Context};
use bittensor_runtime::{BlockNumber, Hash, Runtime, RuntimeEvent};
use codec::Decode;
use frame_support::{
	dispatch::{DispatchClass, PerDispatchClass},
	storage::storage_prefix,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use frame_system::{EventRecord, Phase as EventPhase};
use pallet_emission::{
	types::{Phase, SolveState},
	Event,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use bittensor_e2e::chain::{Chain, Head};

use crate::{
	lab::Lab,
	measure::{
		log::{is_discarded, prepared},
		metrics::{histogram, Histogram, AUTHORED, IMPORTED},
		process::{written, Written},
	},
};

const POLL: Duration = Duration::from_millis(50);
/// How long the importer may count a block after it has it.
const COUNTED: Duration = Duration::from_millis(500);

/// A weight's time, in milliseconds.
pub fn millis(weight: Weight) -> f64 {
	weight.ref_time() as f64 / WEIGHT_REF_TIME_PER_MILLIS as f64
}

/// What an epoch's payout said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
	/// Its number.
	pub epoch: u32,
	/// Sweeps of its solve.
	pub sweeps: u32,
	/// Mass that was not absorbed, of about 2^62.
	pub residual: u64,
}

/// What the emission's hook took of a block, beyond what it takes of an idle one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hook {
	/// Declared, in milliseconds.
	pub declared_ms: f64,
	/// Measured at the author.
	pub author_ms: Option<f64>,
	/// Measured at the importer.
	pub import_ms: Option<f64>,
}

/// A block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
	/// Its number.
	pub number: u32,
	/// Slots between the block before and this one that have no block.
	pub missed_slots: u64,
	/// The running epoch, before this block.
	pub epoch: u32,
	/// What the emission waits for or does after this block: `Idle`, `Merge`, `Begin`, ….
	pub phase: String,
	/// How far it came in that phase.
	pub cursor: u32,
	/// Completed sweeps of a solve in progress.
	pub sweep: u32,
	/// The epoch's solve began in this block.
	pub started: bool,
	/// The epoch was paid in this block.
	pub paid: Option<Paid>,
	/// The solve stopped at the highest number of sweeps.
	pub truncated: bool,
	/// A step did not fit into this block.
	pub stalled: bool,
	/// Rows posted.
	pub posts: u32,
	/// Signed extrinsics, those that failed included.
	pub extrinsics: u32,
	/// Those of them that failed.
	pub failed: u32,
	/// Declared weight of signed extrinsics, in milliseconds.
	pub normal_ms: f64,
	/// Declared weight of operational extrinsics.
	pub operational_ms: f64,
	/// Declared weight of inherents and hooks.
	pub mandatory_ms: f64,
	/// Authoring time at the validator.
	pub author_ms: Option<f64>,
	/// Import time at the importer.
	pub import_ms: Option<f64>,
	/// Bytes that the importer wrote to storage since the block before (`write_bytes`).
	pub bytes_written: u64,
	/// Bytes that the importer handed to write calls since then (`wchar`).
	pub bytes_passed: u64,
	/// The emission's part, once idle blocks are known.
	pub hook: Option<Hook>,
}

impl Block {
	/// Whether nothing was done in it but what every block does. `before` is its parent.
	pub fn is_idle(&self, before: &Block) -> bool {
		let waits = |block: &Block| block.phase == phase_name(Phase::Idle);
		let quiet = !self.started && self.paid.is_none() && !self.stalled;
		waits(before) && waits(self) && quiet && self.extrinsics == 0
	}
}

/// The name of a phase in a report.
pub fn phase_name(phase: Phase) -> String {
	format!("{phase:?}")
}

/// What the state at a block says about it.
#[derive(Clone, Debug, Default)]
pub struct Contents {
	/// The record, without times and bytes.
	pub block: Block,
	/// Of each extrinsic, the inherents included, whether it succeeded.
	pub outcomes: BTreeMap<u32, bool>,
}

/// Reads what the state at the block `head` says about it.
pub async fn contents(chain: &Chain, head: &Head) -> anyhow::Result<Contents> {
	let solve = pallet_emission::Solve::<Runtime>::hashed_key();
	let weight = frame_system::BlockWeight::<Runtime>::hashed_key();
	let epoch = pallet_emission::Epoch::<Runtime>::hashed_key();
	let events = storage_prefix(b"System", b"Events");
	let state: SolveState<BlockNumber, Hash> =
		value(chain, &solve, &head.hash).await?.unwrap_or_default();
	let weight: PerDispatchClass<Weight> = value(chain, &weight, &head.hash)
		.await?
		.with_context(|| format!("block {} has no weight", head.number))?;
	let epoch: Option<u32> = value(chain, &epoch, &head.hash).await?;
	let events: Vec<EventRecord<RuntimeEvent, Hash>> =
		value(chain, &events, &head.hash).await?.unwrap_or_default();

	let mut block = Block {
		number: head.number,
		epoch: epoch.unwrap_or(1),
		phase: phase_name(state.phase),
		cursor: state.cursor,
		sweep: state.sweep.into(),
		normal_ms: millis(*weight.get(DispatchClass::Normal)),
		operational_ms: millis(*weight.get(DispatchClass::Operational)),
		mandatory_ms: millis(*weight.get(DispatchClass::Mandatory)),
		..Block::default()
	};
	let mut outcomes = BTreeMap::new();
	for record in events {
		note(&mut block, &mut outcomes, record);
	}
	// The time is the only extrinsic that is not signed, and it is the first.
	block.extrinsics = outcomes.len().saturating_sub(1) as u32;
	block.failed = outcomes.values().filter(|&&succeeded| !succeeded).count() as u32;
	Ok(Contents { block, outcomes })
}

fn note(
	block: &mut Block,
	outcomes: &mut BTreeMap<u32, bool>,
	record: EventRecord<RuntimeEvent, Hash>,
) {
	let index = match record.phase {
		EventPhase::ApplyExtrinsic(index) => Some(index),
		_ => None,
	};
	match (record.event, index) {
		(RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }), Some(index)) => {
			outcomes.insert(index, true);
		}
		(RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { .. }), Some(index)) => {
			outcomes.insert(index, false);
		}
		(RuntimeEvent::Emission(event), _) => match event {
			Event::RowPosted { .. } => block.posts += 1,
			Event::EpochStarted { .. } => block.started = true,
			Event::EpochPaid { epoch, sweeps, residual, .. } => {
				block.paid = Some(Paid { epoch, sweeps, residual });
				// The number in storage is the next one's already.
				block.epoch = epoch;
			}
			Event::SolveTruncated { .. } => block.truncated = true,
			Event::SolveStalled { .. } => block.stalled = true,
			_ => {}
		},
		_ => {}
	}
}

/// A value of the state at the block `at`.
pub async fn value<T: Decode>(chain: &Chain, key: &[u8], at: &str) -> anyhow::Result<Option<T>> {
	let key = format!("0x{}", hex::encode(key));
	let stored: Option<String> = chain.call("state_getStorage", &[json!(key), json!(at)]).await?;
	stored.map(|hex| decode(&hex)).transpose()
}

/// Decodes what a node gave as hex.
pub fn decode<T: Decode>(text: &str) -> anyhow::Result<T> {
	let bytes = hex::decode(text.trim_start_matches("0x")).context("the node gave no hex")?;
	T::decode(&mut &bytes[..]).context(
		"the node's data do not decode: bittensor-node and bench-chain were built from different \
		 sources, build both again",
	)
}

/// Follows a chain from its first block on.
#[derive(Debug)]
pub struct Follower {
	next: u32,
	slot: Option<u64>,
	authored: Histogram,
	imported: Histogram,
	written: Written,
	/// How long no block may come.
	patience: Duration,
}

impl Follower {
	/// Before block 1 of a chain with slots of so many milliseconds.
	pub async fn new(lab: &mut Lab, slot_duration: u64) -> anyhow::Result<Self> {
		let mut follower = Self {
			next: 1,
			slot: None,
			authored: Histogram::default(),
			imported: Histogram::default(),
			written: Written::default(),
			patience: Duration::from_millis(20 * slot_duration).max(Duration::from_secs(60)),
		};
		follower.written = written(lab.observer().id())?;
		Ok(follower)
	}

	/// Waits for the next block, or for several if they came at once.
	pub async fn more(&mut self, lab: &mut Lab) -> anyhow::Result<Vec<Block>> {
		let best = self.wait(lab).await?;
		let count = u64::from(best - self.next + 1);
		let imported = self.imported(lab, count).await?;
		let authored = histogram(lab.validator.metrics, AUTHORED).await?;
		let author = sole(authored.since(self.authored), count);
		let import = sole(imported.since(self.imported), count);
		let written = written(lab.observer().id())?;
		let wrote = written.since(self.written);
		(self.authored, self.imported, self.written) = (authored, imported, written);
		let logged = prepared_blocks(&lab.validator.node.process().output());

		let mut blocks = Vec::new();
		for number in self.next..=best {
			let chain = &lab.observer().chain;
			let head = chain.head(&chain.hash(number).await?).await?;
			let mut block = contents(chain, &head).await?.block;
			block.missed_slots = missed(self.slot, head.slot);
			block.author_ms = author.or_else(|| logged.get(&number).map(|&millis| millis as f64));
			block.import_ms = import;
			(block.bytes_written, block.bytes_passed) = match number == best {
				true => (wrote.stored, wrote.passed),
				false => (0, 0),
			};
			self.slot = head.slot;
			blocks.push(block);
		}
		self.next = best + 1;
		Ok(blocks)
	}

	/// Follows until `done` says so of a block; returns all up to then.
	pub async fn until(
		&mut self,
		lab: &mut Lab,
		mut done: impl FnMut(&Block) -> bool,
	) -> anyhow::Result<Vec<Block>> {
		let mut blocks = Vec::new();
		loop {
			let more = self.more(lab).await?;
			let end = more.iter().any(&mut done);
			blocks.extend(more);
			if end {
				return Ok(blocks);
			}
		}
	}

	async fn wait(&self, lab: &mut Lab) -> anyhow::Result<u32> {
		let started = Instant::now();
		loop {
			let best = lab.observer().chain.best().await?.number;
			if best >= self.next {
				return Ok(best);
			}
			lab.check()?;
			if started.elapsed() > self.patience {
				let tail = lab.validator.node.process().tail();
				bail!("no block {} within {:?}. The validator:\n{tail}", self.next, self.patience);
			}
			tokio::time::sleep(POLL).await;
		}
	}

	/// The importer's histogram, once it has counted `count` blocks more.
	async fn imported(&self, lab: &mut Lab, count: u64) -> anyhow::Result<Histogram> {
		let Some(importer) = &lab.importer else { return Ok(Histogram::default()) };
		let started = Instant::now();
		loop {
			let now = histogram(importer.metrics, IMPORTED).await?;
			if now.since(self.imported).count >= count || started.elapsed() > COUNTED {
				return Ok(now);
			}
			tokio::time::sleep(POLL / 10).await;
		}
	}
}

/// The time of the one block that was observed, in milliseconds; `None` if it is not the only one.
fn sole(observed: Histogram, blocks: u64) -> Option<f64> {
	(observed.count == 1 && blocks == 1).then_some(observed.sum * 1_000.0)
}

/// Slots without a block between these two.
pub fn missed(before: Option<u64>, slot: Option<u64>) -> u64 {
	match (before, slot) {
		(Some(before), Some(slot)) => slot.saturating_sub(before).saturating_sub(1),
		_ => 0,
	}
}

/// Milliseconds that each block took, by the validator's log; of several tries the last.
pub fn prepared_blocks(log: &str) -> BTreeMap<u32, u64> {
	log.lines().filter_map(prepared).map(|block| (block.number, block.millis)).collect()
}

/// How many blocks the validator threw away because they were not ready in time.
pub fn discarded(log: &str) -> u32 {
	log.lines().filter(|line| is_discarded(line)).count() as u32
}
