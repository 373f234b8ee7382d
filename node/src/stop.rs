//! The end of the node: what is no failure of it.

use std::panic;

/// What tokio says when a task asks for a timer while its runtime ends.
const RUNTIME_ENDS: &str = "context was found, but it is being shutdown";

/// Keeps a panic of a task that waits for a timer while tokio's runtime ends out of the report. The hook that
/// `create_runner` has set would print it as a bug, and end the process with code 1 while it stops.
pub(crate) fn ignore_late_timers() {
	let report = panic::take_hook();
	panic::set_hook(Box::new(move |info| {
		if !is_late_timer(info.payload_as_str()) {
			report(info);
		}
	}));
}

fn is_late_timer(payload: Option<&str>) -> bool {
	payload.is_some_and(|text| text.contains(RUNTIME_ENDS))
}

#[cfg(test)]
mod tests {
	use std::{
		future::Future,
		panic::{catch_unwind, AssertUnwindSafe},
		task::{Context, Waker},
		time::Duration,
	};

	use super::is_late_timer;

	#[test]
	fn a_timer_of_a_runtime_that_has_ended_is_told_from_other_panics() {
		let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
		let runtime = runtime.expect("a runtime");
		let entered = runtime.enter();
		let mut timer = Box::pin(tokio::time::sleep(Duration::from_secs(60)));
		drop(entered);
		drop(runtime);
		let mut context = Context::from_waker(Waker::noop());
		let poll = AssertUnwindSafe(|| timer.as_mut().poll(&mut context));
		let payload = catch_unwind(poll).expect_err("it has no runtime");
		let text = payload.downcast_ref::<String>().map(String::as_str);
		assert!(is_late_timer(text), "{text:?}");
		assert!(!is_late_timer(Some("index out of bounds")) && !is_late_timer(None));
	}
}
