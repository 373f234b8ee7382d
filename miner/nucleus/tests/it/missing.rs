//! What a missing input costs: what it is worth, and no more.
//!
//! ```text
//!   trained with A and B, A missing ── as good as ── trained with B alone
//!   without dropout of inputs:          worse
//! ```

use bittensor_nucleus::{Component, Config, DropoutConfig, Example, Model, Tensor};

use crate::support::{answer, component, config, cut, cut_batch, held_out, sampler, Knows};

/// Three words that the component does not see; each input knows something of them.
const HIDDEN: usize = 3;
const STEPS: usize = 300;
/// What the two inputs know.
const INPUTS: [(Knows, u64); 2] = [(Knows::Token(0), 1), (Knows::Bag, 8)];
const SEEDS: [u64; 2] = [1, 2];

/// Vectors of those inputs that are there.
fn answers(texts: &[String], there: [bool; 2]) -> Vec<Option<Tensor>> {
	let one = |(there, (knows, seed)): (bool, (Knows, u64))| {
		there.then(|| answer(texts, knows, 0.0, seed).expect("vectors"))
	};
	there.into_iter().zip(INPUTS).map(one).collect()
}

/// A component that trained with these inputs.
fn trained(settings: &Config, there: [bool; 2]) -> Component {
	let mut component = component(settings.clone());
	let words = component.vocabulary().to_vec();
	for (input, table) in answers(&words, there).iter().enumerate() {
		component.set_words(input, table.as_ref()).expect("vectors of words");
	}
	let mut sampler = sampler(settings);
	for _ in 0..STEPS {
		let batch = sampler.next_batch(32);
		let d = answers(&batch.texts, there);
		component.train_step(&cut_batch(&batch, HIDDEN), &d).expect("a step");
	}
	component
}

/// The loss on held-out text with these inputs.
fn loss(component: &Component, examples: &[Example], there: [bool; 2]) -> f64 {
	let texts: Vec<String> = examples.iter().map(|e| e.text.clone()).collect();
	let short: Vec<Example> = examples
		.iter()
		.map(|e| Example { text: cut(&e.text, HIDDEN), target: e.target.clone() })
		.collect();
	let losses = component.losses(&short, &answers(&texts, there)).expect("losses");
	losses.iter().map(|x| f64::from(*x)).sum::<f64>() / losses.len() as f64
}

/// Mean over the seeds of what each absence costs more than it would have cost to train without:
/// the first input, the second one, both.
fn excess(dropout: &DropoutConfig) -> [f64; 3] {
	let absences = [[false, true], [true, false], [false, false]];
	let mut sums = [0.0; 3];
	for seed in SEEDS {
		let settings = Config { inputs: 2, dropout: dropout.clone(), ..config(seed) };
		let examples = held_out(&settings, 1_024);
		let both = trained(&settings, [true, true]);
		let whole = loss(&both, &examples, [true, true]);
		for (sum, there) in sums.iter_mut().zip(absences) {
			let missing = loss(&both, &examples, there);
			let without = loss(&trained(&settings, there), &examples, there);
			println!(
				"seed {seed}, {there:?}: with both {whole:.4}, missing {missing:.4}, trained without {without:.4}"
			);
			*sum += (missing - without) / SEEDS.len() as f64;
		}
	}
	println!("{dropout:?}: {sums:.4?}");
	sums
}

#[test]
fn a_missing_input_costs_what_it_is_worth() {
	let shipped = DropoutConfig::default();
	let none = DropoutConfig { inputs: 0.0, network: 0.0, ..shipped };
	let (with, without) = (excess(&shipped), excess(&none));
	for (with, without) in with.into_iter().zip(without) {
		assert!(with < 0.01, "{with} nats more than training without it");
		assert!(without > with, "{without} without dropout, {with} with it");
	}
}
