//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{signal, SignalKind};
use tokio_util::sync::CancellationToken;

/// Cancels `stop` at Ctrl-C or SIGTERM. A second signal ends the process at once.
pub fn cancel_on_signal(stop: CancellationToken) -> std::io::Result<()> {
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	tokio::spawn(async move {
		tokio::select! {
			_ = interrupt.recv() => tracing::info!("interrupted: stopping"),
			_ = terminate.recv() => tracing::info!("terminated: stopping"),
		}
		stop.cancel();
		tokio::select! {
			_ = interrupt.recv() => {},
			_ = terminate.recv() => {},
		}
		tracing::warn!("second signal: ended without a checkpoint");
		std::process::exit(130);
	});
	Ok(())
}
