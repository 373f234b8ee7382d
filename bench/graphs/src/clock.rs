//! Processor time.

use rustix::time::{clock_gettime, ClockId};

/// Calls `work`. Returns its result and the seconds that this thread was on a processor meanwhile, so
/// that other programs on the machine do not count.
pub fn timed<R>(work: impl FnOnce() -> R) -> (R, f64) {
	let now = || {
		let time = clock_gettime(ClockId::ThreadCPUTime);
		time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
	};
	let started = now();
	let result = work();
	(result, now() - started)
}
