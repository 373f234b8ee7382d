use bittensor_nucleus::{
	kinds, tokenizer::UNKNOWN_ID, Batch, Component, Config, Example, Grad, Model, Sampler, Setup,
	Tensor, Unigram,
};

use crate::support::{
	answer, bits, component, config, corpus, cut, cut_batch, held_out, sampler, setup, tokenizer,
	Knows,
};

fn texts(examples: &[Example]) -> Vec<String> {
	examples.iter().map(|e| e.text.clone()).collect()
}

#[test]
fn equal_seeds_give_equal_components() {
	let run = |seed| {
		let settings = config(seed);
		let mut component = component(settings.clone());
		let mut sampler = sampler(&settings);
		for _ in 0..10 {
			let batch = sampler.next_batch(16);
			let d = vec![Some(answer(&batch.texts, Knows::Bag, 0.1, 1).expect("vectors"))];
			component.train_step(&batch, &d).expect("a step");
		}
		bits(&component)
	};
	assert!(run(1) == run(1));
	assert!(run(1) != run(2));
}

#[test]
fn perplexity_falls_below_the_unigram_baseline() {
	let settings = Config { horizon: 2, subsample: 0.0, ..config(3) };
	let mut sampler = sampler(&settings);
	let examples = held_out(&settings, 400);
	let unigram = Unigram::fit(sampler.tokens(), tokenizer().size());
	let known = examples.iter().flat_map(|e| &e.target).filter(|id| **id != UNKNOWN_ID);
	let baseline = unigram.perplexity(known.map(std::slice::from_ref));
	let setup = Setup { prior: Some(unigram), ..setup(settings) };
	let mut component = kinds::component(&setup).expect("valid");
	let start = component.evaluate(&examples, &[]).expect("measured").with_network;
	assert!((start / baseline - 1.0).abs() < 0.05, "starts at {start}, baseline {baseline}");
	for _ in 0..400 {
		component.train_step(&sampler.next_batch(32), &[]).expect("a step");
	}
	let end = component.evaluate(&examples, &[]).expect("measured");
	println!("held-out perplexity {:.1}, unigram {baseline:.1}", end.with_network);
	assert!(end.with_network < 0.9 * baseline, "{end:?}, baseline {baseline}");
	assert_eq!(end.with_network, end.without_inputs);
}

#[test]
fn a_useful_downstream_component_lowers_the_loss() {
	// The component sees x without its last two words; its downstream knows the last one.
	let settings = config(4);
	let examples: Vec<Example> = held_out(&settings, 2_000);
	let short: Vec<Example> = examples
		.iter()
		.map(|e| Example { text: cut(&e.text, 2), target: e.target.clone() })
		.collect();
	let run = |knows: Option<Knows>| {
		let d = |texts: &[String]| -> Vec<Option<Tensor>> {
			vec![knows.map(|knows| answer(texts, knows, 0.1, 5).expect("vectors"))]
		};
		let mut component = component(settings.clone());
		let mut sampler = sampler(&settings);
		for _ in 0..450 {
			let batch = sampler.next_batch(32);
			component.train_step(&cut_batch(&batch, 2), &d(&batch.texts)).expect("a step");
		}
		component.evaluate(&short, &d(&texts(&examples))).expect("measured")
	};
	let alone = run(None);
	let helped = run(Some(Knows::Token(0)));
	let noise = run(Some(Knows::Nothing));
	println!("alone {alone:?}\nhelped {helped:?}\nnoise {noise:?}");
	assert!(helped.with_network < 0.9 * alone.with_network);
	assert!(helped.with_network < 0.9 * helped.without_inputs, "the gain is seen by ablation");
	assert!(noise.with_network > 0.99 * noise.without_inputs, "noise does not help");
}

/// A sees the beginning of x, B all of it. B's own loss rests; A trains it or not.
fn pair(seed: u64, train_b: bool) -> (f64, bool) {
	let settings = Config {
		horizon: 8,
		batch: 16,
		learning_rate: 1.5e-3,
		upstream_warm_up: 50,
		..config(seed)
	};
	let mut a = component(settings.clone());
	let mut b = component(Config { seed: seed + 100, ..settings.clone() });
	let mut sampler: Sampler = sampler(&settings);
	let before = bits(&b);
	let push = if train_b { 0.25 } else { 0.0 };
	let words = a.vocabulary().to_vec();
	let send = |b: &mut Component, texts: &[String], error: &Tensor| {
		let version = b.version();
		b.accumulate_grad(Grad { source: [1; 32], push, version, texts, d: &[], error })
			.expect("a Grad");
	};
	for step in 0..400 {
		if step % 16 == 0 {
			if let Some(errors) = a.take_word_errors(0).expect("input 0") {
				send(&mut b, &words, &errors);
			}
			let vectors = b.forward(&words, &[]).expect("vectors of words");
			a.set_words(0, Some(&vectors)).expect("proper vectors");
		}
		let batch: Batch = sampler.next_batch(settings.batch);
		let d = vec![Some(b.forward(&batch.texts, &[]).expect("vectors"))];
		let report = a.train_step(&cut_batch(&batch, 10), &d).expect("a step");
		send(&mut b, &batch.texts, report.errors[0].as_ref().expect("B was used"));
		b.upstream_step().expect("a step");
	}
	let examples = held_out(&settings, 1_000);
	let d = vec![Some(b.forward(&texts(&examples), &[]).expect("vectors"))];
	let short: Vec<Example> = examples
		.iter()
		.map(|e| Example { text: cut(&e.text, 10), target: e.target.clone() })
		.collect();
	let perplexity = a.evaluate(&short, &d).expect("measured").with_network;
	(perplexity, bits(&b) != before)
}

#[test]
fn a_component_trained_by_grads_serves_its_upstream_better() {
	for seed in [21, 23] {
		let (frozen, moved) = pair(seed, false);
		assert!(!moved, "without a bid B must not move");
		let (trained, moved) = pair(seed, true);
		assert!(moved);
		println!("seed {seed}: A's perplexity {frozen:.2} with B frozen, {trained:.2} trained");
		assert!(trained < 0.97 * frozen, "{trained} is not well below {frozen}");
	}
}

#[test]
fn documents_of_the_corpus_serve_every_group() {
	for group in corpus().groups() {
		let settings = Config { horizon: 2, ..config(6) };
		let documents = corpus().select(group).expect("a group");
		let (context, horizon) = (settings.context, settings.horizon);
		let sampler = Sampler::new(corpus(), &documents, &tokenizer(), context, horizon, 1);
		assert!(sampler.expect("examples").examples() > 10_000, "{group}");
	}
}
