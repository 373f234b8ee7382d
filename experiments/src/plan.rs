//! Experiments as configuration files.
//!
//! ```toml
//! [[experiment]]
//! name = "S"
//! purpose = "members"          # or "sweep", "bids"
//! seeds = [0, 1, 2]
//! modes = ["solo", "without", "with", "joint"]
//! settings = { steps = 1000 }  # over the defaults of `simulation::Settings`
//!
//! [[experiment]]
//! name = "S, rate × 2"
//! base = "S"                   # its settings, purpose, seeds and modes, unless given here
//! settings.config = { learning_rate = 6e-3 }
//! ```

use anyhow::{bail, Context, Result};
use bittensor_nucleus::simulation::{Mode, Settings};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use toml::{Table, Value};

/// What an experiment is for: which results it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
	/// Members against their twins: `members.json`.
	Members,
	/// One setting of the twins of another experiment, its base: `sweep.json`.
	Sweep,
	/// A payer's share: `bids.json`.
	Bids,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
	name: String,
	base: Option<String>,
	purpose: Option<Purpose>,
	seeds: Option<Vec<u64>>,
	modes: Option<Vec<Mode>>,
	#[serde(default)]
	settings: Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
	experiment: Vec<Entry>,
}

/// One experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
	/// Its name.
	pub name: String,
	/// The experiment that it varies.
	pub base: Option<String>,
	/// What it is for.
	pub purpose: Purpose,
	/// Seeds.
	pub seeds: Vec<u64>,
	/// Modes.
	pub modes: Vec<Mode>,
	/// Settings, without seed and modes.
	pub settings: Settings,
}

/// The experiments of a file, in its order.
#[derive(Clone, Debug)]
pub struct Plan {
	/// All of them.
	pub experiments: Vec<Experiment>,
}

/// One run: an experiment at one seed in one mode.
#[derive(Clone, Debug)]
pub struct Job {
	/// The experiment.
	pub experiment: String,
	/// Its purpose.
	pub purpose: Purpose,
	/// Its base.
	pub base: Option<String>,
	/// All settings of the run.
	pub settings: Settings,
	/// The mode.
	pub mode: Mode,
}

impl Plan {
	/// Reads a file. `corpus` is the folder of the corpus of experiments that name none.
	///
	/// # Errors
	/// If it cannot be read, names an experiment twice, or has settings out of range.
	pub fn read(path: &Path, corpus: Option<&Path>) -> Result<Self> {
		let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
		Self::parse(&text, corpus).with_context(|| path.display().to_string())
	}

	fn parse(text: &str, corpus: Option<&Path>) -> Result<Self> {
		let file: PlanFile = toml::from_str(text)?;
		let mut defaults = Settings::default();
		if let Some(corpus) = corpus {
			defaults.corpus = corpus.into();
		}
		let mut done: Vec<(Entry, Table)> = Vec::new();
		let mut experiments = Vec::new();
		for mut entry in file.experiment {
			if done.iter().any(|(other, _)| other.name == entry.name) {
				bail!("the experiment `{}` is there twice", entry.name);
			}
			// All defaults in full, so that a part of `config` leaves the rest of it as it is.
			let mut table = Table::try_from(&defaults)?;
			if let Some(base) = &entry.base {
				let Some((base, under)) = done.iter().find(|(other, _)| other.name == *base) else {
					bail!("the base `{base}` of `{}` is not above it", entry.name);
				};
				table.clone_from(under);
				entry.purpose = entry.purpose.or(base.purpose);
				entry.seeds = entry.seeds.or_else(|| base.seeds.clone());
				entry.modes = entry.modes.or_else(|| base.modes.clone());
			}
			lay_over(&mut table, &entry.settings);
			let mut settings: Settings = Value::Table(table.clone())
				.try_into()
				.with_context(|| format!("settings of `{}`", entry.name))?;
			settings.name.clone_from(&entry.name);
			experiments.push(Experiment {
				name: entry.name.clone(),
				base: entry.base.clone(),
				purpose: entry.purpose.unwrap_or(Purpose::Members),
				seeds: entry.seeds.clone().unwrap_or_else(|| vec![0]),
				modes: entry.modes.clone().unwrap_or_else(|| Settings::default().modes),
				settings,
			});
			done.push((entry, table));
		}
		Ok(Self { experiments })
	}

	/// All runs: those of the first seed of every experiment, then of the second, and so on, so that
	/// an interrupted plan has something of everything.
	pub fn jobs(&self) -> Vec<Job> {
		let most = self.experiments.iter().map(|e| e.seeds.len()).max().unwrap_or(0);
		let mut jobs = Vec::new();
		for at in 0..most {
			for experiment in &self.experiments {
				let Some(&seed) = experiment.seeds.get(at) else { continue };
				for &mode in &experiment.modes {
					let settings =
						Settings { seed, modes: vec![mode], ..experiment.settings.clone() };
					jobs.push(Job {
						experiment: experiment.name.clone(),
						purpose: experiment.purpose,
						base: experiment.base.clone(),
						settings,
						mode,
					});
				}
			}
		}
		jobs
	}
}

/// Lays a table over another one, key by key.
pub(crate) fn lay_over(under: &mut Table, over: &Table) {
	for (key, value) in over {
		match (under.get_mut(key), value) {
			(Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
			_ => {
				under.insert(key.clone(), value.clone());
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{Plan, Purpose};
	use bittensor_nucleus::simulation::{Mode, Settings};
	use std::path::{Path, PathBuf};

	const TEXT: &str = r#"
		[[experiment]]
		name = "S"
		seeds = [0, 1]
		modes = ["solo", "with"]
		settings = { steps = 10, config = { vocab = 64, batch = 8 } }

		[[experiment]]
		name = "twice"
		base = "S"
		purpose = "sweep"
		seeds = [0]
		settings.config = { batch = 16 }
	"#;

	#[test]
	fn an_experiment_takes_what_it_does_not_say_from_its_base() {
		let plan = Plan::parse(TEXT, None).expect("a plan");
		let [s, twice] = &plan.experiments[..] else { panic!("two experiments") };
		assert_eq!((s.purpose, twice.purpose), (Purpose::Members, Purpose::Sweep));
		assert_eq!((twice.settings.steps, twice.settings.config.vocab), (10, 64));
		assert_eq!((s.settings.config.batch, twice.settings.config.batch), (8, 16));
		assert_eq!(twice.modes, [Mode::Solo, Mode::With]);
		assert_eq!(s.settings.config.context, Settings::default().config.context);
		let jobs = plan.jobs();
		let order: Vec<_> =
			jobs.iter().map(|job| (job.experiment.as_str(), job.settings.seed)).collect();
		let expected = [("S", 0), ("S", 0), ("twice", 0), ("twice", 0), ("S", 1), ("S", 1)];
		assert_eq!(order, expected);
	}

	#[test]
	fn the_folder_of_the_corpus_is_that_of_experiments_that_name_none() {
		let text = "[[experiment]]\nname = \"a\"\n[[experiment]]\nname = \"b\"\nsettings = { corpus = \"c\" }\n\
			[[experiment]]\nname = \"d\"\nbase = \"b\"";
		let plan = Plan::parse(text, Some(Path::new("given"))).expect("a plan");
		let folders: Vec<_> = plan.experiments.iter().map(|e| e.settings.corpus.clone()).collect();
		assert_eq!(folders, ["given", "c", "c"].map(PathBuf::from));
	}

	#[test]
	fn mistakes_are_named() {
		for (text, reason) in [
			("[[experiment]]\nname = \"a\"\nbase = \"b\"", "base `b` of `a`"),
			("[[experiment]]\nname = \"a\"\n[[experiment]]\nname = \"a\"", "twice"),
			("[[experiment]]\nname = \"a\"\nsettings = { step = 1 }", "step"),
			("[[experiment]]\nname = \"a\"\nseed = 1", "seed"),
		] {
			let error = format!("{:#}", Plan::parse(text, None).expect_err(reason));
			assert!(error.contains(reason), "{error}");
		}
	}
}
