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

mod bench;
mod data;
mod runs;
mod train;
mod vectors;

use crate::{lines, pool::Pool};
use anyhow::{ensure, Context, Result};
use bench::{Bench, InputJob};
use bittensor_nucleus::{pretrained::ModelFiles, Config};
pub use runs::results;
use runs::{once, RUNS};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fs,
	path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Kind of the middle component of a chain, in the names of results.
const MIDDLE: &str = "trainable";
/// Between the middle component of a chain and its inputs, in the names of results.
const ARROW: &str = " ← ";

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

impl<'p> At<'p> {
	/// Names of the encoders that it needs.
	fn encoders(self) -> &'p [String] {
		let (Self::Encoders(encoders) | Self::Middle(encoders)) = self;
		encoders
	}

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

/// Runs what is not in the file of finished runs, and drops runs of other plans from the file.
///
/// # Errors
/// Those of corpus, models and components, or if a file cannot be written.
pub fn run(plan: &InputsPlan, files: &ModelFiles, results: &Path, pool: Pool) -> Result<()> {
	ensure!(!plan.variants.is_empty(), "there is no variant");
	let mut bench = Bench::new(plan, files, results, pool)?;
	// The twins' sweep, at the first seed.
	let first = plan.seeds.first().copied().unwrap_or(0);
	let twin_of =
		|(target, variant)| InputJob { at: At::Encoders(&[]), target, variant, seed: first };
	let targets = plan.targets.keys().map(String::as_str);
	let variants = || plan.variants.keys().map(String::as_str);
	let swept: Vec<InputJob> =
		targets.flat_map(|target| variants().map(move |one| (target, one))).map(twin_of).collect();
	let mut all = bench.all(&swept)?;
	let mut jobs = Vec::new();
	for target in plan.targets.keys() {
		let twins = all.iter().zip(&swept).filter(|(_, job)| job.target == target);
		let best = twins.min_by(|(a, _), (b, _)| a.validation.total_cmp(&b.validation));
		let (_, InputJob { variant, .. }) = best.context("there is no twin")?;
		eprintln!("{target}: the best twin is `{variant}`");
		let sets = plan.sets.iter().map(|set| At::Encoders(set));
		let chains = plan.chain.sets.iter().map(|set| At::Middle(set));
		for at in sets.chain(chains) {
			// Beside each, the twin of its seed.
			let both = |seed: &u64| [at, At::Encoders(&[])].map(|at| (at, *seed));
			let of_seed = |(at, seed)| InputJob { at, target, variant, seed };
			jobs.extend(plan.seeds.iter().flat_map(both).map(of_seed));
		}
	}
	all.extend(bench.all(&jobs)?);
	lines::replace(&results.join(RUNS), &once(all))
}
