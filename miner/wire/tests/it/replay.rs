//! Each request is accepted once, within bounded memory.

use bittensor_wire::{proto::Method, AccountId, Header, ReplayGuard, ReplayLimits, WireError};
use proptest::prelude::*;

const LIMITS: ReplayLimits =
	ReplayLimits { window_ms: 10_000, skew_ms: 2_000, per_account: 100, total: 250 };
const START: u64 = 1_000_000;

fn header(from: u8, number: u64, issued_at_ms: u64) -> Header {
	let mut nonce = [0; 16];
	nonce[..8].copy_from_slice(&number.to_le_bytes());
	Header {
		genesis: [0; 32],
		method: Method::Spike,
		from: [from; 32] as AccountId,
		to: [9; 32],
		nonce,
		issued_at_ms,
		deadline_ms: issued_at_ms + 30_000,
	}
}

#[test]
fn the_second_time_is_a_replay() {
	let mut guard = ReplayGuard::new(LIMITS, START);
	let now = START + 100;
	assert_eq!(guard.check(&header(1, 1, now), now), Ok(()));
	assert_eq!(guard.check(&header(1, 1, now), now), Err(WireError::Replayed));
	assert_eq!(guard.check(&header(1, 1, now), now + 9_999), Err(WireError::Replayed));
	// Another nonce, another sender: other requests, in any order of issue.
	assert_eq!(guard.check(&header(1, 2, now - 50), now), Ok(()));
	assert_eq!(guard.check(&header(2, 1, now), now), Ok(()));
}

#[test]
fn forgotten_nonces_are_refused_by_time() {
	let mut guard = ReplayGuard::new(LIMITS, START);
	let request = header(1, 1, START);
	assert_eq!(guard.check(&request, START), Ok(()));
	let last = START + LIMITS.window_ms;
	assert_eq!(guard.check(&request, last), Err(WireError::Replayed));
	assert_eq!(guard.check(&request, last + 1), Err(WireError::Expired { late_ms: 1 }));
	guard.forget(last + 1);
	assert!(guard.is_empty());
	assert_eq!(guard.accounts(), 0);
	assert_eq!(guard.check(&request, last + 1), Err(WireError::Expired { late_ms: 1 }));
}

#[test]
fn a_deadline_within_the_window_counts_too() {
	let mut guard = ReplayGuard::new(LIMITS, START);
	let mut request = header(1, 1, START);
	request.deadline_ms = START + 500;
	assert_eq!(guard.check(&request, START + 507), Err(WireError::Expired { late_ms: 7 }));
	assert_eq!(guard.check(&request, START + 500), Ok(()));
}

#[test]
fn clocks_may_differ_by_the_skew() {
	let mut guard = ReplayGuard::new(LIMITS, START);
	assert_eq!(guard.check(&header(1, 1, START + LIMITS.skew_ms), START), Ok(()));
	let ahead = header(1, 2, START + LIMITS.skew_ms + 1);
	let ahead_ms = LIMITS.skew_ms + 1;
	assert_eq!(guard.check(&ahead, START), Err(WireError::IssuedInFuture { ahead_ms }));
}

#[test]
fn a_replay_does_not_survive_a_restart() {
	let mut first = ReplayGuard::new(LIMITS, START);
	let request = header(1, 1, START + 10);
	assert_eq!(first.check(&request, START + 20), Ok(()));
	let restarted_at = START + 30;
	let mut second = ReplayGuard::new(LIMITS, restarted_at);
	assert_eq!(second.check(&request, restarted_at + 1), Err(WireError::BeforeStart));
	assert_eq!(second.check(&header(1, 2, restarted_at), restarted_at + 1), Ok(()));
}

#[test]
fn memory_is_bounded_per_account_and_in_all() {
	let mut guard = ReplayGuard::new(LIMITS, START);
	for number in 0..100 {
		assert_eq!(guard.check(&header(1, number, START), START), Ok(()));
	}
	assert_eq!(guard.check(&header(1, 100, START), START), Err(WireError::TooManyNonces));
	for number in 0..100 {
		assert_eq!(guard.check(&header(2, number, START + 1), START + 1), Ok(()));
	}
	for number in 0..50 {
		assert_eq!(guard.check(&header(3, number, START + 2), START + 2), Ok(()));
	}
	let late_comer = header(4, 0, START + 2);
	assert_eq!(guard.check(&late_comer, START + 2), Err(WireError::TooManyNonces));
	assert_eq!(guard.len(), 250);
	// Time makes room.
	let later = START + LIMITS.window_ms + 1;
	assert_eq!(guard.check(&header(4, 1, later), later), Ok(()));
	assert_eq!(guard.len(), 151);
}

proptest! {
	/// For any requests in any order: no (sender, nonce, time) is accepted twice, and memory is bounded.
	#[test]
	fn nothing_is_accepted_twice(
		requests in proptest::collection::vec((0u8..4, 0u64..40, 0u64..30_000, 0u64..200), 1..400),
	) {
		let mut guard = ReplayGuard::new(LIMITS, START);
		let mut accepted = std::collections::HashSet::new();
		let mut now = START;
		for (from, number, age, step) in requests {
			now += step;
			let request = header(from, number, (now + 3_000).saturating_sub(age));
			if guard.check(&request, now).is_ok() {
				prop_assert!(accepted.insert((from, number, request.issued_at_ms)));
				prop_assert!(request.issued_at_ms >= START);
			}
			prop_assert!(guard.len() <= LIMITS.total);
		}
	}
}
