//! Jobs on several threads, and how far they are.

use anyhow::Result;
use std::{
	io::{IsTerminal, Write},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex, MutexGuard, PoisonError,
	},
	thread,
	time::{Duration, Instant},
};

/// Time between two lines of progress where there is no terminal.
const QUIET: Duration = Duration::from_secs(60);
const REDRAW: Duration = Duration::from_secs(1);
/// Clears the line of a terminal.
const CLEAR: &str = "\r\x1b[K";

/// Threads that work on jobs.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
	/// Jobs at the same time.
	pub threads: usize,
}

impl Pool {
	/// Does `work` for every job, in the order of the list, and gives each result to `keep` as soon as
	/// it is there. `what` names the jobs in the display; `cost` is about the relative time of one.
	///
	/// # Errors
	/// The first error of a job or of `keep`; others that run then are finished and kept.
	pub fn run<J: Sync, R>(
		self,
		what: &str,
		jobs: &[J],
		cost: impl Fn(&J) -> f64 + Sync,
		work: impl Fn(&J) -> Result<R> + Sync,
		keep: impl FnMut(R) -> Result<()> + Send,
	) -> Result<()> {
		if jobs.is_empty() {
			return Ok(());
		}
		let total: f64 = jobs.iter().map(&cost).sum();
		let shared = Mutex::new(Shared { keep, done: 0, cost: 0.0, failed: None });
		let next = AtomicUsize::new(0);
		let worker = || loop {
			let at = next.fetch_add(1, Ordering::Relaxed);
			let Some(job) = jobs.get(at) else { return };
			if lock(&shared).failed.is_some() {
				return;
			}
			let result = work(job);
			let mut shared = lock(&shared);
			match result.and_then(|result| (shared.keep)(result)) {
				Ok(()) => {
					shared.done += 1;
					shared.cost += cost(job);
				}
				Err(error) => {
					shared.failed.get_or_insert(error);
				}
			}
		};
		let start = Instant::now();
		thread::scope(|scope| {
			let threads = self.threads.clamp(1, jobs.len());
			let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
			let terminal = std::io::stderr().is_terminal();
			let mut shown: Option<Instant> = None;
			while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
				thread::sleep(REDRAW.min(Duration::from_millis(200)));
				let every = if terminal { REDRAW } else { QUIET };
				if shown.is_none_or(|at| at.elapsed() >= every) {
					let (done, part) = {
						let shared = lock(&shared);
						(shared.done, shared.cost / total)
					};
					show(
						terminal,
						&format!("{done} of {} {what}", jobs.len()),
						part,
						start.elapsed(),
					);
					shown = Some(Instant::now());
				}
			}
			if terminal {
				eprintln!();
			}
		});
		match shared.into_inner().unwrap_or_else(PoisonError::into_inner).failed {
			Some(error) => Err(error),
			None => Ok(()),
		}
	}
}

struct Shared<K> {
	keep: K,
	done: usize,
	cost: f64,
	failed: Option<anyhow::Error>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show(terminal: bool, done: &str, part: f64, elapsed: Duration) {
	let minutes = |seconds: f64| format!("{:.1} min", seconds / 60.0);
	let elapsed = elapsed.as_secs_f64();
	let left = match part > 0.0 {
		true => format!(", about {} left", minutes(elapsed / part * (1.0 - part))),
		false => String::new(),
	};
	let text = format!("{done} in {}{left}", minutes(elapsed));
	write_out(&if terminal { format!("{CLEAR}{text}") } else { format!("{text}\n") });
}

/// Writes a line to standard error, in place of the display of progress, which follows below it.
pub(crate) fn say(text: &str) {
	let clear = if std::io::stderr().is_terminal() { CLEAR } else { "" };
	write_out(&format!("{clear}{text}\n"));
}

fn write_out(text: &str) {
	let mut out = std::io::stderr().lock();
	// A closed standard error is no reason to stop.
	let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
	use super::Pool;
	use anyhow::bail;

	#[test]
	fn every_job_is_done_once_and_an_error_ends_the_rest() {
		let jobs: Vec<usize> = (0..20).collect();
		for threads in [0, 1, 3, 50] {
			let mut kept = Vec::new();
			let keep = |job: usize| {
				kept.push(job);
				Ok(())
			};
			Pool { threads }
				.run("jobs", &jobs, |_| 1.0, |job| Ok(*job), keep)
				.expect("all are done");
			kept.sort_unstable();
			assert_eq!(kept, jobs, "{threads} threads");
		}
		let mut kept = Vec::new();
		let work = |job: &usize| if *job == 3 { bail!("job 3") } else { Ok(*job) };
		let keep = |job: usize| {
			kept.push(job);
			Ok(())
		};
		let error = Pool { threads: 1 }.run("jobs", &jobs, |_| 1.0, work, keep).expect_err("job 3");
		assert_eq!((error.to_string().as_str(), &kept[..]), ("job 3", &[0, 1, 2][..]));
		Pool { threads: 2 }
			.run("jobs", &[0; 0], |_| 1.0, |_| Ok(()), |()| Ok(()))
			.expect("nothing to do");
	}
}
