//! Waiting for what a chain or a program does in seconds, on a machine that does other things too.

use std::{
	fmt::Debug,
	time::{Duration, Instant},
};

/// How long that may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(200);

/// Reads until the value is as it should be, and returns it.
///
/// # Errors
/// Those of `read`; after [`PATIENCE`], with the last value.
pub(crate) async fn until<V: Debug>(
	what: &str,
	mut read: impl AsyncFnMut() -> anyhow::Result<V>,
	holds: impl Fn(&V) -> bool,
) -> anyhow::Result<V> {
	let started = Instant::now();
	loop {
		let value = read().await?;
		if holds(&value) {
			return Ok(value);
		}
		anyhow::ensure!(started.elapsed() < PATIENCE, "not {what} after {PATIENCE:?}: {value:?}");
		tokio::time::sleep(POLL).await;
	}
}
