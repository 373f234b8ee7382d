//! The state of the compute thread: a model, and the accounts at its inputs.

use super::{
	inputs::Inputs,
	measure::{Measure, Step},
	notes::Notes,
	vectors::{failed, reason, to_tensor, to_vectors},
};
use crate::axon::{ComputeError, DownstreamAnswer, GradOutcome, Output, UpstreamGrad};
use bittensor_nucleus::{
	Batch, Device, Example, Grad, Model, Part, Perplexity, State, Tensor, DIM,
};
use bittensor_wire::{proto::GradReason, AccountId, Vectors};
use blake2::{digest::consts::U32, Blake2b, Digest};
use metrics::counter;
use std::path::Path;

/// What the thread owns.
#[derive(Debug)]
pub struct Brain {
	pub(super) model: Box<dyn Model>,
	inputs: Inputs,
	/// Grads are taken in. If not, they are dropped, whatever they bid.
	takes_grads: bool,
	/// Genesis hash for checkpoints; `None` if no chain is involved.
	chain: Option<[u8; 32]>,
	device: Device,
}

impl Brain {
	/// A model whose inputs are connected to these accounts, on no chain.
	pub fn new(model: Box<dyn Model>, inputs: Inputs, takes_grads: bool, device: Device) -> Self {
		let mut inputs = inputs;
		inputs.resize(model.inputs(), None);
		Self { model, inputs, takes_grads, chain: None, device }
	}

	/// On the chain with this genesis hash: its checkpoints name it.
	pub fn on_chain(self, genesis: [u8; 32]) -> Self {
		Self { chain: Some(genesis), ..self }
	}

	/// The model.
	pub fn model(&self) -> &dyn Model {
		&*self.model
	}

	/// The accounts at the inputs.
	pub fn inputs(&self) -> &Inputs {
		&self.inputs
	}

	/// Vectors by input, from answers by account.
	pub(super) fn vectors(
		&self,
		answers: &[DownstreamAnswer],
	) -> Result<Vec<Option<Tensor>>, ComputeError> {
		self.inputs
			.iter()
			.map(|input| {
				let vectors = input
					.and_then(|account| answers.iter().find(|answer| answer.account == account))
					.and_then(|answer| answer.vectors.as_ref());
				vectors.map(|vectors| to_tensor(vectors, &self.device)).transpose()
			})
			.collect()
	}

	/// Errors by account, from errors by input. Errors that are not finite are left out.
	fn errors(&self, errors: &[Option<Tensor>]) -> Vec<(AccountId, Vectors)> {
		self.inputs
			.iter()
			.zip(errors)
			.filter_map(|(input, error)| Some(((*input)?, to_vectors(error.as_ref()?).ok()?)))
			.collect()
	}

	pub(super) fn spike(
		&self,
		texts: &[String],
		downstream: &[DownstreamAnswer],
	) -> Result<Output, ComputeError> {
		let d = self.vectors(downstream)?;
		let y = self.model.forward(texts, &d).map_err(failed)?;
		Ok(Output { vectors: to_vectors(&y)?, version: self.model.version() })
	}

	pub(super) fn grad(&mut self, upstream: &UpstreamGrad) -> Result<GradOutcome, ComputeError> {
		if !self.takes_grads {
			return Ok(GradOutcome { reason: GradReason::NothingToLearn, errors: Vec::new() });
		}
		let d = self.vectors(&upstream.downstream)?;
		let error = to_tensor(&upstream.error, &self.device)?;
		let grad = Grad {
			source: upstream.source,
			push: upstream.push,
			version: upstream.version,
			texts: &upstream.texts,
			d: &d,
			error: &error,
		};
		let report = self.model.accumulate_grad(grad).map_err(failed)?;
		counter!("bittensor_miner_grads_judged_total", "verdict" => report.verdict.name())
			.increment(1);
		Ok(GradOutcome { reason: reason(report.verdict), errors: self.errors(&report.errors) })
	}

	pub(super) fn step(
		&mut self,
		batch: &Batch,
		downstream: &[DownstreamAnswer],
	) -> Result<Step, ComputeError> {
		let d = self.vectors(downstream)?;
		let report = self.model.train_step(batch, &d).map_err(failed)?;
		let errors = self.errors(&report.errors);
		Ok(Step { report, errors, version: self.model.version() })
	}

	pub(super) fn upstream_step(&mut self) -> Result<bool, ComputeError> {
		self.model.upstream_step().map_err(failed)
	}

	/// The perplexity on examples, from the answers to each chunk of them. A component that missed
	/// a chunk counts as missing.
	pub(super) fn evaluate(
		&self,
		examples: &[Example],
		chunks: &[Vec<DownstreamAnswer>],
	) -> Result<Perplexity, ComputeError> {
		let mut parts: Vec<Vec<Tensor>> = vec![Vec::new(); self.inputs.len()];
		for chunk in chunks {
			for (part, d) in parts.iter_mut().zip(self.vectors(chunk)?) {
				part.extend(d);
			}
		}
		let d = parts
			.into_iter()
			.map(|part| {
				if part.is_empty() || part.len() < chunks.len() {
					return Ok(None);
				}
				let all = Tensor::cat(&part, 0).map_err(failed)?;
				Ok((all.dim(0).map_err(failed)? == examples.len()).then_some(all))
			})
			.collect::<Result<Vec<_>, ComputeError>>()?;
		self.model.evaluate(examples, &d).map_err(failed)
	}

	/// The input of an account.
	fn input_of(&self, account: &AccountId) -> Option<usize> {
		self.inputs.iter().position(|input| input.as_ref() == Some(account))
	}

	/// Gives the input of an account the vectors of its words, or removes them. `false` if the
	/// account is at no input any more.
	pub(super) fn set_words(
		&mut self,
		account: &AccountId,
		words: Option<&[f32]>,
	) -> Result<bool, ComputeError> {
		let Some(input) = self.input_of(account) else { return Ok(false) };
		let table =
			|words: &[f32]| Tensor::from_slice(words, (words.len() / DIM, DIM), &self.device);
		let words = words.map(table).transpose().map_err(failed)?;
		self.model.set_words(input, words.as_ref()).map_err(failed)?;
		Ok(true)
	}

	/// ∂L/∂d(w) of the words of an account, the mean since the last call.
	pub(super) fn take_word_errors(
		&mut self,
		account: &AccountId,
	) -> Result<Option<Vec<f32>>, ComputeError> {
		let Some(input) = self.input_of(account) else { return Ok(None) };
		let errors = self.model.take_word_errors(input).map_err(failed)?;
		let flat = |errors: Tensor| errors.flatten_all()?.to_vec1::<f32>();
		errors.map(flat).transpose().map_err(failed)
	}

	/// Connects accounts to inputs. An input whose account changed starts from the beginning.
	pub(super) fn set_inputs(&mut self, inputs: Inputs) -> Result<(), ComputeError> {
		for (input, account) in inputs.into_iter().enumerate().take(self.inputs.len()) {
			if self.inputs[input] == account {
				continue;
			}
			// An input without an account keeps its mean until another account takes it.
			if account.is_some() {
				self.model.connect(input).map_err(failed)?;
			}
			self.inputs[input] = account;
		}
		Ok(())
	}

	/// The scores as they are now.
	pub(super) fn measure(&self) -> Measure {
		let attribution = self.model.attribution();
		let row = attribution.row();
		let shares = row
			.shares
			.iter()
			.filter_map(|edge| Some(((*self.inputs.get(edge.input)?)?, edge.share)))
			.collect();
		let (steps, sold) = (self.model.steps(), self.model.bought());
		Measure { inputs: self.inputs.clone(), attribution, shares, steps, sold }
	}

	/// blake2-256 of the parameters of f, which determine the answers to others.
	pub(super) fn digest(&self) -> Result<[u8; 32], ComputeError> {
		let mut hasher = Blake2b::<U32>::new();
		for parameter in self.model.parameters() {
			if parameter.part() != Part::Function {
				continue;
			}
			hasher.update(parameter.name().as_bytes());
			let values = parameter
				.tensor()
				.flatten_all()
				.and_then(|flat| flat.to_vec1::<f32>())
				.map_err(failed)?;
			let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
			hasher.update(&bytes);
		}
		Ok(hasher.finalize().into())
	}

	/// Writes a checkpoint, with the accounts at the inputs.
	pub fn save(&self, path: &Path, notes: Notes) -> bittensor_nucleus::Result<()> {
		self.save_state(&self.model.state()?, path, notes.with_accounts(&self.inputs))
	}

	/// Writes a checkpoint of an earlier state, whose notes name the accounts at its inputs.
	pub(super) fn save_state(
		&self,
		state: &State,
		path: &Path,
		notes: Notes,
	) -> bittensor_nucleus::Result<()> {
		let json = serde_json::to_value(&notes).unwrap_or(serde_json::Value::Null);
		self.model.save_state(state, path, self.chain, &json)
	}
}
