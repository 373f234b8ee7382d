//! One core for everything that is measured.

use std::fs;

/// Confines this process, and what it starts from now on, to one core; returns its number, or
/// `None` where the system does not do that.
///
/// Whatever runs on other cores then disturbs a contender by the shared caches and memory only, and
/// all contenders alike.
#[cfg(target_os = "linux")]
pub fn pin_to_one_core() -> Option<usize> {
	let size = std::mem::size_of::<libc::cpu_set_t>();
	// Safety: the set is plain bits, for which all zeros is valid; the calls read and write the set
	// that they are given and nothing else, and the numbers are below the size of the set.
	unsafe {
		let mut allowed: libc::cpu_set_t = std::mem::zeroed();
		if libc::sched_getaffinity(0, size, &mut allowed) != 0 {
			return None;
		}
		// The last: interrupts are mostly served by the first.
		let core =
			(0..libc::CPU_SETSIZE as usize).rev().find(|&core| libc::CPU_ISSET(core, &allowed))?;
		let mut one: libc::cpu_set_t = std::mem::zeroed();
		libc::CPU_SET(core, &mut one);
		(libc::sched_setaffinity(0, size, &one) == 0).then_some(core)
	}
}

/// Confines nothing: there is no way to on this system.
#[cfg(not(target_os = "linux"))]
pub fn pin_to_one_core() -> Option<usize> {
	None
}

/// The processor, as the system names it.
pub fn cpu_model() -> String {
	let found = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
		let line = text.lines().find(|line| line.starts_with("model name"))?;
		Some(line.split_once(':')?.1.trim().to_owned())
	});
	found.unwrap_or_else(|| format!("unknown ({})", std::env::consts::ARCH))
}
