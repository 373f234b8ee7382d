//! The time that a thread was on a processor.

/// Measures the processor time of the thread that started it.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
	started: f64,
}

impl Timer {
	/// Starts to measure.
	pub fn start() -> Self {
		Self { started: now() }
	}

	/// The seconds since the start that this thread was running. Ask on the thread that started.
	pub fn seconds(&self) -> f64 {
		now() - self.started
	}
}

fn now() -> f64 {
	let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
	// Safety: the call writes the structure it is given and nothing else. Every system that this
	// compiles for has this clock; one that refused it would leave the zeros.
	unsafe {
		libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time);
	}
	time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
