//! Vectors of the inputs, computed once.

use super::data::{texts, Data, Measure};
use crate::pool::say;
use anyhow::Result;
use bittensor_nucleus::{
	corpus::Batch, kind, kinds::Setup, pretrained::ModelFiles, Component, Config, Model, Tensor,
};
use std::time::Instant;

/// Texts that an encoder gets at a time.
const TEXTS: usize = 64;

/// Vectors of one encoder, or of the middle component of a chain.
pub(super) struct Vectors {
	pub(super) batches: Vec<Tensor>,
	/// Of the examples of a middle component.
	pub(super) others: Vec<Tensor>,
	pub(super) words: Tensor,
	pub(super) validation: Vec<Tensor>,
	pub(super) test: Vec<Tensor>,
}

/// Vectors for one of the sets of texts.
pub(super) type Of = fn(&Vectors) -> &[Tensor];

/// Vectors of an encoder for texts.
fn encode(model: &dyn Model, texts: &[String]) -> Result<Tensor> {
	let parts = texts
		.chunks(TEXTS)
		.map(|texts| Ok(model.forward(texts, &[])?))
		.collect::<Result<Vec<_>>>()?;
	Ok(Tensor::cat(&parts, 0)?)
}

/// Vectors of an encoder for all texts of the runs; with `in_chain`, for those of middle components.
pub(super) fn vectors(
	name: &str,
	files: &ModelFiles,
	data: &Data,
	words: &[String],
	in_chain: bool,
) -> Result<Vectors> {
	let start = Instant::now();
	let setup = Setup { files: files.clone(), ..Setup::new(Config::default()) };
	let model = kind(name)?.create(&setup)?;
	let of = |texts: &[String]| encode(&*model, texts);
	let measured = |all: &[Measure]| -> Result<Vec<Tensor>> {
		all.iter().map(|measure| of(&texts(measure))).collect()
	};
	let batches = |all: &[Batch]| all.iter().map(|batch| of(&batch.texts)).collect::<Result<_>>();
	let vectors = Vectors {
		batches: batches(&data.batches)?,
		others: batches(if in_chain { &data.others } else { &[] })?,
		words: of(words)?,
		validation: measured(&data.validation)?,
		test: measured(&data.test)?,
	};
	say(&format!("{name}: vectors in {:.0} s", start.elapsed().as_secs_f64()));
	Ok(vectors)
}

/// The n-th tensor of each input.
pub(super) fn nth(inputs: &[&Vectors], of: Of, n: usize) -> Vec<Option<Tensor>> {
	inputs.iter().map(|input| of(input).get(n).cloned()).collect()
}

/// What a trained component with these inputs answers.
pub(super) fn answers(component: &Component, data: &Data, inputs: &[&Vectors]) -> Result<Vectors> {
	let measured = |all: &[Measure], of: Of| -> Result<Vec<Tensor>> {
		let one = |(n, measure)| Ok(component.forward(&texts(measure), &nth(inputs, of, n))?);
		all.iter().enumerate().map(one).collect()
	};
	let batch = |(n, batch): (usize, &Batch)| {
		Ok(component.forward(&batch.texts, &nth(inputs, |v| &v.batches, n))?)
	};
	Ok(Vectors {
		batches: data.batches.iter().enumerate().map(batch).collect::<Result<_>>()?,
		others: Vec::new(),
		words: component.forward(component.vocabulary(), &[])?,
		validation: measured(&data.validation, |v| &v.validation)?,
		test: measured(&data.test, |v| &v.test)?,
	})
}
