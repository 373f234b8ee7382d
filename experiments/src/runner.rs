//! Runs the jobs of a plan that are not finished, several at a time, and shows how far they are.

use crate::{
	plan::Job,
	store::{Run, Store},
};
use anyhow::{anyhow, Result};
use bittensor_nucleus::simulation::{self, Mode};
use std::{
	io::{IsTerminal, Write},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex, PoisonError,
	},
	thread,
	time::{Duration, Instant},
};

/// Time between two lines of progress where there is no terminal.
const QUIET: Duration = Duration::from_secs(60);
const REDRAW: Duration = Duration::from_secs(1);

/// Runs all jobs without a run in the store. `jobs_at_once` threads work on them.
///
/// # Errors
/// The first error of a job; others that run then are finished and kept.
pub fn run(store: &mut Store, jobs: &[Job], jobs_at_once: usize) -> Result<()> {
	let open: Vec<&Job> = jobs.iter().filter(|job| store.find(job).is_none()).collect();
	if open.is_empty() {
		eprintln!("all {} runs are finished", jobs.len());
		return Ok(());
	}
	eprintln!("{} of {} runs to do", open.len(), jobs.len());
	let total: f64 = open.iter().map(|job| cost(job)).sum();
	let shared = Mutex::new(Shared { store, done: 0, cost: 0.0, failed: None });
	let next = AtomicUsize::new(0);
	let start = Instant::now();
	let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
	thread::scope(|scope| {
		let workers: Vec<_> = (0..jobs_at_once.clamp(1, open.len()))
			.map(|_| {
				scope.spawn(|| loop {
					let at = next.fetch_add(1, Ordering::Relaxed);
					let Some(job) = open.get(at) else { return };
					if lock().failed.is_some() {
						return;
					}
					let result = one(job);
					let mut shared = lock();
					match result.and_then(|run| shared.store.add(run)) {
						Ok(()) => {
							shared.done += 1;
							shared.cost += cost(job);
						}
						Err(error) => {
							let name = &job.experiment;
							let seed = job.settings.seed;
							shared.failed.get_or_insert(
								error.context(format!("{name}, seed {seed}, {:?}", job.mode)),
							);
							return;
						}
					}
				})
			})
			.collect();
		let terminal = std::io::stderr().is_terminal();
		let mut shown: Option<Instant> = None;
		while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
			thread::sleep(REDRAW.min(Duration::from_millis(200)));
			let every = if terminal { REDRAW } else { QUIET };
			if shown.is_none_or(|at| at.elapsed() >= every) {
				let (done, part) = {
					let shared = lock();
					(shared.done, shared.cost / total)
				};
				show(terminal, done, open.len(), part, start.elapsed());
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

struct Shared<'s> {
	store: &'s mut Store,
	done: usize,
	cost: f64,
	failed: Option<anyhow::Error>,
}

/// About the relative time of a job.
fn cost(job: &Job) -> f64 {
	let s = &job.settings;
	let inputs = match job.mode {
		Mode::Solo | Mode::Ensemble | Mode::Joint => 0,
		Mode::Without | Mode::With => s.members.saturating_sub(1),
	};
	(s.steps as usize * s.members * s.config.batch * s.config.vocab * (1 + inputs)) as f64
}

fn one(job: &Job) -> Result<Run> {
	let start = Instant::now();
	let outcomes = simulation::run(&job.settings, |_| {})?;
	if outcomes.is_empty() {
		return Err(anyhow!("no component was measured"));
	}
	Run::new(job, start.elapsed().as_secs_f64(), outcomes)
}

fn show(terminal: bool, done: usize, all: usize, part: f64, elapsed: Duration) {
	let minutes = |seconds: f64| format!("{:.1} min", seconds / 60.0);
	let elapsed = elapsed.as_secs_f64();
	let left = match part > 0.0 {
		true => format!(", about {} left", minutes(elapsed / part * (1.0 - part))),
		false => String::new(),
	};
	let text = format!("{done} of {all} runs in {}{left}", minutes(elapsed));
	let line = if terminal { format!("\r\x1b[K{text}") } else { format!("{text}\n") };
	let mut out = std::io::stderr().lock();
	// A closed standard error is no reason to stop.
	let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
