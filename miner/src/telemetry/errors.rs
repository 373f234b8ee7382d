//! The errors that hold: at most one per task, until the task succeeds.

use parking_lot::Mutex;
use std::{fmt::Display, sync::Arc};

/// The errors that hold, by task, oldest first; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Errors(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Errors {
	/// Notes why a task failed, in place of its earlier error.
	pub fn note(&self, task: &'static str, error: impl Display) {
		let mut errors = self.0.lock();
		errors.retain(|(other, _)| *other != task);
		errors.push((task, error.to_string()));
	}

	/// Notes that a task succeeded.
	pub fn clear(&self, task: &str) {
		self.0.lock().retain(|(other, _)| *other != task);
	}

	/// The newest error that holds.
	pub fn last(&self) -> Option<String> {
		self.0.lock().last().map(|(_, error)| error.clone())
	}
}
