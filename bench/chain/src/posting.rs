//! The cost of posting rows: merging a few of them, and blocks full of posts.
//!
//! ```text
//!   paid │ 1 post │ … │ Merge 1     │ paid     hook above a steady epoch
//!   paid │ 1,000  │ … │ Merge 1,000 │ paid
//!
//!   block │ posts │ quiet │ next block: these and no others    declared and measured, per post
//!   block │ more posts than two blocks hold │ … │ …            how many a block takes, is it late
//! ```
//!
//! Posts that are merged are submitted right after a payout, so that all are in blocks before the next
//! epoch is due. The time of a post is taken from a block for which all of them were in the pool before:
//! while a node takes posts in, it checks signatures on the cores that author.

use anyhow::{ensure, Context};
use bench_report::largest;
use serde::{Deserialize, Serialize};

use crate::{
	blocks::{discarded, Block, Follower},
	case::Case,
	epochs::{is_active, write_hooks, Epoch, Merge},
	poster::{declared_ms, Poster},
	state::State,
	EDGES,
};

/// Rows that are merged at a time, besides all.
const MERGED: [usize; 2] = [1, 1_000];
/// Edges of the posts that fill blocks.
const FILLING: [u32; 2] = [10, EDGES as u32];
/// The most posts handed to a pool at a time: the default one holds 8,192.
const POOL: usize = 8_000;

/// The costs of posting on a chain of `n` components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Posting {
	pub(crate) graph: String,
	pub(crate) n: usize,
	/// Cost of merging 1 and 1,000 rows.
	pub(crate) merges: Vec<Merge>,
	/// Blocks full of posts.
	pub(crate) full: Vec<FullBlock>,
}

/// Blocks of posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FullBlock {
	/// Components, and the length of a slot.
	pub(crate) n: usize,
	pub(crate) slot_ms: u64,
	/// Edges of each post.
	pub(crate) edges: u32,
	/// Declared weight of the call, in milliseconds.
	pub(crate) call_declared_ms: f64,
	/// Declared weight of the whole extrinsic, by the block's own account.
	pub(crate) declared_ms: f64,
	/// Authoring and import time above an idle block, per post.
	pub(crate) author_ms: Option<f64>,
	pub(crate) import_ms: Option<f64>,
	/// Rows that fit into a block by their declared weight.
	pub(crate) rows_declared: u64,
	/// Rows that would fit by their authoring time.
	pub(crate) rows_measured: Option<u64>,
	/// Rows in the fullest block.
	pub(crate) rows_seen: u32,
	/// The longest authoring time of a block of posts, as a whole, with more posts coming in.
	pub(crate) longest_author_ms: Option<f64>,
	/// Slots missed meanwhile.
	pub(crate) missed_slots: u64,
	/// Blocks that the validator discarded meanwhile because they were late.
	pub(crate) discarded: u32,
}

/// Measures posting on the running chain of `case`, whose last block paid an epoch.
pub(crate) async fn measure(
	follower: &mut Follower,
	state: &State,
	case: &Case,
) -> anyhow::Result<Posting> {
	let url = follower.lab.validator.node.url();
	let mut poster = Poster::new(&url, case.n as u32).await?;
	let (mut merges, mut full, mut round) = (Vec::new(), Vec::new(), 1);
	for rows in MERGED {
		round = poster.post_all(rows, round, EDGES as u32).await?;
		merges.push(merged(follower, rows, case).await?);
	}
	for edges in FILLING {
		let post = poster.signed(0, round, edges, 0)?;
		let [call_declared_ms, in_block_ms] = state.read(|| declared_ms(&post))?;
		let fit = (case.limits.normal_ms / in_block_ms) as usize;

		// A sixth of what goes into a pool in a slot of 6 s, so that it is quiet again in time.
		let few = (case.slot_ms as usize / 6).min(fit * 9 / 10).max(1);
		round = poster.post_all(few, round, edges).await?;
		let quiet = posted(follower, few, case).await?;

		// The first block may be authored before all are in the pool.
		let many = (2 * fit + fit / 4).clamp(1, POOL);
		let before = discarded(&follower.lab.log());
		round = poster.post_all(many, round, edges).await?;
		let blocks = posted(follower, many, case).await?;
		let discarded = discarded(&follower.lab.log()) - before;
		let summary = summary(&quiet, &blocks, case).context("no block held only posts")?;
		full.push(FullBlock { edges, call_declared_ms, discarded, ..summary });
	}
	Ok(Posting { graph: case.graph.clone(), n: case.n, merges, full })
}

/// Follows until the next payout; returns the cost of merging.
async fn merged(follower: &mut Follower, rows: usize, case: &Case) -> anyhow::Result<Merge> {
	let mut blocks = follower.until(|block| block.paid.is_some()).await?;
	write_hooks(&mut blocks, case.idle);
	let before = blocks.iter().take_while(|block| !is_active(block));
	let posted: u64 = before.map(|block| u64::from(block.posts)).sum();
	ensure!(
		posted == rows as u64,
		"{posted} of {rows} posts were in blocks before the epoch was due"
	);
	let epochs = Epoch::all(&blocks);
	let epoch = epochs.last().context("the epoch that merges the posts was not seen whole")?;
	Ok(Merge::of(epoch, posted, case.hook))
}

/// Follows until all `posts` are in blocks and the epoch after them is paid.
async fn posted(follower: &mut Follower, posts: usize, case: &Case) -> anyhow::Result<Vec<Block>> {
	let mut left = posts as i64;
	let done = |block: &Block| {
		left -= i64::from(block.posts);
		left <= 0 && block.paid.is_some()
	};
	let mut blocks = follower.until(done).await?;
	write_hooks(&mut blocks, case.idle);
	let failed: u32 = blocks.iter().map(|block| block.failed).sum();
	ensure!(failed == 0, "{failed} of {posts} posts failed");
	Ok(blocks)
}

/// The cost of a post, from `quiet` blocks, and how many fit, from `full` ones. Blocks in which the emission
/// worked are left out.
pub(crate) fn summary(quiet: &[Block], full: &[Block], case: &Case) -> Option<FullBlock> {
	let alone = |block: &&Block| block.posts > 0 && !is_active(block);
	let sample = quiet.iter().filter(alone).max_by_key(|block| block.posts)?;
	let count = f64::from(sample.posts);
	let each = |time: Option<f64>, idle: Option<f64>| Some((time? - idle?) / count);
	let fitting = |each: f64| (case.limits.normal_ms / each) as u64;
	let declared_ms = sample.normal_ms / count;
	let author_ms = each(sample.author_ms, case.idle.author_ms);
	let posts = || full.iter().filter(alone);
	Some(FullBlock {
		n: case.n,
		slot_ms: case.slot_ms,
		declared_ms,
		author_ms,
		import_ms: each(sample.import_ms, case.idle.import_ms),
		rows_declared: fitting(declared_ms),
		rows_measured: author_ms.filter(|&each| each > 0.0).map(fitting),
		rows_seen: posts().map(|block| block.posts).max()?,
		longest_author_ms: largest(posts().filter_map(|block| block.author_ms)),
		missed_slots: full.iter().map(|block| block.missed_slots).sum(),
		..FullBlock::default()
	})
}
