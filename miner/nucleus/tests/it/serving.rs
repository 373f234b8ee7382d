//! Answers: what may and may not change them.

use bittensor_nucleus::{
	kind, kinds, tokenizer::UNKNOWN_ID, Config, Model, NucleusError, Setup, Tensor, DIM,
};

use crate::support::{answer, bits, component, config, entries, held_out, sampler, setup, Knows};

#[test]
fn more_vectors_than_inputs_are_refused() {
	let component = component(config(1));
	let too_many: Vec<Option<Tensor>> = vec![None; 5];
	let refused = component.forward(&["one".to_owned()], &too_many);
	assert!(matches!(refused, Err(NucleusError::NoSuchInput { input: 4, inputs: 4 })));
}

#[test]
fn an_answer_does_not_depend_on_its_company() {
	let settings = config(2);
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for _ in 0..5 {
		let batch = sampler.next_batch(32);
		let d = vec![Some(answer(&batch.texts, Knows::Bag, 0.0, 1).expect("vectors"))];
		component.train_step(&batch, &d).expect("a step");
	}
	let texts = sampler.next_batch(70).texts;
	let d = answer(&texts, Knows::Bag, 0.0, 1).expect("vectors");
	let together = entries(&component.forward(&texts, &[Some(d.clone())]).expect("vectors"));
	for i in [0, 31, 32, 69] {
		let row = d.narrow(0, i, 1).and_then(|d| d.contiguous()).expect("a row");
		let alone = component.forward(&texts[i..=i], &[Some(row)]).expect("a vector");
		for (a, b) in entries(&alone).iter().zip(&together[i * DIM..]) {
			assert!((a - b).abs() < 1e-5, "text {i}");
		}
	}
}

#[test]
fn a_missing_or_broken_answer_is_the_mean() {
	let settings = config(3);
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for _ in 0..20 {
		let batch = sampler.next_batch(32);
		let d = vec![Some(answer(&batch.texts, Knows::Token(0), 0.0, 1).expect("vectors"))];
		assert!(component.train_step(&batch, &d).expect("a step").refused.is_empty());
	}
	let batch = sampler.next_batch(32);
	let texts = &batch.texts;
	let good = answer(texts, Knows::Token(0), 0.0, 1).expect("vectors");
	let with = entries(&component.forward(texts, &[Some(good.clone())]).expect("vectors"));
	assert!(with != entries(&component.forward(texts, &[None]).expect("vectors")));
	let bad = [
		good.affine(f64::NAN, 0.0).expect("a tensor"),
		good.affine(1.0, f64::INFINITY).expect("a tensor"),
		good.narrow(0, 0, 31).expect("a tensor"),
		good.reshape((64, DIM / 2)).expect("a tensor"),
	];
	for bad in bad {
		let y = entries(&component.forward(texts, &[Some(bad.clone())]).expect("vectors"));
		assert!(y == entries(&component.forward(texts, &[None]).expect("vectors")));
		let report = component.train_step(&batch, &[Some(bad)]).expect("a step all the same");
		assert_eq!(report.refused, [0]);
		assert!(report.stepped && report.errors[0].is_none());
	}
	// Wild but finite numbers are cut, not fatal.
	let wild = good.affine(1e30, 0.0).expect("a tensor");
	let y = component.forward(texts, &[Some(wild)]).expect("vectors");
	assert!(entries(&y).iter().all(|x| x.abs() < 1e3));
}

#[test]
fn noise_is_seeded_and_ignores_the_text() {
	let texts = vec!["a".to_owned(), "b".to_owned()];
	let noise = |seed| -> Box<dyn Model> {
		let setup = Setup::new(Config { seed, ..Config::default() });
		kind("noise").and_then(|noise| noise.create(&setup)).expect("no settings are needed")
	};
	let (a, b) = (noise(1), noise(1));
	let first = entries(&a.forward(&texts, &[]).expect("noise"));
	assert!(first == entries(&b.forward(&texts, &[]).expect("noise")));
	assert!(first != entries(&a.forward(&texts, &[]).expect("noise")));
	assert!(first != entries(&noise(2).forward(&texts, &[]).expect("noise")));
	let long = entries(&a.forward(&vec!["x".to_owned(); 100], &[]).expect("noise"));
	let mean = long.iter().sum::<f32>() / long.len() as f32;
	let variance = long.iter().map(|x| x * x).sum::<f32>() / long.len() as f32;
	assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
	assert!(matches!(a.forward(&[], &[]), Err(NucleusError::EmptyBatch)));
}

#[test]
fn settings_out_of_range_are_refused() {
	let bad = [
		Config { inputs: 65, ..config(1) },
		Config { horizon: 0, ..config(1) },
		Config { clip: 0.0, ..config(1) },
		Config { learning_rate: f64::NAN, ..config(1) },
		Config { max_tokens: 3, ..config(1) },
	];
	for config in bad {
		let made = kinds::component(&setup(config));
		assert!(matches!(made, Err(NucleusError::Config { .. })));
	}
}

#[test]
fn bad_batches_change_nothing() {
	let settings = config(5);
	let mut component = component(settings.clone());
	let before = bits(&component);
	let good = sampler(&settings).next_batch(4);
	let mut empty = good.clone();
	empty.texts.clear();
	empty.targets.clear();
	assert!(matches!(component.train_step(&empty, &[]), Err(NucleusError::EmptyBatch)));
	let mut few = good.clone();
	few.targets.pop();
	let mut unknown = good.clone();
	unknown.targets[0][0] = 512;
	let mut long = good;
	long.targets[1].push(3);
	for bad in [few, unknown, long] {
		assert!(matches!(component.train_step(&bad, &[]), Err(NucleusError::Shape { .. })));
	}
	assert!(bits(&component) == before);
	assert_eq!(component.steps(), 0);
	let examples = held_out(&settings, 10);
	let known = examples.iter().flat_map(|e| &e.target).filter(|id| **id != UNKNOWN_ID).count();
	let tokens = component.evaluate(&examples, &[]).expect("measured").tokens;
	assert_eq!(tokens, known as u64);
}
