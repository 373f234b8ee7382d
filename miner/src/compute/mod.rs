//! The thread that owns the model.
//!
//! ```text
//!   axon: Spikes, Grads ─┐
//!                        ├─► queue ─► thread: Brain = model + accounts at its inputs
//!   learning: own steps ─┘                │
//!                                         └─► vectors, errors by account, reports
//! ```
//! The model is any [`Model`](bittensor_nucleus::Model); this module knows no kind.
//!
//! Invariants: only this thread reads and writes parameters, so nobody sees half a step; code
//! outside names downstream components by account, so an input that changed hands between a Spike
//! and its Grad is not mistaken for its predecessor; a failed computation changes nothing and does
//! not end the thread.

mod best;
mod brain;
mod inputs;
mod losses;
mod measure;
mod notes;
pub mod queue;
mod vectors;

use crate::axon::{
	ComponentService, ComputeError, DownstreamAnswer, GradOutcome, Output, UpstreamGrad,
};
use async_trait::async_trait;
use bittensor_nucleus::{Batch, Example, Perplexity};
use bittensor_wire::AccountId;
use parking_lot::Mutex;
use queue::{Lane, Queue};
use std::{path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};
use vectors::failed;

pub use best::{Best, Judgement, PATIENCE};
pub use brain::Brain;
pub use inputs::Inputs;
pub use losses::{in_all, Losses, CHUNK};
pub use measure::{Measure, Step};
pub use notes::Notes;

/// A handle to the thread; clones share it.
#[derive(Clone)]
pub struct Compute {
	queue: Queue<Brain>,
	turn: Arc<tokio::sync::Mutex<()>>,
}

/// The right to change the component, or to measure it while nobody changes it.
pub type Turn<'c> = tokio::sync::MutexGuard<'c, ()>;

impl Compute {
	/// Starts the thread. Joining the handle after [`Compute::close`] returns its state.
	pub fn start(brain: Brain) -> std::io::Result<(Self, JoinHandle<Brain>)> {
		let (queue, thread) = Queue::start("compute", brain)?;
		Ok((Self { queue, turn: Arc::default() }, thread))
	}

	/// Waits for the turn. Whoever makes a step, scores, installs vectors or changes inputs holds it
	/// meanwhile, and so does a measurement of several jobs, which is then of one state of the
	/// component. Spikes are answered and Grads taken in all the time: they change no answer.
	pub async fn turn(&self) -> Turn<'_> {
		self.turn.lock().await
	}

	/// Takes no more jobs; the thread ends after those that wait.
	pub fn close(&self) {
		self.queue.close();
	}

	/// Runs one of our own jobs, trying again while the lane is full.
	async fn own<R: Send + 'static>(
		&self,
		job: impl FnOnce(&mut Brain) -> R + Clone + Send + 'static,
	) -> Result<R, ComputeError> {
		loop {
			match self.queue.run(Lane::Own, job.clone()).await {
				Err(ComputeError::Busy) => tokio::time::sleep(Duration::from_millis(20)).await,
				result => return result,
			}
		}
	}

	/// One training step on the own loss and on what upstreams sent.
	pub async fn step(
		&self,
		batch: Batch,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Step, ComputeError> {
		self.own(move |brain| brain.step(&batch, &downstream)).await?
	}

	/// One step on the Grads of upstreams; `false` if there were none.
	pub async fn upstream_step(&self) -> Result<bool, ComputeError> {
		self.own(|brain| brain.upstream_step()).await?
	}

	/// Measures the perplexity on validation examples, and keeps the parameters or goes back to the
	/// best ones. `chunks` are the answers to consecutive chunks of the examples.
	pub async fn judge(
		&self,
		examples: Arc<Vec<Example>>,
		chunks: Vec<Vec<DownstreamAnswer>>,
		best: Arc<Mutex<Best>>,
		notes: Notes,
	) -> Result<(Perplexity, Judgement), ComputeError> {
		let job = move |brain: &mut Brain| {
			let now = brain.evaluate(&examples, &chunks)?;
			let judgement = best.lock().judge(brain, now, notes)?;
			Ok((now, judgement))
		};
		self.own(job).await?
	}

	/// The scores and the row.
	pub async fn measure(&self) -> Result<Measure, ComputeError> {
		self.own(|brain| brain.measure()).await
	}

	/// Training steps made.
	pub async fn steps(&self) -> Result<u64, ComputeError> {
		self.own(|brain| brain.model().steps()).await
	}

	/// The words whose vectors the inputs are asked for; none if there is no expert path.
	pub async fn vocabulary(&self) -> Result<Arc<[String]>, ComputeError> {
		self.own(|brain| brain.model().vocabulary().into()).await
	}

	/// Gives the input of an account the vectors of the vocabulary, row by row, or removes them. `false`
	/// if the account is at no input any more.
	pub async fn set_words(
		&self,
		account: AccountId,
		words: Option<Arc<[f32]>>,
	) -> Result<bool, ComputeError> {
		self.own(move |brain| brain.set_words(&account, words.as_deref())).await?
	}

	/// ∂L/∂d(w) of the words of an account, row by row of the vocabulary: the mean since the last
	/// call.
	pub async fn take_word_errors(
		&self,
		account: AccountId,
	) -> Result<Option<Vec<f32>>, ComputeError> {
		self.own(move |brain| brain.take_word_errors(&account)).await?
	}

	/// Connects accounts to inputs.
	pub async fn set_inputs(&self, inputs: Inputs) -> Result<(), ComputeError> {
		self.own(move |brain| brain.set_inputs(inputs)).await?
	}

	/// Version and digest of the parameters of f.
	pub async fn parameters(&self) -> Result<(u64, [u8; 32]), ComputeError> {
		self.own(|brain| Ok((brain.model().version(), brain.digest()?))).await?
	}

	/// Writes a checkpoint.
	pub async fn save(&self, path: PathBuf, notes: Notes) -> Result<(), ComputeError> {
		self.own(move |brain| brain.save(&path, notes).map_err(failed)).await?
	}
}

#[async_trait]
impl ComponentService for Compute {
	async fn spike(
		&self,
		texts: Arc<[String]>,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Output, ComputeError> {
		self.queue.run(Lane::Spike, move |brain| brain.spike(&texts, &downstream)).await?
	}

	async fn grad(&self, upstream: UpstreamGrad) -> Result<GradOutcome, ComputeError> {
		self.queue.run(Lane::Grad, move |brain| brain.grad(&upstream)).await?
	}
}
