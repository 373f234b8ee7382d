//! What attribution costs a component with 8 inputs.

use bench_report::median;
use bittensor_nucleus::{
	kind, kinds, AttributionConfig, Batch, Config, Corpus, Model, Setup, Tensor, AVERAGING,
};
use serde::Serialize;

use crate::{
	contenders::{peak_bytes, processor_seconds},
	task,
};

/// The cost of attribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Attribution {
	pub(crate) inputs: usize,
	/// Training steps between two scored batches.
	pub(crate) score_every: u64,
	/// Processor time of a training step, median of the rounds.
	pub(crate) step_seconds: Option<f64>,
	/// Of scoring a batch.
	pub(crate) score_seconds: Option<f64>,
	/// Scoring over the training steps between two scored batches.
	pub(crate) overhead: Option<f64>,
	/// The most memory that the process has held, with all inputs.
	pub(crate) peak_bytes: Option<f64>,
}

/// Trains and scores, as a miner does, with the settings that ship.
pub(crate) fn measure(corpus: &Corpus, rounds: usize, steps: usize) -> anyhow::Result<Attribution> {
	let (setup, mut sampler) =
		task::setup(corpus, Config { averaging: AVERAGING, ..Config::default() })?;
	let Config { inputs, batch, .. } = setup.config;
	let AttributionConfig { score_every: every, batch: texts, .. } = setup.config.attribution;
	let mut component = kinds::component(&setup)?;
	// What the inputs know is of no importance for the time.
	let noise = |seed| {
		kind("noise")?.create(&Setup::new(Config { seed: seed as u64, ..Config::default() }))
	};
	let peers: Vec<Box<dyn Model>> = (0..inputs).map(noise).collect::<Result<_, _>>()?;
	let words = component.vocabulary().to_vec();
	for (input, peer) in peers.iter().enumerate() {
		component.set_words(input, Some(&peer.forward(&words, &[])?))?;
	}
	let answers = |batch: &Batch| -> anyhow::Result<Vec<Option<Tensor>>> {
		peers.iter().map(|peer| Ok(Some(peer.forward(&batch.texts, &[])?))).collect()
	};
	let (mut stepping, mut scoring) = (Vec::new(), Vec::new());
	// The first round does not count.
	for round in 0..=rounds {
		let (mut stepped, mut scored, mut scores) = (0.0, 0.0, 0_u64);
		for step in 0..steps as u64 {
			let examples = sampler.next_batch(batch);
			let d = answers(&examples)?;
			let start = processor_seconds();
			component.train_step(&examples, &d)?;
			stepped += processor_seconds() - start;
			if step % every == 0 {
				let examples = sampler.next_batch(texts);
				let d = answers(&examples)?;
				let start = processor_seconds();
				component.score(&examples, &d, &[])?;
				scored += processor_seconds() - start;
				scores += 1;
			}
		}
		if round > 0 {
			stepping.push(stepped / steps.max(1) as f64);
			scoring.push(scored / scores.max(1) as f64);
		}
	}
	let overheads =
		stepping.iter().zip(&scoring).map(|(step, score)| score / (step * every as f64));
	Ok(Attribution {
		inputs,
		score_every: every,
		overhead: median(overheads),
		step_seconds: median(stepping.iter().copied()),
		score_seconds: median(scoring.iter().copied()),
		peak_bytes: peak_bytes(),
	})
}
