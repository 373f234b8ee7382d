//! Scenarios in simulated networks.

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
		let first = |(_, change, _): &&(u64, Change, _)| change.account == Some(account(number));
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
fn one_that_is_worth_nothing_and_slow_leaves_a_free_input_and_is_tried_again() {
	let slow = |lower| Peer { millis: 1_300.0, ..worth(lower) };
	let peers = [worth(0.0), worth(0.5), slow(0.0), slow(0.1), worth(0.0)];
	let mut world = World::new(peers.to_vec(), 8);
	world.run(PROBATION.as_secs() + 20);
	assert!(world.holds(1) && world.holds(3), "what is worth something stays, however slow");
	assert!(world.holds(0) && world.holds(4), "what is fast costs nothing");
	assert!(!world.holds(2), "{:?}", world.swaps);
	assert_eq!(world.swaps.last().map(|(_, change, _)| change.cause), Some(Cause::Slow));
	// It has further tries, ever more rarely.
	world.run(3_600);
	assert!((2..=5).contains(&world.lost(2)), "{:?}", world.swaps);
	// It is of use now: at the next try it stays.
	world.peers[2].lower = 0.2;
	world.run(4 * 3_600);
	assert!(world.holds(2), "{:?}", world.swaps);
	assert_eq!([0, 1, 3, 4].map(|number| world.lost(number)), [0; 4]);
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
