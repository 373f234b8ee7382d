//! Which component has which input: decisions alone, without clock, network or model.
//!
//! ```text
//!   free input ──────────────────────────────────────────► next candidate
//!   dead (no answer for a minute) ───────────────────────► next candidate
//!   judged (enough batches and time), worth nothing ─────► next candidate, one at a time;
//!                                                          nobody, if it is slow
//!   judged, the least worth of all, five minutes on ─────► next candidate: the probation input
//! ```
//! The *worth* of a component is the lower bound of its ΔL per millisecond. Calls go out at once, so
//! answers within [`STEP_MILLIS`] cost alike.
//!
//! Invariants:
//! - Nobody loses an input while no candidate waits, for a free input is worth nothing; but one that is
//!   worth nothing either and answers slowly does: every step waits for it.
//! - An input that changes hands loses its adaptor. So a component that is worth something gives way
//!   only as the least of all, to one newcomer at a time, at most every [`EXPLORE_EVERY`]; and the
//!   newcomer stays only if it is worth more than another one by a margin.
//! - A component that lost its input waits before it is tried again, longer each time, and takes the
//!   place of one that is worth more only after long. Candidates that were never tried go first, in an
//!   order that differs from miner to miner.

use crate::compute::Inputs;
use bittensor_wire::{blake2_256, AccountId};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Scored batches before a component is judged: one follows each 16 training steps at first.
pub const MIN_SAMPLES: u64 = 32;
/// Time at an input before a component is judged.
pub const PROBATION: Duration = Duration::from_secs(90);
/// Time at an input after which a component is judged with fewer batches.
pub const LONGEST_PROBATION: Duration = Duration::from_secs(300);
/// Time without an answer after which a component counts as dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(60);
/// Time without an answer after which one that wants a bid counts as dead.
pub const UNPAID_AFTER: Duration = Duration::from_secs(180);
/// Time between two newcomers, if all inputs are worth something.
pub const EXPLORE_EVERY: Duration = Duration::from_secs(300);
/// A component keeps its input unless another one is worth this many times as much.
pub const MARGIN: f64 = 1.25;
/// Milliseconds of an answer that do not slow a step down.
pub const STEP_MILLIS: f64 = 20.0;
/// Milliseconds of an answer from which on a component is slow.
pub const SLOW_MILLIS: f64 = 200.0;
/// Pause after the first try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(300);
/// Time in which a component that lost its input may have doubled its worth.
const DOUBLES_IN: Duration = Duration::from_secs(1_800);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3_600);
/// Components that are remembered after they lost their input.
const PAST: usize = 4_096;

/// What is known about a component at an input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
	/// Batches whose ΔL was measured.
	pub samples: u64,
	/// Lower bound of ΔL, in nats per token.
	pub lower: f64,
	/// Milliseconds from call to answer.
	pub millis: f64,
	/// Time since its last answer, or since the first call without one; `None` if it was not called.
	pub silent: Option<Duration>,
	/// It refuses for want of a bid.
	pub unpaid: bool,
}

impl Facts {
	/// Lower bound of ΔL per millisecond; 0 if it is not above 0.
	pub fn worth(&self) -> f64 {
		let millis = if self.millis.is_finite() { self.millis.max(STEP_MILLIS) } else { f64::MAX };
		if self.lower > 0.0 {
			self.lower / millis
		} else {
			0.0
		}
	}

	fn is_dead(&self) -> bool {
		let patience = if self.unpaid { UNPAID_AFTER } else { DEAD_AFTER };
		self.silent.is_some_and(|silent| silent >= patience)
	}
}

/// Why an input changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
	/// It was free.
	Free,
	/// Its component is not to be queried any more.
	Gone,
	/// Its component has not answered for long.
	Dead,
	/// Its component is worth nothing.
	Useless,
	/// Its component is worth nothing and slow, and nobody waits.
	Slow,
	/// Its component is worth the least, and newcomers wait.
	Least,
}

impl Cause {
	/// Its name in metrics.
	pub fn name(self) -> &'static str {
		match self {
			Self::Free => "free",
			Self::Gone => "gone",
			Self::Dead => "dead",
			Self::Useless => "useless",
			Self::Slow => "slow",
			Self::Least => "least",
		}
	}
}

/// An input that changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
	/// The input.
	pub input: usize,
	/// The component that gets it.
	pub account: Option<AccountId>,
	/// Why.
	pub cause: Cause,
}

/// A component that lost its input.
#[derive(Clone, Copy, Debug)]
struct Past {
	left: Instant,
	until: Instant,
	tries: u32,
	/// Its worth when it lost its input.
	worth: f64,
}

impl Past {
	/// What it may be worth now, beside one that is worth `least`: a little, even if it was useless.
	fn hope(&self, now: Instant, least: f64) -> f64 {
		let age = now.saturating_duration_since(self.left).as_secs_f64();
		self.worth.max(0.1 * least) * (1.0 + age / DOUBLES_IN.as_secs_f64())
	}
}

/// The state of the choice.
#[derive(Debug)]
pub struct Choice {
	me: AccountId,
	/// When the component at each input was connected.
	since: Vec<Instant>,
	past: BTreeMap<AccountId, Past>,
	/// The component that was connected last, in place of another one.
	newcomer: Option<AccountId>,
	explored: Instant,
}

impl Choice {
	/// The choice of the component `me`, which starts now with so many inputs.
	pub fn new(me: AccountId, inputs: usize, now: Instant) -> Self {
		Self { me, since: vec![now; inputs], past: BTreeMap::new(), newcomer: None, explored: now }
	}

	/// The changes to make now. `stays` says whether a component may keep its input at all,
	/// `candidates` may be connected, `facts` is what is known about the connected ones.
	pub fn review(
		&mut self,
		now: Instant,
		inputs: &Inputs,
		candidates: &[AccountId],
		stays: impl Fn(&AccountId) -> bool,
		facts: impl Fn(&AccountId) -> Facts,
	) -> Vec<Change> {
		self.since.resize(inputs.len(), now);
		let mut waiting = self.waiting(now, inputs, candidates);
		let mut changes = Vec::new();
		let mut held = Vec::new();
		for (input, account) in inputs.iter().enumerate() {
			let (leaves, cause) = match account {
				None => (None, Cause::Free),
				Some(account) if !stays(account) => (None, Cause::Gone),
				Some(account) if facts(account).is_dead() && !waiting.is_empty() => {
					(Some(*account), Cause::Dead)
				}
				Some(account) => {
					held.push((input, *account));
					continue;
				}
			};
			let next = waiting.pop();
			if let Some(account) = leaves {
				self.dismiss(account, now, facts(&account).worth());
			}
			if next.is_some() || cause == Cause::Gone {
				changes.push(Change { input, account: next, cause });
			}
		}
		if let Some((input, account, cause)) = self.least(now, &held, &facts) {
			let worth = facts(&account).worth();
			let hopes = |next: &AccountId| match self.past.get(next) {
				Some(past) if cause == Cause::Least => past.hope(now, worth) > worth,
				_ => true,
			};
			if let Some(at) = waiting.iter().rposition(hopes) {
				let next = waiting.swap_remove(at);
				self.dismiss(account, now, worth);
				self.explored = now;
				changes.push(Change { input, account: Some(next), cause });
			} else if cause == Cause::Useless && facts(&account).millis >= SLOW_MILLIS {
				self.dismiss(account, now, worth);
				changes.push(Change { input, account: None, cause: Cause::Slow });
			}
		}
		for change in &changes {
			self.since[change.input] = now;
			if change.cause != Cause::Free {
				self.newcomer = change.account.or(self.newcomer);
			}
		}
		changes
	}

	/// The component that gives way to a newcomer, if one has to.
	fn least(
		&self,
		now: Instant,
		held: &[(usize, AccountId)],
		facts: impl Fn(&AccountId) -> Facts,
	) -> Option<(usize, AccountId, Cause)> {
		let age = |input: usize| now.saturating_duration_since(self.since[input]);
		let known: Vec<_> = held
			.iter()
			.map(|(input, account)| {
				let (age, facts) = (age(*input), facts(account));
				let judged = age >= PROBATION && facts.samples >= MIN_SAMPLES;
				(*input, *account, judged || age >= LONGEST_PROBATION, facts)
			})
			.collect();
		// Those that were there before keep their place by a margin.
		let kept = |(_, account, _, facts): &(usize, AccountId, bool, Facts)| {
			facts.worth() * if self.newcomer == Some(*account) { 1.0 } else { MARGIN }
		};
		let judged = known.iter().filter(|(_, _, judged, _)| *judged);
		// Of those that are worth nothing, the slowest one goes first.
		let slower = |one: &Facts, other: &Facts| other.millis.total_cmp(&one.millis);
		let (input, account, _, facts) = *judged.min_by(|one, other| {
			kept(one).total_cmp(&kept(other)).then_with(|| slower(&one.3, &other.3))
		})?;
		if facts.worth() <= 0.0 {
			return Some((input, account, Cause::Useless));
		}
		// The only input is not there to explore with, and one newcomer at a time is enough.
		let explores = known.len() > 1
			&& known.iter().all(|(_, _, judged, _)| *judged)
			&& now.saturating_duration_since(self.explored) >= EXPLORE_EVERY;
		explores.then_some((input, account, Cause::Least))
	}

	/// The candidates that may be connected now; the next one is the last.
	fn waiting(&self, now: Instant, inputs: &Inputs, candidates: &[AccountId]) -> Vec<AccountId> {
		let connected = |account: &AccountId| inputs.contains(&Some(*account));
		let mut waiting: Vec<_> = candidates
			.iter()
			.filter(|account| !connected(account))
			.filter_map(|account| match self.past.get(account) {
				None => Some((None, self.place(account), *account)),
				Some(past) if past.until <= now => {
					Some((Some(past.until), self.place(account), *account))
				}
				Some(_) => None,
			})
			.collect();
		waiting.sort_unstable();
		waiting.dedup_by_key(|(_, _, account)| *account);
		waiting.into_iter().rev().map(|(_, _, account)| account).collect()
	}

	/// A candidate's place in the order of this miner.
	fn place(&self, account: &AccountId) -> [u8; 32] {
		blake2_256(&[self.me, *account].concat())
	}

	fn dismiss(&mut self, account: AccountId, now: Instant, worth: f64) {
		if self.past.len() >= PAST {
			self.past.retain(|_, past| past.until > now);
		}
		if self.past.len() >= PAST && !self.past.contains_key(&account) {
			return;
		}
		let tries = self.past.get(&account).map_or(0, |past| past.tries);
		let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
		let tries = tries.saturating_add(1);
		self.past.insert(account, Past { left: now, until: now + pause, tries, worth });
	}
}

#[cfg(test)]
mod tests;
