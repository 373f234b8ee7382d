//! Bounded work for one thread, by urgency.
//!
//! ```text
//!   Spikes ─┐ 64
//!   Grads  ─┼ 64 ──► one thread ──► f(&mut state) ──► answer
//!   Own    ─┘ 16
//! ```
//!
//! Spikes go first, because their callers wait. After [`TURN`] jobs of one lane, a waiting job of a
//! less urgent lane has its turn, and our own jobs have theirs when callers have had more of the
//! thread's time: they keep half of it, however many Spikes and Grads wait. A full lane refuses at once.
//! A job that panics is reported as failed, and the thread goes on.

use crate::axon::ComputeError;
use metrics::{counter, histogram};
use parking_lot::{Condvar, Mutex};
use std::{
	collections::VecDeque,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::Arc,
	thread::JoinHandle,
	time::Instant,
};
use tokio::sync::oneshot;

/// Urgency, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
	/// Answers to waiting callers.
	Spike,
	/// Error signals of upstreams.
	Grad,
	/// Our own training, measurements and checkpoints.
	Own,
}

impl Lane {
	fn name(self) -> &'static str {
		match self {
			Self::Spike => "spike",
			Self::Grad => "grad",
			Self::Own => "own",
		}
	}
}

const LANES: usize = 3;
/// Jobs that may wait in each lane.
const LIMITS: [usize; LANES] = [64, 64, 16];
/// Jobs of one lane in a row while a less urgent one waits.
pub const TURN: u32 = 8;

/// Seconds by which callers or our own jobs can be ahead: what one side leaves unused, the other need
/// not give back for longer.
const MOST_AHEAD: f64 = 0.2;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

struct Inner<S> {
	lanes: [VecDeque<Job<S>>; LANES],
	/// Jobs taken from each lane since a less urgent one had its turn.
	taken: [u32; LANES],
	/// Seconds of the thread that callers have had more than our own jobs.
	ahead: f64,
	closed: bool,
}

impl<S> Inner<S> {
	/// The next job, and whether it is our own.
	fn next(&mut self) -> Option<(Job<S>, bool)> {
		let own = Lane::Own as usize;
		let waiting =
			|inner: &Self, from: usize| (from..LANES).find(|lane| !inner.lanes[*lane].is_empty());
		let mut lane = waiting(self, 0)?;
		if self.ahead > 0.0 && !self.lanes[own].is_empty() {
			lane = own;
		}
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
		self.lanes[lane].pop_front().map(|job| (job, lane == own))
	}

	/// Notes how long a job took.
	fn spend(&mut self, own: bool, seconds: f64) {
		let ahead = if own { self.ahead - seconds } else { self.ahead + seconds };
		self.ahead = ahead.clamp(-MOST_AHEAD, MOST_AHEAD);
	}
}

struct Shared<S> {
	inner: Mutex<Inner<S>>,
	wake: Condvar,
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
		let inner =
			Inner { lanes: Default::default(), taken: [0; LANES], ahead: 0.0, closed: false };
		let shared = Arc::new(Shared { inner: Mutex::new(inner), wake: Condvar::new() });
		let queue = Self { shared: shared.clone() };
		let thread = std::thread::Builder::new().name(name.into()).spawn(move || loop {
			let mut inner = shared.inner.lock();
			let job = loop {
				if let Some(job) = inner.next() {
					break Some(job);
				}
				if inner.closed {
					break None;
				}
				shared.wake.wait(&mut inner);
			};
			drop(inner);
			let Some((job, own)) = job else { return state };
			let start = Instant::now();
			if catch_unwind(AssertUnwindSafe(|| job(&mut state))).is_err() {
				counter!("bittensor_miner_panics_total").increment(1);
				tracing::error!("a computation panicked and was reported to its caller as failed");
			}
			shared.inner.lock().spend(own, start.elapsed().as_secs_f64());
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
		let queued = Instant::now();
		{
			let mut inner = self.shared.inner.lock();
			if inner.closed {
				return Err(ComputeError::Stopped);
			}
			let waiting = &mut inner.lanes[lane as usize];
			if waiting.len() >= LIMITS[lane as usize] {
				counter!("bittensor_miner_queue_full_total", "lane" => lane.name()).increment(1);
				return Err(ComputeError::Busy);
			}
			waiting.push_back(Box::new(move |state| {
				if answer.is_closed() {
					return;
				}
				let start = Instant::now();
				histogram!("bittensor_miner_queue_wait_seconds", "lane" => lane.name())
					.record(start - queued);
				// The caller may have left meanwhile.
				let _ = answer.send(job(state));
				histogram!("bittensor_miner_compute_seconds", "lane" => lane.name())
					.record(start.elapsed());
			}));
		}
		self.shared.wake.notify_one();
		wait.await.map_err(|_| ComputeError::Failed("the computation panicked; see the log".into()))
	}

	/// Takes no more jobs; the thread ends after those that wait.
	pub fn close(&self) {
		self.shared.inner.lock().closed = true;
		self.shared.wake.notify_all();
	}
}
