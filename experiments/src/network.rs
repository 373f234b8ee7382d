//! The experiment over real processes: what a run of `localnet` left in its folder, as a result.
//!
//! ```text
//!   OUT/report.json            what the chain paid, rows, perplexities, gains ─┐
//!   OUT/similarity/NAME.json   `bittensor-miner similarity --json` of each ────┼─► network.json
//!   configs/network.toml       its miners ─────────────────────────────────────┘
//! ```

use anyhow::{ensure, Context, Result};
use bittensor_client::{Edge, SHARE_ONE};
use bittensor_e2e::{curve::Point, miner::Gain, report::ChainReport};
use bittensor_nucleus::{files, similarity::Measure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fs, path::Path};

/// Name of the file of the result.
pub const FILE: &str = "network.json";

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkRun {
	/// The configuration that it was run with.
	#[serde(default)]
	pub cast: Value,
	/// The chain's side.
	pub chain: ChainReport,
	/// One entry per component, in uid order.
	pub components: Vec<Member>,
}

/// A component of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
	/// Its index on the chain.
	pub uid: u32,
	/// Its name.
	pub name: String,
	/// What it is for: `frozen`, `trainable`, `query`, `noise` or `selfish`.
	#[serde(alias = "kind")]
	pub profile: String,
	/// Kind of its component.
	#[serde(default)]
	pub model: Option<String>,
	/// Units that it was paid.
	pub minted: String,
	/// Units that its stake alone would have been paid.
	pub stake_alone: String,
	/// Units that others attributed to it.
	pub received: String,
	/// Units that it attributed to others.
	pub given: String,
	/// Its own share of its row, out of 65,536; `None` if it never posted.
	pub self_share: Option<u32>,
	/// The edges of its row.
	pub row: Vec<Edge>,
	/// Held-out perplexity at the end.
	pub perplexity: Option<f64>,
	/// That of the unigram model.
	pub perplexity_unigram: Option<f64>,
	/// Held-out tokens that these perplexities are of.
	#[serde(default)]
	pub tokens: Option<u64>,
	/// Part of all held-out tokens that its tokenizer does not know.
	#[serde(default)]
	pub unknown: Option<f64>,
	/// Gain over its twin.
	pub gain: Option<Gain>,
	/// Part of its batches that those it bids for answered, 0 to 1.
	#[serde(default)]
	pub answered: Option<f64>,
	/// Perplexity over the run.
	#[serde(default)]
	pub curve: Vec<Point>,
	/// Agreement of its vectors with people.
	#[serde(default)]
	pub similarity: Vec<Set>,
	/// Agreement of those of its twin.
	#[serde(default)]
	pub twin_similarity: Vec<Set>,
}

/// The agreement with one set of judgements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
	/// Name of the set.
	pub set: String,
	/// How it was measured.
	pub measure: Measure,
	/// The correlation, −1 to 1; `None` if fewer than three pairs are known.
	pub correlation: Option<f64>,
	/// Pairs that were measured.
	pub known: usize,
	/// All pairs.
	pub pairs: usize,
}

impl NetworkRun {
	/// Reads what a run of this configuration left in its folder.
	///
	/// # Errors
	/// If there is no report, or a file cannot be read.
	pub fn of_folder(folder: &Path, cast: &Path) -> Result<Self> {
		let mut run: Self = read(&folder.join("report.json"))?;
		ensure!(!run.components.is_empty(), "no component registered in this run");
		run.cast = read_cast(cast)?;
		let sets = |name: &str| {
			let path = folder.join("similarity").join(format!("{name}.json"));
			if path.is_file() {
				read(&path)
			} else {
				Ok(Vec::new())
			}
		};
		for member in &mut run.components {
			member.similarity = sets(&member.name)?;
			member.twin_similarity = sets(&format!("{}-twin", member.name))?;
		}
		Ok(run)
	}

	/// The result of a folder, if it is there.
	///
	/// # Errors
	/// If it cannot be read.
	pub fn read(results: &Path) -> Result<Option<Self>> {
		let path = results.join(FILE);
		path.is_file().then(|| read(&path)).transpose()
	}

	/// Writes the result into a folder.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn write(&self, results: &Path) -> Result<()> {
		let path = results.join(FILE);
		let json = serde_json::to_string_pretty(self)? + "\n";
		files::replace(&path, json.as_bytes()).with_context(|| path.display().to_string())
	}

	/// The components of a profile.
	pub fn of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Member> + 'a {
		self.components.iter().filter(move |member| member.profile == profile)
	}

	/// The gains of the components that learn and have a twin.
	pub fn gains(&self) -> impl Iterator<Item = (&Member, Gain)> {
		self.components.iter().filter_map(|member| Some((member, member.gain?)))
	}

	/// The part of a component's row that goes to a profile, 0 to 1.
	pub fn part_to(&self, member: &Member, profile: &str) -> f64 {
		let to = |edge: &&Edge| self.of(profile).any(|other| other.uid == edge.target);
		let shares: u32 = member.row.iter().filter(to).map(|edge| u32::from(edge.share)).sum();
		f64::from(shares) / f64::from(SHARE_ONE)
	}
}

/// A configuration, as the result keeps it.
///
/// # Errors
/// If it cannot be read.
pub fn read_cast(path: &Path) -> Result<Value> {
	let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
	toml::from_str(&text).with_context(|| path.display().to_string())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
	let bytes = fs::read(path).with_context(|| path.display().to_string())?;
	serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
}
