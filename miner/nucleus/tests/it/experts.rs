//! Inputs as experts: their vectors of words, the errors of words, and words as texts.

use bittensor_nucleus::{
	Config, Device, DropoutConfig, Example, Grad, NucleusError, Tensor, Verdict, DIM,
};

use crate::{
	conformance::{answers, create, fetch_words, learning, usable},
	support::{answer, config, entries, sampler, Knows},
};

#[test]
fn errors_of_words_are_those_of_finite_differences() {
	for kind in learning() {
		let settings = Config { horizon: 3, dropout: NO_DROPOUT, ..config(5) };
		let mut model = create(kind, &settings);
		let words = model.vocabulary().to_vec();
		if words.is_empty() {
			continue;
		}
		let mut sampler = sampler(&settings);
		fetch_words(&mut *model);
		for _ in 0..20 {
			let batch = sampler.next_batch(16);
			let d = answers(&*model, &batch.texts);
			model.train_step(&batch, &d).expect("a step");
		}
		let batch = sampler.next_batch(8);
		let d = answers(&*model, &batch.texts);
		let both = batch.texts.iter().zip(&batch.targets);
		let examples: Vec<Example> = both
			.map(|(text, target)| Example { text: text.clone(), target: target.clone() })
			.collect();
		// The loss of one batch, summed; β stands before the step, so the loss is measured first.
		let table = entries(&answer(&words, Knows::Token(0), 0.1, 0).expect("vectors"));
		let state = model.state().expect("a state");
		let mut measured = Vec::new();
		let places: Vec<usize> = [1, 5, 40].iter().map(|word| word * DIM + 7).collect();
		for &place in &places {
			let mut moved = |by: f32| {
				let mut table = table.clone();
				table[place] += by;
				let table =
					Tensor::from_vec(table, (words.len(), DIM), &Device::Cpu).expect("a table");
				model.set_words(0, Some(&table)).expect("proper vectors");
				let losses = model.losses(&examples, &d).expect("losses");
				losses.iter().map(|x| f64::from(*x)).sum::<f64>()
			};
			measured.push((moved(0.5) - moved(-0.5)) / 1.0);
		}
		let back = Tensor::from_vec(table, (words.len(), DIM), &Device::Cpu).expect("a table");
		model.set_words(0, Some(&back)).expect("proper vectors");
		model.rewind(&state).expect("its own state");
		assert!(model.take_word_errors(0).expect("input 0").is_none(), "not asked for before");
		model.train_step(&batch, &d).expect("a step");
		let errors = model.take_word_errors(0).expect("input 0").expect("a step was made");
		let errors = entries(&errors);
		let largest = errors.iter().map(|error| f64::from(error.abs())).fold(0.0, f64::max);
		for (&place, measured) in places.iter().zip(measured) {
			let sent = f64::from(errors[place]);
			// A small entry is a difference of terms as large as the largest entry.
			assert!(
				(measured - sent).abs() < 0.05 * sent.abs() + 0.01 * largest,
				"{}: {sent} sent, {measured} by finite differences",
				kind.name
			);
		}
		assert!(model.take_word_errors(0).expect("input 0").is_none(), "taken");
	}
}

const NO_DROPOUT: DropoutConfig =
	DropoutConfig { entries: 0.0, words: 0.0, inputs: 0.0, features: 0.0, network: 0.0 };

#[test]
fn words_that_cannot_be_used_are_refused() {
	for kind in usable() {
		let mut model = create(kind, &config(3));
		let words = model.vocabulary().to_vec();
		let inputs = model.inputs();
		let none = model.set_words(inputs, None);
		assert!(matches!(none, Err(NucleusError::NoSuchInput { .. })), "{}", kind.name);
		assert!(matches!(model.take_word_errors(inputs), Err(NucleusError::NoSuchInput { .. })));
		if inputs == 0 {
			continue;
		}
		let zeros = |rows| Tensor::zeros((rows, DIM), candle_core::DType::F32, &Device::Cpu);
		let good = zeros(words.len()).expect("zeros");
		if words.is_empty() {
			let refused = model.set_words(0, Some(&good));
			assert!(matches!(refused, Err(NucleusError::NoVocabulary(_))), "{}", kind.name);
			continue;
		}
		fetch_words(&mut *model);
		let before = model.state().expect("a state");
		let short = zeros(words.len() - 1).expect("zeros");
		let wild = answer(&words, Knows::Bag, 0.0, 1).and_then(|t| Ok(t.affine(1e9, 0.0)?));
		let wild = wild.expect("large numbers");
		let nan = good.affine(0.0, f64::NAN).expect("not numbers");
		let refused = [&short, &wild, &nan].map(|words| model.set_words(0, Some(words)));
		assert!(matches!(refused[0], Err(NucleusError::Shape { .. })), "{refused:?}");
		assert!(matches!(refused[1], Err(NucleusError::TooLarge { .. })), "{refused:?}");
		assert!(matches!(refused[2], Err(NucleusError::NotFinite(_))), "{refused:?}");
		assert!(model.state().expect("a state") == before, "a refusal changed something");
	}
}

#[test]
fn an_input_adds_nothing_without_words_that_differ() {
	for kind in learning() {
		let settings = config(4);
		let mut model = create(kind, &settings);
		let words = model.vocabulary().to_vec();
		if words.is_empty() {
			continue;
		}
		let mut sampler = sampler(&settings);
		for _ in 0..3 {
			let batch = sampler.next_batch(16);
			model.train_step(&batch, &answers(&*model, &batch.texts)).expect("a step");
		}
		let batch = sampler.next_batch(8);
		let d = answers(&*model, &batch.texts);
		let both = batch.texts.iter().zip(&batch.targets);
		let examples: Vec<Example> = both
			.map(|(text, target)| Example { text: text.clone(), target: target.clone() })
			.collect();
		let without = model.losses(&examples, &d).expect("losses");
		let constant = answer(&words, Knows::Constant, 0.0, 2).expect("vectors");
		let zeros = constant.zeros_like().expect("zeros");
		for nothing in [constant, zeros] {
			let mut copy = create(kind, &settings);
			copy.set_words(0, Some(&nothing)).expect("proper vectors");
			model.set_words(0, Some(&nothing)).expect("proper vectors");
			assert!(model.losses(&examples, &d).expect("losses") == without, "{}", kind.name);
			// Nor does it fail when it is trained with.
			assert!(copy.train_step(&batch, &d).expect("a step").stepped);
		}
		// A new component behind an input brings its own words.
		fetch_words(&mut *model);
		let batch = sampler.next_batch(16);
		model.train_step(&batch, &answers(&*model, &batch.texts)).expect("a step");
		let with = model.losses(&examples, &d).expect("losses");
		model.set_words(0, None).expect("input 0");
		let removed = model.losses(&examples, &d).expect("losses");
		assert!(with != removed, "{}: words have an effect", kind.name);
	}
}

#[test]
fn words_and_passages_of_a_message_are_told_apart() {
	for kind in usable() {
		let settings = config(7);
		let mut model = create(kind, &settings);
		let words = model.vocabulary().to_vec();
		if words.is_empty() {
			continue;
		}
		let mut texts = sampler(&settings).next_batch(3).texts;
		texts.insert(1, words[9].clone());
		texts.push(words[4].clone());
		texts.push("xyzzyx".into());
		let y = entries(&model.forward(&texts, &[]).expect("vectors"));
		for (row, text) in texts.iter().enumerate() {
			let alone = model.forward(std::slice::from_ref(text), &[]).expect("a vector");
			for (a, b) in entries(&alone).iter().zip(&y[row * DIM..]) {
				assert!((a - b).abs() < 1e-5, "{}: {text}", kind.name);
			}
		}
		assert!(y[5 * DIM..].iter().all(|x| *x == 0.0), "an unknown word is 0");
		// Downstream vectors have no effect on words.
		let d = answers(&*model, &texts);
		let with = entries(&model.forward(&texts, &d).expect("vectors"));
		assert!(with[DIM..2 * DIM] == y[DIM..2 * DIM]);
		let error = answer(&texts, Knows::Nothing, 0.0, 1).expect("errors");
		let version = model.version();
		let grad =
			Grad { source: [1; 32], push: 0.2, version, texts: &texts, d: &[], error: &error };
		assert_eq!(model.accumulate_grad(grad).expect("a Grad").verdict, Verdict::Accepted);
		assert!(model.upstream_step().expect("a step"));
		let unknown = vec!["xyzzyx".to_owned(), "qqqq".to_owned()];
		let error = answer(&unknown, Knows::Nothing, 0.0, 1).expect("errors");
		let texts = &unknown;
		let grad = Grad { source: [1; 32], push: 0.2, version, texts, d: &[], error: &error };
		let verdict = model.accumulate_grad(grad).expect("a verdict").verdict;
		assert_eq!(verdict, Verdict::UnknownWords, "{}", kind.name);
		assert!(!model.upstream_step().expect("nothing to do"));
	}
}
