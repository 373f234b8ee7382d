//! The kernel's account of a process: `/proc/PID`.
//!
//! ```text
//!   io      wchar        bytes handed to write calls: the database's log, sockets, log lines
//!           write_bytes  bytes of pages that the process dirtied or wrote on a block device: the
//!                        database's log again, and its tables, which it writes through a mapping
//!   status  VmHWM        peak of resident memory since start, or since it was reset
//! ```
//!
//! On a file system in memory `write_bytes` stays 0.

use anyhow::Context;

/// Bytes that a process has written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
	/// By write calls (`wchar`).
	pub passed: u64,
	/// To storage (`write_bytes`).
	pub stored: u64,
}

impl Written {
	/// What was written since `before`.
	pub fn since(self, before: Self) -> Self {
		Self {
			passed: self.passed.saturating_sub(before.passed),
			stored: self.stored.saturating_sub(before.stored),
		}
	}
}

/// What the process `id` has written so far.
pub fn written(id: u32) -> anyhow::Result<Written> {
	parse_io(&read(id, "io")?)
}

/// The peak of the resident memory of the process `id`, in KiB.
pub fn peak_rss_kib(id: u32) -> anyhow::Result<u64> {
	parse_peak(&read(id, "status")?)
}

/// Lets the peak start again from what is resident now.
pub fn reset_peak(id: u32) -> anyhow::Result<()> {
	let path = format!("/proc/{id}/clear_refs");
	std::fs::write(&path, "5").with_context(|| format!("could not write {path}"))
}

fn read(id: u32, name: &str) -> anyhow::Result<String> {
	let path = format!("/proc/{id}/{name}");
	std::fs::read_to_string(&path).with_context(|| format!("could not read {path}"))
}

/// Reads `/proc/PID/io`.
pub fn parse_io(text: &str) -> anyhow::Result<Written> {
	Ok(Written { passed: field(text, "wchar:")?, stored: field(text, "write_bytes:")? })
}

/// Reads `VmHWM` in `/proc/PID/status`, in KiB.
pub fn parse_peak(text: &str) -> anyhow::Result<u64> {
	field(text, "VmHWM:")
}

/// The first number of the line that begins with `name`.
fn field(text: &str, name: &str) -> anyhow::Result<u64> {
	let line = text.lines().find_map(|line| line.strip_prefix(name));
	let value = line.and_then(|line| line.split_whitespace().next());
	let value = value.with_context(|| format!("the kernel does not say `{name}`"))?;
	value.parse().with_context(|| format!("`{name}` is `{value}`, no number"))
}
