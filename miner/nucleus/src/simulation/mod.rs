//! A network inside one process, in steps that all members make together: what a network is worth to
//! its members, measured against twins.
//!
//! ```text
//!   solo      each member's twin: same seed, shape, documents and steps, no network
//!   without   members use each other's vectors, and send no Grads
//!   with      they also send Grads, at equal bids
//!   ensemble  the twins, asked together: the mean of their logits
//!   joint     one component of the same shape that trains on the documents of all
//! ```
//! Members answer each other by their own text alone (depth 1). Words are fetched every `refresh`
//! steps; Grads of words go back as often. All components score validation text as often as a miner
//! does, and weigh the parts of their answers by it: a twin the one part that it has. Every run is
//! measured at its best step by validation text; the loss is that of other held-out documents. A run
//! depends on its settings only.
//!
//! There is no chain here, and no latency: components over the wire are less synchronous.

mod data;
mod measure;
mod network;
mod rows;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
	config::Config, corpus::Corpus, error::Result, learning::push::MOST, perplexity::Weighting,
};

use data::Data;
pub use measure::{Figure, Measured, Pair, Sums};
pub use rows::{rows, Crowd, MeasuredRow};

/// Who holds which documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holdings {
	/// Disjoint documents of the same groups.
	#[default]
	Disjoint,
	/// Each member has documents of one group.
	Groups,
	/// All members have the same documents.
	Same,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
	/// Twins.
	Solo,
	/// Without Grads.
	Without,
	/// With Grads.
	With,
	/// The twins of all members, asked together at the same step.
	Ensemble,
	/// One component with the documents of all, and with the steps of all together.
	Joint,
}

/// Settings of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
	/// Name in the results.
	pub name: String,
	/// Folder of the corpus.
	pub corpus: PathBuf,
	/// Groups of documents that are used; empty = all.
	pub groups: Vec<String>,
	/// Number of members.
	pub members: usize,
	/// Who holds what.
	pub holdings: Holdings,
	/// Bytes of text per member, about; 0 = all there is.
	pub bytes: usize,
	/// Training steps of every member.
	pub steps: u64,
	/// Steps between two fetches of words.
	pub refresh: u64,
	/// Steps between two measurements on validation text.
	pub validate: u64,
	/// Validation examples.
	pub validation: usize,
	/// Test examples.
	pub test: usize,
	/// s_u of each Grad; 0 = a half of a step for all other members together.
	pub push: f64,
	/// s_u that each member buys at every other one; empty = `push` for all. A member that buys
	/// nothing sends no Grads.
	pub shares: Vec<f64>,
	/// Members whose errors point the wrong way.
	pub hostile: Vec<usize>,
	/// All members draw alike: the same first parameters, and the same dropout. Their batches differ.
	pub one_draw: bool,
	/// What is compared.
	pub modes: Vec<Mode>,
	/// Settings of every component; `inputs` follows from the number of members, and `seed` from the
	/// seed of the simulation.
	pub config: Config,
	/// Seed.
	pub seed: u64,
}

impl Default for Settings {
	fn default() -> Self {
		Self {
			name: "S".into(),
			corpus: "corpus".into(),
			groups: Vec::new(),
			members: 4,
			holdings: Holdings::Disjoint,
			bytes: 1_700_000,
			steps: 1_000,
			refresh: 16,
			validate: 100,
			validation: 512,
			test: 1_280,
			push: 0.0,
			shares: Vec::new(),
			hostile: Vec::new(),
			one_draw: false,
			modes: vec![Mode::Solo, Mode::Without, Mode::With, Mode::Joint],
			config: Config {
				vocab: 4_096,
				context: 32,
				horizon: 16,
				batch: 64,
				learning_rate: 3e-3,
				..Config::default()
			},
			seed: 0,
		}
	}
}

impl Settings {
	/// s_u of each Grad.
	pub fn push(&self) -> f64 {
		match self.push > 0.0 {
			true => self.push,
			false => MOST / self.members.saturating_sub(1).max(1) as f64,
		}
	}

	/// s_u of the Grads of a member.
	pub fn share_of(&self, member: usize) -> f64 {
		match self.shares.is_empty() {
			true => self.push(),
			false => self.shares.get(member).copied().unwrap_or(0.0),
		}
	}
}

/// The outcome of one component in one mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
	/// [`Settings::name`].
	pub setting: String,
	/// [`Settings::seed`].
	pub seed: u64,
	/// The mode.
	pub mode: Mode,
	/// Number of the member, whose held-out documents it is measured on.
	pub member: usize,
	/// The step that was best on validation text.
	pub step: u64,
	/// Nats per weighted token on validation text, there.
	pub validation: f64,
	/// On test text, there.
	pub test: Measured,
	/// Time of a training step, in milliseconds.
	pub step_ms: f64,
}

/// Runs all modes, and tells each outcome as soon as it is known.
///
/// # Errors
/// Those of the corpus and of the components.
pub fn run(settings: &Settings, mut tell: impl FnMut(&Outcome)) -> Result<Vec<Outcome>> {
	let data = Data::new(settings, &Corpus::load(&settings.corpus)?)?;
	let mut all = Vec::new();
	for &mode in &settings.modes {
		for outcome in network::run(settings, &data, mode)? {
			tell(&outcome);
			all.push(outcome);
		}
	}
	Ok(all)
}

/// What a mode gains each member over another mode, beside the mean over all members.
pub fn compare(outcomes: &[Outcome], mode: Mode, against: Mode) -> (Vec<Figure>, Option<Figure>) {
	let of = |mode| outcomes.iter().filter(move |outcome| outcome.mode == mode);
	let pairs: Vec<Pair> = of(mode)
		.filter_map(|ours| {
			let other = of(against).find(|o| (o.member, o.seed) == (ours.member, ours.seed))?;
			Some(Pair { seed: ours.seed, ours: &ours.test, other: &other.test })
		})
		.collect();
	let gain = |pairs: &[Pair]| Measured::gain(pairs, Weighting::AsTrained);
	let each = pairs.iter().map(|pair| gain(&[*pair])).collect();
	(each, (!pairs.is_empty()).then(|| gain(&pairs)))
}

/// Settings from a file, or the defaults, with a JSON object laid over them.
///
/// # Errors
/// [`NucleusError::Config`](crate::NucleusError::Config) if they cannot be read.
pub fn settings(file: Option<&Path>, over: &str) -> Result<Settings> {
	let bad = |reason: String| crate::NucleusError::Config { name: "simulation", reason };
	let base = match file {
		Some(path) => std::fs::read_to_string(path).map_err(crate::NucleusError::io(path))?,
		None => "{}".into(),
	};
	let parse = |text: &str| serde_json::from_str(text).map_err(|e| bad(e.to_string()));
	let given: Settings = serde_json::from_value(parse(&base)?).map_err(|e| bad(e.to_string()))?;
	let mut all = serde_json::to_value(given).map_err(|e| bad(e.to_string()))?;
	lay_over(&mut all, &parse(over)?);
	serde_json::from_value(all).map_err(|e| bad(e.to_string()))
}

fn lay_over(base: &mut serde_json::Value, over: &serde_json::Value) {
	match (base, over) {
		(serde_json::Value::Object(base), serde_json::Value::Object(over)) => {
			for (key, value) in over {
				lay_over(base.entry(key.clone()).or_insert(serde_json::Value::Null), value);
			}
		}
		(base, over) => *base = over.clone(),
	}
}
