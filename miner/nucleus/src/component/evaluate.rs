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
	objective::ExampleLoss,
	tensors,
};

/// Texts that are encoded together; larger chunks only make the matrices larger.
const CHUNK: usize = 32;

/// The rows of texts that are words, with their ids, and of those that are passages.
#[derive(Debug, Default)]
pub(super) struct Split {
	pub(super) words: Vec<(usize, u32)>,
	pub(super) passages: Vec<usize>,
}

/// Some rows of all vectors.
pub(super) fn rows_of(raw: &Raw, rows: &[usize]) -> Raw {
	let pick = |all: &Vec<f32>| {
		rows.iter().flat_map(|&row| &all[row * DIM..(row + 1) * DIM]).copied().collect()
	};
	raw.iter().map(|all| all.as_ref().map(pick)).collect()
}

/// Writes the rows of a tensor to these places.
pub(super) fn scatter(
	from: &Tensor,
	places: impl Iterator<Item = usize>,
	to: &mut [f32],
) -> Result<()> {
	tensors::with_slice(from, |from| {
		for (row, place) in from.chunks_exact(DIM).zip(places) {
			to[place * DIM..(place + 1) * DIM].copy_from_slice(row);
		}
	})
}

impl Component {
	pub(super) fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor> {
		let (raw, _) = self.inputs.read(d, texts.len())?;
		let Split { words, passages } = self.split(texts)?;
		if words.is_empty() {
			return self.passages(texts, &raw);
		}
		let ids: Vec<u32> = words.iter().map(|(_, id)| *id).collect();
		let of_words = self.shape.objective.words(&ids)?;
		if passages.is_empty() {
			return Ok(of_words);
		}
		let raw = rows_of(&raw, &passages);
		let chosen: Vec<String> = passages.iter().map(|&row| texts[row].clone()).collect();
		let of_passages = self.passages(&chosen, &raw)?;
		let mut all = vec![0_f32; texts.len() * DIM];
		let places = words.iter().map(|(row, _)| *row);
		scatter(&of_words, places, &mut all)?;
		scatter(&of_passages, passages.iter().copied(), &mut all)?;
		tensors::from_rows(all, &self.device)
	}

	/// Which texts are words, with their ids, and which are passages.
	pub(super) fn split(&self, texts: &[String]) -> Result<Split> {
		let mut split = Split::default();
		for (row, text) in texts.iter().enumerate() {
			match self.shape.encoder.word(text)? {
				Some(id) => split.words.push((row, id)),
				None => split.passages.push(row),
			}
		}
		Ok(split)
	}

	/// y of passages.
	fn passages(&self, texts: &[String], raw: &Raw) -> Result<Tensor> {
		let mut out = Vec::with_capacity(texts.len().div_ceil(CHUNK));
		for (i, texts) in texts.chunks(CHUNK).enumerate() {
			out.push(self.join(texts, raw, i * CHUNK)?.y.detach());
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
		let encoded = self.shape.encoder.forward(texts, None)?;
		let own = tensors::with_slice(encoded.vectors(), |e| self.inputs.own.centred(e))?;
		let mut downstream = Vec::with_capacity(raw.len());
		for (input, raw) in self.inputs.downstream.iter().zip(raw) {
			downstream.push(match raw.as_ref().and_then(|raw| raw.get(rows.clone())) {
				Some(raw) => Some(tensors::from_rows(input.centred(raw), &self.device)?),
				None => None,
			});
		}
		let own = tensors::from_rows(own, &self.device)?;
		let z = self.weighed(Centred { own, downstream, null: None, strengths: Vec::new() })?;
		self.shape.joiner.forward(z, None)
	}

	pub(super) fn example_losses(
		&self,
		examples: &[Example],
		d: &[Option<Tensor>],
	) -> Result<Vec<ExampleLoss>> {
		let _averages = self.averaged()?;
		self.losses_now(examples, d)
	}

	/// The losses of the parameters as they are.
	pub(super) fn losses_now(
		&self,
		examples: &[Example],
		d: &[Option<Tensor>],
	) -> Result<Vec<ExampleLoss>> {
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

	/// The losses of an ensemble: components that are asked alone, whose logits are averaged. That is the
	/// geometric mean of their distributions. All must have one vocabulary.
	///
	/// # Errors
	/// As [`Model::example_losses`](crate::Model::example_losses).
	pub(crate) fn ensemble_losses(all: &[&Self], examples: &[Example]) -> Result<Vec<ExampleLoss>> {
		let Some(first) = all.first() else { return Ok(Vec::new()) };
		let _averages = all.iter().map(|one| one.averaged()).collect::<Result<Vec<_>>>()?;
		let mut losses = Vec::with_capacity(examples.len());
		for chunk in examples.chunks(CHUNK) {
			let batch = Batch::from_examples(chunk);
			let (logits, biases): (Vec<Tensor>, Vec<Tensor>) = all
				.iter()
				.map(|one| {
					let (raw, _) = one.inputs.read(&[], batch.texts.len())?;
					one.shape.objective.logits(&one.join(&batch.texts, &raw, 0)?)
				})
				.collect::<Result<Vec<_>>>()?
				.into_iter()
				.unzip();
			let mean = |all: &[Tensor]| Tensor::stack(all, 0)?.mean(0);
			let targets = first.shape.objective.targets(&batch)?;
			let (logits, bias) = (mean(&logits)?, mean(&biases)?);
			losses.extend(first.shape.objective.losses_from(&logits, &bias, &targets)?);
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
		let _averages = self.averaged()?;
		let targets = self.shape.objective.targets(batch)?;
		let (raw, _) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts, None)?;
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), &raw, None, &self.device)?;
		let joined = self.shape.joiner.forward(self.weighed(leaves.centred())?, None)?;
		let decoded = self.shape.objective.forward(&joined, &targets, None)?;
		leaves.gradients(&decoded.root.backward()?)
	}
}
