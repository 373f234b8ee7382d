//! Which component has which input: decisions alone, without clock, network or model.
//!
//! ```text
//!   free input ──────────────────────────────────────────► next candidate
//!   dead (no answer for a minute) ───────────────────────► next candidate
//!   judged (enough batches and time), worth nothing ─────► next candidate, one at a time
//!   judged, the least worth of all, five minutes on ─────► next candidate: the probation input
//! ```
//! The *worth* of a component is the lower bound of its ΔL per millisecond. Calls go out at once, so
//! answers within [`STEP_MILLIS`] cost alike.
//!
//! Invariants:
//! - Nobody loses an input while no candidate waits: a free input is worth nothing.
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

/// Scored batches before a component is judged: one in eight training steps is followed by one.
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
		let (input, account, _, facts) =
			*judged.min_by(|one, other| kept(one).total_cmp(&kept(other)))?;
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
mod tests {
	use super::*;
	use proptest::prelude::*;

	/// Time between two reviews.
	const REVIEW: Duration = Duration::from_secs(10);
	/// Steps per second.
	const RATE: u64 = 20;

	fn account(number: usize) -> AccountId {
		let mut account = [0; 32];
		account[..8].copy_from_slice(&(number as u64).to_le_bytes());
		account
	}

	#[derive(Clone, Copy)]
	struct Peer {
		lower: f64,
		millis: f64,
		/// Seconds after which it stops to answer.
		dies: u64,
		unpaid: bool,
	}

	fn worth(lower: f64) -> Peer {
		Peer { lower, millis: 5.0, dies: u64::MAX, unpaid: false }
	}

	/// A network of peers, and a component that chooses among them.
	struct World {
		peers: Vec<Peer>,
		choice: Choice,
		inputs: Inputs,
		start: Instant,
		seconds: u64,
		/// Second at which each input changed hands, by input.
		changed: Vec<u64>,
		swaps: Vec<(u64, Change, Option<AccountId>)>,
	}

	impl World {
		fn new(peers: Vec<Peer>, inputs: usize) -> Self {
			let start = Instant::now();
			Self {
				peers,
				choice: Choice::new([9; 32], inputs, start),
				inputs: vec![None; inputs],
				start,
				seconds: 0,
				changed: vec![0; inputs],
				swaps: Vec::new(),
			}
		}

		fn run(&mut self, seconds: u64) {
			let end = self.seconds + seconds;
			while self.seconds < end {
				let (now, seconds) = (self.start + Duration::from_secs(self.seconds), self.seconds);
				let candidates: Vec<_> = (0..self.peers.len()).map(account).collect();
				let (peers, inputs, changed) = (&self.peers, &self.inputs, &self.changed);
				let facts = |one: &AccountId| {
					let number = candidates.iter().position(|other| other == one).expect("known");
					let peer = peers[number];
					let input = inputs.iter().position(|input| *input == Some(*one));
					let since = changed[input.expect("connected")];
					let silent = seconds.saturating_sub(peer.dies.max(since));
					Facts {
						samples: (seconds - since) * RATE,
						lower: peer.lower,
						millis: peer.millis,
						silent: Some(Duration::from_secs(silent)),
						unpaid: peer.unpaid,
					}
				};
				let changes = self.choice.review(now, &self.inputs, &candidates, |_| true, facts);
				for change in changes {
					self.swaps.push((seconds, change, self.inputs[change.input]));
					self.inputs[change.input] = change.account;
					self.changed[change.input] = seconds;
				}
				self.seconds += REVIEW.as_secs();
			}
		}

		fn holds(&self, number: usize) -> bool {
			self.inputs.contains(&Some(account(number)))
		}

		/// Swaps that took an input from this peer.
		fn lost(&self, number: usize) -> usize {
			self.swaps.iter().filter(|(_, _, from)| *from == Some(account(number))).count()
		}

		fn tried(&self, number: usize) -> Option<u64> {
			let first =
				|(_, change, _): &&(u64, Change, _)| change.account == Some(account(number));
			self.swaps.iter().find(first).map(|(at, _, _)| *at)
		}
	}

	#[test]
	fn with_room_for_all_nothing_ever_changes() {
		let mut peers = vec![worth(0.5), worth(-1.0), worth(0.0)];
		peers.push(Peer { dies: 30, ..worth(0.2) });
		let mut world = World::new(peers, 8);
		world.run(3_600);
		assert_eq!(world.swaps.len(), 4, "each was connected once");
		assert_eq!(world.inputs.iter().flatten().count(), 4);
	}

	#[test]
	fn a_dead_peer_is_replaced_within_minutes_and_tried_again_later() {
		let mut peers = vec![worth(0.5); 4];
		peers[0].dies = 600;
		let mut world = World::new(peers, 4);
		world.run(900);
		assert!(world.holds(0), "nobody waits, and it may come back");
		world.peers.push(worth(0.1));
		world.run(20);
		assert!(!world.holds(0) && world.holds(4), "{:?}", world.swaps);
		assert_eq!(world.swaps.last().map(|(_, change, _)| change.cause), Some(Cause::Dead));
		// It comes back, and gets a try again.
		world.peers[0].dies = u64::MAX;
		world.run(1_200);
		assert!(world.holds(0) && !world.holds(4), "{:?}", world.swaps);
	}

	#[test]
	fn useless_peers_are_replaced_after_probation_and_the_good_ones_are_found() {
		// Eight of forty are of use; eight inputs.
		let peers = (0..40).map(|n| worth(if n % 5 == 0 { 0.1 } else { -0.01 })).collect();
		let mut world = World::new(peers, 8);
		world.run(PROBATION.as_secs());
		assert_eq!(world.swaps.len(), 8, "nobody is judged before");
		world.run(1_800);
		let good = (0..40).step_by(5).filter(|number| world.holds(*number)).count();
		assert!(good >= 7, "{good} of 8 after half an hour");
		assert!((0..40).step_by(5).map(|number| world.lost(number)).sum::<usize>() <= 5);
	}

	#[test]
	fn one_that_is_refused_is_left_later_than_one_that_is_dead() {
		let mut peers = vec![worth(0.5); 3];
		peers[0] = Peer { dies: 0, unpaid: true, ..worth(0.5) };
		peers.push(worth(0.5));
		let mut world = World::new(peers, 3);
		world.inputs = vec![Some(account(0)), Some(account(1)), Some(account(2))];
		world.run(UNPAID_AFTER.as_secs());
		assert!(world.holds(0));
		world.run(20);
		assert!(!world.holds(0) && world.holds(3));
	}

	#[test]
	fn a_newcomer_gets_a_try_within_minutes_and_stays_if_it_is_worth_more() {
		for (newcomer, stays) in [(0.9, true), (0.22, false), (0.1, false), (-1.0, false)] {
			let mut world = World::new(vec![worth(0.5), worth(0.4), worth(0.2)], 3);
			world.run(3_600);
			assert_eq!(world.swaps.len(), 3);
			world.peers.push(worth(newcomer));
			world.run(20);
			assert!(world.tried(3).is_some_and(|at| at <= 3_620), "{:?}", world.swaps);
			assert!(world.holds(0) && world.holds(1), "the least of all gives way");
			world.run(1_200);
			assert_eq!(world.holds(3), stays, "worth {newcomer}: {:?}", world.swaps);
			assert_eq!(world.lost(0) + world.lost(1), 0);
		}
	}

	#[test]
	fn a_slow_peer_is_worth_less() {
		let fast = Facts { lower: 0.1, millis: 5.0, ..Facts::default() };
		let faster = Facts { millis: 0.1, ..fast };
		let slow = Facts { millis: 200.0, ..fast };
		assert_eq!(fast.worth(), faster.worth(), "a step takes longer than both");
		assert!((slow.worth() - fast.worth() / 10.0).abs() < 1e-12);
		assert_eq!(Facts { millis: f64::NAN, ..fast }.worth(), 0.1 / f64::MAX);
		assert_eq!(Facts { lower: f64::NAN, ..fast }.worth(), 0.0);
	}

	#[test]
	fn two_miners_try_candidates_in_different_orders() {
		let first = |me: u8| {
			let now = Instant::now();
			let mut choice = Choice::new([me; 32], 4, now);
			let candidates: Vec<_> = (0..100).map(account).collect();
			let facts = |_: &AccountId| Facts::default();
			choice.review(now, &vec![None; 4], &candidates, |_| true, facts)
		};
		assert_eq!(first(1), first(1));
		assert_ne!(first(1), first(2));
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(32))]

		#[test]
		fn no_peer_has_two_inputs_and_the_best_ones_keep_theirs(
			worths in prop::collection::vec(-0.1..1.0_f64, 3..24),
			inputs in 2..9_usize,
		) {
			let mut order: Vec<usize> = (0..worths.len()).collect();
			order.sort_by(|one, other| worths[*other].total_cmp(&worths[*one]));
			let mut world = World::new(worths.iter().copied().map(worth).collect(), inputs);
			world.run(7_200);
			let taken: Vec<_> = world.inputs.iter().flatten().collect();
			prop_assert_eq!(taken.len(), inputs.min(worths.len()));
			prop_assert!((1..taken.len()).all(|at| !taken[..at].contains(&taken[at])));
			// One that is clearly among the best is never lost.
			let kept = inputs.saturating_sub(1).min(worths.len());
			let least = order.get(inputs - 1).map_or(0.0, |least| worths[*least].max(0.0));
			for number in &order[..kept] {
				if worths[*number] > 0.0 && worths[*number] > MARGIN * least {
					prop_assert_eq!(world.lost(*number), 0, "{:?}", world.swaps);
				}
			}
			// Changes that are not forced are rare.
			let least = world.swaps.iter().filter(|(_, change, _)| change.cause == Cause::Least);
			prop_assert!(least.count() as u64 <= 7_200 / EXPLORE_EVERY.as_secs());
		}
	}
}
