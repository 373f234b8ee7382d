//! A small network inside one process: four `cbow` components, each on one group of documents, and
//! one `noise` component. Every component uses the vectors of all others, as over the wire. With
//! `--grads` it also trains them by its Grads, at equal bids.
//!
//! `cargo run -p bittensor-nucleus --profile fast --example network -- --corpus corpus --steps 500`
//!
//! Prints each component's row and its held-out perplexity with and without the others.

use std::{sync::Arc, time::Instant};

use bittensor_nucleus::{
	held_out, kind, kinds, Component, Config, Corpus, Example, Grad, Model, Result, Sampler, Setup,
	Tensor, Tokenizer, Unigram,
};

struct Member {
	component: Component,
	sampler: Sampler,
	held_out: Vec<Example>,
	unigram: f64,
	name: String,
}

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().collect();
	let value = |name: &str, default: &str| -> String {
		let found = arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
		found.map_or(default.to_owned(), Clone::clone)
	};
	let number = |name: &str, default: f64| value(name, "").parse().unwrap_or(default);
	let corpus = Corpus::load(value("--corpus", "corpus"))?;
	let steps = number("--steps", 500.0) as u64;
	let seed = number("--seed", 1.0) as u64;
	let every = number("--every", 100.0) as u64;
	let grads = arguments.iter().any(|a| a == "--grads");
	let mixed = arguments.iter().any(|a| a == "--mixed");
	let defaults = Config::default();
	let settings = Config {
		learning_rate: number("--rate", defaults.learning_rate),
		weight_decay: number("--weight-decay", defaults.weight_decay),
		batch: number("--batch", defaults.batch as f64) as usize,
		horizon: number("--horizon", defaults.horizon as f64) as usize,
		vocab: number("--vocab", defaults.vocab as f64) as usize,
		..defaults
	};
	let tokenizer = Arc::new(Tokenizer::train(&corpus, settings.vocab)?);
	let groups = corpus.groups();
	let mut members = Vec::new();
	for (i, group) in groups.iter().enumerate() {
		let selection =
			if mixed { format!("{}/{}", i + 1, groups.len()) } else { (*group).to_owned() };
		let documents = corpus.select(&selection)?;
		let config = Config { seed: seed * 1_000 + i as u64, ..settings.clone() };
		let (context, horizon) = (config.context, config.horizon);
		let seed = config.seed;
		let sampler = Sampler::new(&corpus, &documents, &tokenizer, context, horizon, seed)?;
		let measured = corpus.held_out_for(&documents);
		let held_out = held_out(&corpus, &measured, &tokenizer, context, horizon, 512)?;
		let prior = Unigram::fit(sampler.tokens(), tokenizer.size());
		members.push(Member {
			unigram: prior.perplexity(held_out.iter().map(|e| &e.target[..])),
			component: kinds::component(&Setup {
				prior: Some(prior),
				..Setup::new(config).with_tokenizer(tokenizer.clone())
			})?,
			sampler,
			held_out,
			name: selection,
		});
	}
	let noise = kind("noise")?.create(&Setup::new(Config { seed, ..Config::default() }))?;
	let noise = &*noise;
	println!(
		"vocabulary {} of {}, {} components",
		tokenizer.size(),
		corpus.documents().len(),
		members.len()
	);
	report(&members, noise)?;
	let (mut training, mut serving) = (0.0, 0.0);
	for step in 1..=steps {
		for i in 0..members.len() {
			let size = members[i].component.config().batch;
			let batch = members[i].sampler.next_batch(size);
			let start = Instant::now();
			let d = answers(&members, noise, i, &batch.texts)?;
			serving += start.elapsed().as_secs_f64();
			let start = Instant::now();
			let done = members[i].component.train_step(&batch, &d)?;
			training += start.elapsed().as_secs_f64();
			if grads {
				for (input, error) in done.errors.iter().enumerate() {
					let (Some(error), Some(j)) = (error, peer(i, input, members.len())) else {
						continue;
					};
					let target = &mut members[j].component;
					let version = target.version();
					let mut source = [0; 32];
					source[0] = i as u8;
					let push = 0.25;
					let texts = &batch.texts;
					target.accumulate_grad(Grad { source, push, version, texts, d: &[], error })?;
				}
			}
		}
		if step % every == 0 {
			let n = (every * members.len() as u64) as f64 / 1e3;
			println!(
				"\nstep {step}: {:.2} ms a training step, {:.2} ms for its {} spikes",
				training / n,
				serving / n,
				members.len()
			);
			(training, serving) = (0.0, 0.0);
			report(&members, noise)?;
		}
	}
	Ok(())
}

/// The component behind an input: all others in order; the noise comes last.
fn peer(own: usize, input: usize, members: usize) -> Option<usize> {
	let j = if input < own { input } else { input + 1 };
	(j < members).then_some(j)
}

fn answers(
	members: &[Member],
	noise: &dyn Model,
	own: usize,
	texts: &[String],
) -> Result<Vec<Option<Tensor>>> {
	(0..members.len())
		.map(|input| match peer(own, input, members.len()) {
			Some(j) => members[j].component.forward(texts, &[]).map(Some),
			None => noise.forward(texts, &[]).map(Some),
		})
		.collect()
}

fn report(members: &[Member], noise: &dyn Model) -> Result<()> {
	for (i, member) in members.iter().enumerate() {
		let texts: Vec<String> = member.held_out.iter().map(|e| e.text.clone()).collect();
		let d = answers(members, noise, i, &texts)?;
		let perplexity = member.component.evaluate(&member.held_out, &d)?;
		let attribution = member.component.attribution();
		let row = attribution.row();
		let shares: Vec<String> = (0..members.len())
			.map(|input| format!("{:5.2}", 100.0 * f64::from(row.share(input)) / 65_536.0))
			.collect();
		let scores: Vec<String> = attribution
			.inputs
			.iter()
			.flatten()
			.map(|s| format!("{:.4}±{:.4}", s.mean, s.se))
			.collect();
		let similar: Vec<String> = (0..members.len())
			.flat_map(|b| (0..b).map(move |a| (a, b)))
			.filter_map(|(a, b)| member.component.similarity(a, b))
			.map(|s| format!("{s:.2}"))
			.collect();
		println!(
			"{:18} perplexity {:6.1}, alone {:6.1}, unigram {:6.1} | row self {:5.2} % others {} \
			 (last: noise) | own {:.3} null {:.4}±{:.4} scores {} | similar {}",
			member.name,
			perplexity.with_network,
			perplexity.without_inputs,
			member.unigram,
			100.0 * f64::from(row.self_share) / 65_536.0,
			shares.join(" "),
			attribution.own.mean,
			attribution.null.mean,
			attribution.null.se,
			scores.join(" "),
			similar.join(" "),
		);
	}
	Ok(())
}
