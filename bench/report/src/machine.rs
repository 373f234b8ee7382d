//! What a measurement ran on.

use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};
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

/// Confines this process, and what it starts from now on, to one core; returns its number, or `None` if
/// the system refuses. Programs on other cores then affect all contenders alike, through the shared
/// caches and memory.
pub fn pin_to_one_core() -> Option<usize> {
	let allowed = sched_getaffinity(None).ok()?;
	// The last: interrupts are mostly served by the first.
	let core = (0..CpuSet::MAX_CPU).rev().find(|&core| allowed.is_set(core))?;
	let mut one = CpuSet::new();
	one.set(core);
	sched_setaffinity(None, &one).ok().map(|()| core)
}

/// The value of the first line `name: value` of a file in `/proc`.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
	text.lines().find_map(|line| {
		let (found, value) = line.split_once(':')?;
		(found.trim_end() == name).then(|| value.trim())
	})
}
