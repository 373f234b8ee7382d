//! Held-out perplexity of every trainable kind after equal steps on the corpus, alone, and the processor
//! time of a step.
//!
//! `RAYON_NUM_THREADS=1 cargo run -p bittensor-nucleus --profile fast --example kinds -- [STEPS] [CORPUS]`

use std::sync::Arc;

use bittensor_nucleus::{
	held_out, Config, Corpus, Result, Sampler, Setup, Tokenizer, Unigram, KINDS,
};

fn main() -> Result<()> {
	let mut arguments = std::env::args().skip(1);
	let steps: u64 = arguments.next().and_then(|steps| steps.parse().ok()).unwrap_or(1_000);
	let corpus = Corpus::load(arguments.next().unwrap_or("corpus".into()))?;
	let config = Config::default();
	let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
	let documents = corpus.select("all")?;
	let (context, horizon) = (config.context, config.horizon);
	let measured = corpus.held_out_for(&documents);
	let examples = held_out(&corpus, &measured, &tokenizer, context, horizon, 1_024)?;
	for seed in 1..=3 {
		for kind in KINDS.iter().filter(|kind| kind.learns) {
			let config = Config { seed, ..config.clone() };
			let mut sampler =
				Sampler::new(&corpus, &documents, &tokenizer, context, horizon, seed)?;
			let prior = Some(Unigram::fit(sampler.tokens(), tokenizer.size()));
			let setup =
				Setup { prior, ..Setup::new(config.clone()).with_tokenizer(tokenizer.clone()) };
			let mut model = kind.create(&setup)?;
			let (mut best, mut used) = ((f64::INFINITY, 0), 0.0);
			for step in 1..=steps {
				let batch = sampler.next_batch(config.batch);
				let start = cpu_seconds();
				model.train_step(&batch, &[])?;
				used += cpu_seconds() - start;
				if step.is_multiple_of(200) || step == steps {
					let perplexity = model.evaluate(&examples, &[])?.with_network;
					println!("seed {seed} {:12} step {step:5}: {perplexity:.1}", kind.name);
					if perplexity < best.0 {
						best = (perplexity, step);
					}
				}
			}
			println!(
				"seed {seed} {:12} best {:.1} at step {}, {:.2} ms a step",
				kind.name,
				best.0,
				best.1,
				1e3 * used / steps as f64
			);
		}
	}
	Ok(())
}

/// Processor time of this thread, which other processes do not change. All work is done in it with
/// `RAYON_NUM_THREADS=1`.
fn cpu_seconds() -> f64 {
	let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
	let first = times.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok());
	first.unwrap_or(f64::NAN) / 1e9
}
