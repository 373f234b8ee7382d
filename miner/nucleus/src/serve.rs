//! What a miner serves: text in, vectors out.

use std::sync::{
	atomic::{AtomicU64, Ordering},
	Arc,
};

use candle_core::{Device, Tensor};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	config::DIM,
	encoder::{Cbow, Tokens},
	error::{NucleusError, Result},
	joiner::{Centred, Joiner},
	parameters::normal,
	slots::Slot,
	tensors,
	tokenizer::Tokenizer,
};

/// Texts that are encoded together; more would only make the matrices larger.
const CHUNK: usize = 32;

/// Something that answers Spikes.
pub trait Serve: Send + Sync {
	/// y, `[B, m]`, of B texts. `d` holds per slot the vectors of a downstream component,
	/// `[B, m]`, or `None` if it did not answer; one of a wrong shape or with numbers that are not
	/// finite counts as missing, and slots beyond the end of `d` as well.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`] without texts; [`NucleusError::NoSuchSlot`] if `d` is longer
	/// than the component has slots.
	fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor>;

	/// Counts the changes of what it answers with.
	fn version(&self) -> u64;

	/// Downstream components it can use.
	fn slots(&self) -> usize;
}

/// The function f of a trainable component.
#[derive(Clone, Debug)]
pub(crate) struct Function {
	pub(crate) encoder: Cbow,
	pub(crate) joiner: Joiner,
}

impl Function {
	/// y of texts, with the given slot statistics.
	pub(crate) fn forward(
		&self,
		tokenizer: &Tokenizer,
		max_tokens: usize,
		slots: &SlotTable,
		texts: &[String],
		d: &[Option<Tensor>],
		device: &Device,
	) -> Result<Tensor> {
		let (raw, _) = slots.inputs(d, texts.len())?;
		let mut out = Vec::with_capacity(texts.len().div_ceil(CHUNK));
		for (i, chunk) in texts.chunks(CHUNK).enumerate() {
			let rows = i * CHUNK * DIM..(i * CHUNK + chunk.len()) * DIM;
			let tokens = Tokens::read(tokenizer, chunk, max_tokens, device)?;
			let e = self.encoder.forward(&tokens)?.detach();
			let own = tensors::with_slice(&e, |e| slots.own.centred(e))?;
			let mut downstream = Vec::with_capacity(raw.len());
			for (slot, raw) in slots.downstream.iter().zip(&raw) {
				downstream.push(match raw.as_ref().and_then(|raw| raw.get(rows.clone())) {
					Some(raw) => Some(tensors::from_rows(slot.centred(raw), device)?),
					None => None,
				});
			}
			let own = tensors::from_rows(own, device)?;
			let h = self.joiner.join(&Centred { own, downstream, null: None })?;
			out.push(self.joiner.finish(&h)?.detach());
		}
		match out.len() {
			0 => Err(NucleusError::EmptyBatch),
			1 => Ok(out.remove(0)),
			_ => Ok(Tensor::cat(&out, 0)?),
		}
	}
}

/// Running statistics of all slots.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct SlotTable {
	pub(crate) own: Slot,
	pub(crate) downstream: Vec<Slot>,
}

impl SlotTable {
	pub(crate) fn new(slots: usize, own: Slot) -> Self {
		Self { own, downstream: vec![Slot::default(); slots] }
	}

	/// Raw vectors per slot, row-major, and the slots whose vectors could not be used.
	pub(crate) fn inputs(
		&self,
		d: &[Option<Tensor>],
		rows: usize,
	) -> Result<(Vec<Option<Vec<f32>>>, Vec<usize>)> {
		if d.len() > self.downstream.len() {
			return Err(NucleusError::NoSuchSlot {
				slot: d.len() - 1,
				slots: self.downstream.len(),
			});
		}
		let mut refused = Vec::new();
		let mut raw = vec![None; self.downstream.len()];
		for (slot, d) in d.iter().enumerate() {
			let Some(d) = d else { continue };
			match tensors::rows(d, rows, "downstream vectors") {
				Ok(data) => raw[slot] = Some(data),
				Err(_) => refused.push(slot),
			}
		}
		Ok((raw, refused))
	}
}

/// An unchanging copy of a component's function, to serve from while the component trains.
#[derive(Clone, Debug)]
pub struct Snapshot {
	pub(crate) function: Function,
	pub(crate) tokenizer: Arc<Tokenizer>,
	pub(crate) slots: SlotTable,
	pub(crate) max_tokens: usize,
	pub(crate) version: u64,
	pub(crate) device: Device,
}

impl Serve for Snapshot {
	fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor> {
		self.function.forward(&self.tokenizer, self.max_tokens, &self.slots, texts, d, &self.device)
	}

	fn version(&self) -> u64 {
		self.version
	}

	fn slots(&self) -> usize {
		self.slots.downstream.len()
	}
}

/// A component that answers with noise: normal deviates that have nothing to do with the text.
#[derive(Debug)]
pub struct Noise {
	seed: u64,
	answers: AtomicU64,
}

impl Noise {
	/// Its n-th answer depends on the seed and n only.
	pub fn new(seed: u64) -> Self {
		Self { seed, answers: AtomicU64::new(0) }
	}
}

impl Serve for Noise {
	fn forward(&self, texts: &[String], _d: &[Option<Tensor>]) -> Result<Tensor> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
		rng.set_stream(self.answers.fetch_add(1, Ordering::Relaxed));
		tensors::from_rows(normal(&mut rng, texts.len() * DIM, 1.0), &Device::Cpu)
	}

	fn version(&self) -> u64 {
		0
	}

	fn slots(&self) -> usize {
		0
	}
}
