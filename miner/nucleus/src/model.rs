//! Models: what a miner runs. The compute thread owns one and knows nothing else about it.

use std::path::Path;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
	attribution::{parts::Removals, Attribution, InputRow},
	checkpoint,
	config::Config,
	corpus::{Batch, Example},
	error::{NucleusError, Result},
	learning::{Account, Gradient},
	objective::ExampleLoss,
	parameters::Parameter,
	perplexity::{ExampleLosses, Perplexity},
	state::State,
};

/// The report of one training step.
#[derive(Clone, Debug)]
pub struct StepReport {
	/// Steps made so far, this one included.
	pub step: u64,
	/// Mean NLL in nats per weighted token, before the step, with what it leaves out at random.
	pub loss: f64,
	/// ∂L/∂d per input, `[B, m]`, row x for example x: what to send downstream as a Grad.
	pub errors: Vec<Option<Tensor>>,
	/// Inputs whose vectors had a wrong shape or numbers that are not finite: used as missing.
	pub refused: Vec<usize>,
	/// `false` if the own gradient was not finite, so that no step was made.
	pub stepped: bool,
}

/// What one batch of text that is not trained on says about the inputs, in nats per target.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreReport {
	/// ΔL of each input alone; `None` for inputs that were missing.
	pub inputs: Vec<Option<f64>>,
	/// The mean loss with all that is present, and without parts of it.
	pub removals: Removals,
}

/// An error signal of an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Grad<'g> {
	/// Service key of the upstream.
	pub source: Account,
	/// s_u: the part of a step that its bid buys ([`Market::push`](crate::Market::push)). More than
	/// a quarter counts as a quarter.
	pub push: f64,
	/// Version of the parameters that answered it.
	pub version: u64,
	/// The texts that were answered.
	pub texts: &'g [String],
	/// The vectors of the inputs at that time, as in [`Model::forward`].
	pub d: &'g [Option<Tensor>],
	/// ∂L/∂y, `[B, m]`.
	pub error: &'g Tensor,
}

/// The outcome of a Grad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
	/// It takes part in the next step.
	Accepted,
	/// The sender bids nothing: it has no effect.
	NoBid,
	/// Its parameters are too old.
	Stale,
	/// Others bid more, and there is no room.
	Outbid,
	/// It is 0, or far fainter than what the sender usually sends.
	Faint,
	/// All of its texts are single words that the model does not know.
	UnknownWords,
	/// Its sender spoiled the model's own loss and has lost its place for a while.
	Suspended,
	/// The model has nothing to learn.
	NothingToLearn,
}

impl Verdict {
	/// Its name in metrics and logs.
	pub fn name(self) -> &'static str {
		match self {
			Self::Accepted => "accepted",
			Self::NoBid => "no_bid",
			Self::Stale => "stale",
			Self::Outbid => "outbid",
			Self::Faint => "faint",
			Self::UnknownWords => "unknown_words",
			Self::Suspended => "suspended",
			Self::NothingToLearn => "nothing_to_learn",
		}
	}
}

/// The outcome of a Grad, and what to send on.
#[derive(Clone, Debug)]
pub struct GradReport {
	/// The outcome.
	pub verdict: Verdict,
	/// ∂L/∂d per input, `[B, m]`; all `None` unless accepted.
	pub errors: Vec<Option<Tensor>>,
}

/// What a miner runs: a function of text and of other components' vectors, and how it learns.
///
/// Only [`Model::kind`], [`Model::forward`] and [`Model::state`] are required. The other methods
/// describe a model that has no inputs, no parameters and nothing to learn; a trainable model
/// overrides them all ([`Component`](crate::Component)).
///
/// Whether a model serves, takes Grads in, or posts its row is decided by the miner.
pub trait Model: std::fmt::Debug + Send + Sync {
	/// Name of its kind in [`KINDS`](crate::kinds::KINDS).
	fn kind(&self) -> &'static str;

	/// The vectors, `[B, m]`, of B texts; any text is answered. A passage is answered with y, and a
	/// text of exactly one token with the vector of that word: the probability of a word after a
	/// passage grows with the inner product of the two. `d` holds per input the vectors of a
	/// downstream component, `[B, m]`, or `None` if it did not answer. Vectors of a wrong shape or
	/// with numbers that are not finite count as missing, and so do inputs beyond the end of `d`.
	/// Words are answered without `d`.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`] without texts; [`NucleusError::NoSuchInput`] if `d` is longer
	/// than the number of inputs.
	fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor>;

	/// All of its state: a model of its kind that is restored from it goes on bit for bit.
	///
	/// # Errors
	/// [`NucleusError::Tensor`] if a parameter cannot be read.
	fn state(&self) -> Result<State>;

	/// [`Encoder::id`](crate::encoder::Encoder::id) of its encoder; empty without one.
	fn encoder(&self) -> String {
		String::new()
	}

	/// Counts the changes of its answers.
	fn version(&self) -> u64 {
		0
	}

	/// Number of inputs.
	fn inputs(&self) -> usize {
		0
	}

	/// Training steps made on the own loss.
	fn steps(&self) -> u64 {
		0
	}

	/// Its parameters, in a fixed order.
	fn parameters(&self) -> &[Parameter] {
		&[]
	}

	/// Adopts those settings that may change between runs.
	///
	/// # Errors
	/// [`NucleusError::Config`] for settings out of range; then nothing changes.
	fn configure(&mut self, config: &Config) -> Result<()> {
		config.validate()
	}

	/// The words whose vectors an input may be given with [`Model::set_words`], in the order of
	/// their ids. Empty: the model predicts no words, or takes inputs in as features only.
	fn vocabulary(&self) -> &[String] {
		&[]
	}

	/// Gives an input the vectors of [`Model::vocabulary`], `[V, m]`, as the component behind it
	/// answers them (each word is a text). The input then enters as an expert too. A row of zeros
	/// stands for a word that the component does not know. Replaces earlier ones; `None` removes
	/// them.
	///
	/// # Errors
	/// [`NucleusError::NoSuchInput`]; [`NucleusError::NoVocabulary`] if the vocabulary is empty;
	/// [`NucleusError::Shape`], [`NucleusError::NotFinite`] or [`NucleusError::TooLarge`] for
	/// vectors that cannot be used. Nothing has changed then.
	fn set_words(&mut self, input: usize, words: Option<&Tensor>) -> Result<()> {
		match words {
			_ if input >= self.inputs() => {
				Err(NucleusError::NoSuchInput { input, inputs: self.inputs() })
			}
			Some(_) => Err(NucleusError::NoVocabulary(self.kind())),
			None => Ok(()),
		}
	}

	/// ∂L/∂d(w) of the words of an input, `[V, m]`: the mean over the training steps since the last
	/// call that used them. What to send downstream as a Grad whose texts are the vocabulary.
	/// `None` if there was no such step.
	///
	/// # Errors
	/// [`NucleusError::NoSuchInput`].
	fn take_word_errors(&mut self, input: usize) -> Result<Option<Tensor>> {
		match input < self.inputs() {
			true => Ok(None),
			false => Err(NucleusError::NoSuchInput { input, inputs: self.inputs() }),
		}
	}

	/// Gives the model text that it does not train on, to watch its own loss by. If steps on Grads
	/// spoil that loss, they are taken back, and their senders lose their place for a while. No
	/// examples end the watch.
	///
	/// # Errors
	/// [`NucleusError::Shape`] if the targets do not fit.
	fn set_canary(&mut self, _examples: &[Example]) -> Result<()> {
		Ok(())
	}

	/// Prepares an input for another downstream component: fresh adaptor, statistics and scores, and
	/// no words.
	///
	/// # Errors
	/// [`NucleusError::NoSuchInput`].
	fn connect(&mut self, input: usize) -> Result<()> {
		Err(NucleusError::NoSuchInput { input, inputs: self.inputs() })
	}

	/// One step on a batch: own loss, and the gradients of upstreams since the last step. `d` as in [`Model::forward`].
	///
	/// # Errors
	/// [`NucleusError::NothingToLearn`]; [`NucleusError::EmptyBatch`], [`NucleusError::Shape`] for
	/// targets that do not fit, or [`NucleusError::NoSuchInput`]. Nothing has changed then. Bad
	/// vectors in `d` are not an error: see [`StepReport::refused`].
	fn train_step(&mut self, _batch: &Batch, _d: &[Option<Tensor>]) -> Result<StepReport> {
		Err(NucleusError::NothingToLearn(self.kind()))
	}

	/// Measures ΔL of the inputs on a batch of text that the model does not train on, and adds it to
	/// the scores. `d` as in [`Model::forward`]. A missing input counts as useless in this batch, unless
	/// it is listed in `refused`: a component that refuses to answer, for want of payment, says nothing
	/// about what it knows.
	///
	/// # Errors
	/// As [`Model::train_step`].
	fn score(
		&mut self,
		_batch: &Batch,
		_d: &[Option<Tensor>],
		_refused: &[usize],
	) -> Result<ScoreReport> {
		Err(NucleusError::NothingToLearn(self.kind()))
	}

	/// One step on the gradients of upstreams alone, without an own loss. `false` if there were
	/// none to use.
	///
	/// # Errors
	/// [`NucleusError::Tensor`] if an operation fails.
	fn upstream_step(&mut self) -> Result<bool> {
		Ok(false)
	}

	/// Takes in a Grad. Its gradient waits for the next step. Texts of one token are words, and may
	/// be mixed with passages; words that the model does not know have no effect.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`], [`NucleusError::Shape`] or [`NucleusError::NotFinite`] for a
	/// bad message, [`NucleusError::NoSuchInput`]. Nothing has changed then.
	fn accumulate_grad(&mut self, _grad: Grad) -> Result<GradReport> {
		let errors = vec![None; self.inputs()];
		Ok(GradReport { verdict: Verdict::NothingToLearn, errors })
	}

	/// Loss of each example, −log P(T'|y), with its weight and without. `d` holds per input the
	/// vectors for all N examples, `[N, m]`.
	///
	/// # Errors
	/// As [`Model::train_step`].
	fn example_losses(
		&self,
		_examples: &[Example],
		_d: &[Option<Tensor>],
	) -> Result<Vec<ExampleLoss>> {
		Err(NucleusError::NothingToLearn(self.kind()))
	}

	/// Loss of each example, as it is trained on: the weighted sum over its targets, in nats.
	///
	/// # Errors
	/// As [`Model::train_step`].
	fn losses(&self, examples: &[Example], d: &[Option<Tensor>]) -> Result<Vec<f32>> {
		Ok(self.example_losses(examples, d)?.into_iter().map(|example| example.loss).collect())
	}

	/// Gradient of the mean loss per weighted token of a batch with respect to every parameter, in the
	/// order of [`Model::parameters`], without a step; `d` as in [`Model::forward`].
	///
	/// # Errors
	/// As [`Model::train_step`].
	fn own_gradient(&self, _batch: &Batch, _d: &[Option<Tensor>]) -> Result<Gradient> {
		Err(NucleusError::NothingToLearn(self.kind()))
	}

	/// Goes back to the parameters of an earlier state of this model, at half the learning rate. Steps
	/// and scores stay, and the version counts the change.
	///
	/// # Errors
	/// [`NucleusError::NothingToLearn`]; [`NucleusError::State`] if the state is that of another
	/// model. Nothing has changed then.
	fn rewind(&mut self, _state: &State) -> Result<()> {
		Err(NucleusError::NothingToLearn(self.kind()))
	}

	/// Perplexity on held-out examples. `d` as in [`Model::losses`].
	///
	/// # Errors
	/// As [`Model::train_step`].
	fn evaluate(&self, examples: &[Example], d: &[Option<Tensor>]) -> Result<Perplexity> {
		let with = self.example_losses(examples, d)?;
		let without = self.example_losses(examples, &[])?;
		Ok(Perplexity::of(&ExampleLosses(with), &ExampleLosses(without)))
	}

	/// The scores as they stand.
	fn attribution(&self) -> Attribution {
		Attribution::default()
	}

	/// What each upstream that is known has bought: the sum of s_u over the steps at which its Grads of
	/// passages were present.
	fn bought(&self) -> Vec<(Account, f64)> {
		Vec::new()
	}

	/// The row to post.
	fn row(&self) -> InputRow {
		self.attribution().row()
	}

	/// Writes a checkpoint in one step; a failure leaves the old file. `chain` is the genesis hash
	/// of the chain it lives on; `notes` belong to the caller.
	///
	/// # Errors
	/// [`NucleusError::Io`] if the file cannot be written.
	fn save(&self, path: &Path, chain: Option<[u8; 32]>, notes: &Value) -> Result<()> {
		self.save_state(&self.state()?, path, chain, notes)
	}

	/// As [`Model::save`], of an earlier state of this model.
	///
	/// # Errors
	/// As [`Model::save`].
	fn save_state(
		&self,
		state: &State,
		path: &Path,
		chain: Option<[u8; 32]>,
		notes: &Value,
	) -> Result<()> {
		let header = checkpoint::Header::new(self.kind(), self.encoder(), chain, notes);
		checkpoint::write(path, &header, state)
	}
}
