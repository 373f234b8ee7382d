//! Answers, losses and gradients without a step.

use candle_core::Tensor;

use crate::{
	component::{
		leaves::{Leaves, WithGradient},
		Component,
	},
	config::DIM,
	corpus::{Batch, Example},
	error::{NucleusError, Result},
	inputs::Raw,
	joiner::{Centred, Joined},
	tensors,
};

/// Texts that are encoded together; larger chunks only make the matrices larger.
const CHUNK: usize = 32;

impl Component {
	pub(super) fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor> {
		let (raw, _) = self.inputs.read(d, texts.len())?;
		let mut out = Vec::with_capacity(texts.len().div_ceil(CHUNK));
		for (i, texts) in texts.chunks(CHUNK).enumerate() {
			out.push(self.join(texts, &raw, i * CHUNK)?.y.detach());
		}
		match out.len() {
			0 => Err(NucleusError::EmptyBatch),
			1 => Ok(out.remove(0)),
			_ => Ok(Tensor::cat(&out, 0)?),
		}
	}

	/// y and z of texts whose vectors are the rows of `raw` from `start` on.
	fn join(&self, texts: &[String], raw: &Raw, start: usize) -> Result<Joined> {
		let rows = start * DIM..(start + texts.len()) * DIM;
		let encoded = self.shape.encoder.forward(texts)?;
		let own = tensors::with_slice(encoded.vectors(), |e| self.inputs.own.centred(e))?;
		let mut downstream = Vec::with_capacity(raw.len());
		for (input, raw) in self.inputs.downstream.iter().zip(raw) {
			downstream.push(match raw.as_ref().and_then(|raw| raw.get(rows.clone())) {
				Some(raw) => Some(tensors::from_rows(input.centred(raw), &self.device)?),
				None => None,
			});
		}
		let own = tensors::from_rows(own, &self.device)?;
		self.shape.joiner.forward(Centred { own, downstream, null: None })
	}

	pub(super) fn losses(&self, examples: &[Example], d: &[Option<Tensor>]) -> Result<Vec<f32>> {
		let (raw, _) = self.inputs.read(d, examples.len())?;
		let mut losses = Vec::with_capacity(examples.len());
		for (i, chunk) in examples.chunks(CHUNK).enumerate() {
			let batch = Batch::from_examples(chunk);
			let targets = self.shape.objective.targets(&batch)?;
			let joined = self.join(&batch.texts, &raw, i * CHUNK)?;
			losses.extend(self.shape.objective.losses(&joined, &targets)?);
		}
		Ok(losses)
	}

	/// g_x and z_x of each input that is present, `[B, m]` row-major, without a step and without
	/// the null input: what attribution is computed from. `d` as in
	/// [`Model::forward`](crate::Model::forward).
	///
	/// # Errors
	/// As [`Model::train_step`](crate::Model::train_step).
	pub fn input_gradients(
		&self,
		batch: &Batch,
		d: &[Option<Tensor>],
	) -> Result<Vec<Option<WithGradient>>> {
		let targets = self.shape.objective.targets(batch)?;
		let (raw, _) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts)?;
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), &raw, None, &self.device)?;
		let joined = self.shape.joiner.forward(leaves.centred())?;
		let decoded = self.shape.objective.forward(&joined, &targets)?;
		leaves.gradients(&decoded.root.backward()?)
	}
}
