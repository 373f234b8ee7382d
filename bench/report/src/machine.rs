//! What a measurement ran on.

use serde::{Deserialize, Serialize};

/// Processor and memory, as the kernel tells; what it does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
	/// Model of the processor.
	pub cpu: String,
	/// Cores that this program may use.
	pub cores: usize,
	/// Memory in GiB.
	pub memory_gib: f64,
}

impl Machine {
	/// This machine.
	pub fn this() -> Self {
		let read = |path| std::fs::read_to_string(path).unwrap_or_default();
		let memory = read("/proc/meminfo");
		let kib =
			field(&memory, "MemTotal").and_then(|memory| memory.split(' ').next()?.parse().ok());
		Self {
			cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default().into(),
			cores: std::thread::available_parallelism().map_or(0, usize::from),
			memory_gib: (kib.unwrap_or(0.0) / 1_048_576.0 * 10.0_f64).round() / 10.0,
		}
	}
}

/// The value of the first line `name: value` of a file in `/proc`.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
	text.lines().find_map(|line| {
		let (found, value) = line.split_once(':')?;
		(found.trim_end() == name).then(|| value.trim())
	})
}
