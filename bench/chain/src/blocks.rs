//! Every block of the chain: its declared weight, its times.
//!
//! Weights, phase and events come from the state at the block, times from the histograms of validator and
//! importer, bytes from the kernel's account of the importer.
//!
//! A histogram gives the time of a block only if it was observed exactly once since the block before.
//! Otherwise the authoring time is that of the validator's log, in whole milliseconds, and the import time
//! is `null`. The database writes part of a block's changes later, so bytes are exact over an epoch and
//! approximate for a block.
//!
//! Invariant: blocks come in order and without gaps.

use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use anyhow::{bail, Context};
use bittensor_client::{Chain, Head, SubxtChain};
use bittensor_runtime::{BlockNumber, Hash, Runtime, RuntimeEvent};
use codec::Decode;
use frame_support::{
	dispatch::{DispatchClass, PerDispatchClass},
	storage::storage_prefix,
	weights::Weight,
};
use frame_system::{Event as SystemEvent, EventRecord, Phase as EventPhase};
use pallet_emission::{
	types::{Phase, SolveState},
	Event,
};
use serde::{Deserialize, Serialize};
use subxt::rpcs::rpc_params;

use crate::{
	costs::Costs,
	lab::Lab,
	measure::{histogram, written, Histogram, AUTHORED, IMPORTED},
	state::millis,
};

const POLL: Duration = Duration::from_millis(50);
/// How long after it has a block the importer may count it.
const COUNTED: Duration = Duration::from_millis(500);

/// The payout of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paid {
	pub(crate) epoch: u32,
	/// Sweeps of its solve.
	pub(crate) sweeps: u32,
}

/// A block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
	pub(crate) number: u32,
	/// Slots without a block between the block before and this one.
	pub(crate) missed_slots: u64,
	/// Phase of the emission after this block: `Idle`, `Merge`, `Begin`, ….
	pub(crate) phase: String,
	/// The epoch's solve began in this block.
	pub(crate) started: bool,
	/// The epoch was paid in this block.
	pub(crate) paid: Option<Paid>,
	/// The solve stopped at the limit of sweeps.
	pub(crate) truncated: bool,
	/// A step did not fit into this block.
	pub(crate) stalled: bool,
	/// Rows posted.
	pub(crate) posts: u32,
	/// Signed extrinsics, and those that failed.
	pub(crate) extrinsics: u32,
	pub(crate) failed: u32,
	/// Declared weight of signed extrinsics, in milliseconds.
	pub(crate) normal_ms: f64,
	/// Declared weight of inherents and hooks.
	pub(crate) mandatory_ms: f64,
	/// Authoring time at the validator.
	pub(crate) author_ms: Option<f64>,
	/// Import time at the importer.
	pub(crate) import_ms: Option<f64>,
	/// Bytes that the importer wrote to storage since the block before.
	pub(crate) bytes_written: u64,
	/// The emission's part, once idle blocks are known.
	pub(crate) hook: Option<Costs>,
}

impl Block {
	/// Whether it did nothing but what every block does. `before` is its parent.
	pub(crate) fn is_idle(&self, before: &Block) -> bool {
		let waits = |block: &Block| block.phase == format!("{:?}", Phase::Idle);
		let quiet = !self.started && self.paid.is_none() && !self.stalled;
		waits(before) && waits(self) && quiet && self.extrinsics == 0
	}

	/// Its declared weight without signed extrinsics, and its times.
	pub(crate) fn costs(&self) -> Costs {
		let Self { mandatory_ms: declared_ms, author_ms, import_ms, .. } = *self;
		Costs { declared_ms, author_ms, import_ms }
	}

	fn note(&mut self, event: Event<Runtime>) {
		match event {
			Event::RowPosted { .. } => self.posts += 1,
			Event::EpochStarted { .. } => self.started = true,
			Event::EpochPaid { epoch, sweeps, .. } => self.paid = Some(Paid { epoch, sweeps }),
			Event::SolveTruncated { .. } => self.truncated = true,
			Event::SolveStalled { .. } => self.stalled = true,
			_ => {}
		}
	}
}

/// The block `head`, without times and bytes, and the success of each extrinsic, inherents included.
pub(crate) async fn contents(
	chain: &SubxtChain,
	head: &Head,
) -> anyhow::Result<(Block, BTreeMap<u32, bool>)> {
	let solve = pallet_emission::Solve::<Runtime>::hashed_key();
	let weight = frame_system::BlockWeight::<Runtime>::hashed_key();
	let events = storage_prefix(b"System", b"Events");
	let state: SolveState<BlockNumber, Hash> =
		value(chain, &solve, head).await?.unwrap_or_default();
	let weight: PerDispatchClass<Weight> = value(chain, &weight, head)
		.await?
		.with_context(|| format!("block {} has no weight", head.number))?;
	let events: Vec<EventRecord<RuntimeEvent, Hash>> =
		value(chain, &events, head).await?.unwrap_or_default();

	let mut block = Block {
		number: head.number,
		phase: format!("{:?}", state.phase),
		normal_ms: millis(*weight.get(DispatchClass::Normal)),
		mandatory_ms: millis(*weight.get(DispatchClass::Mandatory)),
		..Block::default()
	};
	let mut outcomes = BTreeMap::new();
	for record in events {
		match (record.event, record.phase) {
			(RuntimeEvent::Emission(event), _) => block.note(event),
			(RuntimeEvent::System(event), EventPhase::ApplyExtrinsic(index)) => match event {
				SystemEvent::ExtrinsicSuccess { .. } => drop(outcomes.insert(index, true)),
				SystemEvent::ExtrinsicFailed { .. } => drop(outcomes.insert(index, false)),
				_ => {}
			},
			_ => {}
		}
	}
	// The first extrinsic, the time, is the only unsigned one.
	block.extrinsics = outcomes.len().saturating_sub(1) as u32;
	block.failed = outcomes.values().filter(|&&succeeded| !succeeded).count() as u32;
	Ok((block, outcomes))
}

/// A value of the state at the block `at`.
async fn value<T: Decode>(chain: &SubxtChain, key: &[u8], at: &Head) -> anyhow::Result<Option<T>> {
	let params = rpc_params![hex(key), hex(&at.hash)];
	let stored: Option<String> = chain.request("state_getStorage", params).await?;
	stored.map(|stored| decode(Some(&stored))).transpose()
}

/// Bytes as hex, for JSON-RPC.
pub(crate) fn hex(bytes: &[u8]) -> String {
	format!("0x{}", hex::encode(bytes))
}

/// Bytes from hex of a node.
pub(crate) fn unhex(text: Option<&str>) -> anyhow::Result<Vec<u8>> {
	let text = text.and_then(|text| text.strip_prefix("0x"));
	hex::decode(text.unwrap_or("none")).context("the node gave no hex")
}

/// A value from hex of a node.
pub(crate) fn decode<T: Decode>(text: Option<&str>) -> anyhow::Result<T> {
	T::decode(&mut &unhex(text)?[..]).context(
		"the node's data do not decode: bittensor-node and bench-chain were built from different \
		 sources, build both again",
	)
}

/// Follows a chain from its first block on.
pub(crate) struct Follower {
	pub(crate) lab: Lab,
	next: u32,
	slot: Option<u64>,
	authored: Histogram,
	imported: Histogram,
	written: u64,
	/// The longest time without a block.
	patience: Duration,
}

impl Follower {
	/// Before block 1 of a chain with slots of so many milliseconds.
	pub(crate) fn new(mut lab: Lab, slot_ms: u64) -> anyhow::Result<Self> {
		let written = written(lab.observer().id())?;
		let (authored, imported) = Default::default();
		let patience = Duration::from_millis(20 * slot_ms).max(Duration::from_secs(60));
		Ok(Self { lab, next: 1, slot: None, authored, imported, written, patience })
	}

	/// Waits for the next block, or for several if they came at once.
	pub(crate) async fn more(&mut self) -> anyhow::Result<Vec<Block>> {
		let best = self.wait().await?;
		let count = u64::from(best - self.next + 1);
		let imported = self.imported(count).await?;
		let authored = histogram(self.lab.validator.metrics, AUTHORED).await?;
		let author = sole(authored.since(self.authored), count);
		let import = sole(imported.since(self.imported), count);
		let written = written(self.lab.observer().id())?;
		let wrote = written.saturating_sub(self.written);
		(self.authored, self.imported, self.written) = (authored, imported, written);
		let logged = prepared_blocks(&self.lab.log());

		let mut blocks = Vec::new();
		for number in self.next..=best {
			let chain = &self.lab.observer().chain;
			let head = chain.head(Some(number)).await?;
			let slot = chain.slot(head.hash).await?;
			let (mut block, _) = contents(chain, &head).await?;
			block.missed_slots = missed(self.slot, slot);
			block.author_ms = author.or_else(|| logged.get(&number).map(|&millis| millis as f64));
			block.import_ms = import;
			block.bytes_written = if number == best { wrote } else { 0 };
			self.slot = slot;
			blocks.push(block);
		}
		self.next = best + 1;
		Ok(blocks)
	}

	/// Follows until `done` says so of a block; returns all up to then.
	pub(crate) async fn until(
		&mut self,
		mut done: impl FnMut(&Block) -> bool,
	) -> anyhow::Result<Vec<Block>> {
		let mut blocks = Vec::new();
		loop {
			let more = self.more().await?;
			let end = more.iter().any(&mut done);
			blocks.extend(more);
			if end {
				return Ok(blocks);
			}
		}
	}

	/// The number of the best block, once it is new.
	async fn wait(&mut self) -> anyhow::Result<u32> {
		let started = Instant::now();
		loop {
			let best = self.lab.observer().chain.head(None).await?.number;
			if best >= self.next {
				return Ok(best);
			}
			self.lab.check()?;
			if started.elapsed() > self.patience {
				let tail = self.lab.validator.node.process().tail();
				bail!("no block {} within {:?}. The validator:\n{tail}", self.next, self.patience);
			}
			tokio::time::sleep(POLL).await;
		}
	}

	/// The importer's histogram, once it has counted `count` more blocks.
	async fn imported(&self, count: u64) -> anyhow::Result<Histogram> {
		let Some(importer) = &self.lab.importer else { return Ok(Histogram::default()) };
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
pub(crate) fn missed(before: Option<u64>, slot: Option<u64>) -> u64 {
	before.zip(slot).map_or(0, |(before, slot)| slot.saturating_sub(before).saturating_sub(1))
}

/// The milliseconds of each block by the validator's log, those of the last try:
/// `🎁 Prepared block for proposing at 7 (412 ms) hash: …`.
pub(crate) fn prepared_blocks(log: &str) -> BTreeMap<u32, u64> {
	let prepared = |line: &str| {
		let (_, rest) = line.split_once("Prepared block for proposing at ")?;
		let (number, rest) = rest.split_once(" (")?;
		let (millis, _) = rest.split_once(" ms)")?;
		Some((number.parse().ok()?, millis.parse().ok()?))
	};
	log.lines().filter_map(prepared).collect()
}

/// The number of blocks that the validator discarded because they were late:
/// `⌛️ Discarding proposal for slot 297; block production took too long`.
pub(crate) fn discarded(log: &str) -> u32 {
	log.matches("Discarding proposal for slot").count() as u32
}
