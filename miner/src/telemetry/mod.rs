//! What a running component says about itself: one JSON object, in a file replaced once a second,
//! and as a line for people in the log.
//!
//! Invariants: a reader of the file never sees half an object (written aside, then renamed); a disk
//! that is full or slow does not stop the component.

pub mod recorder;

use serde::Serialize;
use std::{
	path::{Path, PathBuf},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

/// Held-out perplexity: exp of the mean negative log-likelihood per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PerplexityStatus {
	/// With the network, at the first measurement of this component's life.
	pub start: Option<f64>,
	/// With the network, at the last measurement.
	pub now: Option<f64>,
	/// With all slots at their means, at the last measurement.
	pub without_network: Option<f64>,
	/// Training steps that the component had made at the last measurement.
	pub steps: Option<u64>,
	/// Unigram model of the train documents, add-one smoothed, on the same tokens.
	pub unigram: Option<f64>,
}

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SlotStatus {
	/// SS58 address of the component in it.
	pub account: String,
	/// Its uid, if it is registered.
	pub uid: Option<u32>,
	/// Running mean of ΔL_ij, in nats per example.
	pub mean: f64,
	/// Its lower confidence bound.
	pub lower: f64,
	/// Batches measured.
	pub samples: u64,
	/// Share of our row, out of 65,536.
	pub share: u32,
	/// Answers in time, in this run.
	pub answered: u64,
	/// Missing answers, in this run.
	pub missing: u64,
}

/// A bid for us.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BidStatus {
	/// The bidder.
	pub uid: u32,
	/// Its share, out of 65,536.
	pub share: u32,
	/// Units per epoch, as a decimal string.
	pub flow: String,
}

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
	/// SS58 address of the service key.
	pub account: String,
	/// Our uid, once registered.
	pub uid: Option<u32>,
	/// trainable, noise or selfish.
	pub kind: String,
	/// Operating system's process id.
	pub pid: u32,
	/// HOST:PORT where it serves.
	pub endpoint: String,
	/// Seconds since start.
	pub uptime: u64,
	/// Last block of the mirror.
	pub block: u32,
	/// Epoch of the mirror.
	pub epoch: u32,
	/// Units at stake, as a decimal string.
	pub stake: String,
	/// Units paid last, as a decimal string.
	pub payout: String,
	/// Training steps in this component's life.
	pub steps: u64,
	/// Training steps per second, over the last seconds.
	pub steps_per_second: f64,
	/// Changes of the parameters.
	pub version: u64,
	/// Identifies the parameters: equal digests, equal parameters.
	pub parameters: Option<String>,
	/// Running mean of the training loss, in nats per token.
	pub loss: Option<f64>,
	/// Held-out perplexity.
	pub perplexity: PerplexityStatus,
	/// The row that learning wants: (uid, share out of 65,536).
	pub row: Vec<(u32, u16)>,
	/// Its self-share, out of 65,536.
	pub self_share: u32,
	/// ΔL_ii, in nats per example.
	pub delta_l_self: f64,
	/// Score of the null slot, in nats per example: the noise floor of every bid.
	pub null_score: f64,
	/// How well the scores agree with true ablation (Pearson), if measured.
	pub attribution_fidelity: Option<f64>,
	/// The slots that are taken.
	pub slots: Vec<SlotStatus>,
	/// The strongest bid for us.
	pub strongest_bid: Option<BidStatus>,
	/// Rows posted in this run.
	pub posts: u64,
	/// Posts that failed in this run.
	pub post_failures: u64,
	/// The last row that got into a block in this run.
	pub posted_row: Option<Vec<(u32, u16)>>,
	/// Spikes answered in this run.
	pub spikes_served: u64,
	/// Grads accepted in this run.
	pub grads_served: u64,
	/// Grads that peers accepted from us in this run.
	pub grads_sent: u64,
	/// Requests refused in this run.
	pub refused: u64,
	/// Training steps that failed in this run.
	pub failed_steps: u64,
	/// The last error of any part.
	pub last_error: Option<String>,
}

/// A handle to the status.
#[derive(Clone, Default)]
pub struct Telemetry {
	status: Arc<Mutex<Status>>,
}

impl Telemetry {
	/// The status, to read or to change; hold it briefly.
	pub fn status(&self) -> MutexGuard<'_, Status> {
		self.status.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Notes an error.
	pub fn error(&self, error: impl std::fmt::Display) {
		self.status().last_error = Some(error.to_string());
	}

	/// Writes the status to `path` now.
	pub fn write(&self, path: &Path) -> std::io::Result<()> {
		let json = serde_json::to_vec(&*self.status())?;
		let aside = aside(path);
		std::fs::write(&aside, json)?;
		std::fs::rename(&aside, path)
	}
}

fn aside(path: &Path) -> PathBuf {
	let mut name = path.file_name().unwrap_or_default().to_os_string();
	name.push(format!(".{}.tmp", std::process::id()));
	path.with_file_name(name)
}

/// Refreshes the status once a second by `refresh`, writes it to `path` if one is given, and prints
/// it as a line of JSON every ten seconds if `lines`, until the task is dropped.
pub async fn report(
	telemetry: Telemetry,
	path: Option<PathBuf>,
	lines: bool,
	mut refresh: impl FnMut(&mut Status) + Send,
) {
	let mut ticks = tokio::time::interval(Duration::from_secs(1));
	ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
	let mut complained = false;
	for tick in 0_u64.. {
		ticks.tick().await;
		refresh(&mut telemetry.status());
		if let Some(path) = &path {
			match telemetry.write(path) {
				Ok(()) => complained = false,
				Err(error) if !complained => {
					tracing::warn!("cannot write {}: {error}", path.display());
					complained = true;
				}
				Err(_) => {}
			}
		}
		if tick > 0 && tick.is_multiple_of(10) {
			let status = telemetry.status().clone();
			if lines {
				if let Ok(line) = serde_json::to_string(&status) {
					println!("{line}");
				}
			} else {
				tracing::info!("{}", line(&status));
			}
		}
	}
}

/// The status in a line for people.
pub fn line(status: &Status) -> String {
	let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
	format!(
		"uid {} epoch {} step {} loss {} perplexity {} (alone {}, unigram {}) self-share {:.0} % \
		 spikes {} grads {}",
		status.uid.map_or("-".into(), |uid| uid.to_string()),
		status.epoch,
		status.steps,
		status.loss.map_or("-".into(), |loss| format!("{loss:.3}")),
		number(status.perplexity.now),
		number(status.perplexity.without_network),
		number(status.perplexity.unigram),
		f64::from(status.self_share) * 100.0 / 65_536.0,
		status.spikes_served,
		status.grads_served,
	)
}
