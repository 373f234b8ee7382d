//! Training of one component, and its best step.

use super::{
	data::{Data, Measure},
	vectors::{nth, Of, Vectors},
	InputsPlan,
};
use anyhow::{Context, Result};
use bittensor_nucleus::{
	corpus::Batch,
	simulation::{Measured, Sums},
	Component, Config, Model,
};

/// Training batches, and the vectors for them.
pub(super) type Course<'d> = (&'d [Batch], Of);

/// A component at its best step.
pub(super) struct Trained {
	pub(super) component: Component,
	pub(super) step: usize,
	pub(super) validation: f64,
	pub(super) test: Measured,
}

fn measure(
	component: &Component,
	all: &[Measure],
	inputs: &[&Vectors],
	of: Of,
) -> Result<Measured> {
	let mut documents = Vec::new();
	for (n, Measure { document, examples }) in all.iter().enumerate() {
		let losses = component.example_losses(examples, &nth(inputs, of, n))?;
		documents.push(Sums::of(document, examples, &losses));
	}
	Ok(Measured::new(documents))
}

/// Trains one component on batches, whose vectors `of` gives, and returns it as it was at its best
/// step.
pub(super) fn train(
	plan: &InputsPlan,
	data: &Data,
	config: Config,
	inputs: &[&Vectors],
	(batches, of): Course,
) -> Result<Trained> {
	let mut component = data.component(config)?;
	for (n, input) in inputs.iter().enumerate() {
		component.connect(n)?;
		component.set_words(n, Some(&input.words))?;
	}
	let score_every = component.config().attribution.score_every as usize;
	let mut best = None;
	let steps = plan.epochs * batches.len();
	for step in 0..steps {
		let at = step % batches.len();
		component.train_step(&batches[at], &nth(inputs, of, at))?;
		if (step + 1) % score_every == 0 {
			let (batch, d) =
				data.drawn(inputs, component.config().attribution.batch, step / score_every)?;
			component.score(&batch, &d, &[])?;
		}
		if (step + 1) % plan.validate == 0 || step + 1 == steps {
			let loss = measure(&component, &data.validation, inputs, |v| &v.validation)?.loss;
			if best.as_ref().is_none_or(|(_, best, _)| loss < *best) {
				best = Some((step + 1, loss, component.state()?));
			}
		}
	}
	let (step, validation, state) = best.context("no step was measured")?;
	component.rewind(&state)?;
	let test = measure(&component, &data.test, inputs, |v| &v.test)?;
	Ok(Trained { component, step, validation, test })
}
