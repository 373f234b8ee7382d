//! The fields of the status file.

use super::{gain::GainStatus, recorder::Reading};
use crate::chain::cache::Snapshot;
use bittensor_client::{decimal, Bid, Edge};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Held-out perplexity: exp of the mean negative log-likelihood per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PerplexityStatus {
	/// With the network, at the first measurement of this component's life.
	pub start: Option<f64>,
	/// With the network, at the last measurement.
	pub now: Option<f64>,
	/// With all inputs at their means, at the last measurement: shows dependence, and is no twin.
	pub without_inputs: Option<f64>,
	/// Training steps that the component had made at the last measurement.
	pub steps: Option<u64>,
	/// Unigram model of the train documents, add-one smoothed, on the same tokens.
	pub unigram: Option<f64>,
	/// Held-out tokens that are measured: those that the tokenizer knows.
	pub tokens: Option<u64>,
	/// Part of all held-out tokens that it does not know, 0 to 1: they are in no perplexity.
	pub unknown: Option<f64>,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputStatus {
	/// SS58 address of the component that is connected to it.
	pub account: String,
	/// Its uid, if it is registered.
	pub uid: Option<u32>,
	/// Running mean of ΔL_ij, in nats per target, on text that is not trained on.
	pub mean: f64,
	/// Its lower confidence bound.
	pub lower: f64,
	/// Scored batches.
	pub samples: u64,
	/// Share of our row, out of 65,536.
	pub share: u32,
	/// Answers in time, in this run.
	pub answered: u64,
	/// Missing answers, in this run.
	pub missing: u64,
	/// Of these, refused for want of a bid.
	pub refused: u64,
	/// Running mean of the milliseconds from call to answer; `None` before the first answer.
	pub latency_ms: Option<f64>,
	/// Seconds since the first call without an answer; `None` if it answered the last one.
	pub silent: Option<u64>,
	/// Its last answer was a refusal for want of a bid.
	pub unpaid: bool,
	/// Bought push: the sum of the parts of its steps, s_u, with which it took our Grads in, in this
	/// run, as its answers say.
	pub push: f64,
	/// Units that our row gave it in this run, as a decimal string.
	pub paid: String,
}

/// A component that bids for us.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamStatus {
	/// SS58 address.
	pub account: String,
	/// Its uid, if it is registered.
	pub uid: Option<u32>,
	/// What it has bought of our steps: the sum of s_u over those at which its Grads were present,
	/// since we know it.
	pub push: f64,
	/// Units that its row gave us in this run, as a decimal string.
	pub received: String,
}

/// The status of a running component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
	/// SS58 address of the service key.
	pub account: String,
	/// Our uid, once registered.
	pub uid: Option<u32>,
	/// Name of its kind.
	pub kind: String,
	/// Operating system's process id.
	pub pid: u32,
	/// HOST:PORT where it serves; empty if it does not.
	pub endpoint: String,
	/// Seconds since start.
	pub uptime: u64,
	/// Last block of the chain cache.
	pub block: u32,
	/// Epoch of the chain cache.
	pub epoch: u32,
	/// Seconds since the last block arrived.
	pub chain_age: u64,
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
	/// The gain over the twin; `None` without a twin, and before both are measured.
	pub gain: Option<GainStatus>,
	/// The edges of the row that learning wants.
	pub row: Vec<Edge>,
	/// Its self-share, out of 65,536.
	pub self_share: u32,
	/// ΔL_ii, the part of the own encoder, in nats per target.
	pub delta_l_self: f64,
	/// The part of all inputs together, in nats per target.
	pub delta_l_network: f64,
	/// Score of the null input, in nats per target: the noise floor of every bid.
	pub null_score: f64,
	/// How well the scores agree with true ablation (Pearson), if measured.
	pub attribution_fidelity: Option<f64>,
	/// The inputs that are taken.
	// Readers of the file know them by this name.
	pub inputs: Vec<InputStatus>,
	/// The components whose Grads we take in.
	pub upstreams: Vec<UpstreamStatus>,
	/// The strongest bid for us.
	pub strongest_bid: Option<Bid>,
	/// Rows posted in this run.
	pub posts: u64,
	/// Posts that failed in this run.
	pub post_failures: u64,
	/// The edges of the row posted last.
	pub posted_row: Option<Vec<Edge>>,
	/// Spikes answered in this run.
	pub spikes_served: u64,
	/// Grads accepted in this run.
	pub grads_served: u64,
	/// Grads that others accepted from us in this run.
	pub grads_sent: u64,
	/// Vectors of the whole vocabulary that were fetched from a component and used, in this run.
	pub word_tables: u64,
	/// Grads for words that others accepted from us in this run.
	pub word_grads_sent: u64,
	/// Grads for words accepted in this run.
	pub word_grads_served: u64,
	/// Requests refused in this run.
	pub refused: u64,
	/// Training steps that failed in this run.
	pub failed_steps: u64,
	/// The newest error of a task that did not succeed since.
	pub last_error: Option<String>,
}

impl Status {
	/// Replaces the status file.
	pub fn write(&self, path: &Path) -> std::io::Result<()> {
		bittensor_nucleus::files::replace(path, &serde_json::to_vec(self)?)
	}

	/// Reads a status file. Fields that another version does not write have their defaults.
	///
	/// # Errors
	/// If the file cannot be read, or is no status file.
	pub fn read(path: &Path) -> std::io::Result<Self> {
		Ok(serde_json::from_slice(&std::fs::read(path)?)?)
	}

	/// Takes what the chain cache says about this component.
	pub fn set_chain(&mut self, snapshot: &Snapshot) {
		self.block = snapshot.head.number;
		self.epoch = snapshot.epoch.epoch;
		self.uid = snapshot.me;
		let mine = snapshot.mine();
		self.stake = decimal(mine.map_or(0, |mine| mine.stake));
		self.payout = decimal(mine.map_or(0, |mine| mine.payout));
		self.strongest_bid = snapshot.strongest_bid();
	}

	/// Takes the numbers of the recorder.
	pub fn set_numbers(&mut self, numbers: &Reading) {
		let counter = |name: &str| numbers.counter(&format!("bittensor_miner_{name}_total"));
		let gauge = |name: &str| numbers.gauge(&format!("bittensor_miner_{name}"));
		self.chain_age = gauge("chain_age_seconds").unwrap_or_default() as u64;
		self.steps = counter("steps");
		self.steps_per_second = gauge("steps_per_second").unwrap_or_default();
		self.version = gauge("parameter_version").unwrap_or_default() as u64;
		self.loss = gauge("loss");
		self.perplexity = PerplexityStatus {
			start: gauge("perplexity_start"),
			now: gauge("perplexity"),
			without_inputs: gauge("perplexity_without_inputs"),
			steps: gauge("perplexity_step").map(|step| step as u64),
			unigram: gauge("perplexity_unigram"),
			tokens: gauge("perplexity_tokens").map(|tokens| tokens as u64),
			unknown: gauge("perplexity_unknown"),
		};
		self.self_share = gauge("self_share").unwrap_or_default() as u32;
		self.delta_l_self = gauge("delta_l_self").unwrap_or_default();
		self.delta_l_network = gauge("delta_l_network").unwrap_or_default();
		self.null_score = gauge("null_score").unwrap_or_default();
		self.attribution_fidelity = gauge("attribution_fidelity");
		self.posts = counter("posts");
		self.post_failures = counter("post_failures");
		self.spikes_served = counter("spikes_served");
		self.grads_served = counter("grads_served");
		self.grads_sent = counter("grads_sent");
		self.word_tables = counter("word_tables");
		self.word_grads_sent = counter("word_grads_sent");
		self.word_grads_served = counter("word_grads_served");
		self.refused = counter("requests_refused");
		self.failed_steps = counter("failed_steps");
	}
}

/// Inputs whose answers the line shows.
const SHOWN_INPUTS: usize = 8;

/// The status in a line for people: how it learns, whom it reaches, whom it serves, what is wrong.
impl std::fmt::Display for Status {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
		match self.uid {
			Some(uid) => write!(f, "component {uid}")?,
			None => write!(f, "not registered")?,
		}
		write!(f, ", block {}", self.block)?;
		if self.loss.is_some() || self.perplexity.now.is_some() {
			write!(
				f,
				"; step {} ({:.1}/s), perplexity {} (without inputs {}, unigram {})",
				self.steps,
				self.steps_per_second,
				number(self.perplexity.now),
				number(self.perplexity.without_inputs),
				number(self.perplexity.unigram),
			)?;
		}
		if let Some(gain) = self.gain {
			write!(f, ", gain over its twin {gain}")?;
		}
		if !self.inputs.is_empty() {
			let inputs: Vec<String> =
				self.inputs.iter().take(SHOWN_INPUTS).map(InputStatus::health).collect();
			write!(f, "; answers: {}", inputs.join(", "))?;
		}
		if let Some(more) = self.inputs.len().checked_sub(SHOWN_INPUTS).filter(|more| *more > 0) {
			write!(f, " and {more} more")?;
		}
		write!(f, "; served {} Spikes, {} Grads", self.spikes_served, self.grads_served)?;
		match &self.last_error {
			Some(error) => write!(f, "; still wrong: {error}"),
			None => Ok(()),
		}
	}
}

impl InputStatus {
	/// Part of the queries that it answered: `4 98 %`.
	fn health(&self) -> String {
		let name = self.uid.map_or("?".into(), |uid| uid.to_string());
		format!("{name} {}", self.answers())
	}

	/// Part of the queries of this run that it answered; `None` before the first one.
	pub fn part_answered(&self) -> Option<f64> {
		let asked = self.answered + self.missing;
		(asked > 0).then(|| self.answered as f64 / asked as f64)
	}

	/// As [`part_answered`](Self::part_answered), for people: `98 %`.
	pub fn answers(&self) -> String {
		self.part_answered().map_or("–".into(), |part| format!("{:.0} %", 100.0 * part))
	}

	/// What is wrong with it, in a word or two; `ok` if nothing is.
	pub fn state(&self) -> String {
		match self.silent {
			Some(_) if self.unpaid => "wants a bid".into(),
			Some(seconds) => format!("silent {seconds} s"),
			None if self.samples == 0 => "not measured".into(),
			None => "ok".into(),
		}
	}
}
