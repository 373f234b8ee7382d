//! Weighted fair queueing of work among callers.
//!
//! ```text
//!   caller A, flow 3 ──► 4 4 4 ─┐        work: texts × cost
//!   caller B, flow 1 ──► 4 4    ├─► smallest start tag ─► a place, until the work is done
//!   free callers     ──► 4 4 4 ─┘
//! ```
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, 1997): a job starts at the tag of its caller, and
//! moves that tag on by work / flow. Virtual time is the start tag of the job that began last. Among
//! callers that wait, the work done is then in proportion to flow, whatever the sizes of their jobs; a
//! free place takes any caller at once.
//!
//! Invariants: jobs that wait are bounded, for each caller and for all; a caller that comes late finds
//! room, because the caller with the longest queue gives up its newest job; a caller never keeps credit
//! from the time when it did not wait; tags are forgotten when all work is done.
//!
//! Written here: no crate in the workspace queues by weights that change from request to request.

use bittensor_wire::{AccountId, WireError};
use parking_lot::Mutex;
use std::{
	collections::{HashMap, VecDeque},
	sync::Arc,
};
use tokio::sync::oneshot;

/// Callers whose tags are kept before those that are of no use any more are removed.
const TAGS: usize = 1_024;
/// Callers whose tags are kept at most.
const MAX_TAGS: usize = 65_536;

/// Who asks for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
	/// A caller with a bid.
	Paying(AccountId),
	/// All callers without a bid together.
	Free,
}

/// Limits of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
	/// Jobs that run at the same time.
	pub(crate) places: usize,
	/// Jobs of one caller that wait.
	pub(crate) waiting_per_caller: usize,
	/// Jobs that wait.
	pub(crate) waiting: usize,
}

/// A queue; clones share it.
#[derive(Clone)]
pub(crate) struct Fair {
	limits: Limits,
	state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
	running: usize,
	waiting: usize,
	/// Virtual time, in work per flow.
	now: f64,
	callers: HashMap<Caller, Queue>,
}

struct Queue {
	flow: f64,
	/// Start tag of the caller's next job.
	tag: f64,
	jobs: VecDeque<Job>,
}

struct Job {
	work: f64,
	place: oneshot::Sender<Place>,
}

/// A place in the queue.
pub(crate) enum Turn {
	/// The job may run.
	Now(Place),
	/// The job waits.
	Later(oneshot::Receiver<Place>),
}

impl Turn {
	/// Waits until the job may run. `Busy` if it had to make room for another caller.
	pub(crate) async fn wait(self) -> Result<Place, WireError> {
		match self {
			Self::Now(place) => Ok(place),
			Self::Later(place) => place.await.map_err(|_| WireError::Busy),
		}
	}
}

/// A running job; its place is free when this is dropped.
pub(crate) struct Place {
	fair: Option<Fair>,
}

impl Drop for Place {
	fn drop(&mut self) {
		if let Some(fair) = self.fair.take() {
			fair.leave();
		}
	}
}

impl Fair {
	pub(crate) fn new(limits: Limits) -> Self {
		Self { limits, state: Arc::default() }
	}

	/// Queues a job of so much work for a caller with this flow. `Busy` if its queue is full. A job
	/// whose [`Turn`] is dropped does not run and costs nothing.
	pub(crate) fn enter(&self, caller: Caller, flow: f64, work: f64) -> Result<Turn, WireError> {
		let flow = if flow.is_finite() { flow.max(1.0) } else { 1.0 };
		let mut state = self.state.lock();
		let state = &mut *state;
		if state.callers.len() >= TAGS && !state.callers.contains_key(&caller) {
			let now = state.now;
			state.callers.retain(|_, queue| !queue.jobs.is_empty() || queue.tag > now);
			if state.callers.len() >= MAX_TAGS {
				return Err(WireError::Busy);
			}
		}
		let now = state.now;
		let queue =
			state.callers.entry(caller).or_insert(Queue { flow, tag: now, jobs: VecDeque::new() });
		// What the caller has had ahead of others stays the same work at its new flow.
		queue.tag = now + (queue.tag - now).max(0.0) * queue.flow / flow;
		queue.flow = flow;
		if state.running < self.limits.places && state.waiting == 0 {
			state.now = queue.tag;
			queue.tag += work / flow;
			state.running += 1;
			return Ok(Turn::Now(Place { fair: Some(self.clone()) }));
		}
		if queue.jobs.len() >= self.limits.waiting_per_caller {
			state.waiting -= drop_cancelled(queue);
			if queue.jobs.len() >= self.limits.waiting_per_caller {
				return Err(WireError::Busy);
			}
		}
		if state.waiting >= self.limits.waiting {
			state.make_room(self.limits.waiting, &caller)?;
		}
		let (place, turn) = oneshot::channel();
		if let Some(queue) = state.callers.get_mut(&caller) {
			queue.jobs.push_back(Job { work, place });
			state.waiting += 1;
		}
		Ok(Turn::Later(turn))
	}

	/// A job is done: others take its place.
	fn leave(&self) {
		let mut state = self.state.lock();
		state.running = state.running.saturating_sub(1);
		while state.running < self.limits.places {
			let Some(job) = state.next() else { break };
			match job.place.send(Place { fair: Some(self.clone()) }) {
				Ok(()) => state.running += 1,
				// Nobody waits for it any more. It must not give back a place that it never had.
				Err(mut place) => place.fair = None,
			}
		}
		if state.running == 0 && state.waiting == 0 {
			*state = State::default();
		}
	}
}

impl State {
	/// Takes the job that starts next out of its queue, and charges its caller.
	fn next(&mut self) -> Option<Job> {
		loop {
			let waiting = self.callers.values_mut().filter(|queue| !queue.jobs.is_empty());
			let queue = waiting.min_by(|one, other| one.tag.total_cmp(&other.tag))?;
			let job = queue.jobs.pop_front()?;
			self.waiting -= 1;
			if job.place.is_closed() {
				continue;
			}
			self.now = self.now.max(queue.tag);
			queue.tag += job.work / queue.flow;
			return Some(job);
		}
	}

	/// Brings the jobs that wait below `most`: removes those for which nobody waits any more, or else
	/// the newest one of the longest queue. `Busy` if no queue is longer than the one of `caller`.
	fn make_room(&mut self, most: usize, caller: &Caller) -> Result<(), WireError> {
		for queue in self.callers.values_mut() {
			self.waiting -= drop_cancelled(queue);
		}
		if self.waiting < most {
			return Ok(());
		}
		let waits = self.callers.get(caller).map_or(0, |queue| queue.jobs.len());
		let longest = self.callers.values_mut().max_by_key(|queue| queue.jobs.len());
		match longest.filter(|queue| queue.jobs.len() > waits + 1) {
			Some(queue) => {
				queue.jobs.pop_back();
				self.waiting -= 1;
				Ok(())
			}
			None => Err(WireError::Busy),
		}
	}
}

/// Removes jobs for which nobody waits any more; returns how many.
fn drop_cancelled(queue: &mut Queue) -> usize {
	let before = queue.jobs.len();
	queue.jobs.retain(|job| !job.place.is_closed());
	before - queue.jobs.len()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn caller(number: u32) -> Caller {
		let mut account = [0; 32];
		account[..4].copy_from_slice(&number.to_le_bytes());
		Caller::Paying(account)
	}

	fn fair(places: usize, waiting_per_caller: usize, waiting: usize) -> Fair {
		Fair::new(Limits { places, waiting_per_caller, waiting })
	}

	/// Callers that always have jobs waiting, as (flow, work of a job); what each gets of `total`.
	fn saturate(fair: &Fair, callers: &[(f64, f64)], total: f64) -> Vec<f64> {
		let mut waiting: Vec<VecDeque<Turn>> = callers.iter().map(|_| VecDeque::new()).collect();
		let mut running = VecDeque::new();
		let mut done = vec![0.0; callers.len()];
		loop {
			for (number, &(flow, work)) in callers.iter().enumerate() {
				while waiting[number].len() < 2 {
					let turn = fair.enter(caller(number as u32), flow, work).expect("room");
					waiting[number].push_back(turn);
				}
				while let Some(turn) = waiting[number].pop_front() {
					match turn {
						Turn::Now(place) => running.push_back((number, place)),
						Turn::Later(mut place) => match place.try_recv() {
							Ok(place) => running.push_back((number, place)),
							Err(_) => {
								waiting[number].push_front(Turn::Later(place));
								break;
							}
						},
					}
				}
			}
			let (number, place) = running.pop_front().expect("a job runs while jobs wait");
			done[number] += callers[number].1;
			drop(place);
			if done.iter().sum::<f64>() >= total {
				return done;
			}
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(48))]

		#[test]
		fn under_load_each_gets_its_part_of_the_work_by_flow(
			callers in prop::collection::vec((1.0..20.0_f64, 1.0..256.0_f64), 2..8),
			places in 1..3_usize,
			scale in prop::sample::select(vec![1.0, 1e9]),
		) {
			let callers: Vec<_> = callers.iter().map(|(flow, work)| (flow * scale, *work)).collect();
			let total = 400_000.0;
			let done = saturate(&fair(places, 4, 64), &callers, total);
			let flows: f64 = callers.iter().map(|(flow, _)| flow).sum();
			let all: f64 = done.iter().sum();
			for ((flow, _), done) in callers.iter().zip(&done) {
				let (part, fair) = (done / all, flow / flows);
				prop_assert!((part - fair).abs() <= 0.02, "{part} instead of {fair}");
				prop_assert!(*done > 0.0, "starved");
			}
		}
	}

	#[test]
	fn a_free_place_takes_any_caller_at_once_and_leaves_no_debt() {
		let fair = fair(1, 4, 8);
		for _ in 0..100 {
			let turn = fair.enter(caller(1), 1.0, 256.0).expect("room");
			assert!(matches!(turn, Turn::Now(_)));
		}
		assert!(fair.state.lock().callers.is_empty(), "all work is done: nothing is kept");
		// Having had all of an idle server, the caller still has its half beside another.
		let done = saturate(&fair, &[(1.0, 32.0), (1.0, 32.0)], 6_400.0);
		assert_eq!(done, [3_200.0, 3_200.0]);
	}

	#[test]
	fn a_flow_that_grows_counts_at_once() {
		let fair = fair(1, 64, 256);
		let _first = fair.enter(caller(9), 1e9, 32.0).expect("room");
		let _second = fair.enter(caller(9), 1e9, 32.0).expect("room");
		let running = fair.enter(caller(1), 1.0, 256.0).expect("room");
		drop((_first, _second));
		// With the flow of one unit its next job would wait for 256e9 units of the other's work.
		let running = match running {
			Turn::Now(place) => place,
			Turn::Later(mut place) => place.try_recv().expect("its turn"),
		};
		let mut other: Vec<_> =
			(0..60).map(|_| fair.enter(caller(9), 1e9, 32.0).expect("room")).collect();
		let mine = fair.enter(caller(1), 1e9, 32.0).expect("room");
		drop(running);
		let mut before = 0;
		let Turn::Later(mut mine) = mine else { panic!("it waits") };
		while mine.try_recv().is_err() {
			drop(other.remove(0));
			before += 1;
		}
		assert!((7..=10).contains(&before), "256 units of work are 8 jobs: {before}");
	}

	#[test]
	fn what_waits_is_bounded_and_a_caller_that_comes_late_finds_room() {
		let fair = fair(1, 8, 16);
		let running = fair.enter(caller(0), 1.0, 1.0).expect("room");
		let mut held: Vec<_> =
			(0..8).map(|_| fair.enter(caller(1), 1.0, 1.0).expect("room")).collect();
		assert_eq!(fair.enter(caller(1), 1.0, 1.0).err(), Some(WireError::Busy));
		held.extend((0..8).map(|_| fair.enter(caller(2), 1.0, 1.0).expect("room")));
		// A thousand more: each finds room as long as somebody has two more than it.
		let late: Vec<_> =
			(3..1_003).filter_map(|n| fair.enter(caller(n), 1.0, 1.0).ok()).collect();
		assert_eq!(fair.state.lock().waiting, 16);
		assert_eq!(late.len(), 14, "one job is left to each of the first two");
		// Dropped, none of them runs.
		drop((held, late));
		assert!(fair.enter(caller(1), 1.0, 1.0).is_ok());
		drop(running);
		let state = fair.state.lock();
		assert_eq!((state.running, state.waiting), (0, 0));
	}

	#[test]
	fn a_hundred_thousand_callers_leave_bounded_memory() {
		let fair = fair(1, 8, 16);
		let _running = fair.enter(caller(u32::MAX), 1.0, 1.0).expect("room");
		for number in 0..100_000 {
			drop(fair.enter(caller(number), 1.0, 1.0));
			assert!(fair.state.lock().callers.len() <= TAGS);
		}
	}
}
