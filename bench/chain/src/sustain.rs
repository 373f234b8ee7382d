//! Minutes of posts from many accounts at the rate that the chain takes, and what became of each.
//!
//! ```text
//!   account ──post──► pool ──► block: success? ──► account is free to post again
//!      └── two posts under way at most; refused for now: tried again, counted as a retry
//!
//!   then: no post is under way, and the row of each account reads as it posted it last
//! ```
//!
//! Nothing is lost if every post that the pool accepted is in a block and succeeded there, and every
//! last row can be read. What is not is a failure: not in a block within a minute, failed in it, or
//! another row.

use std::{
	collections::{BTreeMap, HashMap, VecDeque},
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_e2e::chain::Head;
use bittensor_runtime::Hash;
use pallet_emission::types::RowInfo;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
	blocks::{contents, discarded, missed},
	lab::Lab,
	pages,
	poster::{hash, Answer, Poster},
};

/// Edges of each post.
const EDGES: u32 = 64;
/// Posts of one account that may be under way.
const UNDER_WAY: u32 = 2;
/// Posts handed over before looking for blocks again.
const BATCH: usize = 64;
/// How long a post that was accepted may take into a block.
const LOST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// What became of the posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sustained {
	/// Seconds from the first post to the block of the last one.
	pub seconds: f64,
	/// Accounts that posted.
	pub accounts: usize,
	/// Length of a slot, in milliseconds.
	pub slot_ms: u64,
	/// Edges of each post.
	pub edges: u32,
	/// Posts in blocks, with success.
	pub posts: u64,
	/// The same per second.
	pub posts_per_second: f64,
	/// Posts that failed, were lost or refused, and rows that read otherwise: must be 0.
	pub failures: u64,
	/// Posts that the pool did not take at first.
	pub retries: u64,
	/// Rows that were read back and are as posted.
	pub rows_read: u64,
	/// Blocks with posts.
	pub blocks: u32,
	/// The most posts in one block.
	pub most_in_a_block: u32,
	/// Slots without a block.
	pub missed_slots: u64,
	/// Blocks that the validator threw away because they were late.
	pub discarded: u32,
	/// Epochs that were paid meanwhile.
	pub epochs_paid: u32,
	/// What went wrong first, in words.
	pub first_failure: Option<String>,
}

impl Sustained {
	fn fail(&mut self, count: u64, why: impl FnOnce() -> String) {
		self.failures += count;
		if count > 0 && self.first_failure.is_none() {
			self.first_failure = Some(why());
		}
	}
}

/// A post that the pool has and no block yet.
#[derive(Clone, Copy, Debug)]
struct Pending {
	index: usize,
	since: Instant,
}

/// The accounts, and what is under way.
struct Run {
	poster: Poster,
	/// The round of each account's next post.
	round: Vec<u32>,
	/// The accounts that may post, in turn.
	free: VecDeque<usize>,
	pending: HashMap<Hash, Pending>,
	/// The next block to look at.
	next: u32,
	slot: Option<u64>,
	result: Sustained,
}

/// Posts for so long on a running chain of `components` components.
pub async fn measure(
	lab: &mut Lab,
	accounts: usize,
	components: u32,
	slot_ms: u64,
	length: Duration,
) -> anyhow::Result<Sustained> {
	let poster = Poster::new(&lab.validator.node.url(), accounts, components).await?;
	let accounts = poster.accounts();
	let mut run = Run {
		poster,
		round: vec![0; accounts],
		free: (0..UNDER_WAY).flat_map(|_| 0..accounts).collect(),
		pending: HashMap::new(),
		next: 1,
		slot: None,
		result: Sustained { accounts, slot_ms, edges: EDGES, ..Sustained::default() },
	};
	let started = Instant::now();
	while started.elapsed() < length {
		lab.check()?;
		let seen = run.look(lab).await?;
		let posted = run.post().await?;
		if !seen && posted == 0 {
			tokio::time::sleep(POLL).await;
		}
	}
	while run.pending.values().any(|pending| pending.since.elapsed() < LOST) {
		lab.check()?;
		if !run.look(lab).await? {
			tokio::time::sleep(POLL).await;
		}
	}
	run.result.seconds = started.elapsed().as_secs_f64();
	let lost = run.pending.len() as u64;
	run.result.fail(lost, || format!("{lost} accepted posts were in no block for {LOST:?}"));
	run.read_back(lab, components).await?;
	let result = &mut run.result;
	result.posts_per_second = result.posts as f64 / result.seconds;
	result.discarded = discarded(&lab.validator.node.process().output());
	Ok(run.result)
}

impl Run {
	/// Looks into new blocks. Returns whether there were any.
	async fn look(&mut self, lab: &Lab) -> anyhow::Result<bool> {
		let chain = &lab.validator.chain;
		let best = chain.best().await?.number;
		let first = self.next;
		for number in first..=best {
			let head = chain.head(&chain.hash(number).await?).await?;
			let block = contents(chain, &head).await?;
			let bodies: Body = chain.call("chain_getBlock", &[json!(head.hash)]).await?;
			self.note(&head, &block.outcomes, bodies)?;
			self.result.missed_slots += missed(self.slot, head.slot);
			self.result.most_in_a_block = self.result.most_in_a_block.max(block.block.posts);
			self.result.blocks += u32::from(block.block.posts > 0);
			self.result.epochs_paid += u32::from(block.block.paid.is_some());
			self.slot = head.slot;
			self.next = number + 1;
		}
		Ok(self.next > first)
	}

	fn note(
		&mut self,
		head: &Head,
		outcomes: &BTreeMap<u32, bool>,
		body: Body,
	) -> anyhow::Result<()> {
		for (index, extrinsic) in (0u32..).zip(body.block.extrinsics) {
			let bytes = hex::decode(extrinsic.trim_start_matches("0x"))
				.with_context(|| format!("extrinsic {index} of block {} is no hex", head.number))?;
			let Some(pending) = self.pending.remove(&hash(&bytes)) else { continue };
			match outcomes.get(&index) {
				Some(true) => self.result.posts += 1,
				other => self.result.fail(1, || {
					format!("a post in block {} has the outcome {other:?}", head.number)
				}),
			}
			self.free.push_back(pending.index);
		}
		Ok(())
	}

	/// Hands over some posts. Returns how many the pool took.
	async fn post(&mut self) -> anyhow::Result<usize> {
		let mut turn: Vec<usize> = Vec::new();
		let mut again: Vec<usize> = Vec::new();
		while turn.len() < BATCH {
			let Some(index) = self.free.pop_front() else { break };
			// One post of an account at a time, so that a refused one leaves no gap in its nonces.
			match turn.contains(&index) {
				true => again.push(index),
				false => turn.push(index),
			}
		}
		self.free.extend(again);
		let signed: anyhow::Result<Vec<Vec<u8>>> =
			turn.iter().map(|&index| self.poster.signed(index, self.round[index], EDGES)).collect();
		let mut taken = 0;
		for (index, answer) in turn.into_iter().zip(self.poster.submit(signed?).await?) {
			match answer {
				Answer::Accepted(hash) => {
					self.pending.insert(hash, Pending { index, since: Instant::now() });
					self.poster.used(index);
					self.round[index] += 1;
					taken += 1;
				}
				Answer::Later(_) => {
					self.result.retries += 1;
					self.free.push_back(index);
				}
				Answer::Refused(why) => {
					self.result.fail(1, || why);
					self.free.push_back(index);
				}
			}
		}
		Ok(taken)
	}

	/// Reads the row of each account and compares it with its last post.
	async fn read_back(&mut self, lab: &Lab, components: u32) -> anyhow::Result<()> {
		let best = lab.validator.chain.best().await?;
		let port = lab.validator.node.rpc_port();
		let accounts = (self.poster.accounts() as u32).min(components);
		let rows = pages::rows(port, &best.hash, 0..accounts).await?;
		let rows: HashMap<u32, RowInfo> = rows.into_iter().map(|row| (row.uid, row)).collect();
		for uid in 0..accounts {
			let Some(last) = self.round[uid as usize].checked_sub(1) else { continue };
			let posted = self.poster.row(uid as usize, last, EDGES);
			match rows.get(&uid).is_some_and(|row| is_last(row, &posted)) {
				true => self.result.rows_read += 1,
				false => {
					self.result.fail(1, || format!("component {uid} has not the row it posted"));
				}
			}
		}
		Ok(())
	}
}

/// Whether the row that counts next is the one that was posted.
pub fn is_last(row: &RowInfo, posted: &[(u32, u16)]) -> bool {
	let mut posted = posted.to_vec();
	posted.sort_unstable();
	row.newest().is_some_and(|last| {
		let mut last: Vec<_> = last.edges.iter().map(|edge| (edge.target, edge.share)).collect();
		last.sort_unstable();
		last == posted
	})
}

#[derive(Debug, Deserialize)]
struct Body {
	block: Extrinsics,
}

#[derive(Debug, Deserialize)]
struct Extrinsics {
	extrinsics: Vec<String>,
}
