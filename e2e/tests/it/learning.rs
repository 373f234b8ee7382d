//! A component fits its text better over one that follows its Grads than over a frozen one.
//!
//! ```text
//!   Alice ──► Bob        Bob is frozen
//!   Charlie ──► Dave     Dave learns from Charlie's Grads only
//!      └── Grads ──┘
//! ```
//!
//! Alice and Charlie are alike, and so are Bob and Dave: equal seeds, texts, rows and options. Alice
//! and Charlie know few words and need the other component for the rest.
//!
//! The training loss is compared, because it is what Grads are the gradient of. Whether a member gains
//! on text that it has not seen depends on the others' text, and is measured in `experiments/`; these
//! few documents are learned by heart.

use std::time::Duration;

use anyhow::Context;
use bittensor_e2e::miner::{Miner, MinerSpec, MinerStatus, Place};

use crate::support::{announced, asks, edge, silent, trainable, with, Lab};

const SEEDS: [u64; 3] = [1, 2, 3];
/// Steps of the component that queries.
const STEPS: u64 = 800;
/// Words that it knows.
const NARROW: usize = 16;
const DOCUMENTS: &str = "kjv";
/// The share in its row for the other: a quarter.
const SHARE: u16 = 16_384;
/// Longest time for its steps: they take seconds, or minutes on a busy machine.
const TRAINING: Duration = Duration::from_secs(300);

/// A component that queries, the component that it queries, and how the latter learns.
struct Pair {
	asks: &'static str,
	asked: &'static str,
	learning: &'static [&'static str],
}

const PAIRS: [Pair; 2] = [
	Pair { asks: "Alice", asked: "Bob", learning: &["--learn-from=none"] },
	Pair {
		asks: "Charlie",
		asked: "Dave",
		// A step for each Grad.
		learning: &["--learn-from=grads", "--max-steps-per-second=500"],
	},
];

/// A folder for each seed: every component starts without a checkpoint.
fn place(lab: &Lab, spec: &MinerSpec) -> Place {
	let place = lab.network.place(spec);
	Place { folder: place.folder.join(spec.seed.to_string()), ..place }
}

impl Pair {
	fn start_asked(&self, lab: &Lab, seed: u64) -> anyhow::Result<Miner> {
		let spec = silent(self.asked, "all", seed + 1_000, &[])?;
		let spec = self.learning.iter().fold(spec, |spec, option| with(spec, *option));
		let place = place(lab, &spec);
		Miner::start(spec, place)
	}

	fn start_asking(&self, lab: &Lab, seed: u64) -> anyhow::Result<Miner> {
		let extra = vec![
			format!("--vocabulary={NARROW}"),
			format!("--max-steps={STEPS}"),
			"--post=none".into(),
			"--inputs=1".into(),
			"--held-out=256".into(),
			"--evaluate-every=3600".into(),
			"--grads-per-second=1000".into(),
			"--spike-timeout-ms=10000".into(),
		];
		let spec = MinerSpec { extra, ..trainable(self.asks, DOCUMENTS, seed) };
		let spec = asks(spec, &[self.asked])?;
		let place = place(lab, &spec);
		Miner::start(spec, place)
	}
}

/// Waits until a miner has made its steps; returns its last status.
async fn finished(miner: &mut Miner) -> anyhow::Result<MinerStatus> {
	let ended = miner.process().wait_for_end(TRAINING).await?;
	anyhow::ensure!(ended.success(), "{}", miner.process().tail());
	let status = miner.status().context("it wrote no status")?;
	let measured = (status.steps, status.perplexity.steps, status.failed_steps);
	anyhow::ensure!(measured == (STEPS, Some(STEPS), 0), "{status:?}");
	Ok(status)
}

#[tokio::test]
async fn a_component_fits_better_over_one_that_learns_from_its_grads() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	let (alice, charlie) = (lab.user("//Alice").await?, lab.user("//Charlie").await?);
	let (a, c) = tokio::try_join!(alice.register(100), charlie.register(100))?;
	let mut bids_active = false;
	let mut better = Vec::new();
	for seed in SEEDS {
		let mut asked = Vec::new();
		for pair in &PAIRS {
			asked.push(pair.start_asked(&lab, seed)?);
		}
		let mut uids = Vec::new();
		for miner in &mut asked {
			uids.push(announced(&lab.chain, miner).await?);
		}
		// The bids are active from the first step on, and the same for all seeds.
		if !bids_active {
			let rows = [(a, vec![edge(uids[0], SHARE)]), (c, vec![edge(uids[1], SHARE)])];
			tokio::try_join!(alice.post_row(&rows[0].1), charlie.post_row(&rows[1].1))?;
			lab.active(&rows).await?;
			bids_active = true;
		}

		let mut asking = Vec::new();
		for pair in &PAIRS {
			asking.push(pair.start_asking(&lab, seed)?);
		}
		let mut losses = [(0.0, 0); PAIRS.len()];
		for (loss, miner) in losses.iter_mut().zip(&mut asking) {
			let status = finished(miner).await?;
			*loss = (status.loss.context("it trained")?, status.grads_sent);
		}
		let [(frozen, refused), (trained, accepted)] = losses;
		println!(
			"seed {seed}: {frozen:.4} nats of training loss over a frozen component, {trained:.4} over \
			 one that followed {accepted} Grads"
		);
		assert_eq!(refused, 0, "Grads that a frozen component took");
		assert!(accepted > STEPS * 9 / 10, "{accepted} of {STEPS} Grads went out");
		better.push(trained < frozen);
		for mut miner in asked {
			miner.process().stop().await;
		}
	}
	assert!(better.iter().all(|better| *better), "{better:?}");
	Ok(())
}
