//! Minutes of posts from many accounts at the rate that the chain takes, and the fate of each.
//!
//! ```text
//!   account ──post──► pool ──► block: success? ──► account is free to post again
//!      └── at most two posts under way; refused for now: a retry
//! ```
//!
//! Failures are: a post that the pool accepted is not in a block within a minute, or fails there, or the
//! last row of an account reads otherwise.

use std::{
	collections::{HashMap, VecDeque},
	time::{Duration, Instant},
};

use bittensor_client::{Chain, Hash, RowInfo};
use bittensor_emission::Edge;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use subxt::rpcs::rpc_params;

use crate::{
	blocks::{contents, hex, unhex},
	lab::Lab,
	poster::{Answer, Poster},
	EDGES,
};

/// Posts of one account that may be under way.
const UNDER_WAY: u32 = 2;
/// Posts handed over before looking for blocks again.
const BATCH: usize = 64;
/// The longest time of an accepted post into a block.
const LOST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// The fate of the posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sustained {
	/// Seconds from the first post to the block of the last one.
	pub(crate) seconds: f64,
	pub(crate) accounts: usize,
	/// Posts in blocks, with success.
	pub(crate) posts: u64,
	/// Posts that failed, were lost or refused, and rows that read otherwise: must be 0.
	pub(crate) failures: u64,
	/// Posts that the pool did not accept at first.
	pub(crate) retries: u64,
	/// Rows that were read back and are as posted.
	pub(crate) rows_read: u64,
	/// The first failure, in words.
	pub(crate) first_failure: Option<String>,
}

impl Sustained {
	fn fail(&mut self, count: u64, why: impl FnOnce() -> String) {
		self.failures += count;
		if count > 0 && self.first_failure.is_none() {
			self.first_failure = Some(why());
		}
	}
}

/// The accounts, and the posts under way.
struct Run<'a> {
	lab: &'a mut Lab,
	poster: Poster,
	/// The round of each account's next post.
	round: Vec<u32>,
	/// The accounts that may post, in turn.
	free: VecDeque<usize>,
	/// Posts in the pool: the account, and since when.
	pending: HashMap<Hash, (usize, Instant)>,
	/// The next block to look at.
	next: u32,
	result: Sustained,
}

/// Posts for so long on a running chain of `components` components.
pub(crate) async fn measure(
	lab: &mut Lab,
	components: u32,
	length: Duration,
) -> anyhow::Result<Sustained> {
	let poster = Poster::new(&lab.validator.node.url(), components).await?;
	let accounts = poster.accounts();
	let mut run = Run {
		lab,
		poster,
		round: vec![0; accounts],
		free: (0..UNDER_WAY).flat_map(|_| 0..accounts).collect(),
		pending: HashMap::new(),
		next: 1,
		result: Sustained { accounts, ..Sustained::default() },
	};
	let started = Instant::now();
	loop {
		run.lab.check()?;
		let seen = run.look().await?;
		let posting = started.elapsed() < length;
		if !posting && run.pending.values().all(|(_, since)| since.elapsed() > LOST) {
			break;
		}
		let posted = if posting { run.post().await? } else { 0 };
		if !seen && posted == 0 {
			tokio::time::sleep(POLL).await;
		}
	}
	run.result.seconds = started.elapsed().as_secs_f64();
	let lost = run.pending.len() as u64;
	run.result.fail(lost, || format!("{lost} accepted posts were in no block for {LOST:?}"));
	run.read_back().await?;
	Ok(run.result)
}

impl Run<'_> {
	/// Looks into new blocks. Returns whether there were any.
	async fn look(&mut self) -> anyhow::Result<bool> {
		let chain = &self.lab.validator.chain;
		let best = chain.head(None).await?.number;
		let first = self.next;
		for number in first..=best {
			let head = chain.head(Some(number)).await?;
			let (_, outcomes) = contents(chain, &head).await?;
			let body: Value = chain.request("chain_getBlock", rpc_params![hex(&head.hash)]).await?;
			let extrinsics = body["block"]["extrinsics"].as_array().into_iter().flatten();
			for (index, extrinsic) in (0u32..).zip(extrinsics) {
				let hash = BlakeTwo256::hash(&unhex(extrinsic.as_str())?).0;
				let Some((account, _)) = self.pending.remove(&hash) else { continue };
				match outcomes.get(&index) {
					Some(true) => self.result.posts += 1,
					other => {
						let why = || format!("a post in block {number} has the outcome {other:?}");
						self.result.fail(1, why);
					}
				}
				self.free.push_back(account);
			}
			self.next = number + 1;
		}
		Ok(self.next > first)
	}

	/// Hands over some posts. Returns how many the pool accepted.
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
		let sign = |&index: &usize| self.poster.signed(index, self.round[index], EDGES as u32, 0);
		let signed = turn.iter().map(sign).collect::<anyhow::Result<_>>()?;
		let mut accepted = 0;
		for (index, answer) in turn.into_iter().zip(self.poster.submit(signed).await?) {
			match answer {
				Answer::Accepted(hash) => {
					self.pending.insert(hash, (index, Instant::now()));
					self.poster.used(index);
					self.round[index] += 1;
					accepted += 1;
					continue;
				}
				Answer::Later => self.result.retries += 1,
				Answer::Refused(why) => self.result.fail(1, || why),
			}
			self.free.push_back(index);
		}
		Ok(accepted)
	}

	/// Reads the row of each account and compares it with its last post.
	async fn read_back(&mut self) -> anyhow::Result<()> {
		let rows = self.lab.validator.chain.rows(None).await?;
		let rows: HashMap<u32, RowInfo> = rows.into_iter().map(|row| (row.uid, row)).collect();
		for (index, round) in self.round.iter().enumerate() {
			let Some(last) = round.checked_sub(1) else { continue };
			let posted = self.poster.row(index, last, EDGES as u32);
			match rows.get(&(index as u32)).is_some_and(|row| is_last(row, posted)) {
				true => self.result.rows_read += 1,
				false => {
					let why = || format!("component {index} does not have the row that it posted");
					self.result.fail(1, why);
				}
			}
		}
		Ok(())
	}
}

/// Whether the newest row is the one that was posted.
pub(crate) fn is_last(row: &RowInfo, mut posted: Vec<Edge>) -> bool {
	posted.sort_unstable();
	row.newest().is_some_and(|last| {
		let mut last = last.edges.clone();
		last.sort_unstable();
		last == posted
	})
}
