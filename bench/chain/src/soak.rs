//! Minutes of four validators, without load and under it: what they keep up with, and what they grow by.
//!
//! ```text
//!   state of 4,096 components ─► alice, bob, charlie, dave: 6 s slots, an epoch every 10 blocks
//!   1. solves alone
//!   2. accounts ── a row, then a transfer, in turn ──► pool of alice ──► blocks up to the limit
//!                                                                            │
//!   each final block: slot, weight, extrinsics; blocks behind in finality ◄──┤
//!   each node, before and after: memory, disk ◄──────────────────────────────┘
//! ```
//!
//! Under load, extrinsics are handed over as fast as blocks take them: as many are under way as two blocks
//! of the kind that were seen last hold, and those that wait for finality, at least [`LEAST_UNDER_WAY`].
//!
//! Failures are: a slot without a block or finality more than [`MOST_BEHIND`] blocks behind while the nodes
//! only solve, an extrinsic that fails or is in no block, an epoch that is not paid exactly, and nodes that
//! do not agree at the end. Slots that are missed under load are reported: all nodes share the cores of one
//! machine, and each executes every block and checks every extrinsic.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use bench_graphs::{generate, Shape, SEED};
use bench_report::{fixed, largest, median, table, table_of, Column, Machine};
use bittensor_client::{Chain, SubxtChain};
use bittensor_e2e::validators::{Ports, Validators};
use serde::Serialize;

use crate::{
	blocks::{contents, Block},
	measure::{account, reset_peak},
	poster::{Answer, Poster},
	spec::Template,
	state::State,
	EDGES,
};

/// Milliseconds of a slot.
const SLOT_MS: u64 = 6_000;
/// Blocks of an epoch and of a session.
const EPOCH: u32 = 10;
/// Blocks that finality may be behind.
const MOST_BEHIND: u32 = 3;
/// Extrinsics that are under way while no full block was seen.
const LEAST_UNDER_WAY: u64 = 500;
/// Extrinsics handed over at a time.
const BATCH: usize = 100;
/// How long what is under way at the end may take into a block.
const LAST: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
const MIB: f64 = 1_048_576.0;

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Soak {
	machine: Machine,
	components: usize,
	/// Without load, then under load.
	phases: Vec<Phase>,
	epochs: usize,
	/// Extrinsics that failed, were refused, or are in no block.
	failures: u64,
	nodes: Vec<Growth>,
	agreed: bool,
}

/// Some minutes, by the final blocks that were seen in them.
#[derive(Clone, Debug, Default, Serialize)]
struct Phase {
	load: bool,
	seconds: f64,
	blocks: usize,
	/// Extrinsics in blocks, and among them rows.
	extrinsics: u64,
	posts: u64,
	/// Median and most of what extrinsics declared, as a part of what a block may hold.
	filled: Option<f64>,
	fullest: Option<f64>,
	missed_slots: u64,
	/// Blocks that finality was behind when a new best block was seen: median and most.
	behind: Option<f64>,
	most_behind: u32,
}

/// A node before and after.
#[derive(Clone, Debug, Default, Serialize)]
struct Growth {
	name: String,
	/// Resident memory at the first block and at the end, and the peak, in MiB.
	memory_mib: [f64; 3],
	/// Its folder, in MiB.
	disk_mib: [f64; 2],
}

const PHASES: [Column<Phase>; 10] = [
	("load", |phase| if phase.load { "rows, transfers" } else { "none" }.into()),
	("seconds", |phase| fixed(phase.seconds, 0, "")),
	("blocks", |phase| phase.blocks.to_string()),
	("slots missed", |phase| phase.missed_slots.to_string()),
	("behind, median", |phase| fixed(phase.behind, 0, "")),
	("most", |phase| phase.most_behind.to_string()),
	("extrinsics", |phase| phase.extrinsics.to_string()),
	("rows", |phase| phase.posts.to_string()),
	("block filled, median", |phase| percent(phase.filled)),
	("most", |phase| percent(phase.fullest)),
];

fn percent(part: Option<f64>) -> String {
	fixed(part.map(|part| 100.0 * part), 0, " %")
}

const GROWTH: [Column<Growth>; 7] = [
	("node", |node| node.name.clone()),
	("memory, MiB", |node| fixed(node.memory_mib[0], 0, "")),
	("at the end", |node| fixed(node.memory_mib[1], 0, "")),
	("peak", |node| fixed(node.memory_mib[2], 0, "")),
	("disk, MiB", |node| fixed(node.disk_mib[0], 0, "")),
	("at the end", |node| fixed(node.disk_mib[1], 0, "")),
	("growth", |node| fixed(node.disk_mib[1] - node.disk_mib[0], 1, "")),
];

impl Soak {
	/// Writes it as JSON, and the tables beside it.
	pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
		bench_report::write(path, self, &self.markdown())
	}

	pub(crate) fn markdown(&self) -> String {
		let Machine { cpu, cores, memory_gib } = &self.machine;
		let machine =
			format!("{cpu}, {cores} cores, {memory_gib} GiB. {} components.\n\n", self.components);
		let rows = [
			("epochs paid and replayed", self.epochs.to_string()),
			("extrinsics failed or lost", self.failures.to_string()),
			("nodes agree", if self.agreed { "yes" } else { "no" }.into()),
		];
		let rows = rows.map(|(name, value)| [name.to_owned(), value]);
		machine
			+ &table_of(&PHASES, &self.phases)
			+ &table(["four validators", ""], rows)
			+ &table_of(&GROWTH, &self.nodes)
	}

	/// What must not happen.
	pub(crate) fn failures(&self) -> Vec<String> {
		let alone = self.phases.iter().filter(|phase| !phase.load);
		let missed: u64 = alone.clone().map(|phase| phase.missed_slots).sum();
		let behind = alone.map(|phase| phase.most_behind).max().unwrap_or_default();
		let checks = [
			(missed > 0, format!("{missed} slots have no block, without load")),
			(behind > MOST_BEHIND, format!("finality was {behind} blocks behind, without load")),
			(self.failures > 0, format!("{} extrinsics failed or are lost", self.failures)),
			(self.epochs == 0, "no epoch was paid".into()),
			(!self.agreed, "the nodes do not agree".into()),
		];
		checks.into_iter().filter(|(failed, _)| *failed).map(|(_, why)| why).collect()
	}
}

/// Runs four validators over a chain of `components` components in `folder`: so long without load, and so
/// long under it.
pub(crate) async fn run(
	components: usize,
	length: Duration,
	folder: PathBuf,
) -> anyhow::Result<Soak> {
	let template = Template::of_node(&folder)?;
	let graph = generate(Shape::R, components, EDGES, SEED);
	let state = State::build_on("testnet", &graph, SLOT_MS, EPOCH)?;
	let limit_ms = state.limits().normal_ms;
	let files = template.write(&state, &folder)?;
	drop(state);
	let network = folder.join("soak");
	if network.exists() {
		std::fs::remove_dir_all(&network)
			.with_context(|| format!("could not empty {}", network.display()))?;
	}
	let mut validators = Validators::start_from(&network, Ports::free()?, files.full).await?;
	let result = watch(&mut validators, components, length, limit_ms).await;
	let unclean = validators.stop().await;
	// The databases; logs stay.
	std::fs::remove_dir_all(network.join("validators")).ok();
	let soak = result?;
	ensure!(unclean.is_empty(), "{}", unclean.join("; "));
	Ok(soak)
}

async fn watch(
	validators: &mut Validators,
	components: usize,
	length: Duration,
	limit_ms: f64,
) -> anyhow::Result<Soak> {
	let url = validators.node("alice")?.url();
	let chain = validators.connect("alice").await?;
	let poster = Poster::new(&url, components as u32).await?;
	validators.finalised("alice", 1).await?;
	let mut soak = Soak { machine: Machine::this(), components, ..Soak::default() };
	soak.nodes = growth(validators, Vec::new())?;
	let next = chain.head(None).await?.number;
	let mut load = Load::new(chain, poster);
	let mut seen = Seen { next: next + 1, limit_ms, ..Seen::default() };
	for under_load in [false, true] {
		soak.phases.push(minutes(validators, &mut seen, &mut load, under_load, length).await?);
	}
	soak.nodes = growth(validators, soak.nodes)?;
	let failed: u64 = seen.blocks.iter().map(|block| u64::from(block.failed)).sum();
	soak.failures = failed + load.refused + load.under_way();
	match validators.agree().await {
		Ok(agreed) => (soak.agreed, soak.epochs) = (true, agreed.epochs),
		Err(error) => eprintln!("{error:#}"),
	}
	Ok(soak)
}

/// Watches the validators for so long, and hands over extrinsics if they are to be under load.
async fn minutes(
	validators: &mut Validators,
	seen: &mut Seen,
	load: &mut Load,
	under_load: bool,
	length: Duration,
) -> anyhow::Result<Phase> {
	let started = Instant::now();
	let (first, used) = (seen.blocks.len(), load.used);
	seen.behind.clear();
	loop {
		if let Some(death) = validators.death() {
			anyhow::bail!(death);
		}
		let new = seen.look(&load.chain).await?;
		load.used += new.iter().map(|block| u64::from(block.extrinsics)).sum::<u64>();
		let over = started.elapsed() >= length;
		if over && (load.under_way() == 0 || started.elapsed() > length + LAST) {
			break;
		}
		let wanted = seen.wanted();
		let handed = match under_load && !over && load.under_way() < wanted {
			true => load.hand_over().await?,
			false => 0,
		};
		if new.is_empty() && handed == 0 {
			tokio::time::sleep(POLL).await;
		}
	}
	let blocks = &seen.blocks[first..];
	let filled = || blocks.iter().map(|block| block.normal_ms / seen.limit_ms);
	Ok(Phase {
		load: under_load,
		seconds: started.elapsed().as_secs_f64(),
		blocks: blocks.len(),
		extrinsics: load.used - used,
		posts: blocks.iter().map(|block| u64::from(block.posts)).sum(),
		filled: median(filled()),
		fullest: largest(filled()),
		missed_slots: blocks.iter().map(|block| block.missed_slots).sum(),
		behind: median(seen.behind.iter().map(|&behind| f64::from(behind))),
		most_behind: seen.behind.iter().copied().max().unwrap_or_default(),
	})
}

/// The final blocks so far, and how far behind finality is.
#[derive(Default)]
struct Seen {
	/// What a block may hold, in milliseconds of declared weight.
	limit_ms: f64,
	/// The next block to look at.
	next: u32,
	/// Slot of the block before, once there is one.
	slot: u64,
	blocks: Vec<Block>,
	/// Number of the best block.
	best: u32,
	/// Blocks that finality was behind, when a best block was new.
	behind: Vec<u32>,
}

impl Seen {
	/// Looks into blocks that are final since the last look. Other blocks may yet be replaced.
	async fn look(&mut self, chain: &SubxtChain) -> anyhow::Result<Vec<Block>> {
		let finalised = chain.finalized().await?.number;
		let best = chain.head(None).await?.number;
		if best > self.best {
			self.best = best;
			self.behind.push(best.saturating_sub(finalised));
		}
		let mut new = Vec::new();
		for number in self.next..=finalised {
			let head = chain.head(Some(number)).await?;
			let (mut block, _) = contents(chain, &head).await?;
			let slot = chain.slot(head.hash).await?.context("a block without a slot")?;
			block.missed_slots = match self.slot {
				0 => 0,
				before => (slot - before).saturating_sub(1),
			};
			self.slot = slot;
			if let Some(paid) = block.paid {
				eprintln!("  epoch {} paid in block {number}", paid.epoch);
			}
			new.push(block);
		}
		self.next = self.next.max(finalised + 1);
		self.blocks.extend(new.iter().cloned());
		Ok(new)
	}

	/// Extrinsics that should be under way.
	fn wanted(&self) -> u64 {
		let last = self.blocks.iter().rev().take(4).map(|block| u64::from(block.extrinsics));
		let waiting = self.behind.last().copied().unwrap_or_default();
		LEAST_UNDER_WAY.max(u64::from(2 + waiting) * last.max().unwrap_or_default())
	}
}

/// The accounts in turn.
struct Load {
	chain: SubxtChain,
	poster: Poster,
	account: usize,
	/// Extrinsics of each account so far.
	rounds: Vec<u32>,
	accepted: u64,
	refused: u64,
	/// Extrinsics in final blocks.
	used: u64,
}

impl Load {
	fn new(chain: SubxtChain, poster: Poster) -> Self {
		let rounds = vec![0; poster.accounts()];
		Self { chain, poster, account: 0, rounds, accepted: 0, refused: 0, used: 0 }
	}

	/// Extrinsics that the pool accepted and that are in no block yet.
	fn under_way(&self) -> u64 {
		self.accepted.saturating_sub(self.used)
	}

	/// Hands over one extrinsic of each of the next accounts: rows and transfers in turn. Returns how many
	/// the pool accepted.
	async fn hand_over(&mut self) -> anyhow::Result<usize> {
		let accounts = self.poster.accounts();
		let turn: Vec<usize> =
			(0..BATCH.min(accounts)).map(|step| (self.account + step) % accounts).collect();
		let signed = turn.iter().map(|&index| match self.rounds[index] % 2 {
			0 => self.poster.signed(index, self.rounds[index], EDGES as u32, 0),
			_ => self.poster.signed_transfer(index),
		});
		let signed = signed.collect::<anyhow::Result<_>>()?;
		let mut accepted = 0;
		for (index, answer) in turn.into_iter().zip(self.poster.submit(signed).await?) {
			match answer {
				Answer::Accepted(_) => {
					self.poster.used(index);
					self.rounds[index] += 1;
					accepted += 1;
				}
				// The account has its turn again.
				Answer::Later => (),
				Answer::Refused(why) => {
					eprintln!("  refused: {why}");
					self.refused += 1;
				}
			}
		}
		self.account = (self.account + BATCH) % accounts;
		self.accepted += accepted as u64;
		Ok(accepted)
	}
}

/// Memory and disk of all nodes now; with what was `before`, if it is not empty.
fn growth(validators: &mut Validators, before: Vec<Growth>) -> anyhow::Result<Vec<Growth>> {
	let mut all = Vec::new();
	let mut before = before.into_iter();
	for (name, id) in validators.processes() {
		let kib = |field| anyhow::Ok(account(id, "status", field)? as f64 / 1_024.0);
		let (now, disk) = (kib("VmRSS")?, bytes(&validators.base_path(&name))? as f64 / MIB);
		let growth = match before.next() {
			Some(before) => Growth {
				memory_mib: [before.memory_mib[0], now, kib("VmHWM")?],
				disk_mib: [before.disk_mib[0], disk],
				..before
			},
			None => {
				reset_peak(id)?;
				Growth { name, memory_mib: [now; 3], disk_mib: [disk; 2] }
			}
		};
		all.push(growth);
	}
	Ok(all)
}

/// What the files in a folder take on the disk.
fn bytes(folder: &Path) -> std::io::Result<u64> {
	let mut sum = 0;
	for entry in std::fs::read_dir(folder)? {
		let entry = entry?;
		// A database removes files while it runs.
		let Ok(about) = entry.metadata() else { continue };
		sum += match about.is_dir() {
			true => bytes(&entry.path())?,
			false => std::os::unix::fs::MetadataExt::blocks(&about) * 512,
		};
	}
	Ok(sum)
}
