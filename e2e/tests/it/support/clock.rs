//! A clock that a test sets: the time of day of one process, shifted by seconds.
//!
//! The process loads `clock.c` before its own libraries. Only the time of day is shifted, as if somebody
//! set the clock of its machine; the time that has passed since a moment is not.

use std::path::PathBuf;

use anyhow::Context;

/// The clock of a process.
pub(crate) struct Clock {
	library: PathBuf,
	shift: PathBuf,
	_folder: tempfile::TempDir,
}

impl Clock {
	/// A clock that is right.
	pub(crate) fn new() -> anyhow::Result<Self> {
		let folder = tempfile::tempdir()?;
		let library = folder.path().join("clock.so");
		let built = std::process::Command::new("cc")
			.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"])
			.arg(&library)
			.arg("tests/it/support/clock.c")
			.output()
			.context("cc, of the package build-essential")?;
		anyhow::ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
		let clock = Self { library, shift: folder.path().join("shift"), _folder: folder };
		clock.set(0)?;
		Ok(clock)
	}

	/// Sets the clock so many seconds forward or, if negative, back from the right time.
	pub(crate) fn set(&self, seconds: i64) -> anyhow::Result<()> {
		// Replaced in one step: the process reads it all the time.
		let new = self.shift.with_extension("new");
		std::fs::write(&new, seconds.to_string())?;
		Ok(std::fs::rename(new, &self.shift)?)
	}

	/// The environment of the process.
	pub(crate) fn env(&self) -> Vec<(String, String)> {
		let text = |path: &PathBuf| path.display().to_string();
		vec![("LD_PRELOAD".into(), text(&self.library)), ("CLOCK_SHIFT".into(), text(&self.shift))]
	}
}
