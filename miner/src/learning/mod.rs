//! How a running component learns.
//!
//! ```text
//!   sampler ─► Spike to the inputs ─► answers (or not, by the deadline) ─► training step
//!     ▲          fetch.rs: prefetched while the last batch trains           │ train.rs
//!     └───────────────────────────────────────────────────────────┐         ├─► Grads: grads.rs
//!                                           rate limit, stop ◄────┴─────────┤
//!   every N steps: unseen text ─► scores      every N s: perplexity ◄───────┘
//!     score.rs                     │            evaluate.rs, save.rs
//!   every 2 s: row ◄───────────────┘─► poster: measure.rs
//!   every few steps: vectors of words from the inputs, and their errors back: words/
//!   each batch ─► twin.rs: the same component without a network, if it is asked for
//! ```
//!
//! Each box is a task of the supervisor, so that none waits for another.
//!
//! Invariants: the text of a Spike never holds a target token; training never waits for the chain,
//! nor longer than the deadline for a peer; Grads are best effort, bounded in number, and go only to
//! components that our active row bids for, since no other component takes them (equation 12); a
//! failed step is counted and the next one goes on.

pub mod choice;
pub mod depth;
mod evaluate;
mod fetch;
mod grads;
pub mod inputs;
mod measure;
pub mod rate;
mod save;
pub mod score;
pub mod trade;
mod train;
pub mod twin;
pub mod words;

use crate::{
	chain::poster::Poster,
	cli::LearnFrom,
	compute::{Best, Compute, Notes},
	dendrite::Dendrite,
	network::Network,
	supervisor::Supervisor,
	telemetry::Telemetry,
};
use bittensor_client::AccountId;
use bittensor_nucleus::{BidWeight, Example, HeldOut, Sampler};
use depth::Depth;
use parking_lot::Mutex;
use score::Unseen;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use twin::Twin;
use words::WordsConfig;

/// How to learn.
#[derive(Clone, Debug)]
pub struct LearningConfig {
	/// Our service key.
	pub account: AccountId,
	/// Texts in a batch.
	pub batch: usize,
	/// Hops beyond our downstream components, which else answer alone.
	pub depth: Depth,
	/// When words are exchanged with the components at our inputs.
	pub words: WordsConfig,
	/// Time for the answers to a Spike.
	pub spike_timeout: Duration,
	/// Steps per second; 0 is no limit.
	pub max_steps_per_second: f64,
	/// Steps until `Learning::finished` is cancelled.
	pub max_steps: Option<u64>,
	/// Gradients to learn from.
	pub learn_from: LearnFrom,
	/// How bids are weighed: decides which components take our Grads.
	pub bid_weight: BidWeight,
	/// The row has edges. If not, all of it is the component's own, whatever was measured.
	pub attribute: bool,
	/// Steps before the first row.
	pub warm_up: u64,
	/// Grads to one component per second.
	pub grads_per_second: u32,
	/// Time between measurements of the perplexity.
	pub evaluate_every: Duration,
	/// Time between checkpoints.
	pub checkpoint_every: Duration,
	/// The checkpoint.
	pub checkpoint: PathBuf,
}

/// Answers of a component in this run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answers {
	/// In time.
	pub answered: u64,
	/// Missing.
	pub missing: u64,
	/// Of these, refused for want of a bid.
	pub refused: u64,
	/// Sum of the weights, s_u, with which it took our Grads of passages in.
	pub push: f64,
}

/// Answers per component in this run; clones share it.
pub type Health = Arc<Mutex<BTreeMap<AccountId, Answers>>>;

/// The parts that learning works with.
#[derive(Clone)]
pub struct Learning {
	/// Settings.
	pub config: LearningConfig,
	/// The component.
	pub compute: Compute,
	/// The way to other components.
	pub dendrite: Arc<Dendrite>,
	/// The chain cache and the inputs.
	pub network: Arc<Network>,
	/// Where the measured row goes, if it is posted.
	pub poster: Option<Poster>,
	/// The status.
	pub telemetry: Telemetry,
	/// Held-out examples whose perplexity is reported.
	pub reported: Arc<HeldOut>,
	/// Held-out examples that decide which parameters are the best.
	pub validation: Arc<Vec<Example>>,
	/// Perplexity of the unigram model on the reported examples.
	pub unigram: f64,
	/// The best parameters so far.
	pub best: Arc<Mutex<Best>>,
	/// Text on which the inputs are scored.
	pub unseen: Option<Unseen>,
	/// The same component, trained alone.
	pub twin: Option<Twin>,
	/// What the checkpoint holds beside the component.
	pub notes: Arc<Mutex<Notes>>,
	/// Runs the tasks.
	pub supervisor: Supervisor,
	/// Cancelled after `max_steps`, once the perplexity after the last one is measured.
	pub finished: CancellationToken,
	/// Answers and missing answers per component.
	pub health: Health,
}

impl Learning {
	/// Starts the tasks.
	pub fn start(self, sampler: Sampler) {
		let supervisor = self.supervisor.clone();
		match self.config.learn_from {
			LearnFrom::Both | LearnFrom::Own => {
				let learning = self.clone();
				supervisor.spawn_until_done("training", async move {
					let trained = learning.clone().train(sampler).await;
					if let Some(twin) = &learning.twin {
						twin.end().await;
					}
					trained
				});
			}
			LearnFrom::Grads => supervisor.spawn("training", self.clone().train_for_upstreams()),
			LearnFrom::None => {}
		}
		if self.config.learn_from.own() {
			supervisor.spawn("words", self.clone().exchange_words());
		}
		if let Some(unseen) = self.unseen.clone().filter(|_| self.config.learn_from.own()) {
			supervisor.spawn("scoring", self.clone().score_often(unseen));
		}
		supervisor.spawn("checkpoints", self.clone().save_often());
		if !self.reported.examples.is_empty() {
			supervisor.spawn("evaluation", self.clone().evaluate_often());
		}
		supervisor.spawn("measuring", self.measure_often());
	}
}
