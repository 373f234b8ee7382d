//! Minutes of four validators under load: what they keep up with, and what they grow by.
//!
//! ```text
//!   state of 4,096 components ─► alice, bob, charlie, dave: 6 s slots, an epoch every 10 blocks
//!        accounts ── a row, then a transfer, in turn ──► pool of alice ──► blocks up to the limit
//!                                                                            │
//!   each block: slot, weight, extrinsics; blocks behind in finality ◄────────┤
//!   each node, before and after: memory, disk ◄──────────────────────────────┘
//! ```
//!
//! Extrinsics are handed over as fast as blocks take them: as many are under way as two blocks of the kind
//! that were seen last hold, at least [`LEAST_UNDER_WAY`].
//!
//! Failures are: a slot without a block, finality more than [`MOST_BEHIND`] blocks behind, an extrinsic that
//! fails or is in no block, an epoch that is not paid exactly, and nodes that do not agree at the end.

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
	seconds: f64,
	components: usize,
	blocks: u32,
	epochs: usize,
	/// Extrinsics in blocks, and among them rows.
	extrinsics: u64,
	posts: u64,
	/// Extrinsics that failed, were refused, or are in no block.
	failures: u64,
	/// Median and most of what extrinsics declared, as a part of what a block may hold.
	filled: Option<f64>,
	fullest: Option<f64>,
	missed_slots: u64,
	/// Blocks that finality was behind when a new best block was seen: median and most.
	behind: Option<f64>,
	most_behind: u32,
	nodes: Vec<Growth>,
	agreed: bool,
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
		let percent = |part: Option<f64>| fixed(part.map(|part| 100.0 * part), 0, " %");
		let rows = [
			("seconds", fixed(self.seconds, 0, "")),
			("components", self.components.to_string()),
			("blocks", self.blocks.to_string()),
			("slots missed", self.missed_slots.to_string()),
			("finality behind, blocks: median", fixed(self.behind, 0, "")),
			("finality behind, blocks: most", self.most_behind.to_string()),
			("epochs paid and replayed", self.epochs.to_string()),
			("extrinsics in blocks", self.extrinsics.to_string()),
			("rows among them", self.posts.to_string()),
			("failed or lost", self.failures.to_string()),
			("block limit used: median", percent(self.filled)),
			("block limit used: most", percent(self.fullest)),
			("nodes agree", if self.agreed { "yes" } else { "no" }.into()),
		];
		let rows = rows.map(|(name, value)| [name.to_owned(), value]);
		let machine = format!("{cpu}, {cores} cores, {memory_gib} GiB.\n\n");
		machine + &table(["four validators", ""], rows) + &table_of(&GROWTH, &self.nodes)
	}

	/// What must not happen.
	pub(crate) fn failures(&self) -> Vec<String> {
		let checks = [
			(self.missed_slots > 0, format!("{} slots have no block", self.missed_slots)),
			(
				self.most_behind > MOST_BEHIND,
				format!("finality was {} blocks behind", self.most_behind),
			),
			(self.failures > 0, format!("{} extrinsics failed or are lost", self.failures)),
			(self.epochs == 0, "no epoch was paid".into()),
			(!self.agreed, "the nodes do not agree".into()),
		];
		checks.into_iter().filter(|(failed, _)| *failed).map(|(_, why)| why).collect()
	}
}

/// Runs four validators over a chain of `components` components for so long, in `folder`.
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
	let mut load =
		Load { chain, poster, account: 0, rounds: Vec::new(), accepted: 0, refused: 0, used: 0 };
	load.rounds.resize(load.poster.accounts(), 0);
	let mut seen = Seen { next: next + 1, slot: 0, blocks: Vec::new(), behind: Vec::new() };

	let started = Instant::now();
	loop {
		if let Some(death) = validators.death() {
			anyhow::bail!(death);
		}
		let new = seen.look(&load.chain).await?;
		load.used += new.iter().map(|block| u64::from(block.extrinsics)).sum::<u64>();
		let under_way = load.accepted.saturating_sub(load.used);
		let over = started.elapsed() >= length;
		if over && (under_way == 0 || started.elapsed() > length + LAST) {
			break;
		}
		let handed = match !over && under_way < seen.wanted() {
			true => load.hand_over().await?,
			false => 0,
		};
		if new.is_empty() && handed == 0 {
			tokio::time::sleep(POLL).await;
		}
	}
	soak.seconds = started.elapsed().as_secs_f64();
	soak.nodes = growth(validators, soak.nodes)?;
	let failed: u64 = seen.blocks.iter().map(|block| u64::from(block.failed)).sum();
	soak.failures = failed + load.refused + load.accepted.saturating_sub(load.used);
	soak.blocks = seen.blocks.len() as u32;
	soak.extrinsics = load.used;
	soak.posts = seen.blocks.iter().map(|block| u64::from(block.posts)).sum();
	soak.missed_slots = seen.blocks.iter().map(|block| block.missed_slots).sum();
	let filled = || seen.blocks.iter().map(|block| block.normal_ms / limit_ms);
	(soak.filled, soak.fullest) = (median(filled()), largest(filled()));
	soak.behind = median(seen.behind.iter().map(|&behind| f64::from(behind)));
	soak.most_behind = seen.behind.iter().copied().max().unwrap_or_default();
	match validators.agree().await {
		Ok(agreed) => (soak.agreed, soak.epochs) = (true, agreed.epochs),
		Err(error) => eprintln!("{error:#}"),
	}
	Ok(soak)
}

/// The blocks so far.
struct Seen {
	next: u32,
	/// Slot of the block before, once there is one.
	slot: u64,
	blocks: Vec<Block>,
	/// Blocks that finality was behind, when a block was new.
	behind: Vec<u32>,
}

impl Seen {
	/// Looks into new blocks.
	async fn look(&mut self, chain: &SubxtChain) -> anyhow::Result<Vec<Block>> {
		let best = chain.head(None).await?.number;
		let mut new = Vec::new();
		for number in self.next..=best {
			let head = chain.head(Some(number)).await?;
			let (mut block, _) = contents(chain, &head).await?;
			let slot = chain.slot(head.hash).await?.context("a block without a slot")?;
			block.missed_slots = match self.slot {
				0 => 0,
				before => (slot - before).saturating_sub(1),
			};
			self.slot = slot;
			let finalised = chain.finalized().await?.number;
			self.behind.push(number.saturating_sub(finalised));
			if let Some(paid) = block.paid {
				eprintln!("  epoch {} paid in block {number}", paid.epoch);
			}
			new.push(block);
		}
		self.next = self.next.max(best + 1);
		self.blocks.extend(new.iter().cloned());
		Ok(new)
	}

	/// Extrinsics that should be under way.
	fn wanted(&self) -> u64 {
		let last = self.blocks.iter().rev().take(4).map(|block| u64::from(block.extrinsics));
		LEAST_UNDER_WAY.max(2 * last.max().unwrap_or_default())
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
	/// Extrinsics in blocks.
	used: u64,
}

impl Load {
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
