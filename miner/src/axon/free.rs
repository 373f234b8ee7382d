//! What callers without a bid get: a grace for each newcomer, then a small tier for all together.
//!
//! ```text
//!   texts ─► left of this component's grace, and of the grace of all? ───────────────► served
//!             │ no
//!             ▼
//!            within the caller's own limit, and left in the tier of all?
//!             and (its part of the tier has come together, or the tier is half full)? ─► served
//!             │ no
//!             ▼
//!            refused, with the time after which to ask again
//! ```
//!
//! The part of a caller is the tier's rate divided by the number of free callers: one that asks all
//! the time does not take the part of one that asks now and then. What nobody takes fills the tier,
//! and everybody may take of the upper half.
//!
//! Invariants: all free callers together never get more than the two common buckets give, whatever
//! their number; a component has its grace once for each registration, which needs a deposit and
//! waits for an epoch; memory is bounded by count.

use super::{
	quota::{wait, Bucket},
	QuotaConfig, Standing,
};
use bittensor_wire::limits::MAX_TEXTS;
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Free callers that are known, and registrations whose grace is counted.
const CALLERS: usize = 65_536;
/// A caller that has not asked for this long is not counted any more.
const FORGET: Duration = Duration::from_secs(60);
/// The longest time after which a refused caller is told to ask again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Time between two searches for callers to forget.
const SWEEP: Duration = Duration::from_secs(1);

struct Caller {
	/// Its part of the tier that has come together.
	part: Bucket,
	/// Its own limit.
	limit: Bucket,
	asked: Instant,
}

struct State {
	tier: Bucket,
	grace: Bucket,
	callers: HashMap<u32, Caller>,
	swept: Instant,
}

/// The free tier.
pub(crate) struct FreeTier {
	quota: QuotaConfig,
	state: Mutex<State>,
	/// Texts of the grace that a registration (uid and its epoch) has used.
	used: Cache<(u32, u32), Arc<Mutex<f64>>>,
}

impl FreeTier {
	pub(crate) fn new(quota: QuotaConfig, now: Instant) -> Self {
		let tier = Bucket::new(tier_burst(&quota), now);
		let grace = Bucket::new(quota.grace_burst, now);
		let lru = EvictionPolicy::lru();
		let used = Cache::builder().max_capacity(CALLERS as u64).eviction_policy(lru).build();
		let state = State { tier, grace, callers: HashMap::new(), swept: now };
		Self { quota, state: Mutex::new(state), used }
	}

	/// Takes so many texts for a caller without a bid. The error is the time after which it may ask
	/// for them again.
	pub(crate) fn take(
		&self,
		standing: &Standing,
		cost: f64,
		now: Instant,
	) -> Result<(), Duration> {
		let mut state = self.state.lock();
		if self.take_grace(&mut state, standing, cost, now) {
			return Ok(());
		}
		state.forget(now, standing.uid);
		if state.callers.len() >= CALLERS && !state.callers.contains_key(&standing.uid) {
			return Err(LONGEST_WAIT);
		}
		self.take_part(&mut state, standing.uid, cost, now)
			.map_err(|wait| wait.clamp(Duration::from_millis(1), LONGEST_WAIT))
	}

	fn take_grace(&self, state: &mut State, standing: &Standing, cost: f64, now: Instant) -> bool {
		let quota = &self.quota;
		let used = self.used.get_with((standing.uid, standing.registered), Arc::default);
		let mut used = used.lock();
		let left = state.grace.fill(quota.grace_texts_per_second, quota.grace_burst, now);
		let within = *used + cost <= quota.grace_texts && cost <= left;
		if within {
			*used += cost;
			state.grace.spend(cost);
		}
		within
	}

	fn take_part(
		&self,
		state: &mut State,
		uid: u32,
		cost: f64,
		now: Instant,
	) -> Result<(), Duration> {
		let rate = self.quota.free_texts_per_second;
		let burst = tier_burst(&self.quota);
		let most = self.quota.free_texts_per_caller;
		// The largest Spike fits into any bucket, however slowly it fills.
		let most_burst = (most * self.quota.burst_seconds).max(MAX_TEXTS as f64);
		let caller = state.callers.entry(uid).or_insert_with(|| Caller {
			part: Bucket::new(0.0, now),
			limit: Bucket::new(most_burst, now),
			asked: now,
		});
		caller.asked = now;
		let callers = state.callers.len().max(1) as f64;
		let Some(caller) = state.callers.get_mut(&uid) else { return Err(LONGEST_WAIT) };
		let tier = state.tier.fill(rate, burst, now);
		let part = caller.part.fill(rate / callers, most_burst, now);
		let limit = caller.limit.fill(most, most_burst, now);
		let spare = tier - burst / 2.0;
		if limit >= cost && tier >= cost && (part >= cost || spare >= cost) {
			state.tier.spend(cost);
			caller.part.spend(cost);
			caller.limit.spend(cost);
			return Ok(());
		}
		let allowed = wait(part, cost, rate / callers).min(wait(spare, cost, rate));
		Err(allowed.max(wait(limit, cost, most)).max(wait(tier, cost, rate)))
	}
}

/// Texts that the tier saves up: the upper half holds the largest Spike.
fn tier_burst(quota: &QuotaConfig) -> f64 {
	(quota.free_texts_per_second * quota.burst_seconds).max(2.0 * MAX_TEXTS as f64)
}

impl State {
	/// Forgets callers that have not asked for long, except the one that asks now.
	fn forget(&mut self, now: Instant, uid: u32) {
		if now.saturating_duration_since(self.swept) < SWEEP && self.callers.len() < CALLERS {
			return;
		}
		self.swept = now;
		self.callers.retain(|other, caller| {
			*other == uid || now.saturating_duration_since(caller.asked) < FORGET
		});
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const TEXTS: usize = 32;

	fn standing(uid: u32) -> Standing {
		Standing { uid, registered: 1, flow: 0, push: 0.0 }
	}

	fn no_grace() -> QuotaConfig {
		QuotaConfig { grace_texts: 0.0, ..QuotaConfig::default() }
	}

	/// Callers, each with the milliseconds between its requests, that obey the wait they are told, for
	/// so many seconds; the texts that each got.
	fn run(tier: &FreeTier, every: &[u64], seconds: u64, start: Instant) -> Vec<usize> {
		let mut got = vec![0; every.len()];
		let mut next = vec![0_u64; every.len()];
		for at in (0..seconds * 1_000).step_by(10) {
			let now = start + Duration::from_millis(at);
			for (uid, got) in got.iter_mut().enumerate() {
				if at < next[uid] {
					continue;
				}
				let pause = match tier.take(&standing(uid as u32), TEXTS as f64, now) {
					Ok(()) => {
						*got += TEXTS;
						0
					}
					Err(wait) => wait.as_millis() as u64,
				};
				next[uid] = at + pause.max(every[uid]);
			}
		}
		got
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(12))]

		#[test]
		fn whatever_their_number_they_never_exceed_the_common_tier(
			callers in prop::sample::select(vec![1_usize, 2, 7, 100, 1_000]),
			grace in prop::sample::select(vec![0.0, 4_096.0]),
		) {
			let quota = QuotaConfig { grace_texts: grace, ..QuotaConfig::default() };
			let (start, seconds) = (Instant::now(), 60);
			let tier = FreeTier::new(quota, start);
			let got: usize = run(&tier, &vec![20; callers], seconds, start).iter().sum();
			let graces = (grace * callers as f64)
				.min(quota.grace_burst + quota.grace_texts_per_second * seconds as f64);
			let most =
				tier_burst(&quota) + quota.free_texts_per_second * seconds as f64 + graces;
			prop_assert!(got as f64 <= most, "{got} texts, {most} at most");
			// And the tier is used: half of it at least, by two callers or more.
			let least = quota.free_texts_per_second.min(quota.free_texts_per_caller) * 60.0 / 2.0;
			prop_assert!(got as f64 >= least, "{got} texts, {least} at least");
		}
	}

	#[test]
	fn one_caller_stays_within_its_own_limit() {
		let (start, quota) = (Instant::now(), no_grace());
		let tier = FreeTier::new(quota, start);
		let got = run(&tier, &[20], 100, start)[0] as f64;
		let limit = 100.0 * quota.free_texts_per_caller;
		assert!((limit..=limit + MAX_TEXTS as f64).contains(&got), "{got} of {limit}");
	}

	#[test]
	fn one_that_asks_all_the_time_does_not_take_the_part_of_another() {
		let (start, quota) = (Instant::now(), no_grace());
		let tier = FreeTier::new(quota, start);
		// Seven ask all the time; one every 8 seconds, which is 4 texts per second of its part of 8.
		let mut every = vec![10; 7];
		every.push(8_000);
		let got = run(&tier, &every, 400, start);
		let wanted = 400 / 8 * TEXTS;
		assert!(got[7] * 10 >= wanted * 9, "{} of {wanted} texts", got[7]);
		// Each of the seven gets its part; what the eighth leaves goes to whoever asks first.
		assert!(got[..7].iter().all(|got| got * 10 >= 400 * 8 * 9), "{got:?}");
	}

	#[test]
	fn a_registration_has_its_grace_once() {
		let now = Instant::now();
		let quota = QuotaConfig { grace_texts: 320.0, ..QuotaConfig::default() };
		let tier = FreeTier::new(quota, now);
		let mut state = tier.state.lock();
		let mut graces = |uid, registered| {
			let standing = Standing { registered, ..standing(uid) };
			let mut given = 0;
			while tier.take_grace(&mut state, &standing, 32.0, now) {
				given += 1;
			}
			given
		};
		assert_eq!(graces(1, 4), 10);
		assert_eq!(graces(1, 4), 0);
		// The uid in another epoch is another registration, with another deposit.
		assert_eq!(graces(1, 5), 10);
		// All graces together are bounded too.
		let all: usize = (2..1_000).map(|uid| graces(uid, 4)).sum();
		assert_eq!((all + 20) * 32, quota.grace_burst as usize);
	}

	#[test]
	fn the_number_of_callers_is_bounded_in_time() {
		let start = Instant::now();
		let tier = FreeTier::new(no_grace(), start);
		for uid in 0..10_000 {
			let _ = tier.take(&standing(uid), 1.0, start);
		}
		let later = start + FORGET + Duration::from_secs(1);
		let _ = tier.take(&standing(0), 1.0, later);
		assert_eq!(tier.state.lock().callers.len(), 1);
	}
}
