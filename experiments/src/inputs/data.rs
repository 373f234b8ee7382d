//! Examples to train on, to choose the best step by, and to measure.

use super::{vectors::Vectors, InputsPlan};
use anyhow::Result;
use bittensor_nucleus::{
	corpus::{held_out, Batch, Corpus, Example, Sampler, Split},
	kinds::{component, Setup},
	Component, Config, Tensor, Tokenizer, Unigram,
};
use std::sync::Arc;

/// A prime: its multiples go through all examples before one comes again.
const STRIDE: usize = 1_000_003;

/// Examples of one document.
pub(super) struct Measure {
	pub(super) document: String,
	pub(super) examples: Vec<Example>,
}

/// The texts of a run.
pub(super) struct Data {
	tokenizer: Arc<Tokenizer>,
	prior: Unigram,
	pub(super) batches: Vec<Batch>,
	/// Of a middle component.
	pub(super) others: Vec<Batch>,
	pub(super) validation: Vec<Measure>,
	pub(super) test: Vec<Measure>,
}

impl Data {
	pub(super) fn new(plan: &InputsPlan) -> Result<Self> {
		let config = plan.config("", 0.0, 0, 0)?;
		let corpus = Corpus::load(&plan.corpus)?;
		let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
		let train: Vec<usize> = corpus.train_indices().collect();
		let (context, horizon) = (config.context, config.horizon);
		let mut sampler = Sampler::new(&corpus, &train, &tokenizer, context, horizon, 0)?;
		let prior = Unigram::fit(sampler.tokens(), tokenizer.size());
		let mut draw = |examples: usize| -> Vec<Batch> {
			(0..examples / config.batch).map(|_| sampler.next_batch(config.batch)).collect()
		};
		let (batches, others) = (draw(plan.examples), draw(plan.chain.examples));
		let measured: Vec<usize> = (0..corpus.documents().len())
			.filter(|&i| corpus.documents()[i].split() == Split::HeldOut)
			.collect();
		// One document to validate, the next to test.
		let part = |odd: usize, count: usize| -> Result<Vec<Measure>> {
			let chosen: Vec<usize> = measured.iter().skip(odd).step_by(2).copied().collect();
			let bytes = |i: &usize| corpus.documents()[*i].text().len();
			let total = chosen.iter().map(bytes).sum::<usize>().max(1);
			let mut all = Vec::new();
			for i in chosen {
				let share = (count * bytes(&i)).div_ceil(total);
				let examples = held_out(&corpus, &[i], &tokenizer, context, horizon, share)?;
				all.push(Measure { document: corpus.documents()[i].name().into(), examples });
			}
			Ok(all)
		};
		let (validation, test) = (part(1, plan.validation)?, part(0, plan.test)?);
		Ok(Self { tokenizer, prior, batches, others, validation, test })
	}

	/// Some validation texts, in another order than that of the documents, beside what inputs know of
	/// them: what a component weighs its inputs by.
	pub(super) fn drawn(
		&self,
		inputs: &[&Vectors],
		count: usize,
		draw: usize,
	) -> Result<(Batch, Vec<Option<Tensor>>)> {
		let places: Vec<(usize, usize)> = self
			.validation
			.iter()
			.enumerate()
			.flat_map(|(n, measure)| (0..measure.examples.len()).map(move |row| (n, row)))
			.collect();
		let chosen: Vec<(usize, usize)> = (draw * count..(draw + 1) * count)
			.filter_map(|n| places.get(n * STRIDE % places.len().max(1)).copied())
			.collect();
		let examples: Vec<Example> =
			chosen.iter().map(|&(n, row)| self.validation[n].examples[row].clone()).collect();
		let of_input = |input: &&Vectors| -> Result<Option<Tensor>> {
			let row = |&(n, row): &(usize, usize)| input.validation[n].narrow(0, row, 1);
			let rows = chosen.iter().map(row).collect::<Result<Vec<_>, _>>()?;
			Ok(Some(Tensor::cat(&rows, 0)?))
		};
		let vectors = inputs.iter().map(of_input).collect::<Result<_>>()?;
		Ok((Batch::from_examples(&examples), vectors))
	}

	pub(super) fn component(&self, config: Config) -> Result<Component> {
		let setup = Setup {
			prior: Some(self.prior.clone()),
			..Setup::new(config).with_tokenizer(self.tokenizer.clone())
		};
		Ok(component(&setup)?)
	}
}

/// The texts of the examples of a document.
pub(super) fn texts(measure: &Measure) -> Vec<String> {
	measure.examples.iter().map(|example| example.text.clone()).collect()
}
