//! The signals that end a run.
//!
//! A stream of signals and not one token: the first signal stops the run, and a second one while it
//! stops kills the processes.

use tokio::signal::unix::{signal, Signal, SignalKind};

/// Ctrl-C, the signal of `kill`, and a terminal that closes.
pub(super) struct Signals {
	interrupt: Signal,
	terminate: Signal,
	hangup: Signal,
}

impl Signals {
	pub(super) fn new() -> std::io::Result<Self> {
		Ok(Self {
			interrupt: signal(SignalKind::interrupt())?,
			terminate: signal(SignalKind::terminate())?,
			hangup: signal(SignalKind::hangup())?,
		})
	}

	/// Waits for the next signal.
	pub(super) async fn next(&mut self) {
		tokio::select! {
			_ = self.interrupt.recv() => (),
			_ = self.terminate.recv() => (),
			_ = self.hangup.recv() => (),
		}
	}
}
