//! The gain over a twin, and its standard error.

use bittensor_nucleus::{ExampleLoss, ExampleLosses, Gain, Weighting};

use crate::support::number;

/// The gain from losses and weights of examples.
fn of(component: &[f32], twin: &[f32], weights: &[f32], documents: &[usize]) -> Option<Gain> {
	let losses = |losses: &[f32]| {
		let example = |(&loss, &weight)| ExampleLoss { loss, weight, ..ExampleLoss::default() };
		ExampleLosses(losses.iter().zip(weights).map(example).collect())
	};
	Gain::of(&losses(component), &losses(twin), documents, Weighting::AsTrained)
}

/// Documents of `length` examples with two targets each, whose twin loses `mean` nats more per
/// target, more or less by document and by example.
fn gain(seed: u64, documents: usize, length: usize, mean: f64, spread: f64) -> Gain {
	let (mut component, mut twin, mut weights, mut documents_of) = (vec![], vec![], vec![], vec![]);
	for document in 0..documents {
		let shift = mean + spread * f64::from(number(seed, document as u64, 7));
		for example in 0..length {
			let noise = 0.1 * f64::from(number(seed + 1, document as u64, example as u64));
			component.push(8.0);
			twin.push((8.0 + 2.0 * (shift + noise)) as f32);
			weights.push(2.0);
			documents_of.push(document);
		}
	}
	of(&component, &twin, &weights, &documents_of).expect("two documents or more")
}

#[test]
fn a_gain_is_the_part_of_the_twins_perplexity_that_is_saved() {
	let exact = of(&[2.0, 4.0], &[2.2, 4.4], &[1.0, 2.0], &[5, 9]).expect("two documents");
	assert!((exact.nats - 0.2).abs() < 1e-6, "{exact:?}");
	assert!((exact.part() - (1.0 - (-0.2_f64).exp())).abs() < 1e-6);
	assert!(exact.standard_error < 1e-6, "both documents say the same");
	assert_eq!((exact.documents, exact.targets), (2, 3.0));
	assert!(exact.is_measured() && !exact.is_loss());
	assert_eq!(exact.to_string(), "gain 18.1 % [18.1, 18.1]");
	let loss = of(&[2.2, 4.4], &[2.0, 4.0], &[1.0, 2.0], &[5, 9]).expect("two documents");
	assert!(loss.is_measured() && loss.is_loss() && loss.part() < 0.0);
}

#[test]
fn nothing_is_measured_within_the_interval() {
	let unclear = gain(3, 4, 100, 0.0, 0.1);
	assert!(!unclear.is_measured() && !unclear.is_loss(), "{unclear:?}");
	assert!(unclear.to_string().starts_with("gain none measured ["), "{unclear}");
	assert!(gain(3, 40, 100, 0.2, 0.1).is_measured());
}

#[test]
fn the_interval_covers_the_truth() {
	// By example the error would be many times too small: documents differ, not examples.
	let runs: Vec<Gain> = (0..200).map(|seed| gain(seed * 1_000, 12, 50, 0.1, 0.05)).collect();
	let within = |gain: &&Gain| {
		let error = gain.half_width();
		(gain.nats - error..=gain.nats + error).contains(&0.1)
	};
	let covered = runs.iter().filter(within).count();
	println!("{covered} of 200 intervals hold the true gain");
	assert!((176..=198).contains(&covered), "{covered} of 200");
}

#[test]
fn plain_targets_count_alike() {
	let example = |loss, plain| ExampleLoss { loss, weight: 0.5, plain, tokens: 2 };
	let component = ExampleLosses(vec![example(1.0, 6.0), example(1.0, 6.0)]);
	let twin = ExampleLosses(vec![example(1.5, 6.4), example(1.5, 6.4)]);
	let gain = |weighting| Gain::of(&component, &twin, &[0, 1], weighting).expect("a gain").nats;
	assert!((gain(Weighting::AsTrained) - 1.0).abs() < 1e-6);
	assert!((gain(Weighting::Plain) - 0.2).abs() < 1e-6);
	assert!((component.perplexity(Weighting::Plain) - 3_f64.exp()).abs() < 1e-9);
	assert_eq!(component.targets(), 4);
}

#[test]
fn one_document_is_no_evidence() {
	assert_eq!(of(&[1.0; 9], &[2.0; 9], &[1.0; 9], &[4; 9]), None);
	assert_eq!(of(&[], &[], &[], &[]), None);
	assert_eq!(of(&[1.0], &[2.0], &[1.0], &[0, 1]), None, "lists of unequal length");
	assert_eq!(of(&[f32::NAN, 1.0], &[1.0; 2], &[1.0; 2], &[0, 1]), None);
	assert_eq!(of(&[1.0; 2], &[2.0; 2], &[1.0, 0.0], &[0, 1]), None, "one has no target");
}
