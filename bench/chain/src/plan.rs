//! From a graph to the figures of its chain: state, nodes, epochs, posts.

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::ensure;
use bench_graphs::{generate, Shape, SEED};
use bittensor_client::Chain;

use crate::{
	blocks::{discarded, hex, Block, Follower},
	case::Case,
	lab::Lab,
	measure::account,
	pace::{Pace, Probe},
	pages,
	posting::{self, Posting},
	spec::Template,
	state::State,
	sustain::{self, Sustained},
	ACCOUNTS, EDGES,
};

/// What all cases have in common.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
	/// Length of a slot, in milliseconds.
	pub(crate) slot_ms: u64,
	/// Blocks from one epoch's begin to the next.
	pub(crate) epoch_length: u32,
	/// Steady epochs that are measured, after the one that merges all rows.
	pub(crate) epochs: u32,
	/// Folder for specifications, databases and logs.
	pub(crate) folder: PathBuf,
}

impl Plan {
	/// Measures the graph `shape` of `components` components; with `with_posts`, posting too.
	pub(crate) async fn case(
		&self,
		template: &Template,
		probe: &Arc<Probe>,
		shape: Shape,
		components: usize,
		with_posts: bool,
	) -> anyhow::Result<(Case, Option<Posting>)> {
		let (state, lab) = self.open(template, shape, components, true).await?;
		let limits = state.limits();
		let mut follower = Follower::new(lab, self.slot_ms)?;
		let (blocks, samples) = self.follow(&mut follower, probe).await?;
		let peak_kib = account(follower.lab.validator.id(), "status", "VmHWM")?;
		let observer = follower.lab.observer();
		let best = hex(&observer.chain.head(None).await?.hash);
		let page_ms = pages::measure(observer.node.rpc_port(), &best, components as u32).await?;
		let case = Case {
			graph: shape.name().into(),
			n: components,
			slot_ms: self.slot_ms,
			page_ms,
			pace: Pace::of(&samples),
			peak_rss_mib: (peak_kib as f64 / 102.4).round() / 10.0,
			discarded: discarded(&follower.lab.log()),
			..Case::of(components as u64, limits, blocks)?
		};
		ensure!(
			case.sweeps.len() >= self.epochs as usize,
			"only {} steady epochs were seen whole: the first blocks were missed",
			case.sweeps.len()
		);
		let mut posting = None;
		if with_posts {
			eprintln!("  posts");
			// Merging starts right after a payout.
			follower.until(|block| block.paid.is_some()).await?;
			posting = Some(posting::measure(&mut follower, &state, &case).await?);
		}
		follower.lab.stop().await?;
		Ok((case, posting))
	}

	/// Follows until all epochs are paid. Returns their blocks, and samples of the pace, which are taken
	/// after idle blocks: the nodes do not work then.
	async fn follow(
		&self,
		follower: &mut Follower,
		probe: &Arc<Probe>,
	) -> anyhow::Result<(Vec<Block>, Vec<f64>)> {
		let (mut blocks, mut samples) = (Vec::<Block>::new(), Vec::new());
		let mut left = self.epochs + 1;
		loop {
			let more = follower.more().await?;
			for (block, paid) in more.iter().filter_map(|block| Some((block, block.paid?))) {
				let (epoch, sweeps) = (paid.epoch, paid.sweeps);
				eprintln!("  epoch {epoch} paid in block {}: {sweeps} sweeps", block.number);
				left = left.saturating_sub(1);
			}
			blocks.extend(more);
			if left == 0 {
				return Ok((blocks, samples));
			}
			if matches!(&blocks[..], [.., before, block] if block.is_idle(before)) {
				let probe = probe.clone();
				samples.push(tokio::task::spawn_blocking(move || probe.sample()).await??);
			}
		}
	}

	/// Posts from all accounts for `seconds` on a chain of as many components.
	pub(crate) async fn sustain(
		&self,
		template: &Template,
		seconds: u64,
	) -> anyhow::Result<Sustained> {
		let (_, mut lab) = self.open(template, Shape::Z, ACCOUNTS, false).await?;
		let length = std::time::Duration::from_secs(seconds);
		let sustained = sustain::measure(&mut lab, ACCOUNTS as u32, length).await?;
		lab.stop().await?;
		Ok(sustained)
	}

	/// A state and the nodes over it.
	async fn open(
		&self,
		template: &Template,
		shape: Shape,
		components: usize,
		importer: bool,
	) -> anyhow::Result<(State, Lab)> {
		let started = Instant::now();
		let graph = generate(shape, components, EDGES, SEED);
		let state = State::build(&graph, self.slot_ms, self.epoch_length)?;
		let files = template.write(&state, &self.folder)?;
		let built = started.elapsed().as_secs_f64();
		let lab = Lab::start(&files, &self.folder.join("nodes"), importer).await;
		// A hundred megabytes that only the first start of a node reads.
		std::fs::remove_file(&files.full).ok();
		let lab = lab?;
		let up = started.elapsed().as_secs_f64();
		eprintln!("{shape} {components}: state after {built:.1} s, nodes after {up:.1} s");
		Ok((state, lab))
	}
}
