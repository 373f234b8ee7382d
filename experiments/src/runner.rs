//! Runs the jobs of a plan that are not finished.

use crate::{
	plan::Job,
	pool::Pool,
	store::{Run, Store},
};
use anyhow::{ensure, Context, Result};
use bittensor_nucleus::simulation::{self, Mode};
use std::time::Instant;

/// Runs all jobs without a run in the store.
///
/// # Errors
/// The first error of a job; others that run then are finished and kept.
pub fn run(store: &mut Store, jobs: &[Job], pool: Pool) -> Result<()> {
	let open: Vec<&Job> = jobs.iter().filter(|job| store.find(job).is_none()).collect();
	if open.is_empty() {
		eprintln!("all {} runs are finished", jobs.len());
		return Ok(());
	}
	eprintln!("{} of {} runs to do", open.len(), jobs.len());
	pool.run("runs", &open, |job| cost(job), |job| one(job), |run| store.add(run))
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
	let of_job = || format!("{}, seed {}, {:?}", job.experiment, job.settings.seed, job.mode);
	let outcomes = simulation::run(&job.settings, |_| {}).with_context(of_job)?;
	ensure!(!outcomes.is_empty(), "{}: no component was measured", of_job());
	Run::new(job, start.elapsed().as_secs_f64(), outcomes).with_context(of_job)
}
