//! What frozen encoders are worth to one component, each both as a feature and as an expert.
//!
//! ```text
//!   train documents ─► N examples ─┬─► frozen encoders: vectors of texts and of words, computed once
//!                   │              └─► component without inputs (the twin), in every variant
//!                   │   the variant that is best on validation text ─► twin, components with inputs
//!                   └► other examples ─► middle component with frozen encoders ─► vectors ─┐
//!                        chain: component whose only input is the middle one ◄─────────────┘
//! ```
//! Every component sees the same examples in the same order, and is measured at its best step by
//! validation text on other held-out documents. The middle component of a chain trains on examples
//! of its own, and answers at its best step; a chain with a middle component that has no inputs shows
//! what these further examples are worth.

mod data;
mod runs;

use crate::lines;
use anyhow::{ensure, Context, Result};
use bittensor_nucleus::{
	corpus::Batch,
	kind,
	kinds::Setup,
	pretrained::ModelFiles,
	simulation::{Measured, Sums},
	Component, Config, Model, Tensor,
};
use data::{texts, Data, Measure};
pub use runs::results;
use runs::{once, InputRun, RUNS};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fs,
	path::{Path, PathBuf},
	time::Instant,
};
use toml::{Table, Value};

/// Texts that an encoder gets at a time.
const TEXTS: usize = 64;
/// Kind of the middle component of a chain, in the names of results.
const MIDDLE: &str = "trainable";
/// Between the middle component of a chain and its inputs, in the names of results.
const ARROW: &str = " ← ";
/// Added to the seed of a run for its middle component.
const MIDDLE_SEED: u64 = 1_000;

/// A configuration file of this experiment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputsPlan {
	/// Folder of the corpus.
	#[serde(default, skip_serializing)]
	pub corpus: PathBuf,
	/// Training examples.
	pub examples: usize,
	/// Passes over them.
	pub epochs: usize,
	/// Steps between two measurements on validation text.
	pub validate: usize,
	/// Validation examples.
	pub validation: usize,
	/// Test examples.
	pub test: usize,
	/// Seeds.
	pub seeds: Vec<u64>,
	/// Names of targets, and t of their subsampling (0: plain).
	pub targets: BTreeMap<String, f64>,
	/// Sets of encoders, by their kinds.
	pub sets: Vec<Vec<String>>,
	/// Chains.
	#[serde(default)]
	pub chain: Chain,
	/// Variants of the settings, by name: the twins' sweep.
	pub variants: BTreeMap<String, Table>,
	/// Settings of every component.
	pub config: Table,
}

/// Components whose only input is a component that has inputs itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
	/// Training examples of the middle component, which are others than those of the last one.
	pub examples: usize,
	/// Encoders at the inputs of the middle component, one list for each chain.
	pub sets: Vec<Vec<String>>,
}

/// What is at the inputs of a component.
#[derive(Clone, Copy, Debug)]
enum At<'p> {
	/// Frozen encoders.
	Encoders(&'p [String]),
	/// One trained component with these encoders at its own inputs.
	Middle(&'p [String]),
}

impl At<'_> {
	/// Names for results: `use`, or `trainable ← use`.
	fn names(&self) -> Vec<String> {
		match self {
			Self::Encoders(encoders) => encoders.to_vec(),
			Self::Middle([]) => vec![MIDDLE.into()],
			Self::Middle(encoders) => vec![format!("{MIDDLE}{ARROW}{}", encoders.join(" + "))],
		}
	}
}

/// The names of the encoders that a chain ends in, from the names of what is at an input; `None` if
/// that is no chain.
pub fn end_of_chain(inputs: &[String]) -> Option<Vec<String>> {
	let [only] = inputs else { return None };
	let encoders = only.strip_prefix(MIDDLE)?.strip_prefix(ARROW)?;
	Some(encoders.split(" + ").map(String::from).collect())
}

impl InputsPlan {
	/// Reads a file.
	///
	/// # Errors
	/// If it cannot be read.
	pub fn read(path: &Path, corpus: Option<&Path>) -> Result<Self> {
		let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
		let mut plan: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
		if let Some(corpus) = corpus {
			plan.corpus = corpus.into();
		}
		Ok(plan)
	}

	fn config(&self, variant: &str, subsample: f64, inputs: usize, seed: u64) -> Result<Config> {
		let mut table = self.config.clone();
		if let Some(over) = self.variants.get(variant) {
			crate::plan::lay_over(&mut table, over);
		}
		let config: Config = Value::Table(table).try_into().context("settings of a component")?;
		Ok(Config { subsample, inputs, seed, ..config })
	}

	/// The part of the plan on which a single run depends.
	fn of_run(&self, variant: &str, at: At) -> Result<serde_json::Value> {
		let mut plan = serde_json::to_value(self)?;
		let over = plan["variants"][variant].clone();
		if let Some(plan) = plan.as_object_mut() {
			for name in ["seeds", "targets", "sets", "variants", "chain"] {
				plan.remove(name);
			}
			plan.insert("variant".into(), over);
			if let At::Middle(_) = at {
				plan.insert("middle examples".into(), self.chain.examples.into());
			}
		}
		Ok(plan)
	}
}

/// Vectors of one encoder, or of the middle component of a chain.
struct Vectors {
	batches: Vec<Tensor>,
	/// Of the examples of a middle component.
	others: Vec<Tensor>,
	words: Tensor,
	validation: Vec<Tensor>,
	test: Vec<Tensor>,
}

/// Vectors for one of the sets of texts.
type Of = fn(&Vectors) -> &[Tensor];

/// Training batches, and the vectors for them.
type Course<'d> = (&'d [Batch], Of);

/// A component at its best step.
struct Trained {
	component: Component,
	step: usize,
	validation: f64,
	test: Measured,
}

/// Vectors of an encoder for texts.
fn encode(model: &dyn Model, texts: &[String]) -> Result<Tensor> {
	let parts = texts
		.chunks(TEXTS)
		.map(|texts| Ok(model.forward(texts, &[])?))
		.collect::<Result<Vec<_>>>()?;
	Ok(Tensor::cat(&parts, 0)?)
}

fn vectors(
	name: &str,
	files: &ModelFiles,
	data: &Data,
	words: &[String],
	in_chain: bool,
) -> Result<Vectors> {
	let start = Instant::now();
	let setup = Setup { files: files.clone(), ..Setup::new(Config::default()) };
	let model = kind(name)?.create(&setup)?;
	let of = |texts: &[String]| encode(&*model, texts);
	let measured = |all: &[Measure]| -> Result<Vec<Tensor>> {
		all.iter().map(|measure| of(&texts(measure))).collect()
	};
	let batches = |all: &[Batch]| all.iter().map(|batch| of(&batch.texts)).collect::<Result<_>>();
	let vectors = Vectors {
		batches: batches(&data.batches)?,
		others: batches(if in_chain { &data.others } else { &[] })?,
		words: of(words)?,
		validation: measured(&data.validation)?,
		test: measured(&data.test)?,
	};
	eprintln!("{name}: vectors in {:.0} s", start.elapsed().as_secs_f64());
	Ok(vectors)
}

/// The n-th tensor of each input.
fn nth(inputs: &[&Vectors], of: Of, n: usize) -> Vec<Option<Tensor>> {
	inputs.iter().map(|input| of(input).get(n).cloned()).collect()
}

/// What a trained component with these inputs answers.
fn answers(component: &Component, data: &Data, inputs: &[&Vectors]) -> Result<Vectors> {
	let measured = |all: &[Measure], of: Of| -> Result<Vec<Tensor>> {
		let one = |(n, measure)| Ok(component.forward(&texts(measure), &nth(inputs, of, n))?);
		all.iter().enumerate().map(one).collect()
	};
	let batch = |(n, batch): (usize, &Batch)| {
		Ok(component.forward(&batch.texts, &nth(inputs, |v| &v.batches, n))?)
	};
	Ok(Vectors {
		batches: data.batches.iter().enumerate().map(batch).collect::<Result<_>>()?,
		others: Vec::new(),
		words: component.forward(component.vocabulary(), &[])?,
		validation: measured(&data.validation, |v| &v.validation)?,
		test: measured(&data.test, |v| &v.test)?,
	})
}

fn measure(
	component: &Component,
	all: &[Measure],
	inputs: &[&Vectors],
	of: Of,
) -> Result<Measured> {
	let mut documents = Vec::new();
	for (n, Measure { document, examples }) in all.iter().enumerate() {
		let losses = component.example_losses(examples, &nth(inputs, of, n))?;
		documents.push(Sums::of(document, examples, &losses));
	}
	Ok(Measured::new(documents))
}

/// Trains one component on batches, whose vectors `of` gives, and returns it as it was at its best
/// step.
fn train(
	plan: &InputsPlan,
	data: &Data,
	config: Config,
	inputs: &[&Vectors],
	(batches, of): Course,
) -> Result<Trained> {
	let mut component = data.component(config)?;
	for (n, input) in inputs.iter().enumerate() {
		component.connect(n)?;
		component.set_words(n, Some(&input.words))?;
	}
	let score_every = component.config().attribution.score_every as usize;
	let mut best = None;
	let steps = plan.epochs * batches.len();
	for step in 0..steps {
		let at = step % batches.len();
		component.train_step(&batches[at], &nth(inputs, of, at))?;
		if (step + 1) % score_every == 0 {
			let (batch, d) =
				data.drawn(inputs, component.config().attribution.batch, step / score_every)?;
			component.score(&batch, &d, &[])?;
		}
		if (step + 1) % plan.validate == 0 || step + 1 == steps {
			let loss = measure(&component, &data.validation, inputs, |v| &v.validation)?.loss;
			if best.as_ref().is_none_or(|(_, best, _)| loss < *best) {
				best = Some((step + 1, loss, component.state()?));
			}
		}
	}
	let (step, validation, state) = best.context("no step was measured")?;
	component.rewind(&state)?;
	let test = measure(&component, &data.test, inputs, |v| &v.test)?;
	Ok(Trained { component, step, validation, test })
}

/// Finished runs, and what further ones need.
struct Bench<'p> {
	plan: &'p InputsPlan,
	files: &'p ModelFiles,
	data: Data,
	words: Vec<String>,
	encoders: BTreeMap<String, Vectors>,
	path: PathBuf,
	runs: Vec<InputRun>,
}

impl<'p> Bench<'p> {
	fn new(plan: &'p InputsPlan, files: &'p ModelFiles, path: PathBuf) -> Result<Self> {
		let runs = lines::read(&path)?;
		let data = Data::new(plan)?;
		let words = data.component(plan.config("", 0.0, 0, 0)?)?.vocabulary().to_vec();
		Ok(Self { plan, files, data, words, encoders: BTreeMap::new(), path, runs })
	}

	/// Computes the vectors of these encoders, if they are not there.
	fn encode(&mut self, encoders: &[String]) -> Result<()> {
		for name in encoders {
			if !self.encoders.contains_key(name) {
				let in_chain = self.plan.chain.sets.iter().any(|set| set.contains(name));
				let all = vectors(name, self.files, &self.data, &self.words, in_chain)?;
				self.encoders.insert(name.clone(), all);
			}
		}
		Ok(())
	}

	/// One run, if it is not finished.
	fn run(&mut self, at: At, target: &str, variant: &str, seed: u64) -> Result<InputRun> {
		let (of_run, inputs) = (self.plan.of_run(variant, at)?, at.names());
		let is_it = |run: &&InputRun| run.key() == (&of_run, &inputs[..], target, seed);
		if let Some(run) = self.runs.iter().find(is_it) {
			return Ok(InputRun { variant: variant.into(), ..run.clone() });
		}
		let (At::Encoders(encoders) | At::Middle(encoders)) = at;
		self.encode(encoders)?;
		let chosen: Vec<&Vectors> =
			encoders.iter().filter_map(|name| self.encoders.get(name)).collect();
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
			plan: of_run,
			inputs,
			target: target.into(),
			variant: variant.into(),
			seed,
			step,
			validation,
			test,
			seconds: start.elapsed().as_secs_f64(),
		};
		eprintln!(
			"{target}, {variant}, seed {seed}, [{}]: validation {validation:.4}, test {:.4} at step {step}, {:.0} s",
			run.inputs.join(" + "),
			run.test.loss,
			run.seconds
		);
		lines::append(&self.path, &run)?;
		self.runs.push(run.clone());
		Ok(run)
	}

	/// Runs of these inputs and of the twin, for all seeds.
	fn pairs(&mut self, at: At, target: &str, variant: &str) -> Result<Vec<InputRun>> {
		let mut runs = Vec::new();
		for &seed in &self.plan.seeds {
			runs.push(self.run(at, target, variant, seed)?);
			runs.push(self.run(At::Encoders(&[]), target, variant, seed)?);
		}
		Ok(runs)
	}
}

/// Runs what is not in the file of finished runs, and drops runs of other plans from the file.
///
/// # Errors
/// Those of corpus, models and components, or if a file cannot be written.
pub fn run(plan: &InputsPlan, files: &ModelFiles, results: &Path) -> Result<()> {
	ensure!(!plan.variants.is_empty(), "there is no variant");
	let mut bench = Bench::new(plan, files, results.join(RUNS))?;
	let mut all: Vec<InputRun> = Vec::new();
	for target in plan.targets.keys() {
		// The twins' sweep, at the first seed.
		let first = plan.seeds.first().copied().unwrap_or(0);
		let mut twins = plan
			.variants
			.keys()
			.map(|variant| bench.run(At::Encoders(&[]), target, variant, first))
			.collect::<Result<Vec<_>>>()?;
		twins.sort_by(|a, b| a.validation.total_cmp(&b.validation));
		let variant = twins[0].variant.clone();
		eprintln!("{target}: the best twin is `{variant}`");
		all.extend(twins);
		let chains = plan.chain.sets.iter().map(|set| At::Middle(set));
		for at in plan.sets.iter().map(|set| At::Encoders(set)).chain(chains) {
			all.extend(bench.pairs(at, target, &variant)?);
		}
	}
	lines::replace(&results.join(RUNS), &once(all))
}
