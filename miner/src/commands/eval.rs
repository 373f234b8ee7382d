//! `eval`: measures a checkpoint on held-out text.
//!
//! ```text
//!   checkpoint ─┐                                    ┌─► perplexity, as trained and plain
//!   twin ───────┼─► reported half of held-out text ──┼─► dependence: the same without inputs
//!   --network ──┘   (answers of the inputs)          └─► gain over the twin, with an interval
//! ```
//! *As trained* weights each target as the component's objective does; *plain* gives every known word
//! the weight 1. Unknown words are counted and not measured.
//!
//! A gain is stated only if the component is whole: with answers of its inputs, or without any
//! component at its inputs.

use super::caller::Caller;
use crate::{
	axon::DownstreamAnswer,
	cli::EvalArgs,
	compute::{in_all, Brain, Compute, Inputs, Losses, Notes, CHUNK},
	dendrite::Peer,
	learning::twin::Comparison,
	network::peer_of,
	telemetry::GainStatus,
};
use anyhow::Context;
use bittensor_nucleus::{
	describe, kind, AttributionConfig, Config, Corpus, Description, Device, Example, Gain, Half,
	HeldOut, Interrupt, Model, Setup, Tokenizer, Weighting,
};
use bittensor_wire::{AccountId, Spike};
use serde::Serialize;
use std::{collections::BTreeSet, path::Path, sync::Arc};
use tokio::time::Instant;

/// A twin that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotATwin {
	/// Another model.
	#[error(
		"{twin} is no twin: its {what} differs. `run --twin` trains a twin beside its component"
	)]
	Differs {
		/// Its file.
		twin: String,
		/// What differs.
		what: &'static str,
	},
	/// It has used the network.
	#[error("{0} is no twin: it has components at its inputs, so it was not trained alone")]
	NotAlone(String),
}

/// A perplexity, weighted in one way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
	/// With the answers of the components at its inputs; `None` if they were not asked.
	pub perplexity: Option<f64>,
	/// With every input at its mean.
	pub without_inputs: f64,
	/// Loss without inputs less the loss with them, in nats per target.
	pub dependence: Option<f64>,
	/// The twin's.
	pub twin: Option<f64>,
	/// The gain over the twin.
	pub gain: Option<GainStatus>,
}

/// All that is measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
	/// Kind of the component.
	pub kind: String,
	/// Its training steps.
	pub steps: u64,
	/// Those of the twin.
	pub twin_steps: Option<u64>,
	/// Held-out documents.
	pub documents: usize,
	/// Examples.
	pub examples: usize,
	/// Targets that were measured: known words.
	pub targets: u64,
	/// Part of the targets that are unknown words (`[UNK]`).
	pub unknown: f64,
	/// Components at its inputs.
	pub inputs: usize,
	/// Those of them that answered every text.
	pub answered: Option<usize>,
	/// Targets weighted as the objective does.
	pub as_trained: Figures,
	/// Targets of equal weight.
	pub plain: Figures,
}

/// Runs the command and returns its output.
///
/// # Errors
/// If a file cannot be read or does not fit, or the network cannot be asked.
pub async fn run(args: &EvalArgs, as_json: bool) -> anyhow::Result<String> {
	let evaluation = evaluate(args).await?;
	Ok(match as_json {
		true => serde_json::to_string(&evaluation)?,
		false => evaluation.to_string(),
	})
}

/// Measures the checkpoint.
///
/// # Errors
/// As [`run`].
pub async fn evaluate(args: &EvalArgs) -> anyhow::Result<Evaluation> {
	let component = describe(&args.checkpoint)?;
	let config = component.config.clone().with_context(|| {
		format!("a {} component learns nothing: there is nothing to measure", component.kind)
	})?;
	let notes = notes(&component);
	let (text, setup) = read_text(args, &config, &notes)?;
	let model = kind(&component.kind)?.load(&args.checkpoint, &setup)?.model;
	let twin = match &args.twin {
		Some(path) => Some(load_twin(path, &component, &notes, &setup)?),
		None => None,
	};
	let accounts: Vec<AccountId> = notes.accounts().into_iter().flatten().collect();
	let answers = match args.network && !accounts.is_empty() {
		true => Some(ask(args, &accounts, &text.examples).await?),
		false => None,
	};
	let answered = answers.as_deref().map(|answers| in_all(answers).len());
	let answers = answers.unwrap_or_default();
	let losses = measure(model, notes.accounts(), &text.examples, &answers).await?;
	let twin = match twin {
		Some(twin) => Some(measure(twin, Vec::new(), &text.examples, &[]).await?),
		None => None,
	};
	let whole = is_whole(accounts.len(), answered);
	let (targets, unknown) = text.known();
	Ok(Evaluation {
		kind: component.kind,
		steps: losses.steps,
		twin_steps: twin.as_ref().map(|twin| twin.steps),
		documents: text.documents.iter().collect::<BTreeSet<_>>().len(),
		examples: text.examples.len(),
		targets,
		unknown,
		inputs: accounts.len(),
		answered,
		as_trained: Figures::of(&losses, twin.as_ref(), &text, whole, Weighting::AsTrained),
		plain: Figures::of(&losses, twin.as_ref(), &text, whole, Weighting::Plain),
	})
}

/// Whether a component has what it relies on: it has no inputs, or some of them `answered`. Those that
/// did not can only make its gain look smaller.
pub fn is_whole(inputs: usize, answered: Option<usize>) -> bool {
	inputs == 0 || answered.is_some_and(|answered| answered > 0)
}

fn notes(checkpoint: &Description) -> Notes {
	serde_json::from_value(checkpoint.notes.clone()).unwrap_or_default()
}

/// The reported half of the held-out text, and what the models are made of.
fn read_text(args: &EvalArgs, config: &Config, notes: &Notes) -> anyhow::Result<(HeldOut, Setup)> {
	let (context, horizon) = (config.context, config.horizon);
	let corpus = Corpus::read(&args.corpus, context + horizon, Interrupt::default())?;
	let known = |name: &&String| corpus.documents().iter().any(|d| d.name() == **name);
	let learned: Vec<&str> = notes.documents.iter().filter(known).map(String::as_str).collect();
	let chosen = match (&args.documents, learned.is_empty()) {
		(Some(list), _) => corpus.select(list)?,
		(None, true) => corpus.select("all")?,
		(None, false) => corpus.select(&learned.join(","))?,
	};
	let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
	let measured = corpus.held_out_for(&chosen);
	let (_, reported) = Half::both(&corpus, &measured, &tokenizer, context, horizon)?;
	let text = reported.spread(args.targets.div_ceil(horizon));
	Ok((text, Setup::new(config.clone()).with_tokenizer(tokenizer)))
}

/// The twin, if it is one.
fn load_twin(
	path: &Path,
	component: &Description,
	notes_of_component: &Notes,
	setup: &Setup,
) -> anyhow::Result<Box<dyn Model>> {
	let twin = describe(path)?;
	let shown = path.display().to_string();
	let differs = |what| Err(NotATwin::Differs { twin: shown.clone(), what }.into());
	// Both learn at half the rate once their parameters went back to better ones.
	let settings = |config: &Option<Config>| {
		let attribution = AttributionConfig::default;
		config.clone().map(|c| Config { learning_rate: 1.0, attribution: attribution(), ..c })
	};
	let notes = notes(&twin);
	if twin.kind != component.kind {
		return differs("kind");
	}
	if settings(&twin.config) != settings(&component.config) {
		return differs("seed, architecture or another setting");
	}
	if notes.documents != notes_of_component.documents {
		return differs("list of train documents");
	}
	if notes.accounts().iter().any(Option::is_some) {
		return Err(NotATwin::NotAlone(shown).into());
	}
	Ok(kind(&twin.kind)?.load(path, setup)?.model)
}

/// The losses of a model on its own thread.
async fn measure(
	model: Box<dyn Model>,
	inputs: Inputs,
	examples: &[Example],
	answers: &[Vec<DownstreamAnswer>],
) -> anyhow::Result<Losses> {
	let (compute, _) = Compute::start(Brain::new(model, inputs, false, Device::Cpu))?;
	let losses = compute.losses(examples, answers).await;
	compute.close();
	Ok(losses?)
}

/// The answers of the components at the inputs, by chunk.
async fn ask(
	args: &EvalArgs,
	accounts: &[AccountId],
	examples: &[Example],
) -> anyhow::Result<Vec<Vec<DownstreamAnswer>>> {
	let caller = Caller::connect(&args.chain, &args.key).await?;
	let peers: Vec<Peer> = accounts
		.iter()
		.filter_map(|account| peer_of(caller.snapshot.component_of(account)?))
		.collect();
	anyhow::ensure!(
		!peers.is_empty(),
		"none of the {} components at the inputs serves on this chain any more",
		accounts.len()
	);
	let mut chunks = Vec::new();
	for chunk in examples.chunks(CHUNK) {
		let texts = chunk.iter().map(|example| example.text.clone()).collect();
		let spike = Spike::new(caller.account, args.ttl - 1, texts)
			.map_err(|error| anyhow::anyhow!("the text cannot be sent: {error}"))?;
		let fan_out = caller.dendrite.spike(&peers, &spike, Instant::now() + args.timeout_ms).await;
		let answers = peers.iter().zip(fan_out.vectors);
		chunks.push(
			answers
				.map(|(peer, vectors)| DownstreamAnswer { account: peer.account, vectors })
				.collect(),
		);
	}
	Ok(chunks)
}

impl Figures {
	/// `whole`: the component has what it relies on.
	fn of(
		losses: &Losses,
		twin: Option<&Losses>,
		text: &HeldOut,
		whole: bool,
		weighting: Weighting,
	) -> Self {
		let without_inputs = losses.without.perplexity(weighting);
		let perplexity = whole.then(|| losses.with.perplexity(weighting));
		let gain = twin.filter(|_| whole).and_then(|twin| {
			Some(GainStatus::from(Comparison {
				gain: Gain::of(&losses.with, &twin.with, &text.documents, weighting)?,
				perplexity: losses.with.perplexity(weighting),
				twin_perplexity: twin.with.perplexity(weighting),
				steps: losses.steps,
				twin_steps: twin.steps,
				last: None,
			}))
		});
		Self {
			perplexity,
			without_inputs,
			dependence: perplexity.map(|perplexity| (without_inputs / perplexity).ln()),
			twin: twin.map(|twin| twin.with.perplexity(weighting)),
			gain,
		}
	}
}

impl std::fmt::Display for Evaluation {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let steps = match self.twin_steps {
			Some(twin) => format!("{} steps, twin {twin}", self.steps),
			None => format!("{} steps", self.steps),
		};
		writeln!(
			f,
			"{}, {steps}; {} targets of {} examples in {} held-out documents, {:.1} % of all are \
			 unknown words",
			self.kind,
			self.targets,
			self.examples,
			self.documents,
			100.0 * self.unknown
		)?;
		match (self.inputs, self.answered) {
			(0, _) => writeln!(f, "no component at its inputs")?,
			(inputs, Some(0)) => writeln!(
				f,
				"none of its {inputs} inputs answered, so nothing is said about its gain: see whether they \
				 run, and whether the row of this key pays for their answers"
			)?,
			(inputs, Some(answered)) => writeln!(f, "{answered} of {inputs} inputs answered")?,
			(inputs, None) => writeln!(
				f,
				"its {inputs} inputs were not asked, so nothing is said about its gain: add --network"
			)?,
		}
		for (name, figures) in [("as trained", &self.as_trained), ("plain", &self.plain)] {
			let number =
				|value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.1}"));
			write!(
				f,
				"{name:10}  perplexity {}, without inputs {:.1}",
				number(figures.perplexity),
				figures.without_inputs
			)?;
			if let Some(dependence) = figures.dependence {
				write!(f, " (dependence {dependence:.3} nats per target)")?;
			}
			if let Some(twin) = figures.twin {
				write!(f, ", twin {twin:.1}")?;
			}
			match figures.gain {
				Some(gain) => writeln!(f, ": gain {gain}")?,
				None => writeln!(f)?,
			}
		}
		Ok(())
	}
}
