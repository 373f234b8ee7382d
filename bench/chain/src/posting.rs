//! What posting rows costs: merging a few of them, and blocks full of posts.
//!
//! ```text
//!   paid │ 1 post │ … │ Merge 1     │ paid     hook beyond a steady epoch
//!   paid │ 1,000  │ … │ Merge 1,000 │ paid
//!
//!   block │ posts │ quiet │ next block: these and no others    declared and measured, per post
//!   block │ more posts than two blocks hold │ … │ …            how many a block takes, is it late
//! ```
//!
//! Posts that are merged go in right after a payout, so that all are in blocks before the next epoch
//! is due. The time of a post is taken from a block for which all of them were in the pool before:
//! while a node takes posts in, it checks signatures on the same cores that author.

use anyhow::{ensure, Context};
use serde::{Deserialize, Serialize};

use crate::{
	blocks::{discarded, Block, Follower},
	epochs::{is_active, Epoch, Idle, Merge, Steady},
	lab::Lab,
	limits::Limits,
	measure::largest,
	poster::{declared_in_block_ms, declared_ms, Poster},
	state::State,
};

/// Rows that are merged at a time, besides all.
const MERGED: [usize; 2] = [1, 1_000];
/// Edges of the posts that fill blocks.
const EDGES: [u32; 2] = [10, 64];
/// The most posts handed to a pool at a time: the default one holds 8,192.
const POOL: usize = 8_000;

/// The costs of posting on a chain of `n` components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posting {
	/// The chain's graph.
	pub graph: String,
	/// Its components.
	pub n: usize,
	/// Length of a slot, in milliseconds.
	pub slot_ms: u64,
	/// Cost of merging 1 and 1,000 rows.
	pub merges: Vec<Merge>,
	/// Blocks full of posts.
	pub full: Vec<FullBlock>,
}

/// Blocks of posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FullBlock {
	/// Edges of each post.
	pub edges: u32,
	/// Declared weight of the call, in milliseconds.
	pub call_declared_ms: f64,
	/// Declared of the whole extrinsic, by the block's own account.
	pub declared_ms: f64,
	/// Authoring time beyond an idle block, per post.
	pub author_ms: Option<f64>,
	/// Import time beyond an idle block, per post.
	pub import_ms: Option<f64>,
	/// Posts in the block that the last three are from.
	pub quiet_posts: u32,
	/// What a block has for normal extrinsics, in milliseconds.
	pub limit_ms: f64,
	/// Rows that fit into a block as they are charged.
	pub rows_charged: u64,
	/// Rows that would fit in that time as they were measured at the author.
	pub rows_measured: Option<u64>,
	/// Rows in the fullest block.
	pub rows_seen: u32,
	/// The largest part of the limit that a block used.
	pub used: f64,
	/// The longest authoring time of a block of posts, as a whole, with more posts coming in.
	pub longest_author_ms: Option<f64>,
	/// Slots missed meanwhile.
	pub missed_slots: u64,
	/// Blocks that the validator threw away meanwhile because they were late.
	pub discarded: u32,
}

/// The chain that is posted to, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
	/// Its graph.
	pub graph: &'a str,
	/// Its components.
	pub components: u32,
	/// Length of a slot, in milliseconds.
	pub slot_ms: u64,
	/// What blocks may hold.
	pub limits: Limits,
	/// What idle blocks cost.
	pub idle: Idle,
	/// What epochs without rows cost.
	pub steady: Steady,
}

/// Measures posting on a running chain whose last block paid an epoch.
pub async fn measure(
	lab: &mut Lab,
	follower: &mut Follower,
	state: &State,
	accounts: usize,
	ground: Ground<'_>,
) -> anyhow::Result<Posting> {
	let url = lab.validator.node.url();
	let mut poster = Poster::new(&url, accounts, ground.components).await?;
	let mut posting = Posting {
		graph: ground.graph.into(),
		n: ground.components as usize,
		slot_ms: ground.slot_ms,
		merges: Vec::new(),
		full: Vec::new(),
	};
	let mut round = 0;
	let accounts = poster.accounts();
	for rows in MERGED.into_iter().filter(|&rows| rows <= accounts) {
		round += 1;
		poster.post_all(rows, round, 64).await?;
		posting.merges.push(merged(lab, follower, rows, &ground).await?);
	}
	for edges in EDGES {
		let (call_declared_ms, in_block_ms) = state.read(|| {
			Ok::<_, anyhow::Error>((
				declared_ms(edges, ground.components)?,
				declared_in_block_ms(edges, ground.components)?,
			))
		})?;
		let fit = (ground.limits.normal_ms / in_block_ms) as usize;
		let of_round = |posts: usize| 1 + (posts / accounts) as u32;

		// A sixth of what goes into a pool in a slot of 6 s, so that it is quiet again in time.
		let few = (ground.slot_ms as usize / 6).min(fit * 9 / 10).max(1);
		poster.post_all(few, round + 1, edges).await?;
		round += of_round(few);
		let quiet = posted(lab, follower, few, &ground).await?;

		// The first block may be authored before all are in the pool.
		let many = (2 * fit + fit / 4).clamp(1, POOL);
		let before = discarded(&lab.validator.node.process().output());
		poster.post_all(many, round + 1, edges).await?;
		round += of_round(many);
		let full = posted(lab, follower, many, &ground).await?;
		let after = discarded(&lab.validator.node.process().output());
		let summary = summary(&quiet, &full, &ground).context("no block held posts only")?;
		posting.full.push(FullBlock {
			edges,
			call_declared_ms,
			discarded: after - before,
			..summary
		});
	}
	Ok(posting)
}

/// Follows until the next payout, and tells what merging cost.
async fn merged(
	lab: &mut Lab,
	follower: &mut Follower,
	rows: usize,
	ground: &Ground<'_>,
) -> anyhow::Result<Merge> {
	let mut blocks = follower.until(lab, |block| block.paid.is_some()).await?;
	ground.idle.charge(&mut blocks);
	let posted: u64 = blocks
		.iter()
		.take_while(|block| !is_active(block))
		.map(|block| u64::from(block.posts))
		.sum();
	ensure!(
		posted == rows as u64,
		"{posted} of {rows} posts were in blocks before the epoch was due: give it more blocks \
		 (--epoch)"
	);
	let epochs = Epoch::all(&blocks);
	let epoch = epochs.last().context("the epoch that merges the posts was not seen whole")?;
	Ok(Merge::of(epoch, posted, &ground.steady))
}

/// Follows until all `posts` are in blocks and the epoch after them is paid.
async fn posted(
	lab: &mut Lab,
	follower: &mut Follower,
	posts: usize,
	ground: &Ground<'_>,
) -> anyhow::Result<Vec<Block>> {
	let mut left = posts as i64;
	let mut blocks = follower
		.until(lab, |block| {
			left -= i64::from(block.posts);
			left <= 0 && block.paid.is_some()
		})
		.await?;
	ground.idle.charge(&mut blocks);
	let failed: u32 = blocks.iter().map(|block| block.failed).sum();
	ensure!(failed == 0, "{failed} of {posts} posts failed");
	Ok(blocks)
}

/// What `quiet` blocks tell of a post, and `full` ones of how many fit. Blocks in which the emission
/// was at work tell neither.
pub fn summary(quiet: &[Block], full: &[Block], ground: &Ground<'_>) -> Option<FullBlock> {
	let of_posts = |blocks: &'_ [Block]| -> Vec<Block> {
		let alone = |block: &&Block| block.posts > 0 && !is_active(block);
		blocks.iter().filter(alone).cloned().collect()
	};
	let (quiet, of_full) = (of_posts(quiet), of_posts(full));
	let sample = quiet.iter().max_by_key(|block| block.posts)?;
	let count = f64::from(sample.posts);
	let each = |time: Option<f64>, idle: Option<f64>| {
		time.zip(idle).map(|(time, idle)| (time - idle) / count)
	};
	let declared_ms = sample.normal_ms / count;
	let author_ms = each(sample.author_ms, ground.idle.author_ms);
	let limit_ms = ground.limits.normal_ms;
	let fitting = |each: f64| (limit_ms / each) as u64;
	Some(FullBlock {
		declared_ms,
		author_ms,
		import_ms: each(sample.import_ms, ground.idle.import_ms),
		quiet_posts: sample.posts,
		limit_ms,
		rows_charged: fitting(declared_ms),
		rows_measured: author_ms.filter(|&each| each > 0.0).map(fitting),
		rows_seen: of_full.iter().map(|block| block.posts).max()?,
		used: largest(of_full.iter().map(|block| block.normal_ms / limit_ms))?,
		longest_author_ms: largest(of_full.iter().filter_map(|block| block.author_ms)),
		missed_slots: full.iter().map(|block| block.missed_slots).sum(),
		..FullBlock::default()
	})
}
