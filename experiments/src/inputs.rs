//! What frozen encoders are worth to one component, each both as a feature and as an expert.
//!
//! ```text
//!   train documents ─► N examples ─┬─► frozen encoders: vectors of texts and of words, computed once
//!                                  └─► component without inputs (the twin), in every variant
//!   the variant that is best on validation text ─► the twin, and the components with inputs
//! ```
//! Every component sees the same examples in the same order, and is measured at its best step by
//! validation text on other held-out documents.

use crate::summary::Inputs;
use anyhow::{ensure, Context, Result};
use bittensor_nucleus::{
	corpus::{held_out, Batch, Corpus, Example, Sampler, Split},
	kind,
	kinds::{component, Setup},
	pretrained::ModelFiles,
	simulation::{Measured, Sums},
	Component, Config, Model, Tensor, Tokenizer, Unigram,
};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fs::{self, OpenOptions},
	io::Write,
	path::{Path, PathBuf},
	sync::Arc,
	time::Instant,
};
use toml::{Table, Value};

/// Texts that an encoder gets at a time.
const TEXTS: usize = 64;

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
	/// Variants of the settings, by name: the twins' sweep.
	pub variants: BTreeMap<String, Table>,
	/// Settings of every component.
	pub config: Table,
}

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InputRun {
	/// The plan, without what other runs vary.
	plan: serde_json::Value,
	inputs: Vec<String>,
	target: String,
	variant: String,
	seed: u64,
	step: usize,
	validation: f64,
	test: Measured,
	seconds: f64,
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
	fn of_run(&self, variant: &str) -> Result<serde_json::Value> {
		let mut plan = serde_json::to_value(self)?;
		let over = plan["variants"][variant].clone();
		if let Some(plan) = plan.as_object_mut() {
			for name in ["seeds", "targets", "sets", "variants"] {
				plan.remove(name);
			}
			plan.insert("variant".into(), over);
		}
		Ok(plan)
	}
}

/// Vectors of one encoder.
struct Vectors {
	batches: Vec<Tensor>,
	words: Tensor,
	validation: Vec<Tensor>,
	test: Vec<Tensor>,
}

/// Examples of one document.
struct Measure {
	document: String,
	examples: Vec<Example>,
}

struct Data {
	tokenizer: Arc<Tokenizer>,
	prior: Unigram,
	batches: Vec<Batch>,
	validation: Vec<Measure>,
	test: Vec<Measure>,
}

impl Data {
	fn new(plan: &InputsPlan) -> Result<Self> {
		let config = plan.config("", 0.0, 0, 0)?;
		let corpus = Corpus::load(&plan.corpus)?;
		let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
		let train: Vec<usize> = corpus.train_indices().collect();
		let (context, horizon) = (config.context, config.horizon);
		let mut sampler = Sampler::new(&corpus, &train, &tokenizer, context, horizon, 0)?;
		let prior = Unigram::fit(sampler.tokens(), tokenizer.size());
		let count = plan.examples / config.batch;
		let batches = (0..count).map(|_| sampler.next_batch(config.batch)).collect();
		let measured: Vec<usize> = (0..corpus.documents().len())
			.filter(|&i| corpus.documents()[i].split() == Split::HeldOut)
			.collect();
		// One document to validate, the next to test.
		let part = |odd: usize, count: usize| -> Result<Vec<Measure>> {
			let chosen: Vec<usize> = measured.iter().skip(odd).step_by(2).copied().collect();
			let bytes = |i: &usize| corpus.documents()[*i].text().len();
			let total = chosen.iter().map(bytes).sum::<usize>().max(1);
			let mut all = Vec::new();
			for i in chosen {
				let share = (count * bytes(&i)).div_ceil(total);
				let examples = held_out(&corpus, &[i], &tokenizer, context, horizon, share)?;
				all.push(Measure { document: corpus.documents()[i].name().into(), examples });
			}
			Ok(all)
		};
		let (validation, test) = (part(1, plan.validation)?, part(0, plan.test)?);
		Ok(Self { tokenizer, prior, batches, validation, test })
	}

	fn component(&self, config: Config) -> Result<Component> {
		let setup = Setup {
			prior: Some(self.prior.clone()),
			..Setup::new(config).with_tokenizer(self.tokenizer.clone())
		};
		Ok(component(&setup)?)
	}
}

fn encode(model: &dyn Model, texts: &[String]) -> Result<Tensor> {
	let parts = texts
		.chunks(TEXTS)
		.map(|texts| Ok(model.forward(texts, &[])?))
		.collect::<Result<Vec<_>>>()?;
	Ok(Tensor::cat(&parts, 0)?)
}

fn vectors(name: &str, files: &ModelFiles, data: &Data, words: &[String]) -> Result<Vectors> {
	let start = Instant::now();
	let setup = Setup { files: files.clone(), ..Setup::new(Config::default()) };
	let model = kind(name)?.create(&setup)?;
	let of = |texts: &[String]| encode(&*model, texts);
	let texts = |measure: &Measure| measure.examples.iter().map(|e| e.text.clone()).collect();
	let measured = |all: &[Measure]| -> Result<Vec<Tensor>> {
		all.iter()
			.map(|measure| {
				let texts: Vec<String> = texts(measure);
				of(&texts)
			})
			.collect()
	};
	let vectors = Vectors {
		batches: data.batches.iter().map(|batch| of(&batch.texts)).collect::<Result<_>>()?,
		words: of(words)?,
		validation: measured(&data.validation)?,
		test: measured(&data.test)?,
	};
	eprintln!("{name}: vectors in {:.0} s", start.elapsed().as_secs_f64());
	Ok(vectors)
}

fn measure(component: &Component, all: &[Measure], d: &[&Vec<Tensor>]) -> Result<Measured> {
	let mut documents = Vec::new();
	for (n, Measure { document, examples }) in all.iter().enumerate() {
		let d: Vec<Option<Tensor>> = d.iter().map(|input| Some(input[n].clone())).collect();
		documents.push(Sums::of(document, &component.example_losses(examples, &d)?));
	}
	Ok(Measured::new(documents))
}

/// Trains one component; returns its best step, and its losses there.
fn train(
	plan: &InputsPlan,
	data: &Data,
	config: Config,
	inputs: &[&Vectors],
) -> Result<(usize, f64, Measured)> {
	let mut component = data.component(config)?;
	for (n, input) in inputs.iter().enumerate() {
		component.connect(n)?;
		component.set_words(n, Some(&input.words))?;
	}
	let of = |of: fn(&Vectors) -> &Vec<Tensor>| inputs.iter().map(|v| of(v)).collect::<Vec<_>>();
	let (validation, test) = (of(|v| &v.validation), of(|v| &v.test));
	let mut best: Option<(usize, f64, Measured)> = None;
	let steps = plan.epochs * data.batches.len();
	for step in 0..steps {
		let at = step % data.batches.len();
		let d: Vec<Option<Tensor>> =
			inputs.iter().map(|input| Some(input.batches[at].clone())).collect();
		component.train_step(&data.batches[at], &d)?;
		if (step + 1) % plan.validate == 0 || step + 1 == steps {
			let loss = measure(&component, &data.validation, &validation)?.loss;
			if best.as_ref().is_none_or(|(_, best, _)| loss < *best) {
				best = Some((step + 1, loss, measure(&component, &data.test, &test)?));
			}
		}
	}
	best.context("no step was measured")
}

/// Runs what is not in the file of finished runs, and returns the results.
///
/// # Errors
/// Those of corpus, models and components, or if a file cannot be written.
pub fn run(plan: &InputsPlan, files: &ModelFiles, results: &Path) -> Result<Vec<Inputs>> {
	let path = results.join("input-runs.jsonl");
	let mut runs: Vec<InputRun> = match fs::read_to_string(&path) {
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
		text => text?
			.lines()
			.map(|line| serde_json::from_str(line).with_context(|| path.display().to_string()))
			.collect::<Result<_>>()?,
	};
	ensure!(!plan.variants.is_empty(), "there is no variant");
	let data = Data::new(plan)?;
	let words = data.component(plan.config("", 0.0, 0, 0)?)?.vocabulary().to_vec();
	let mut encoders: BTreeMap<String, Vectors> = BTreeMap::new();
	let mut one = |inputs: &[String], target: &str, variant: &str, seed: u64| -> Result<InputRun> {
		let of_run = plan.of_run(variant)?;
		let is_it = |run: &&InputRun| {
			run.plan == of_run
				&& (run.inputs.as_slice(), run.target.as_str(), run.seed) == (inputs, target, seed)
		};
		if let Some(run) = runs.iter().find(is_it) {
			return Ok(InputRun { variant: variant.into(), ..run.clone() });
		}
		for name in inputs {
			if !encoders.contains_key(name) {
				encoders.insert(name.clone(), vectors(name, files, &data, &words)?);
			}
		}
		let chosen: Vec<&Vectors> = inputs.iter().filter_map(|name| encoders.get(name)).collect();
		let subsample = plan.targets.get(target).copied().unwrap_or(0.0);
		let config = plan.config(variant, subsample, inputs.len(), seed)?;
		let start = Instant::now();
		let (step, validation, test) = train(plan, &data, config, &chosen)?;
		let run = InputRun {
			plan: of_run,
			inputs: inputs.into(),
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
			inputs.join(" + "),
			run.test.loss,
			run.seconds
		);
		let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
		file.write_all((serde_json::to_string(&run)? + "\n").as_bytes())?;
		runs.push(run.clone());
		Ok(run)
	};
	let mut all = Vec::new();
	for target in plan.targets.keys() {
		// The twins' sweep, at the first seed.
		let first = plan.seeds.first().copied().unwrap_or(0);
		let mut twins = plan
			.variants
			.keys()
			.map(|variant| one(&[], target, variant, first))
			.collect::<Result<Vec<_>>>()?;
		twins.sort_by(|a, b| a.validation.total_cmp(&b.validation));
		let variant = twins[0].variant.clone();
		eprintln!("{target}: the best twin is `{variant}`");
		for set in &plan.sets {
			let pairs = plan
				.seeds
				.iter()
				.map(|&seed| {
					Ok((one(set, target, &variant, seed)?, one(&[], target, &variant, seed)?))
				})
				.collect::<Result<Vec<_>>>()?;
			let both: Vec<(&Measured, &Measured)> =
				pairs.iter().map(|(ours, twin)| (&ours.test, &twin.test)).collect();
			let gain = Measured::gain(&both);
			let mean = |of: fn(&(InputRun, InputRun)) -> f64| {
				(pairs.iter().map(of).sum::<f64>() / pairs.len().max(1) as f64).exp()
			};
			let part = |nats: f64| 1.0 - (-nats).exp();
			let width = 1.96 * gain.standard_error;
			all.push(Inputs {
				inputs: set.clone(),
				target: target.clone(),
				examples: data.batches.iter().map(|batch| batch.texts.len()).sum(),
				twin_perplexity: mean(|(_, twin)| twin.test.loss),
				perplexity: mean(|(ours, _)| ours.test.loss),
				gain: gain.gain,
				low: part(gain.difference - width),
				high: part(gain.difference + width),
			});
		}
	}
	Ok(all)
}
