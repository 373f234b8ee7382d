//! Finished runs, and what further ones need.

use super::{
	data::Data,
	runs::{InputRun, RUNS},
	train::{train, Course, Trained},
	vectors::{answers, vectors, Vectors},
	At, InputsPlan,
};
use crate::{
	lines,
	pool::{say, Pool},
};
use anyhow::{Context, Result};
use bittensor_nucleus::{pretrained::ModelFiles, Model};
use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
	time::Instant,
};

/// Added to the seed of a run for its middle component.
const MIDDLE_SEED: u64 = 1_000;

/// One run that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct InputJob<'p> {
	pub(super) at: At<'p>,
	pub(super) target: &'p str,
	pub(super) variant: &'p str,
	pub(super) seed: u64,
}

/// Finished runs, and what further ones need.
pub(super) struct Bench<'p> {
	plan: &'p InputsPlan,
	files: &'p ModelFiles,
	data: Data,
	words: Vec<String>,
	encoders: BTreeMap<String, Vectors>,
	path: PathBuf,
	runs: Vec<InputRun>,
	pool: Pool,
}

impl<'p> Bench<'p> {
	pub(super) fn new(
		plan: &'p InputsPlan,
		files: &'p ModelFiles,
		results: &Path,
		pool: Pool,
	) -> Result<Self> {
		let path = results.join(RUNS);
		let runs = lines::read(&path)?;
		let data = Data::new(plan)?;
		let words = data.component(plan.config("", 0.0, 0, 0)?)?.vocabulary().to_vec();
		Ok(Self { plan, files, data, words, encoders: BTreeMap::new(), path, runs, pool })
	}

	/// The finished run of a job, under the name of its variant.
	fn find(&self, job: &InputJob) -> Result<Option<InputRun>> {
		let (of_run, inputs) = (self.plan.of_run(job.variant, job.at)?, job.at.names());
		let is_it = |run: &&InputRun| run.key() == (&of_run, &inputs[..], job.target, job.seed);
		let found = self.runs.iter().find(is_it);
		Ok(found.map(|run| InputRun { variant: job.variant.into(), ..run.clone() }))
	}

	/// The runs of all jobs, in their order: those that are not finished are run.
	pub(super) fn all(&mut self, jobs: &[InputJob<'p>]) -> Result<Vec<InputRun>> {
		let mut open: Vec<InputJob> = Vec::new();
		for job in jobs {
			let names = |job: &InputJob<'p>| (job.at.names(), job.target, job.variant, job.seed);
			let listed = open.iter().any(|other| names(other) == names(job));
			if !listed && self.find(job)?.is_none() {
				open.push(*job);
			}
		}
		self.encode(open.iter().flat_map(|job| job.at.encoders()))?;
		let (path, mut finished) = (self.path.clone(), Vec::new());
		let keep = |run: InputRun| {
			lines::append(&path, &run)?;
			finished.push(run);
			Ok(())
		};
		self.pool.run("runs", &open, |job| self.cost(job), |job| self.one(job), keep)?;
		self.runs.extend(finished);
		let run = |job: &InputJob<'p>| self.find(job)?.context("a run is missing");
		jobs.iter().map(run).collect()
	}

	/// Computes the vectors of these encoders, if they are not there.
	fn encode(&mut self, encoders: impl Iterator<Item = &'p String>) -> Result<()> {
		let mut names: Vec<&String> =
			encoders.filter(|name| !self.encoders.contains_key(*name)).collect();
		names.sort_unstable();
		names.dedup();
		let one = |name: &&String| {
			let in_chain = self.plan.chain.sets.iter().any(|set| set.contains(name));
			let all = vectors(name, self.files, &self.data, &self.words, in_chain)?;
			Ok(((*name).clone(), all))
		};
		let mut computed = Vec::new();
		let keep = |one| {
			computed.push(one);
			Ok(())
		};
		self.pool.run("encoders", &names, |_| 1.0, one, keep)?;
		self.encoders.extend(computed);
		Ok(())
	}

	/// About the relative time of a job.
	fn cost(&self, job: &InputJob) -> f64 {
		let own = |inputs: usize| (self.plan.examples * (1 + inputs)) as f64;
		match job.at {
			At::Encoders(set) => own(set.len()),
			At::Middle(set) => own(1) + (self.plan.chain.examples * (1 + set.len())) as f64,
		}
	}

	fn one(&self, job: &InputJob) -> Result<InputRun> {
		let InputJob { at, target, variant, seed } = *job;
		let chosen: Vec<&Vectors> =
			at.encoders().iter().filter_map(|name| self.encoders.get(name)).collect();
		let (plan, data) = (self.plan, &self.data);
		let subsample = plan.targets.get(target).copied().unwrap_or(0.0);
		let config = |inputs, seed| plan.config(variant, subsample, inputs, seed);
		let own: Course = (&data.batches, |v| &v.batches);
		let start = Instant::now();
		let trained = match at {
			At::Encoders(_) => train(plan, data, config(chosen.len(), seed)?, &chosen, own)?,
			At::Middle(_) => {
				// Another seed: with that of the last component both would start as copies.
				let config_of_middle = config(chosen.len(), seed + MIDDLE_SEED)?;
				let others: Course = (&data.others, |v| &v.others);
				let middle = train(plan, data, config_of_middle, &chosen, others)?;
				let answers = answers(&middle.component, data, &chosen)?;
				train(plan, data, config(1, seed)?, &[&answers], own)?
			}
		};
		let Trained { step, validation, test, .. } = trained;
		let run = InputRun {
			plan: plan.of_run(variant, at)?,
			inputs: at.names(),
			target: target.into(),
			variant: variant.into(),
			seed,
			step,
			validation,
			test,
			seconds: start.elapsed().as_secs_f64(),
		};
		say(&format!(
			"{target}, {variant}, seed {seed}, [{}]: validation {validation:.4}, test {:.4} at step {step}, {:.0} s",
			run.inputs.join(" + "),
			run.test.loss,
			run.seconds
		));
		Ok(run)
	}
}
