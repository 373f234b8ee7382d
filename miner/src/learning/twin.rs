//! The twin: the same component, trained alone.
//!
//! ```text
//!   sampler ─► batch ─┬─► answers of the network ─► step or score of the component
//!                     └─► at most 32 batches wait ─► that of the twin, on a thread of its own
//!   validation text ─► best parameters of each ─► reported text ─► gain, with its interval
//! ```
//! Invariants: the twin has the architecture, the settings, the seed and the batches of the component,
//! in the same order, and never a vector of another component; the component waits while both are
//! measured, so they are compared at equal steps; what holds for the one holds for the other: the best
//! parameters are kept, and training goes back to them, by the same rule.

use crate::compute::{Best, Brain, Compute, Losses, Notes};
use anyhow::Context;
use bittensor_nucleus::{Batch, Example, Gain, HeldOut, Weighting};
use parking_lot::Mutex;
use std::{path::PathBuf, sync::Arc, thread::JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// Batches that may wait for the twin.
const WAITING: usize = 32;

/// What the component tells its twin, in the order in which it does the same.
enum Message {
	Train(Batch),
	Score(Batch),
	/// Answered when all before it is done.
	CaughtUp(oneshot::Sender<()>),
	End,
}

/// A twin; clones share it.
#[derive(Clone)]
pub struct Twin {
	compute: Compute,
	messages: mpsc::Sender<Message>,
	best: Arc<Mutex<Best>>,
	checkpoint: PathBuf,
	/// Names of the train documents.
	documents: Vec<String>,
}

/// What the thread of a twin needs.
pub struct TwinThread {
	messages: mpsc::Receiver<Message>,
	thread: JoinHandle<Brain>,
}

/// What the twin says about the component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
	/// The gain of the component.
	pub gain: Gain,
	/// Perplexity of the component on the reported examples, at its best parameters.
	pub perplexity: f64,
	/// Perplexity of the twin, at its own.
	pub twin_perplexity: f64,
	/// Steps that the component had made then.
	pub steps: u64,
	/// Steps that the twin had made then.
	pub twin_steps: u64,
	/// Both as they are now; `None` where only their best parameters are compared.
	pub last: Option<Last>,
}

/// A component and its twin after the same step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Last {
	/// The gain of the component.
	pub gain: Gain,
	/// Perplexity of the component on the reported examples.
	pub perplexity: f64,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
}

impl Last {
	fn of(component: &Losses, twin: &Losses, documents: &[usize]) -> Option<Self> {
		Some(Self {
			gain: Gain::of(&component.with, &twin.with, documents, Weighting::AsTrained)?,
			perplexity: component.perplexity().with_network,
			twin_perplexity: twin.perplexity().with_network,
		})
	}
}

impl Twin {
	/// Starts the thread. The model is that of the component before its first step, or both are
	/// resumed; `checkpoint` is its file, and `documents` names what it trains on.
	///
	/// # Errors
	/// If the operating system gives no thread.
	pub fn start(
		brain: Brain,
		best: Best,
		checkpoint: PathBuf,
		documents: Vec<String>,
	) -> anyhow::Result<(Self, TwinThread)> {
		let (compute, thread) = Compute::start(brain).context("cannot start the twin's thread")?;
		let (messages, waiting) = mpsc::channel(WAITING);
		let best = Arc::new(Mutex::new(best));
		let twin = Self { compute, messages, best, checkpoint, documents };
		Ok((twin, TwinThread { messages: waiting, thread }))
	}

	/// Gives the twin a batch that the component trains on. Waits while too many wait.
	pub async fn train(&self, batch: Batch) {
		// The receiver ends after `End` only, so nothing can be lost before.
		let _ = self.messages.send(Message::Train(batch)).await;
	}

	/// Gives the twin a batch of unseen text that the component is scored on.
	pub async fn score(&self, batch: Batch) {
		let _ = self.messages.send(Message::Score(batch)).await;
	}

	/// Waits until the twin has made the step of every batch that it was given.
	pub async fn caught_up(&self) {
		let (done, wait) = oneshot::channel();
		if self.messages.send(Message::CaughtUp(done)).await.is_ok() {
			let _ = wait.await;
		}
	}

	/// Ends the twin after the batches that it was given.
	pub async fn end(&self) {
		let _ = self.messages.send(Message::End).await;
	}

	/// Trains until [`Twin::end`], then writes the twin's checkpoint.
	///
	/// # Errors
	/// If the checkpoint cannot be written.
	pub async fn run(self, mut thread: TwinThread) -> anyhow::Result<()> {
		let Self { compute, messages, checkpoint, documents, best } = self;
		// Without a sender of its own, the loop also ends if the component never starts.
		drop(messages);
		while let Some(message) = thread.messages.recv().await {
			match message {
				Message::Train(batch) => {
					if let Err(error) = compute.step(batch, Vec::new()).await {
						tracing::warn!("a step of the twin failed: {error}");
					}
				}
				Message::Score(batch) => {
					if let Err(error) = compute.score(batch, Vec::new(), Vec::new()).await {
						tracing::warn!("the twin was not scored: {error}");
					}
				}
				Message::CaughtUp(done) => drop(done.send(())),
				Message::End => break,
			}
		}
		compute.close();
		let brain = tokio::task::spawn_blocking(move || thread.thread.join()).await?;
		let brain = brain.map_err(|_| anyhow::anyhow!("the twin's thread panicked"))?;
		best.lock().flush(&brain)?;
		let notes = Notes { documents, ..Notes::default() };
		brain
			.save(&checkpoint, notes)
			.with_context(|| format!("cannot write {}", checkpoint.display()))
	}

	/// Measures the twin, keeps its best parameters, and compares it with the component: each at its
	/// best, and both as they are, of which `now` are the losses of the component.
	///
	/// # Errors
	/// If a computation fails.
	pub async fn compare(
		&self,
		component: &Mutex<Best>,
		now: &Losses,
		validation: Arc<Vec<Example>>,
		reported: &HeldOut,
	) -> anyhow::Result<Option<Comparison>> {
		let losses = self.compute.losses(&reported.examples, &[]).await?;
		let last = Last::of(now, &losses, &reported.documents);
		let notes = Notes { reported: Some(losses), ..self.notes() };
		self.compute.judge(validation, Vec::new(), self.best.clone(), notes).await?;
		let best = component.lock().reported().cloned();
		Ok(best.and_then(|component| self.comparison(&component, reported, last)))
	}

	fn comparison(
		&self,
		component: &Losses,
		reported: &HeldOut,
		last: Option<Last>,
	) -> Option<Comparison> {
		let best = self.best.lock();
		let twin = best.reported()?;
		Some(Comparison {
			gain: Gain::of(&component.with, &twin.with, &reported.documents, Weighting::AsTrained)?,
			perplexity: component.perplexity().with_network,
			twin_perplexity: twin.perplexity().with_network,
			steps: component.steps,
			twin_steps: twin.steps,
			last,
		})
	}

	fn notes(&self) -> Notes {
		Notes { documents: self.documents.clone(), ..Notes::default() }
	}

	/// Writes the twin's checkpoint.
	///
	/// # Errors
	/// If it cannot be written.
	pub async fn save(&self) -> anyhow::Result<()> {
		Ok(self.compute.save(self.checkpoint.clone(), self.notes()).await?)
	}
}
