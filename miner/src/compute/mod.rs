//! The one thread that owns the component.
//!
//! ```text
//!   axon: Spikes, Grads ─┐
//!                        ├─► queue ─► thread: Component + who sits in which slot
//!   learning: own steps ─┘                │
//!                                         └─► vectors, errors by account, reports
//! ```
//!
//! Invariants: parameters are read and written by this thread only, so nobody sees half a step;
//! everything outside names downstream components by account, so a slot that changed hands between
//! a Spike and its Grad is never mistaken for its predecessor; a failed computation changes nothing
//! and ends nothing.

pub mod queue;

use crate::{
	axon::{ComponentService, ComputeError, DownstreamAnswer, Output, UpstreamGrad},
	learning::inputs::Inputs as Slots,
};
use async_trait::async_trait;
use bittensor_client::AccountId;
use bittensor_nucleus::{
	Attribution, Batch, Bid, Component, Device, Example, Noise, Part, Perplexity, Serve,
	StepReport, Tensor, DIM,
};
use bittensor_wire::Vectors;
use blake2::{digest::consts::U32, Blake2b, Digest};
use queue::{Lane, Queue};
use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
	sync::Arc,
	thread::JoinHandle,
	time::Duration,
};

/// An error of the tensors or of the component.
fn failed(error: impl std::fmt::Display) -> ComputeError {
	ComputeError::Failed(error.to_string())
}

/// Rows of a tensor `[rows, DIM]` as vectors.
fn to_vectors(tensor: &Tensor) -> Result<Vectors, ComputeError> {
	let (rows, _) = tensor.dims2().map_err(failed)?;
	let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).map_err(failed)?;
	Vectors::new(rows, values).map_err(failed)
}

fn to_tensor(vectors: &Vectors, device: &Device) -> Result<Tensor, ComputeError> {
	Tensor::from_slice(vectors.values(), (vectors.rows(), DIM), device).map_err(failed)
}

/// What the thread owns.
pub struct Brain {
	component: Component,
	slots: Slots,
	/// Grads are taken in. If not, they are dropped: the component is frozen or learns alone.
	learns: bool,
	device: Device,
}

impl Brain {
	/// A component whose slots hold these accounts.
	pub fn new(component: Component, slots: Slots, learns: bool, device: Device) -> Self {
		let mut slots = slots;
		slots.resize(component.config().slots, None);
		Self { component, slots, learns, device }
	}

	/// The component.
	pub fn component(&self) -> &Component {
		&self.component
	}

	/// The accounts in the slots.
	pub fn slots(&self) -> &Slots {
		&self.slots
	}

	/// Vectors by slot, from vectors by account.
	fn inputs(&self, downstream: &[DownstreamAnswer]) -> Result<Vec<Option<Tensor>>, ComputeError> {
		self.slots
			.iter()
			.map(|slot| {
				let vectors = slot
					.and_then(|account| downstream.iter().find(|answer| answer.account == account))
					.and_then(|answer| answer.vectors.as_ref());
				vectors.map(|vectors| to_tensor(vectors, &self.device)).transpose()
			})
			.collect()
	}

	/// Errors by account, from errors by slot. What is not finite is left out.
	fn errors(&self, errors: &[Option<Tensor>]) -> Vec<(AccountId, Vectors)> {
		self.slots
			.iter()
			.zip(errors)
			.filter_map(|(slot, error)| Some(((*slot)?, to_vectors(error.as_ref()?).ok()?)))
			.collect()
	}

	fn spike(
		&self,
		texts: &[String],
		downstream: &[DownstreamAnswer],
	) -> Result<Output, ComputeError> {
		let d = self.inputs(downstream)?;
		let y = self.component.forward(texts, &d).map_err(failed)?;
		Ok(Output { vectors: to_vectors(&y)?, version: self.component.version() })
	}

	fn grad(&mut self, upstream: &UpstreamGrad) -> Result<Vec<(AccountId, Vectors)>, ComputeError> {
		if !self.learns {
			return Ok(Vec::new());
		}
		let d = self.inputs(&upstream.downstream)?;
		let error = to_tensor(&upstream.error, &self.device)?;
		// The weight is the flow or the share, as the miner was told; it means the same here.
		let bid = Bid { flow: upstream.weight, share: upstream.weight };
		let report = self
			.component
			.accumulate_grad(upstream.source, bid, upstream.version, &upstream.texts, &d, &error)
			.map_err(failed)?;
		tracing::debug!(verdict = ?report.verdict, weight = report.weight, "a Grad");
		Ok(self.errors(&report.errors))
	}

	fn step(
		&mut self,
		batch: &Batch,
		downstream: &[DownstreamAnswer],
	) -> Result<Step, ComputeError> {
		let d = self.inputs(downstream)?;
		let report = self.component.train_step(batch, &d).map_err(failed)?;
		let errors = self.errors(&report.errors);
		Ok(Step { report, errors, version: self.component.version() })
	}

	/// d per slot for all examples, from the answers to each chunk of them. A component that missed
	/// a chunk counts as missing.
	fn evaluate(
		&self,
		examples: &[Example],
		chunks: &[Vec<DownstreamAnswer>],
	) -> Result<Perplexity, ComputeError> {
		let mut parts: Vec<Vec<Tensor>> = vec![Vec::new(); self.slots.len()];
		for chunk in chunks {
			for (part, d) in parts.iter_mut().zip(self.inputs(chunk)?) {
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
		self.component.evaluate(examples, &d).map_err(failed)
	}

	/// Puts accounts into slots. A slot whose account changed starts anew.
	fn set_slots(&mut self, slots: Slots) -> Result<(), ComputeError> {
		for (slot, account) in slots.into_iter().enumerate().take(self.slots.len()) {
			if self.slots[slot] == account {
				continue;
			}
			// An emptied slot rests at its mean until somebody takes it.
			if account.is_some() {
				self.component.connect(slot).map_err(failed)?;
			}
			self.slots[slot] = account;
		}
		Ok(())
	}

	/// What the scores say now.
	fn measure(&self) -> Measure {
		let attribution = self.component.attribution();
		let row = attribution.row();
		let shares = row
			.shares
			.iter()
			.filter_map(|(slot, share)| Some(((*self.slots.get(*slot)?)?, *share)))
			.collect();
		Measure { slots: self.slots.clone(), attribution, shares, steps: self.component.steps() }
	}

	/// blake2-256 of the parameters of f: what others get answers from.
	fn digest(&self) -> Result<[u8; 32], ComputeError> {
		let mut hasher = Blake2b::<U32>::new();
		for parameter in self.component.parameters() {
			if parameter.part() != Part::Function {
				continue;
			}
			hasher.update(parameter.name().as_bytes());
			let values = parameter
				.tensor()
				.flatten_all()
				.and_then(|flat| flat.to_vec1::<f32>())
				.map_err(failed)?;
			let mut bytes = Vec::with_capacity(values.len() * 4);
			for value in values {
				bytes.extend_from_slice(&value.to_le_bytes());
			}
			hasher.update(&bytes);
		}
		Ok(hasher.finalize().into())
	}

	/// Writes a checkpoint; the accounts in the slots go with it.
	pub fn save(&self, path: &Path, notes: Notes) -> bittensor_nucleus::Result<()> {
		let notes = Notes { slots: hex_slots(&self.slots), ..notes };
		let json = serde_json::to_value(&notes).unwrap_or(serde_json::Value::Null);
		self.component.save(path, &json)
	}
}

/// What a checkpoint holds beside the component.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Notes {
	/// Accounts in the slots, hex.
	pub slots: Vec<Option<String>>,
	/// Where the sampler stands.
	pub sampler: bittensor_nucleus::SamplerState,
	/// Held-out perplexity with the network at the first measurement.
	pub perplexity_start: Option<f64>,
	/// Which documents the sampler draws from: a resumed sampler stands in the same ones.
	pub documents: Vec<String>,
}

impl Notes {
	/// The accounts in the slots.
	pub fn accounts(&self) -> Slots {
		self.slots
			.iter()
			.map(|slot| {
				let bytes = hex::decode(slot.as_ref()?).ok()?;
				bytes.try_into().ok()
			})
			.collect()
	}
}

fn hex_slots(slots: &Slots) -> Vec<Option<String>> {
	slots.iter().map(|slot| slot.map(hex::encode)).collect()
}

/// A training step.
#[derive(Debug)]
pub struct Step {
	/// What it did.
	pub report: StepReport,
	/// ∂L/∂d_j by account, one row per text.
	pub errors: Vec<(AccountId, Vectors)>,
	/// Version of the parameters after it.
	pub version: u64,
}

/// The scores and the row made of them.
#[derive(Clone, Debug)]
pub struct Measure {
	/// Who sits where.
	pub slots: Slots,
	/// The scores, by slot.
	pub attribution: Attribution,
	/// The row: (account, share out of 65,536); the rest is our own.
	pub shares: Vec<(AccountId, u16)>,
	/// Training steps made.
	pub steps: u64,
}

impl Measure {
	/// Share of an account in the row.
	pub fn share(&self, account: &AccountId) -> u16 {
		self.shares.iter().find(|(other, _)| other == account).map_or(0, |(_, share)| *share)
	}

	/// Scores by account.
	pub fn scores(&self) -> BTreeMap<AccountId, bittensor_nucleus::SlotScore> {
		self.slots
			.iter()
			.zip(&self.attribution.slots)
			.filter_map(|(slot, score)| Some(((*slot)?, (*score)?)))
			.collect()
	}
}

/// A handle to the thread; clones share it.
#[derive(Clone)]
pub struct Compute {
	queue: Queue<Brain>,
}

impl Compute {
	/// Starts the thread. Joining the handle after [`Compute::close`] gives the component back.
	pub fn start(brain: Brain) -> std::io::Result<(Self, JoinHandle<Brain>)> {
		let (queue, thread) = Queue::start("compute", brain)?;
		Ok((Self { queue }, thread))
	}

	/// Takes nothing more; the thread ends after what waits.
	pub fn close(&self) {
		self.queue.close();
	}

	/// Runs one of our own jobs. Our own lane is never refused for long: who waits tries again.
	async fn own<R: Send + 'static>(
		&self,
		job: impl FnOnce(&mut Brain) -> R + Clone + Send + 'static,
	) -> Result<R, ComputeError> {
		loop {
			match self.queue.run(Lane::Own, job.clone()).await {
				Err(ComputeError::Busy) => tokio::time::sleep(Duration::from_millis(20)).await,
				result => return result,
			}
		}
	}

	/// One training step on the own loss and on what upstreams sent.
	pub async fn step(
		&self,
		batch: Batch,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Step, ComputeError> {
		self.own(move |brain| brain.step(&batch, &downstream)).await?
	}

	/// One step on what upstreams sent; `false` if there was nothing.
	pub async fn upstream_step(&self) -> Result<bool, ComputeError> {
		self.own(|brain| brain.component.upstream_step().map_err(failed)).await?
	}

	/// Perplexity on held-out examples, and after how many training steps; `chunks` are the answers
	/// to consecutive chunks of them.
	pub async fn evaluate(
		&self,
		examples: Arc<Vec<Example>>,
		chunks: Vec<Vec<DownstreamAnswer>>,
	) -> Result<(u64, Perplexity), ComputeError> {
		self.own(move |brain| Ok((brain.component.steps(), brain.evaluate(&examples, &chunks)?)))
			.await?
	}

	/// The scores and the row.
	pub async fn measure(&self) -> Result<Measure, ComputeError> {
		self.own(|brain| brain.measure()).await
	}

	/// Puts accounts into slots.
	pub async fn set_slots(&self, slots: Slots) -> Result<(), ComputeError> {
		self.own(move |brain| brain.set_slots(slots)).await?
	}

	/// Version and digest of the parameters of f.
	pub async fn parameters(&self) -> Result<(u64, [u8; 32]), ComputeError> {
		self.own(|brain| Ok((brain.component.version(), brain.digest()?))).await?
	}

	/// Writes a checkpoint.
	pub async fn save(&self, path: PathBuf, notes: Notes) -> Result<(), ComputeError> {
		self.own(move |brain| brain.save(&path, notes).map_err(failed)).await?
	}
}

#[async_trait]
impl ComponentService for Compute {
	async fn spike(
		&self,
		texts: Arc<[String]>,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Output, ComputeError> {
		self.queue.run(Lane::Spike, move |brain| brain.spike(&texts, &downstream)).await?
	}

	async fn grad(
		&self,
		upstream: UpstreamGrad,
	) -> Result<Vec<(AccountId, Vectors)>, ComputeError> {
		self.queue.run(Lane::Grad, move |brain| brain.grad(&upstream)).await?
	}
}

/// A component that answers with noise and learns nothing.
pub struct NoiseNucleus(Noise);

impl NoiseNucleus {
	/// Its answers depend on the seed and their order only.
	pub fn new(seed: u64) -> Self {
		Self(Noise::new(seed))
	}
}

#[async_trait]
impl ComponentService for NoiseNucleus {
	async fn spike(
		&self,
		texts: Arc<[String]>,
		_downstream: Vec<DownstreamAnswer>,
	) -> Result<Output, ComputeError> {
		let y = self.0.forward(&texts, &[]).map_err(failed)?;
		Ok(Output { vectors: to_vectors(&y)?, version: self.0.version() })
	}

	async fn grad(
		&self,
		_upstream: UpstreamGrad,
	) -> Result<Vec<(AccountId, Vectors)>, ComputeError> {
		Ok(Vec::new())
	}
}
