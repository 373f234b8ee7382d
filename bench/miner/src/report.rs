//! Figures, targets, tables. A figure that was not measured is `null`, never 0.

use bench_report::{fixed, largest, number, table, table_of, targets, Column, Machine, Target};
use serde::Serialize;
use std::collections::BTreeMap;

use crate::attribution::Attribution;

/// The largest difference of losses at which both contenders train the same model, in nats.
pub(crate) const MOST_DIFFERENCE: f64 = 1e-3;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
	pub(crate) machine: Machine,
	/// The core that everything ran on; `null`: any.
	pub(crate) core: Option<usize>,
	/// Versions of the libraries.
	pub(crate) versions: BTreeMap<String, String>,
	/// Seconds that JAX compiles.
	pub(crate) compiled: Option<f64>,
	/// `null`: JAX was not measured.
	pub(crate) parity: Option<Parity>,
	/// Our tokens per second ÷ JAX's, median of the rounds.
	pub(crate) ratio: Option<f64>,
	pub(crate) sides: Vec<Side>,
	pub(crate) attribution: Attribution,
}

/// How far the losses of both are apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Parity {
	pub(crate) steps: usize,
	/// The largest difference of a step, in nats per weighted target.
	pub(crate) largest_difference: f64,
	/// Ours, of the first and of the last step.
	pub(crate) first_loss: f64,
	pub(crate) last_loss: f64,
}

impl Parity {
	/// Of the losses of the same steps.
	pub(crate) fn new(ours: &[f64], theirs: &[f64]) -> Self {
		let differences = ours.iter().zip(theirs).map(|(a, b)| match (a - b).abs() {
			difference if difference.is_finite() => difference,
			_ => f64::INFINITY,
		});
		let same = ours.len() == theirs.len();
		Self {
			steps: ours.len(),
			largest_difference: largest(differences).filter(|_| same).unwrap_or(f64::INFINITY),
			first_loss: ours.first().copied().unwrap_or(f64::NAN),
			last_loss: ours.last().copied().unwrap_or(f64::NAN),
		}
	}
}

/// One contender.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Side {
	pub(crate) name: String,
	/// Processor time of a training step, median of the rounds.
	pub(crate) step_seconds: Option<f64>,
	pub(crate) tokens_per_second: Option<f64>,
	/// The most memory that its process has held.
	pub(crate) peak_bytes: Option<f64>,
	/// The time of a step in each round.
	pub(crate) round_step_seconds: Vec<f64>,
}

fn mebibytes(bytes: Option<f64>) -> String {
	fixed(bytes.map(|bytes| bytes / 1_048_576.0), 0, " MiB")
}

fn milliseconds(seconds: Option<f64>) -> String {
	fixed(seconds.map(|seconds| seconds * 1e3), 2, " ms")
}

impl Report {
	/// All tables.
	pub(crate) fn markdown(&self) -> String {
		let core = self.core.map_or("any core".into(), |core| format!("core {core}"));
		let versions: Vec<String> =
			self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
		let mut text = format!("Machine: {}, {core}.\n\n", self.machine.cpu);
		if !versions.is_empty() {
			text += &format!("Versions: {}.\n\n", versions.join(", "));
		}
		text += "**Targets**\n\n";
		text += &targets(self.targets());
		const COLUMNS: [Column<Side>; 4] = [
			("", |side| side.name.clone()),
			("training step", |side| milliseconds(side.step_seconds)),
			("tokens per second", |side| fixed(side.tokens_per_second, 0, "")),
			("peak memory", |side| mebibytes(side.peak_bytes)),
		];
		text += "**A training step without inputs**, processor time\n\n";
		text += &table_of(&COLUMNS, &self.sides);
		let Attribution { inputs, score_every, step_seconds, score_seconds, peak_bytes, .. } =
			&self.attribution;
		text += &format!("**A component with {inputs} inputs**, processor time\n\n");
		text += &table(
			["training step", "scoring a batch", "steps between two scored batches", "peak memory"],
			[[
				milliseconds(*step_seconds),
				milliseconds(*score_seconds),
				score_every.to_string(),
				mebibytes(*peak_bytes),
			]],
		);
		if let Some(Parity { steps, first_loss, last_loss, .. }) = &self.parity {
			text += &format!(
				"The loss falls from {first_loss:.3} to {last_loss:.3} nats per weighted target in \
				 {steps} steps.\n"
			);
		}
		text
	}

	/// The figures that have a target.
	fn targets(&self) -> [Target; 3] {
		let parity = self.parity.as_ref().map(|parity| parity.largest_difference);
		let overhead = self.attribution.overhead.map(|part| 100.0 * part);
		[
			Target::at_least(
				"tokens per second ÷ JAX's",
				[0.5, 1.0],
				self.ratio.map(|ratio| (ratio, number(ratio))),
			),
			Target::at_most(
				"largest difference of the losses of 100 steps, in nats",
				[MOST_DIFFERENCE, 1e-4],
				"",
				parity.map(|difference| (difference, number(difference))),
			),
			Target::at_most(
				"attribution overhead, 8 inputs, of the training step",
				[5.0, 1.0],
				" %",
				overhead.map(|part| (part, format!("{} %", number(part)))),
			),
		]
	}

	/// Both contenders have trained the same model, and a `whole` run has missed nothing that must be.
	///
	/// # Errors
	/// If their losses are further apart than [`MOST_DIFFERENCE`]; of a whole run, the figures that are
	/// measured and not what they must be.
	pub(crate) fn check(&self, whole: bool) -> anyhow::Result<()> {
		if let Some(Parity { steps, largest_difference, .. }) = &self.parity {
			anyhow::ensure!(
				*largest_difference <= MOST_DIFFERENCE,
				"the losses of {steps} steps differ from JAX's by up to {largest_difference}: the two \
				 do not train the same model"
			);
		}
		let missed: Vec<String> = self
			.targets()
			.into_iter()
			.filter(Target::is_missed)
			.map(|Target { figure, bounds: [must, _], measured, .. }| {
				format!("{figure}: {}, which must be {must}", measured.unwrap_or_default())
			})
			.collect();
		anyhow::ensure!(!whole || missed.is_empty(), "{}", missed.join("; "));
		Ok(())
	}
}
