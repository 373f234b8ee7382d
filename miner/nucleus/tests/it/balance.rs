//! Weights of the parts of an answer: what helps on training text alone is not used on other text.

use bittensor_nucleus::{Batch, Component, Example, Model, Tensor};

use crate::support::{answer, component, config, held_out, sampler, Knows};

/// Vectors of a peer for examples: those of the words that follow, or of the words that follow other
/// examples, which tell nothing.
fn peer(component: &Component, examples: &[Example], knows: bool) -> Vec<Option<Tensor>> {
	let shift = usize::from(!knows) * (examples.len() / 2);
	let next: Vec<String> = (0..examples.len())
		.map(|n| &examples[(n + shift) % examples.len()])
		.map(|example| component.vocabulary()[example.target[0] as usize].clone())
		.collect();
	vec![Some(answer(&next, Knows::Token(0), 0.0, 5).expect("vectors"))]
}

/// Held-out losses with and without a peer that knows what follows in training text, and in other text
/// or not.
fn losses(knows_other_text: bool, scored: bool) -> (f64, f64) {
	let settings = config(8);
	let mut component = component(settings.clone());
	let words = component.vocabulary().to_vec();
	let vectors = answer(&words, Knows::Token(0), 0.0, 5).expect("vectors of words");
	component.set_words(0, Some(&vectors)).expect("proper vectors");
	let mut sampler = sampler(&settings);
	// Every other example decides, and the others report.
	let examples = held_out(&settings, 1_600);
	let half =
		|odd: usize| -> Vec<Example> { examples.iter().skip(odd).step_by(2).cloned().collect() };
	let (unseen, reported) = (half(0), half(1));
	for step in 0..240 {
		let Batch { texts, targets } = sampler.next_batch(32);
		let pairs = texts.into_iter().zip(targets);
		let batch: Vec<Example> = pairs.map(|(text, target)| Example { text, target }).collect();
		let d = peer(&component, &batch, true);
		component.train_step(&Batch::from_examples(&batch), &d).expect("a step");
		if scored && step % 4 == 3 {
			let start = step * 4 % (unseen.len() - 16);
			let batch = &unseen[start..start + 16];
			let d = peer(&component, batch, knows_other_text);
			component.score(&Batch::from_examples(batch), &d, &[]).expect("scores");
		}
	}
	let d = peer(&component, &reported, knows_other_text);
	let measured = component.evaluate(&reported, &d).expect("measured");
	(measured.with_network.ln(), measured.without_inputs.ln())
}

#[test]
fn nearly_all_harm_of_a_peer_that_knows_training_text_by_heart_is_taken_away() {
	let (harmed, _) = losses(false, false);
	let (with, alone) = losses(false, true);
	println!("not weighed {harmed:.3}; weighed {with:.3}, without the peer {alone:.3}");
	assert!(harmed > alone + 0.2, "it knows nothing that is true of other text");
	// The least weight is not 0, so that a peer that learns something is found out.
	assert!(with - alone < 0.02 * (harmed - alone), "{with} with the peer, {alone} without");
}

#[test]
fn a_peer_that_knows_other_text_too_is_used_as_before() {
	let (before, alone) = losses(true, false);
	let (with, _) = losses(true, true);
	println!("not weighed {before:.3}; weighed {with:.3}, without the peer {alone:.3}");
	assert!(before < alone - 0.5, "it knows the next word");
	assert!(with < before + 0.02, "{with} weighed, {before} before");
}
