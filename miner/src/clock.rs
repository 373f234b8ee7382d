//! Compares this machine's clock with the times of the chain's blocks.
//!
//! ```text
//!   new block ──► its time, and the time now ──► twice as far apart? ──► one line, and `last_error`
//! ```
//!
//! Messages between components carry the time of their sender and a deadline: a clock that is wrong by
//! seconds makes each of them expired, or issued in the future, for the others.
//!
//! A block that arrives late looks like a clock that is ahead. So a difference counts only if the next
//! block shows the same one: a node that catches up shows another each time.

use crate::{chain::cache::ChainCache, telemetry::Errors};
use bittensor_client::Chain;
use bittensor_wire::clock::now_ms;
use std::sync::Arc;

/// Milliseconds after its time at which a block has arrived at every node.
const LATEST: i64 = 10_000;
/// Milliseconds before its time at which a block may arrive: the clocks of authors differ a little.
const EARLIEST: i64 = -3_000;
/// Milliseconds by which two differences may differ and be of the same cause.
const SAME: u64 = 5_000;
/// Name of this task.
const TASK: &str = "clock";

/// What a look at the clock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
	/// The clock differs from the chain's by so many milliseconds; it is ahead if that is positive.
	Off(i64),
	/// The clock is right again.
	Right,
}

/// Decides whether the clock is wrong, and reports each change once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
	last: Option<i64>,
	off: bool,
}

impl Clock {
	/// Looks at the milliseconds from the time of a new block to now.
	pub fn look(&mut self, ahead: i64) -> Option<Change> {
		if (EARLIEST..=LATEST).contains(&ahead) {
			self.last = None;
			return std::mem::replace(&mut self.off, false).then_some(Change::Right);
		}
		let same = self.last.is_some_and(|last| last.abs_diff(ahead) < SAME);
		self.last = Some(ahead);
		if self.off || !same {
			return None;
		}
		self.off = true;
		Some(Change::Off(ahead))
	}
}

/// Compares the clock with each block that the cache reads. Never returns.
pub async fn watch(
	chain: Arc<dyn Chain>,
	mut cache: ChainCache,
	errors: Errors,
) -> anyhow::Result<()> {
	let mut clock = Clock::default();
	loop {
		let head = cache.changed().await.head;
		let now = now_ms();
		let Ok(Some(time)) = chain.time(Some(head.hash)).await else { continue };
		let ahead = i64::try_from(i128::from(now) - i128::from(time)).unwrap_or(i64::MAX);
		match clock.look(ahead) {
			Some(Change::Off(ahead)) => {
				let seconds = ahead.unsigned_abs() as f64 / 1e3;
				let side = if ahead > 0 { "ahead of" } else { "behind" };
				let text = format!(
					"this machine's clock is {seconds:.0} s {side} block {}: other components refuse \
					 messages whose times are wrong. Set the clock, or that of the node, by NTP",
					head.number
				);
				tracing::warn!("{text}");
				errors.note(TASK, text);
			}
			Some(Change::Right) => {
				tracing::info!("this machine's clock is right again");
				errors.clear(TASK);
			}
			None => {}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{Change, Clock};

	#[test]
	fn a_wrong_clock_is_reported_once_and_when_it_is_right_again() {
		let mut clock = Clock::default();
		assert_eq!(clock.look(900), None);
		// One late block is no wrong clock.
		assert_eq!(clock.look(30_000), None);
		assert_eq!(clock.look(1_000), None);
		assert_eq!(clock.look(600_500), None);
		assert_eq!(clock.look(600_900), Some(Change::Off(600_900)));
		assert_eq!(clock.look(601_000), None);
		assert_eq!(clock.look(-200), Some(Change::Right));
		assert_eq!(clock.look(-120_000), None);
		assert_eq!(clock.look(-119_000), Some(Change::Off(-119_000)));
	}

	#[test]
	fn a_node_that_catches_up_is_no_wrong_clock() {
		let mut clock = Clock::default();
		for hours in (1..100).rev() {
			assert_eq!(clock.look(hours * 3_600_000), None);
		}
		assert_eq!(clock.look(2_000), None);
	}
}
