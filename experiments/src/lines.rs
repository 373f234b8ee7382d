//! Files of finished runs: one JSON object a line.
//!
//! Invariant: what a kill cuts off is the last line only, and it is dropped.

use anyhow::{Context, Result};
use bittensor_nucleus::files;
use serde::{de::DeserializeOwned, Serialize};
use std::{
	fs::{self, OpenOptions},
	io::Write,
	path::Path,
};

/// All runs of a file; none if it is not there. A last line that was cut off is removed from it.
///
/// # Errors
/// If the file cannot be read, or has another line that is no run.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
	let text = match fs::read_to_string(path) {
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
		text => text.with_context(|| path.display().to_string())?,
	};
	let whole = text.rfind('\n').map_or(0, |end| end + 1);
	let runs = text[..whole]
		.lines()
		.enumerate()
		.map(|(n, line)| {
			serde_json::from_str(line)
				.with_context(|| format!("line {} of {} is no run", n + 1, path.display()))
		})
		.collect::<Result<_>>()?;
	if whole < text.len() {
		fs::write(path, &text[..whole]).with_context(|| path.display().to_string())?;
	}
	Ok(runs)
}

/// Adds a run to a file, which is made if it is not there.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn append(path: &Path, run: &impl Serialize) -> Result<()> {
	let line = line(run)?;
	let append = || {
		if let Some(folder) = path.parent() {
			fs::create_dir_all(folder)?;
		}
		let mut file = OpenOptions::new().create(true).append(true).open(path)?;
		file.write_all(line.as_bytes())?;
		file.sync_data()
	};
	append().with_context(|| path.display().to_string())
}

/// Writes a file of these runs in place of the one that is there.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn replace<T: Serialize>(path: &Path, runs: &[T]) -> Result<()> {
	let lines = runs.iter().map(line).collect::<Result<String>>()?;
	files::replace(path, lines.as_bytes()).with_context(|| path.display().to_string())
}

fn line(run: &impl Serialize) -> Result<String> {
	Ok(serde_json::to_string(run)? + "\n")
}
