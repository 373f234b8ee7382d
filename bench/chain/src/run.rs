//! One case from its graph to its report.
//!
//! ```text
//!   generate ─► State ─► specification ─► Lab ─► blocks of the merging and of some steady epochs
//!                                                   │
//!                     pages ◄── runtime API ────────┤
//!                     posting ◄── posts ────────────┤
//!                                                   ▼
//!                         Idle ─► charged blocks ─► epochs ─► Case
//! ```

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::{ensure, Context};
use bench_graphs::Shape;

use crate::{
	blocks::{discarded, Block, Follower},
	epochs::{Epoch, Idle, Steady},
	lab::Lab,
	limits::Limits,
	measure::{
		pace::{Pace, Probe},
		process::peak_rss_kib,
	},
	pages,
	posting::{self, Ground, Posting},
	report::Case,
	spec::Template,
	state::{Settings, State},
	sustain::{self, Sustained},
};

/// What every case has in common.
#[derive(Clone, Debug)]
pub struct Plan {
	/// Edges per row.
	pub edges: usize,
	/// Length of a slot, in milliseconds.
	pub slot_ms: u64,
	/// Blocks from one epoch's begin to the next.
	pub epoch_length: u32,
	/// Steady epochs that are measured, after the one that merges all rows.
	pub epochs: u32,
	/// Accounts that post.
	pub accounts: usize,
	/// Folder for specifications, databases and logs.
	pub folder: PathBuf,
}

/// A state and the nodes over it.
struct Site {
	state: State,
	lab: Lab,
}

impl Plan {
	/// Measures the graph `shape` of `components` components; with `with_posts`, posting too.
	pub async fn case(
		&self,
		template: &Template,
		probe: &Arc<Probe>,
		shape: Shape,
		components: usize,
		with_posts: bool,
	) -> anyhow::Result<(Case, Option<Posting>)> {
		let Site { state, mut lab } = self.open(template, shape, components, true).await?;
		let limits = Limits::of(&state);
		let mut follower = Follower::new(&mut lab, self.slot_ms).await?;
		let (mut blocks, samples) = self.follow(&mut lab, &mut follower, probe).await?;
		let peak = Peaks::of(&mut lab)?;
		let observer = lab.observer();
		let best = observer.chain.best().await?;
		let page_ms =
			pages::measure(observer.node.rpc_port(), &best.hash, components as u32).await?;

		let idle = Idle::of(&blocks).context(
			"no block was idle, so the hook's share cannot be told: give epochs more blocks (--epoch)",
		)?;
		idle.charge(&mut blocks);
		let epochs = Epoch::all(&blocks);
		ensure!(
			epochs.len() > self.epochs as usize,
			"{} whole epochs were seen of {}: the first blocks were missed",
			epochs.len(),
			self.epochs + 1
		);
		let steady = Steady::of(&epochs[1..]).context("no epoch was steady")?;
		let mut case = Case::of(&epochs, components as u64, &steady, &limits, idle, blocks);
		case.graph = shape.name().into();
		case.n = components;
		case.edges = self.edges;
		case.slot_ms = self.slot_ms;
		case.epoch_length = self.epoch_length;
		case.page_ms = page_ms;
		case.pace = Pace::of(&samples);
		case.peak_rss_mib = peak.validator_mib;
		case.peak_rss_importer_mib = peak.importer_mib;
		case.discarded = discarded(&lab.validator.node.process().output());

		let posting = match with_posts {
			true => {
				say("  posts");
				let ground = Ground {
					graph: shape.name(),
					components: components as u32,
					slot_ms: self.slot_ms,
					limits,
					idle,
					steady,
				};
				// Merging starts right after a payout.
				follower.until(&mut lab, |block| block.paid.is_some()).await?;
				Some(
					posting::measure(&mut lab, &mut follower, &state, self.accounts, ground)
						.await?,
				)
			}
			false => None,
		};
		lab.stop().await?;
		Ok((case, posting))
	}

	/// Follows until all epochs are paid. Returns their blocks, and samples of the pace, which are
	/// taken after blocks in which the emission waits: there no node is at work beside them.
	async fn follow(
		&self,
		lab: &mut Lab,
		follower: &mut Follower,
		probe: &Arc<Probe>,
	) -> anyhow::Result<(Vec<Block>, Vec<f64>)> {
		let (mut blocks, mut samples) = (Vec::<Block>::new(), Vec::new());
		let mut left = self.epochs + 1;
		loop {
			let more = follower.more(lab).await?;
			for block in &more {
				let Some(paid) = block.paid else { continue };
				say(&format!(
					"  epoch {} paid in block {}: {} sweeps, authored in {} ms",
					paid.epoch,
					block.number,
					paid.sweeps,
					block.author_ms.map_or("?".into(), |ms| format!("{ms:.0}")),
				));
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
	pub async fn sustain(&self, template: &Template, seconds: u64) -> anyhow::Result<Sustained> {
		let Site { mut lab, .. } = self.open(template, Shape::Z, self.accounts, false).await?;
		let length = std::time::Duration::from_secs(seconds);
		let components = self.accounts as u32;
		let sustained =
			sustain::measure(&mut lab, self.accounts, components, self.slot_ms, length).await?;
		lab.stop().await?;
		Ok(sustained)
	}

	async fn open(
		&self,
		template: &Template,
		shape: Shape,
		components: usize,
		importer: bool,
	) -> anyhow::Result<Site> {
		let started = Instant::now();
		let case = bench_graphs::generate(shape, components, self.edges, bench_graphs::SEED);
		let settings = Settings {
			slot_duration: self.slot_ms,
			epoch_length: self.epoch_length,
			signers: self.accounts,
		};
		let state = State::build(&case, &settings)?;
		let built = started.elapsed();
		let files = template.write(&state, &self.folder)?;
		say(&format!(
			"{shape} {components} × {}: state built in {:.1} s, written in {:.1} s",
			self.edges,
			built.as_secs_f64(),
			(started.elapsed() - built).as_secs_f64()
		));
		let lab = Lab::start(&files, &self.folder.join("nodes"), importer).await;
		// A hundred megabytes that only the first start of a node reads.
		std::fs::remove_file(&files.full).ok();
		let lab = lab?;
		say(&format!("  nodes are up after {:.1} s", started.elapsed().as_secs_f64()));
		Ok(Site { state, lab })
	}
}

/// Peaks of resident memory since the nodes' start over their databases.
struct Peaks {
	validator_mib: f64,
	importer_mib: Option<f64>,
}

impl Peaks {
	fn of(lab: &mut Lab) -> anyhow::Result<Self> {
		let mib = |kib: u64| (kib as f64 / 102.4).round() / 10.0;
		let importer = lab.importer.as_mut().map(|peer| peak_rss_kib(peer.id())).transpose()?;
		Ok(Self {
			validator_mib: mib(peak_rss_kib(lab.validator.id())?),
			importer_mib: importer.map(mib),
		})
	}
}

/// Progress, for whoever watches.
pub fn say(line: &str) {
	eprintln!("{line}");
}
