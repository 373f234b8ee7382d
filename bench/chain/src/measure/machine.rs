//! What a measurement ran on.

use serde::{Deserialize, Serialize};

/// Processor and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
	/// Model of the processor, as the kernel names it.
	pub cpu: String,
	/// Cores that this program may use.
	pub cores: usize,
	/// Memory in GiB.
	pub memory_gib: f64,
}

impl Machine {
	/// This one; what the kernel does not tell stays empty.
	pub fn this() -> Self {
		let read = |path| std::fs::read_to_string(path).unwrap_or_default();
		Self::parse(&read("/proc/cpuinfo"), &read("/proc/meminfo"))
	}

	fn parse(cpuinfo: &str, meminfo: &str) -> Self {
		let value = |text: &str, name: &str| {
			let line = text.lines().find(|line| line.starts_with(name))?;
			Some(line.split_once(':')?.1.trim().to_owned())
		};
		let memory = value(meminfo, "MemTotal").unwrap_or_default();
		let kib: f64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
		Self {
			cpu: value(cpuinfo, "model name").unwrap_or_default(),
			cores: std::thread::available_parallelism().map_or(0, usize::from),
			memory_gib: (kib / 1_048_576.0 * 10.0).round() / 10.0,
		}
	}
}
