//! Results computed from the finished runs.

use crate::{
	plan::Purpose,
	store::{Run, Store},
};
use anyhow::{Context, Result};
use bittensor_nucleus::{
	files,
	simulation::{Figure, Measured, Mode, Outcome, Pair},
	Weighting,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fs, path::Path};

/// One member of a network, beside its twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
	/// Name of the experiment.
	pub setting: String,
	/// Seed.
	pub seed: u64,
	/// Number of the member.
	pub member: usize,
	/// Groups of its documents.
	pub groups: Vec<String>,
	/// Loss of the twin, in nats per weighted token of held-out text.
	pub twin_loss: f64,
	/// Loss of the member, in a network with Grads.
	pub loss: Option<f64>,
	/// Loss of the member, in a network without Grads.
	pub loss_without_grads: Option<f64>,
	/// Loss of the twins of all members, asked together.
	pub ensemble_loss: Option<f64>,
	/// Loss of one component that trains on the documents of all members.
	pub joint_loss: Option<f64>,
	/// Standard error of `twin_loss − loss` over documents; without `loss`, of the gain without Grads.
	pub standard_error: f64,
	/// The losses of the twin and of the member of this error with every token at weight 1.
	pub plain: [f64; 2],
	/// Standard error of their difference.
	pub plain_standard_error: f64,
	/// Documents of held-out text.
	pub documents: usize,
	/// Known tokens of held-out text.
	pub tokens: u64,
	/// Part of its tokens that the tokenizer does not know: they are in no loss.
	pub unknown: f64,
}

impl Member {
	/// The loss of the twin less that of the member with Grads, or else without them.
	pub fn figure(&self) -> Option<Figure> {
		let loss = self.loss.or(self.loss_without_grads)?;
		Some(self.over_documents(self.twin_loss - loss, self.standard_error))
	}

	/// The same with every token at weight 1.
	pub fn plain_figure(&self) -> Figure {
		self.over_documents(self.plain[0] - self.plain[1], self.plain_standard_error)
	}

	fn over_documents(&self, difference: f64, standard_error: f64) -> Figure {
		Figure { difference, standard_error, freedom: self.documents.saturating_sub(1) as f64 }
	}
}

/// One setting of the twins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
	/// The experiment whose twins they are.
	pub setting: String,
	/// What is varied.
	pub variant: String,
	/// Seed.
	pub seed: u64,
	/// Mean over members of the loss on validation text, which decides.
	pub validation_loss: f64,
	/// Mean over members of the loss on test text.
	pub loss: f64,
}

/// What a share of others' steps buys its payer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bid {
	/// Name of the experiment.
	pub setting: String,
	/// Seed.
	pub seed: u64,
	/// Part of each step of every other member that member 0 buys.
	pub share: f64,
	/// Whether its errors point the wrong way.
	pub hostile: bool,
	/// Loss of the payer without a bid less its loss with it, in nats.
	pub payer_gain: f64,
	/// Mean change of the loss of the others, in nats; above 0 is worse.
	pub others_change: f64,
	/// Standard error of `payer_gain` over documents.
	pub standard_error: f64,
	/// Standard error of `others_change` over documents.
	pub others_standard_error: f64,
	/// Documents of held-out text.
	pub documents: usize,
}

impl Bid {
	/// What the payer gains, and what the others gain.
	pub fn figures(&self) -> [Figure; 2] {
		let freedom = self.documents.saturating_sub(1) as f64;
		[(self.payer_gain, self.standard_error), (-self.others_change, self.others_standard_error)]
			.map(|(difference, standard_error)| Figure { difference, standard_error, freedom })
	}
}

/// What frozen inputs are worth to one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
	/// Names of the inputs; `trainable` and `trainable ← use` are components trained on other
	/// examples, alone and with an input.
	pub inputs: Vec<String>,
	/// `subsampled` or `plain`.
	pub target: String,
	/// Training examples.
	pub examples: usize,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
	/// Perplexity with the inputs.
	pub perplexity: f64,
	/// 1 − perplexity / twin_perplexity.
	pub gain: f64,
	/// Lower end of the 95 % interval of the gain, over documents and seeds.
	pub low: f64,
	/// Upper end.
	pub high: f64,
	/// Known tokens of held-out text.
	pub tokens: u64,
	/// Part of its tokens that the tokenizer does not know: they are in no loss.
	pub unknown: f64,
}

/// All results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
	/// `members.json`.
	pub members: Vec<Member>,
	/// `sweep.json`.
	pub sweep: Vec<Sweep>,
	/// `bids.json`.
	pub bids: Vec<Bid>,
	/// `inputs.json`.
	pub inputs: Vec<Inputs>,
}

impl Results {
	/// Computes all that follows from runs; `inputs` are measured on their own.
	pub fn of(store: &Store, inputs: Vec<Inputs>) -> Self {
		Self {
			members: members(&store.runs),
			sweep: sweep(&store.runs),
			bids: bids(&store.runs),
			inputs,
		}
	}

	/// Reads the files of a folder. A file that is not there is an error.
	///
	/// # Errors
	/// If a file cannot be read.
	pub fn read(folder: &Path) -> Result<Self> {
		fn read<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
			let path = folder.join(name);
			let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
			serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
		}
		Ok(Self {
			members: read(folder, "members.json")?,
			sweep: read(folder, "sweep.json")?,
			bids: read(folder, "bids.json")?,
			inputs: read(folder, "inputs.json")?,
		})
	}

	/// Writes the files into a folder.
	///
	/// # Errors
	/// If one cannot be written.
	pub fn write(&self, folder: &Path) -> Result<()> {
		let write = |name: &str, json: String| {
			let path = folder.join(name);
			files::replace(&path, json.as_bytes()).with_context(|| path.display().to_string())
		};
		write("members.json", lines(&self.members)?)?;
		write("sweep.json", lines(&self.sweep)?)?;
		write("bids.json", lines(&self.bids)?)?;
		write("inputs.json", lines(&self.inputs)?)
	}

	/// Names of the member experiments, in their order.
	pub fn settings(&self) -> Vec<&str> {
		let mut seen = BTreeSet::new();
		let names = self.members.iter().map(|member| member.setting.as_str());
		names.filter(|name| seen.insert(*name)).collect()
	}

	/// The part of the gap between the twins and joint training that members with Grads close; `None` if
	/// joint training is no better.
	pub fn gap_closed(&self, setting: &str) -> Option<f64> {
		let gaps = self.of_setting(setting).filter_map(|member| {
			Some((member.twin_loss - member.loss?, member.twin_loss - member.joint_loss?))
		});
		let (ours, joint) = gaps.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
		(joint > 0.0).then(|| ours / joint)
	}

	/// The members of an experiment.
	pub fn of_setting<'a>(&'a self, setting: &'a str) -> impl Iterator<Item = &'a Member> + 'a {
		self.members.iter().filter(move |member| member.setting == setting)
	}
}

/// A JSON array with one object a line, so that a change shows in a diff.
fn lines<T: Serialize>(all: &[T]) -> Result<String> {
	let lines = all.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
	Ok(match lines.is_empty() {
		true => "[]\n".into(),
		false => format!("[\n{}\n]\n", lines.join(",\n")),
	})
}

/// Seven digits are enough for a loss, and keep the files readable.
fn round(x: f64) -> f64 {
	(x * 1e7).round() / 1e7
}

fn find<'r>(runs: &'r [Run], like: &Run, mode: Mode) -> Option<&'r Run> {
	let same =
		|run: &&Run| run.experiment == like.experiment && run.seed == like.seed && run.mode == mode;
	runs.iter().find(same)
}

fn outcome(run: &Run, member: usize) -> Option<&Outcome> {
	run.outcomes.iter().find(|outcome| outcome.member == member)
}

fn members(runs: &[Run]) -> Vec<Member> {
	let mut all = Vec::new();
	let of_twins = |run: &&Run| run.purpose == Purpose::Members && run.mode == Mode::Solo;
	for run in runs.iter().filter(of_twins) {
		let (with, without) = (find(runs, run, Mode::With), find(runs, run, Mode::Without));
		let Some(network) = with.or(without) else { continue };
		let loss = |mode, member| Some(round(outcome(find(runs, run, mode)?, member)?.test.loss));
		for twin in &run.outcomes {
			let Some(ours) = outcome(network, twin.member) else { continue };
			let pair = Pair { seed: run.seed, ours: &ours.test, other: &twin.test };
			let [gain, plain] = [Weighting::AsTrained, Weighting::Plain]
				.map(|weighting| Measured::gain(&[pair], weighting));
			all.push(Member {
				setting: run.experiment.clone(),
				seed: run.seed,
				member: twin.member,
				groups: groups(&twin.test),
				twin_loss: round(twin.test.loss),
				loss: loss(Mode::With, twin.member),
				loss_without_grads: loss(Mode::Without, twin.member),
				ensemble_loss: loss(Mode::Ensemble, twin.member),
				joint_loss: loss(Mode::Joint, twin.member),
				standard_error: round(gain.standard_error),
				plain: [round(twin.test.plain), round(ours.test.plain)],
				plain_standard_error: round(plain.standard_error),
				documents: ours.test.documents.len(),
				tokens: ours.test.tokens,
				unknown: round(ours.test.unknown_part()),
			});
		}
	}
	all
}

/// The groups of measured documents: the first folder of their names.
fn groups(measured: &Measured) -> Vec<String> {
	let names = measured.documents.iter().map(|sums| sums.document.as_str());
	let groups: BTreeSet<&str> =
		names.map(|name| name.split_once('/').map_or(name, |(group, _)| group)).collect();
	groups.into_iter().map(String::from).collect()
}

fn sweep(runs: &[Run]) -> Vec<Sweep> {
	let mean = |run: &Run, of: fn(&Outcome) -> f64| {
		run.outcomes.iter().map(of).sum::<f64>() / run.outcomes.len().max(1) as f64
	};
	let varied: BTreeSet<(&str, u64)> = runs
		.iter()
		.filter(|run| run.purpose == Purpose::Sweep)
		.filter_map(|run| Some((run.base.as_deref()?, run.seed)))
		.collect();
	let is_part = |run: &&Run| {
		let of = if run.purpose == Purpose::Sweep {
			run.base.as_deref()
		} else {
			Some(&*run.experiment)
		};
		run.mode == Mode::Solo && of.is_some_and(|of| varied.contains(&(of, run.seed)))
	};
	let part = |run: &Run| {
		let (setting, variant) = match (run.purpose, &run.base) {
			(Purpose::Sweep, Some(base)) => {
				// Names are unique in a file: the base may be a part of them.
				let named = run.experiment.strip_prefix(base.as_str());
				let variant = named.and_then(|rest| rest.strip_prefix(", "));
				(base, variant.unwrap_or(&run.experiment))
			}
			_ => (&run.experiment, "as used"),
		};
		Sweep {
			setting: setting.clone(),
			variant: variant.into(),
			seed: run.seed,
			validation_loss: round(mean(run, |outcome| outcome.validation)),
			loss: round(mean(run, |outcome| outcome.test.loss)),
		}
	};
	runs.iter().filter(is_part).map(part).collect()
}

fn bids(runs: &[Run]) -> Vec<Bid> {
	let is_bid = |run: &&Run| run.purpose == Purpose::Bids;
	let mut all = Vec::new();
	for run in runs.iter().filter(is_bid) {
		let none = runs
			.iter()
			.filter(is_bid)
			.find(|other| other.seed == run.seed && other.share() == 0.0 && !other.is_hostile());
		let Some(none) = none else { continue };
		let pairs: Vec<Pair> = run
			.outcomes
			.iter()
			.filter_map(|ours| {
				let other = outcome(none, ours.member)?;
				Some(Pair { seed: run.seed, ours: &ours.test, other: &other.test })
			})
			.collect();
		let Some((payer, others)) = pairs.split_first() else { continue };
		let documents = payer.ours.documents.len();
		let payer = Measured::gain(&[*payer], Weighting::AsTrained);
		let others = Measured::gain(others, Weighting::AsTrained);
		all.push(Bid {
			setting: run.experiment.clone(),
			seed: run.seed,
			share: run.share(),
			hostile: run.is_hostile(),
			payer_gain: round(payer.difference),
			others_change: round(-others.difference),
			standard_error: round(payer.standard_error),
			others_standard_error: round(others.standard_error),
			documents,
		});
	}
	all
}

/// The mean gain of members over others of theirs (twins, or without Grads), with the errors of
/// documents and of seeds.
pub fn mean_gain(
	store: &Store,
	setting: &str,
	(mode, against): (Mode, Mode),
	weighting: Weighting,
) -> Option<Figure> {
	gain_over(store, (setting, mode), (setting, against), weighting)
}

/// The mean gain of the components of a setting and mode over those of another, as [`mean_gain`].
pub fn gain_over(
	store: &Store,
	(setting, mode): (&str, Mode),
	(other, against): (&str, Mode),
	weighting: Weighting,
) -> Option<Figure> {
	let of = |run: &Run, setting, mode| run.experiment == setting && run.mode == mode;
	let mut pairs: Vec<Pair> = Vec::new();
	for run in store.runs.iter().filter(|run| of(run, setting, mode)) {
		let others = |one: &&Run| of(one, other, against) && one.seed == run.seed;
		let Some(other) = store.runs.iter().find(others) else { continue };
		for ours in &run.outcomes {
			if let Some(theirs) = outcome(other, ours.member) {
				pairs.push(Pair { seed: run.seed, ours: &ours.test, other: &theirs.test });
			}
		}
	}
	(!pairs.is_empty()).then(|| Measured::gain(&pairs, weighting))
}
