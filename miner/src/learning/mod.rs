//! How a running component learns.
//!
//! ```text
//!   sampler ─► Spike to the slots ─► answers (or not, by the deadline) ─► train_step
//!     ▲          prefetched while the last batch trains                     │
//!     └──────────────────────────────────────────────────────────────┐      ├─► Grads downstream
//!                                              rate limit, stop ◄────┴──────┤
//!   every 2 s: scores ─► row ─► poster          every N s: held-out ◄───────┘
//! ```
//!
//! Invariants: the text of a Spike never holds a target token; training never waits for the chain,
//! nor longer than the deadline for a peer; Grads are best effort, bounded in number, and go only to
//! components that our charged row bids for, since nobody else takes them (equation 12); a failed
//! step is counted and the next one goes on.

pub mod rate;
pub mod slots;

use crate::{
	axon::{DownstreamAnswer, Peers},
	chain::poster::Poster,
	cli::{BidWeight, LearnFrom},
	compute::{Compute, Measure, Notes},
	dendrite::{Dendrite, FanOut, Peer},
	network::Network,
	telemetry::{SlotStatus, Telemetry},
};
use bittensor_client::{ss58, AccountId, SHARE_ONE};
use bittensor_nucleus::{Batch, Example, Sampler};
use bittensor_wire::{AccountId as WireAccount, Spike, Vectors};
use rate::Rates;
use std::{
	collections::BTreeMap,
	path::PathBuf,
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};
use tokio::{
	sync::{watch, Semaphore},
	task::JoinHandle,
	time::{Instant, Interval, MissedTickBehavior},
};

/// Examples asked for in one Spike when measuring.
const HELD_OUT_CHUNK: usize = 64;
/// Grads under way at a time; one more is not sent.
const GRADS_IN_FLIGHT: usize = 64;
/// The row is computed anew this often.
const ROW_EVERY: Duration = Duration::from_secs(2);
/// Decay of the running mean of the loss, per step.
const LOSS_DECAY: f64 = 0.98;

/// How to learn.
#[derive(Clone, Debug)]
pub struct LearningConfig {
	/// Our service key.
	pub account: AccountId,
	/// Texts in a batch.
	pub batch: usize,
	/// Hops beyond our downstream components: 0 lets them answer alone.
	pub ttl: u32,
	/// Time for the answers to a Spike.
	pub spike_timeout: Duration,
	/// Steps per second; 0 is no limit.
	pub max_steps_per_second: f64,
	/// Steps in all, then rest.
	pub max_steps: Option<u64>,
	/// Learn nothing.
	pub freeze: bool,
	/// Gradients to learn from.
	pub learn_from: LearnFrom,
	/// How bids are weighed: decides which components take our Grads.
	pub bid_weight: BidWeight,
	/// Post a row without edges, whatever was measured.
	pub self_only: bool,
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

/// What learning works with.
#[derive(Clone)]
pub struct Learning {
	/// Settings.
	pub config: LearningConfig,
	/// The component.
	pub compute: Compute,
	/// The way to others.
	pub dendrite: Arc<Dendrite>,
	/// The mirror and the slots.
	pub network: Arc<Network>,
	/// Where the row goes; `None` measures only.
	pub poster: Option<Poster>,
	/// Where the numbers go.
	pub telemetry: Telemetry,
	/// Held-out examples.
	pub held_out: Arc<Vec<Example>>,
	/// What the checkpoint remembers beside the component.
	pub notes: Arc<Mutex<Notes>>,
	/// Answers and gaps per component, in this run.
	pub health: Arc<Mutex<BTreeMap<AccountId, (u64, u64)>>>,
}

/// A batch and what came back for it.
struct Fetched {
	batch: Batch,
	spike: Option<Spike>,
	peers: Vec<Peer>,
	answers: Vec<DownstreamAnswer>,
}

/// Waits for the next tick; false once the component is to stop.
async fn ticked(ticks: &mut Interval, stop: &mut watch::Receiver<bool>) -> bool {
	tokio::select! {
		_ = ticks.tick() => {},
		_ = stop.changed() => {},
	}
	!*stop.borrow()
}

fn downstream(peers: &[Peer], fan_out: FanOut) -> Vec<DownstreamAnswer> {
	peers
		.iter()
		.zip(fan_out.vectors)
		.map(|(peer, vectors)| DownstreamAnswer { account: peer.account, vectors })
		.collect()
}

impl Learning {
	/// Learns until `stop` turns true. Runs as several tasks so that none waits for another.
	pub async fn run(self, sampler: Option<Sampler>, stop: watch::Receiver<bool>) {
		let measuring = tokio::spawn(self.clone().measure_often(stop.clone()));
		let evaluating = tokio::spawn(self.clone().evaluate_often(stop.clone()));
		let saving = tokio::spawn(self.clone().save_often(stop.clone()));
		let training = match (sampler, self.config.freeze, self.config.learn_from) {
			(Some(sampler), false, LearnFrom::Both | LearnFrom::Own) => {
				tokio::spawn(self.clone().train(sampler, stop))
			}
			(_, false, LearnFrom::Grads) => tokio::spawn(self.clone().train_for_others(stop)),
			_ => tokio::spawn(async {}),
		};
		for task in [training, measuring, evaluating, saving] {
			if let Err(error) = task.await {
				tracing::error!("a learning task ended early: {error}");
				self.telemetry.error(error);
			}
		}
	}

	/// Asks the components in our slots about the texts of a batch.
	async fn fetch(self, batch: Batch) -> Fetched {
		let peers = self.network.downstream();
		let texts = batch.texts.clone();
		if peers.is_empty() {
			return Fetched { batch, spike: None, peers, answers: Vec::new() };
		}
		let spike = match Spike::new(self.config.account, self.config.ttl, texts) {
			Ok(spike) => spike,
			Err(error) => {
				tracing::warn!("a batch cannot be sent: {error}");
				return Fetched { batch, spike: None, peers, answers: Vec::new() };
			}
		};
		let deadline = Instant::now() + self.config.spike_timeout;
		let fan_out = self.dendrite.spike(&peers, &spike, deadline).await;
		let answers = downstream(&peers, fan_out);
		let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
		for answer in &answers {
			let (answered, missing) = health.entry(answer.account).or_default();
			match answer.vectors {
				Some(_) => *answered += 1,
				None => *missing += 1,
			}
		}
		drop(health);
		Fetched { batch, spike: Some(spike), peers, answers }
	}

	async fn train(self, mut sampler: Sampler, mut stop: watch::Receiver<bool>) {
		let mut rates = Rates::new(self.config.grads_per_second);
		let in_flight = Arc::new(Semaphore::new(GRADS_IN_FLIGHT));
		let mut next_step = Instant::now();
		let mut done = self.telemetry.status().steps;
		let mut window = (Instant::now(), done);
		let mut prefetched: Option<JoinHandle<Fetched>> = None;
		loop {
			if *stop.borrow() || self.config.max_steps.is_some_and(|most| done >= most) {
				break;
			}
			if self.config.max_steps_per_second > 0.0 {
				tokio::select! {
					_ = tokio::time::sleep_until(next_step) => {},
					_ = stop.changed() => continue,
				}
				let pause = Duration::from_secs_f64(1.0 / self.config.max_steps_per_second);
				// A late step is not made up for.
				next_step = (next_step + pause).max(Instant::now());
			}
			let current = match prefetched.take() {
				Some(task) => task,
				None => {
					let batch = sampler.next_batch(self.config.batch);
					tokio::spawn(self.clone().fetch(batch))
				}
			};
			let Ok(fetched) = current.await else { continue };
			// A resumed sampler begins with the batch after the one that is trained now.
			let sampled = sampler.state();
			let batch = sampler.next_batch(self.config.batch);
			prefetched = Some(tokio::spawn(self.clone().fetch(batch)));
			let Fetched { batch, spike, peers, answers } = fetched;
			match self.compute.step(batch, answers).await {
				Ok(step) => {
					done = step.report.step;
					self.note_step(&step.report, step.version, &mut window);
					self.notes.lock().unwrap_or_else(PoisonError::into_inner).sampler = sampled;
					if let Some(spike) = spike {
						self.send_grads(spike, &peers, step.errors, &mut rates, &in_flight);
					}
				}
				Err(error) => {
					tracing::warn!("a training step failed: {error}");
					self.telemetry.error(error);
					self.telemetry.status().failed_steps += 1;
					tokio::time::sleep(Duration::from_millis(100)).await;
				}
			}
		}
		if let Some(task) = prefetched {
			task.abort();
		}
		// From here on it stays as it is, but for Grads of others: what was learned is measured.
		let rests = self.config.max_steps.is_some_and(|most| done >= most);
		if rests && !self.held_out.is_empty() {
			self.evaluate().await;
		}
	}

	/// A component whose own loss rests learns from what upstreams send.
	async fn train_for_others(self, mut stop: watch::Receiver<bool>) {
		let rate = self.config.max_steps_per_second;
		let pause = if rate > 0.0 { 1.0 / rate } else { 0.02 };
		let mut ticks = tokio::time::interval(Duration::from_secs_f64(pause));
		ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
		while ticked(&mut ticks, &mut stop).await {
			match self.compute.upstream_step().await {
				Ok(true) => self.telemetry.status().version += 1,
				Ok(false) => {}
				Err(error) => {
					tracing::warn!("a step for upstreams failed: {error}");
					self.telemetry.status().failed_steps += 1;
				}
			}
		}
	}

	fn note_step(
		&self,
		report: &bittensor_nucleus::StepReport,
		version: u64,
		window: &mut (Instant, u64),
	) {
		if !report.refused.is_empty() {
			tracing::debug!("vectors of slots {:?} could not be used", report.refused);
		}
		let mut status = self.telemetry.status();
		status.steps = report.step;
		status.version = version;
		let loss = status.loss.unwrap_or(report.loss);
		status.loss = Some(LOSS_DECAY * loss + (1.0 - LOSS_DECAY) * report.loss);
		if !report.stepped {
			status.failed_steps += 1;
		}
		let elapsed = window.0.elapsed().as_secs_f64();
		if elapsed >= 2.0 {
			status.steps_per_second = (report.step.saturating_sub(window.1)) as f64 / elapsed;
			*window = (Instant::now(), report.step);
		}
	}

	/// Sends ∂L/∂d_j to the components that our charged row bids for, and forgets about it.
	fn send_grads(
		&self,
		spike: Spike,
		peers: &[Peer],
		errors: Vec<(WireAccount, Vectors)>,
		rates: &mut Rates,
		in_flight: &Arc<Semaphore>,
	) {
		let snapshot = self.network.view().snapshot();
		let wanted: Vec<(Peer, Vectors)> = errors
			.into_iter()
			.filter_map(|(account, error)| {
				let peer = peers.iter().find(|peer| peer.account == account)?;
				let bids = match self.config.bid_weight {
					BidWeight::Flow => snapshot.flow_to(peer.uid) > 0,
					BidWeight::Share => snapshot.share_of(peer.uid) > 0,
				};
				(bids && rates.take(&account)).then(|| (peer.clone(), error))
			})
			.collect();
		if wanted.is_empty() {
			return;
		}
		let Ok(permit) = in_flight.clone().try_acquire_owned() else { return };
		let dendrite = self.dendrite.clone();
		let telemetry = self.telemetry.clone();
		let deadline = Instant::now() + self.config.spike_timeout;
		tokio::spawn(async move {
			let answers = dendrite.grads(&spike, wanted, deadline).await;
			let accepted =
				answers.iter().filter(|answer| answer.as_ref().is_ok_and(|a| a.accepted())).count();
			for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
				tracing::debug!("a Grad was not delivered: {answer}");
			}
			telemetry.status().grads_sent += accepted as u64;
			drop(permit);
		});
	}

	/// Scores, row and slots for telemetry and the poster.
	async fn measure_often(self, mut stop: watch::Receiver<bool>) {
		let mut ticks = tokio::time::interval(ROW_EVERY);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		while ticked(&mut ticks, &mut stop).await {
			match self.compute.measure().await {
				Ok(measure) => self.note_measure(measure),
				Err(error) => self.telemetry.error(error),
			}
		}
	}

	/// The component measures what others are worth to it.
	fn attributes(&self) -> bool {
		!self.config.freeze && self.config.learn_from != LearnFrom::Grads
	}

	fn note_measure(&self, measure: Measure) {
		let snapshot = self.network.view().snapshot();
		let own_only = self.config.self_only || !self.attributes();
		let shares = if own_only { Vec::new() } else { measure.shares.clone() };
		let given: u32 = shares.iter().map(|(_, share)| u32::from(*share)).sum();
		let scores = measure.scores();
		let health = self.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
		let slots = measure
			.slots
			.iter()
			.flatten()
			.map(|account| {
				let score = scores.get(account);
				let (answered, missing) = health.get(account).copied().unwrap_or_default();
				SlotStatus {
					account: ss58(account),
					uid: snapshot.component_of(account).map(|component| component.uid),
					mean: score.map_or(0.0, |score| score.mean),
					lower: score.map_or(0.0, |score| score.lower),
					samples: score.map_or(0, |score| score.samples),
					share: u32::from(measure.share(account)),
					answered,
					missing,
				}
			})
			.collect();
		let mut status = self.telemetry.status();
		status.slots = slots;
		status.self_share = SHARE_ONE.saturating_sub(given);
		status.row = shares
			.iter()
			.filter_map(|(account, share)| Some((snapshot.component_of(account)?.uid, *share)))
			.collect();
		status.delta_l_self = measure.attribution.own.mean;
		status.null_score = measure.attribution.null.mean;
		status.attribution_fidelity = measure.attribution.fidelity.pearson;
		drop(status);
		if let Some(poster) = &self.poster {
			if own_only || measure.steps >= self.config.warm_up {
				poster.want(shares);
			}
		}
	}

	async fn evaluate_often(self, mut stop: watch::Receiver<bool>) {
		let mut ticks = tokio::time::interval(self.config.evaluate_every);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		while !self.held_out.is_empty() {
			tokio::select! {
				_ = ticks.tick() => {},
				_ = stop.changed() => {},
			}
			if *stop.borrow() {
				return;
			}
			self.evaluate().await;
		}
	}

	/// Measures the held-out perplexity and the digest of the parameters.
	async fn evaluate(&self) {
		let chunks = self.ask_held_out().await;
		match self.compute.evaluate(self.held_out.clone(), chunks).await {
			Ok((steps, perplexity)) => {
				let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
				let start = *notes.perplexity_start.get_or_insert(perplexity.with_network);
				drop(notes);
				let mut status = self.telemetry.status();
				status.perplexity.start = Some(start);
				status.perplexity.now = Some(perplexity.with_network);
				status.perplexity.without_network = Some(perplexity.without_network);
				status.perplexity.steps = Some(steps);
			}
			Err(error) => {
				tracing::warn!("the perplexity was not measured: {error}");
				self.telemetry.error(error);
			}
		}
		if let Ok((version, digest)) = self.compute.parameters().await {
			let mut status = self.telemetry.status();
			status.version = version;
			status.parameters = Some(hex::encode(digest));
		}
	}

	/// Answers to the held-out texts, by chunk.
	async fn ask_held_out(&self) -> Vec<Vec<DownstreamAnswer>> {
		let mut chunks = Vec::new();
		let peers = self.network.downstream();
		for chunk in self.held_out.chunks(HELD_OUT_CHUNK) {
			let texts = chunk.iter().map(|example| example.text.clone()).collect();
			let Ok(spike) = Spike::new(self.config.account, self.config.ttl, texts) else {
				chunks.push(Vec::new());
				continue;
			};
			// Nobody waits for this one, and the chunks are larger than a batch.
			let deadline = Instant::now() + self.config.spike_timeout * 4;
			let fan_out = self.dendrite.spike(&peers, &spike, deadline).await;
			chunks.push(downstream(&peers, fan_out));
		}
		chunks
	}

	async fn save_often(self, mut stop: watch::Receiver<bool>) {
		let start = Instant::now() + self.config.checkpoint_every;
		let mut ticks = tokio::time::interval_at(start, self.config.checkpoint_every);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		while ticked(&mut ticks, &mut stop).await {
			let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
			if let Err(error) = self.compute.save(self.config.checkpoint.clone(), notes).await {
				tracing::warn!("no checkpoint was written: {error}");
				self.telemetry.error(error);
			}
		}
	}
}
