//! Bounded work for one thread, by urgency.
//!
//! ```text
//!   Spikes ─┐ 64
//!   Grads  ─┼ 64 ──► one thread ──► f(&mut state) ──► answer
//!   Own    ─┘ 16
//! ```
//!
//! Spikes go first: somebody waits for them. So that a flood of them stops neither Grads nor our own
//! training, after [`TURN`] jobs of one lane a waiting job of a less urgent lane has its turn. A full
//! lane refuses at once. A job that panics is reported as failed and the thread goes on.

use crate::axon::ComputeError;
use std::{
	collections::VecDeque,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
	thread::JoinHandle,
};
use tokio::sync::oneshot;

/// Urgency, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
	/// Answers that others wait for.
	Spike,
	/// Error signals of upstreams.
	Grad,
	/// Our own training, measurements and checkpoints.
	Own,
}

const LANES: usize = 3;
/// Jobs that may wait in each lane.
const LIMITS: [usize; LANES] = [64, 64, 16];
/// Jobs of one lane in a row while a less urgent one waits.
pub const TURN: u32 = 8;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

struct Inner<S> {
	lanes: [VecDeque<Job<S>>; LANES],
	/// Jobs taken from each lane since a less urgent one had its turn.
	taken: [u32; LANES],
	closed: bool,
}

impl<S> Inner<S> {
	fn next(&mut self) -> Option<Job<S>> {
		let waiting =
			|inner: &Self, from: usize| (from..LANES).find(|lane| !inner.lanes[*lane].is_empty());
		let mut lane = waiting(self, 0)?;
		while self.taken[lane] >= TURN {
			match waiting(self, lane + 1) {
				Some(next) => {
					self.taken[lane] = 0;
					lane = next;
				}
				None => break,
			}
		}
		self.taken[lane] = self.taken[lane].saturating_add(1);
		self.lanes[lane].pop_front()
	}
}

struct Shared<S> {
	inner: Mutex<Inner<S>>,
	wake: Condvar,
}

impl<S> Shared<S> {
	fn lock(&self) -> MutexGuard<'_, Inner<S>> {
		self.inner.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

/// The sending side; clones share the thread. The thread ends when [`Queue::close`] is called.
pub struct Queue<S> {
	shared: Arc<Shared<S>>,
}

impl<S> Clone for Queue<S> {
	fn clone(&self) -> Self {
		Self { shared: self.shared.clone() }
	}
}

impl<S: Send + 'static> Queue<S> {
	/// Starts the thread with its state. Joining the handle gives the state back.
	pub fn start(name: &str, mut state: S) -> std::io::Result<(Self, JoinHandle<S>)> {
		let inner = Inner { lanes: Default::default(), taken: [0; LANES], closed: false };
		let shared = Arc::new(Shared { inner: Mutex::new(inner), wake: Condvar::new() });
		let queue = Self { shared: shared.clone() };
		let thread = std::thread::Builder::new().name(name.into()).spawn(move || loop {
			let mut inner = shared.lock();
			let job = loop {
				if let Some(job) = inner.next() {
					break Some(job);
				}
				if inner.closed {
					break None;
				}
				inner = shared.wake.wait(inner).unwrap_or_else(PoisonError::into_inner);
			};
			drop(inner);
			let Some(job) = job else { return state };
			if catch_unwind(AssertUnwindSafe(|| job(&mut state))).is_err() {
				tracing::error!("a computation panicked; its caller was told that it failed");
			}
		})?;
		Ok((queue, thread))
	}

	/// Runs `job` on the thread and waits for what it returns. If the caller gives up waiting before
	/// the job began, the job is skipped.
	pub async fn run<R: Send + 'static>(
		&self,
		lane: Lane,
		job: impl FnOnce(&mut S) -> R + Send + 'static,
	) -> Result<R, ComputeError> {
		let (answer, wait) = oneshot::channel();
		{
			let mut inner = self.shared.lock();
			if inner.closed {
				return Err(ComputeError::Stopped);
			}
			let waiting = &mut inner.lanes[lane as usize];
			if waiting.len() >= LIMITS[lane as usize] {
				return Err(ComputeError::Busy);
			}
			waiting.push_back(Box::new(move |state| {
				if !answer.is_closed() {
					// The caller may have left meanwhile.
					let _ = answer.send(job(state));
				}
			}));
		}
		self.shared.wake.notify_one();
		wait.await.map_err(|_| ComputeError::Failed("the computation panicked; see the log".into()))
	}

	/// Takes no more jobs; the thread ends after those that wait.
	pub fn close(&self) {
		self.shared.lock().closed = true;
		self.shared.wake.notify_all();
	}
}
