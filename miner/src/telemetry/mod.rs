//! What a running component says about itself.
//!
//! ```text
//!   metrics::counter!, gauge! ─► recorder ─┬─► Prometheus
//!   chain cache ───────────────────────────┼─► status file (JSON, replaced once a second)
//!   row, inputs, errors ───────────────────┴─► a line in the log every ten seconds
//! ```
//!
//! A counter or gauge is one line where it happens; it is served to Prometheus without further
//! code. To put it into the status file too, add a field to [`Status`] and a line to
//! [`Status::set_numbers`].
//!
//! Invariants: each number is counted once, in the recorder; a reader of the file never sees half
//! an object; a full or slow disk does not stop the component.

mod errors;
mod gain;
pub mod payouts;
pub mod recorder;
mod status;

pub use errors::Errors;
pub use gain::GainStatus;
pub use status::{InputStatus, PerplexityStatus, Status, UpstreamStatus};

use crate::chain::{cache::ChainCache, poster::Poster};
use parking_lot::{Mutex, MutexGuard};
use std::{
	path::PathBuf,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;

/// Time between two status files.
const EVERY: Duration = Duration::from_secs(1);
/// Status files between two lines in the log.
const LINE_EVERY: u64 = 10;

/// The status of the component; clones share it.
#[derive(Clone)]
pub struct Telemetry {
	started: Instant,
	status: Arc<Mutex<Status>>,
	errors: Errors,
	cache: ChainCache,
	poster: Option<Poster>,
}

impl Telemetry {
	/// The telemetry of a component that starts now.
	pub fn new(status: Status, cache: ChainCache, poster: Option<Poster>) -> Self {
		let (status, errors) = (Arc::new(Mutex::new(status)), Errors::default());
		Self { started: Instant::now(), status, errors, cache, poster }
	}

	/// The fields that are not numbers, to set; hold it briefly.
	pub fn status(&self) -> MutexGuard<'_, Status> {
		self.status.lock()
	}

	/// The errors of its tasks.
	pub fn errors(&self) -> &Errors {
		&self.errors
	}

	/// The status now.
	pub fn read(&self) -> Status {
		let mut status = self.status();
		status.uptime = self.started.elapsed().as_secs();
		status.set_chain(&self.cache.snapshot());
		status.set_numbers(&recorder::read());
		if let Some(poster) = &self.poster {
			let posted = poster.posted();
			status.posted_row = posted.row;
			match posted.last_error {
				Some(error) => self.errors.note("poster", error),
				None => self.errors.clear("poster"),
			}
		}
		status.last_error = self.errors.last();
		status.clone()
	}

	/// Writes the status to `path` once a second, and every ten seconds to the log, or to standard
	/// output as a line of JSON.
	pub async fn report(self, path: Option<PathBuf>, as_json: bool) -> anyhow::Result<()> {
		let mut ticks = tokio::time::interval(EVERY);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
		let mut warned = false;
		for tick in 0_u64.. {
			ticks.tick().await;
			let status = self.read();
			if let Some(path) = &path {
				let written = status.write(path);
				if let (Err(error), false) = (&written, warned) {
					tracing::warn!("cannot write {}: {error}", path.display());
				}
				warned = written.is_err();
			}
			if tick > 0 && tick.is_multiple_of(LINE_EVERY) {
				print_status(&status, as_json);
			}
		}
		Ok(())
	}
}

/// Prints a line of JSON to standard output, or a line for people to the log.
pub fn print_status(status: &Status, as_json: bool) {
	match serde_json::to_string(status) {
		// A component outlives the reader of its output.
		Ok(line) if as_json => drop(crate::output::line(&line)),
		_ => tracing::info!("{status}"),
	}
}
