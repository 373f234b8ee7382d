//! The signals that end a run.
//!
//! The first signal stops the run; a second one during the stop kills the processes. So this is a
//! stream of signals: a cancellation token can be cancelled only once.

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
