//! The tasks of a running miner: one set, one stop.
//!
//! ```text
//!   spawn("chain cache", …) ───┐
//!   spawn("poster", …) ────────┼──► one set of tasks ──► finish() waits for all of them
//!   spawn_until_done("axon") ──┘        │
//!                                       │ a task ends before the stop: it returned, failed or panicked
//!   Ctrl-C, SIGTERM, last step ──► stop token ◄┘ the first such task is the error that finish() returns
//! ```
//!
//! Invariants: no task of a running miner ends unnoticed; the stop token ends everything, also a
//! start in progress; after the stop no task is an error.

use futures::FutureExt;
use parking_lot::Mutex;
use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A task that ended before the stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task `{task}` ended before the miner was stopped: {reason}")]
pub struct TaskEnded {
	/// Its name.
	pub task: &'static str,
	/// Its error or its panic.
	pub reason: String,
}

/// A handle to the set of tasks; clones share it.
#[derive(Clone, Default)]
pub struct Supervisor {
	stop: CancellationToken,
	tasks: TaskTracker,
	/// Names of the tasks that run now.
	running: Arc<Mutex<Vec<&'static str>>>,
	ended: Arc<Mutex<Option<TaskEnded>>>,
}

impl Supervisor {
	/// The stop token. Cancelling it is an orderly stop.
	pub fn stop(&self) -> &CancellationToken {
		&self.stop
	}

	/// Runs a task that is dropped at the stop.
	pub fn spawn(
		&self,
		name: &'static str,
		task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
	) {
		let stop = self.stop.clone();
		self.spawn_until_done(name, async move {
			stop.run_until_cancelled_owned(task).await.unwrap_or(Ok(()))
		});
	}

	/// Runs a task that watches the stop token itself and finishes its work after the stop.
	pub fn spawn_until_done(
		&self,
		name: &'static str,
		task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
	) {
		let supervisor = self.clone();
		self.running.lock().push(name);
		self.tasks.spawn(async move {
			let reason = match AssertUnwindSafe(task).catch_unwind().await {
				Ok(Ok(())) => "it returned".into(),
				Ok(Err(error)) => format!("{error:#}"),
				Err(panic) => format!("it panicked: {}", message(&*panic)),
			};
			supervisor.note_end(TaskEnded { task: name, reason });
		});
	}

	/// Runs a short task that may end at any time; only a panic is an error. It is dropped at the
	/// stop.
	pub fn spawn_brief(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
		let supervisor = self.clone();
		self.tasks.spawn(async move {
			let task = supervisor.stop.run_until_cancelled(task);
			if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
				let reason = format!("it panicked: {}", message(&*panic));
				supervisor.note_end(TaskEnded { task: name, reason });
			}
		});
	}

	fn note_end(&self, end: TaskEnded) {
		let mut running = self.running.lock();
		if let Some(at) = running.iter().position(|name| *name == end.task) {
			running.swap_remove(at);
		}
		drop(running);
		if self.stop.is_cancelled() {
			tracing::debug!("the task `{}` ended after the stop: {}", end.task, end.reason);
			return;
		}
		tracing::error!("{end}");
		self.ended.lock().get_or_insert(end);
		self.stop.cancel();
	}

	/// Stops all tasks and waits for them until `timeout`. Returns the task that caused the stop, if
	/// one did.
	pub async fn finish(&self, timeout: Duration) -> Result<(), TaskEnded> {
		self.stop.cancel();
		self.tasks.close();
		if tokio::time::timeout(timeout, self.tasks.wait()).await.is_err() {
			let late = self.running.lock().join(", ");
			tracing::warn!("still running {} s after the stop: {late}", timeout.as_secs());
		}
		self.ended.lock().clone().map_or(Ok(()), Err)
	}
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
	panic
		.downcast_ref::<&str>()
		.copied()
		.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
		.unwrap_or("no message")
}
