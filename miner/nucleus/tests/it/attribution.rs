//! Attribution against the truth: what the loss does when a component is really taken away.

use std::sync::OnceLock;

use bittensor_nucleus::{
	attribution::{
		ablation::{pearson, spearman},
		fisher,
	},
	AttributionConfig, Batch, Component, Config, Example, Half, InputScore, Model, ScoreReport,
	Tensor, DIM,
};

use crate::support::{
	answer, bits, component, config, corpus, cut, cut_batch, held_out, sampler, tokenizer, Knows,
};

/// The components of the comparison: what each knows, and its noise.
const INPUTS: [(&str, Knows, f32, u64); 14] = [
	("last word", Knows::Token(0), 0.0, 1),
	("last word, copy", Knows::Token(0), 0.0, 1),
	("last word, noisy", Knows::Token(0), 1.0, 2),
	("last word, very noisy", Knows::Token(0), 3.0, 3),
	("second last word", Knows::Token(1), 0.0, 4),
	("second last, noisy", Knows::Token(1), 1.5, 5),
	("third last word", Knows::Token(2), 0.0, 6),
	("sixth last word", Knows::Token(5), 0.0, 7),
	("bag of words", Knows::Bag, 0.0, 8),
	("bag, noisy", Knows::Bag, 1.0, 9),
	("fifth last word", Knows::Token(4), 0.0, 12),
	("bag, very noisy", Knows::Bag, 3.0, 13),
	("noise", Knows::Nothing, 0.0, 10),
	("constant", Knows::Constant, 0.0, 11),
];
/// The last two are of no use by construction.
const USEFUL: usize = 12;

fn answers(texts: &[String]) -> Vec<Option<Tensor>> {
	let one = |&(_, knows, noise, seed): &(&str, Knows, f32, u64)| {
		Some(answer(texts, knows, noise, seed).expect("vectors"))
	};
	INPUTS.iter().map(one).collect()
}

fn mean(losses: &[f32]) -> f64 {
	losses.iter().map(|x| f64::from(*x)).sum::<f64>() / losses.len() as f64
}

struct Comparison {
	truth: Vec<f64>,
	scores: Vec<f64>,
	diagonal: Vec<f64>,
	first: Vec<f64>,
	literal: Vec<f64>,
}

/// Trains a component that does not see the last three words, and compares on held-out text.
fn compare(seed: u64) -> Comparison {
	let settings = Config { inputs: INPUTS.len(), learning_rate: 2e-3, ..config(seed) };
	let mut component = component(settings.clone());
	// Each input is an expert as well: removal takes both away.
	let words = component.vocabulary().to_vec();
	for (input, table) in answers(&words).iter().enumerate() {
		component.set_words(input, table.as_ref()).expect("vectors of words");
	}
	let mut sampler = sampler(&settings);
	for _ in 0..150 {
		let batch = sampler.next_batch(32);
		component.train_step(&cut_batch(&batch, 3), &answers(&batch.texts)).expect("a step");
	}
	let examples = held_out(&settings, 1_024);
	let texts: Vec<String> = examples.iter().map(|e| e.text.clone()).collect();
	let short: Vec<Example> = examples
		.iter()
		.map(|e| Example { text: cut(&e.text, 3), target: e.target.clone() })
		.collect();
	let d = answers(&texts);
	let whole = mean(&component.losses(&short, &d).expect("losses"));
	let gradients =
		component.input_gradients(&Batch::from_examples(&short), &d).expect("gradients");
	let mut comparison = Comparison {
		truth: vec![],
		scores: vec![],
		diagonal: vec![],
		first: vec![],
		literal: vec![],
	};
	for input in 0..INPUTS.len() {
		let mut without = d.clone();
		without[input] = None;
		let ablated = mean(&component.losses(&short, &without).expect("losses"));
		let (g, z) = gradients[input].as_ref().expect("present");
		let score = fisher::score(&fisher::products(g, z));
		comparison.truth.push(ablated - whole);
		comparison.scores.push(score.total());
		comparison.diagonal.push(fisher::diagonal(g, z));
		comparison.first.push(score.first);
		comparison.literal.push(fisher::literal(g, z));
	}
	comparison
}

#[test]
fn scores_agree_with_true_ablation() {
	let mut agreement = Vec::new();
	for seed in 1..=3 {
		let c = compare(seed);
		println!("\nseed {seed}: nats per example (removal = running mean)");
		println!(
			"{:24}{:>10}{:>12}{:>12}{:>12}{:>12}",
			"input", "truth", "score", "diagonal", "1st order", "eq. 9"
		);
		for (i, (name, ..)) in INPUTS.iter().enumerate() {
			println!(
				"{name:24}{:10.4}{:12.4}{:12.4}{:12.4}{:12.4}",
				c.truth[i], c.scores[i], c.diagonal[i], c.first[i], c.literal[i]
			);
		}
		let truth = &c.truth[..USEFUL];
		let mut results = Vec::new();
		for (name, scores) in [
			("score (eq. 6, 8)", &c.scores),
			("diagonal of eq. 8", &c.diagonal),
			("1st order alone", &c.first),
			("eq. 9 as printed", &c.literal),
		] {
			let scores = &scores[..USEFUL];
			let (linear, rank) = (
				pearson(scores, truth).expect("twelve inputs"),
				spearman(scores, truth).expect("twelve inputs"),
			);
			println!("{name:24} Pearson {linear:6.3}   Spearman {rank:6.3}");
			results.push((linear, rank));
		}
		agreement.push(results[0]);
		let best = truth.iter().copied().fold(0.0, f64::max);
		assert!(
			c.scores[USEFUL + 1].abs() < 1e-3 * best,
			"a constant is worth nothing: {}",
			c.scores[USEFUL + 1]
		);
		assert!(c.truth[USEFUL + 1].abs() < 1e-3 * best, "{}", c.truth[USEFUL + 1]);
		assert!(c.scores[USEFUL] < 0.05 * best, "noise is worth nothing: {}", c.scores[USEFUL]);
	}
	let median = |of: fn(&(f64, f64)) -> f64| {
		let mut values: Vec<f64> = agreement.iter().map(of).collect();
		values.sort_by(f64::total_cmp);
		values[values.len() / 2]
	};
	let (linear, rank) = (median(|a| a.0), median(|a| a.1));
	println!("median of seeds: Pearson {linear:.3}, Spearman {rank:.3}");
	assert!(linear >= 0.95 && rank >= 0.90, "{agreement:?}");
}

/// Text that is scored: no component trains on it.
fn unseen(settings: &Config) -> &'static Half {
	static UNSEEN: OnceLock<Half> = OnceLock::new();
	UNSEEN.get_or_init(|| {
		let documents = corpus().held_out_for(&corpus().select("all").expect("train documents"));
		let (context, horizon) = (settings.context, settings.horizon);
		Half::both(corpus(), &documents, &tokenizer(), context, horizon).expect("long documents").0
	})
}

type Stand = (Knows, f32, u64);

fn answers_of(inputs: &[Stand], texts: &[String]) -> Vec<Option<Tensor>> {
	let one =
		|&(knows, noise, seed): &Stand| Some(answer(texts, knows, noise, seed).expect("vectors"));
	inputs.iter().map(one).collect()
}

/// Scores a component that does not see the last three words on the `draw`-th batch.
fn score(component: &mut Component, inputs: &[Stand], draw: u64) -> ScoreReport {
	let batch = unseen(component.config()).draw(32, 1, draw);
	let d = answers_of(inputs, &batch.texts);
	component.score(&cut_batch(&batch, 3), &d, &[]).expect("scores")
}

/// Trains with the given inputs, scores after every fourth step, and returns the component.
fn train(inputs: &[Stand], steps: u64, seed: u64) -> Component {
	train_at(1e-3, inputs, steps, seed)
}

fn train_at(learning_rate: f64, inputs: &[Stand], steps: u64, seed: u64) -> Component {
	let settings = Config { inputs: inputs.len(), learning_rate, ..config(seed) };
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for step in 0..steps {
		let batch = sampler.next_batch(32);
		let d = answers_of(inputs, &batch.texts);
		component.train_step(&cut_batch(&batch, 3), &d).expect("a step");
		if step % 4 == 3 {
			score(&mut component, inputs, step);
		}
	}
	component
}

#[test]
fn the_row_pays_use_and_not_noise() {
	for seed in 1..=3 {
		let inputs = [
			(Knows::Token(0), 0.2, 1),
			(Knows::Nothing, 0.0, 2),
			(Knows::Constant, 0.0, 3),
			(Knows::Bag, 0.5, 4),
		];
		let component = train(&inputs, 160, seed);
		let (attribution, row) = (component.attribution(), component.row());
		println!("{row:?}\n{attribution:#?}");
		assert!(row.share(0) > 655, "the useful one has more than 1 %: {row:?}");
		assert!(row.share(1) <= 655, "noise has at most 1 %: {row:?}");
		assert!(row.share(2) <= 328, "a constant: {row:?}");
		assert!(row.share(0) > row.share(3), "{row:?}");
		assert_eq!(attribution.own.samples, 40);
		assert!(attribution.fidelity.audits >= 2);
	}
}

#[test]
fn only_an_exploring_bid_is_made_before_an_input_is_proven() {
	let inputs = [(Knows::Token(0), 0.0, 1), (Knows::Bag, 0.0, 2)];
	let early = train(&inputs, 60, 1);
	assert!(early.attribution().inputs.iter().flatten().all(|s| !s.proven && s.bid == 0.0));
	assert_eq!((early.row().share(0), early.row().share(1)), (164, 164));
	let mut later = train(&inputs, 120, 1);
	assert!(later.row().share(0) > 1_024, "{:?}", later.row());
	// Another component behind the input starts again, and explores once it has answered.
	later.connect(0).expect("input 0");
	assert_eq!(later.row().share(0), 0);
	assert!(later.attribution().inputs[0].is_none());
	assert!(later.attribution().inputs[1].is_some());
	score(&mut later, &inputs, 1_000);
	// The other one shares it, if it is of no use so far.
	let one = later.attribution().inputs[1].expect("it answered");
	assert_eq!(later.row().share(0), if one.bid > 0.0 { 328 } else { 164 });
	assert!(later.connect(2).is_err());
	// The setting turns it off.
	let silent = AttributionConfig { exploring: 0, ..AttributionConfig::default() };
	later.configure(&Config { attribution: silent, ..later.config().clone() }).expect("settings");
	assert_eq!(later.row().share(0), 0);
}

#[test]
fn a_refusal_is_no_evidence_and_silence_is() {
	let inputs = [(Knows::Token(0), 0.0, 1), (Knows::Bag, 0.3, 2)];
	let mut component = train(&inputs, 120, 1);
	let before = component.attribution();
	let mut missing = |refused: &[usize], draw| {
		let batch = unseen(component.config()).draw(32, 1, draw);
		let mut d = answers_of(&inputs, &batch.texts);
		d[0] = None;
		let report = component.score(&cut_batch(&batch, 3), &d, refused).expect("scores");
		assert!(report.inputs[0].is_none() && report.inputs[1].is_some());
		component.attribution().inputs[0].expect("it has answered")
	};
	let first = before.inputs[0].expect("it has answered");
	// The bid also follows audits of the other input.
	let refused = missing(&[0], 500);
	let of = |score: InputScore| (score.mean, score.lower, score.samples);
	assert_eq!(of(refused), of(first), "refused for want of a bid");
	let silent = missing(&[], 501);
	assert_eq!(silent.samples, first.samples + 1);
	assert!(silent.mean < first.mean);
}

#[test]
fn scoring_changes_no_answer() {
	let inputs = [(Knows::Token(0), 0.0, 1), (Knows::Bag, 0.3, 2)];
	let mut component = train(&inputs, 30, 1);
	let (before, version) = (bits(&component), component.version());
	// The loss is that of a component with its inputs, on this text.
	let batch = unseen(component.config()).draw(32, 1, 900);
	let short = cut_batch(&batch, 3);
	let examples: Vec<Example> = short
		.texts
		.into_iter()
		.zip(short.targets)
		.map(|(text, target)| Example { text, target })
		.collect();
	let d = answers_of(&inputs, &batch.texts);
	let both = component.evaluate(&examples, &d).expect("losses");
	let report = score(&mut component, &inputs, 900);
	assert!(bits(&component) == before && component.version() == version);
	assert!((both.with_network.ln() - report.removals.both).abs() < 1e-4, "{report:?} {both:?}");
}

#[test]
fn an_honest_component_keeps_its_own_part() {
	// Its own text lacks three words, and others know them: much of what is known is theirs.
	let inputs = [(Knows::Token(0), 0.2, 1), (Knows::Bag, 0.3, 2), (Knows::Token(4), 0.2, 3)];
	for seed in 1..=3 {
		let component = train(&inputs, 200, seed);
		let (attribution, row) = (component.attribution(), component.row());
		let own = f64::from(row.self_share) / 65_536.0;
		let singles: f64 = attribution.inputs.iter().flatten().map(|score| score.mean).sum();
		println!(
			"own share {own:.3}, own part {:.4}, network's {:.4}, singles {singles:.4}",
			attribution.own.mean, attribution.network.mean
		);
		assert!((0.2..0.9).contains(&own), "{row:?}");
	}
}

#[test]
fn two_copies_of_the_best_peer_earn_what_it_earned() {
	// At a rate at which learning is nearly done: two copies are learned faster than one.
	let others = [(Knows::Bag, 0.3, 2), (Knows::Token(2), 0.2, 3)];
	let best = (Knows::Token(0), 0.0, 1);
	let mut ratios: Vec<f64> = (1..=5)
		.map(|seed| {
			let alone = train_at(8e-3, &[best, others[0], others[1]], 160, seed).row();
			let copied = train_at(8e-3, &[best, others[0], others[1], best], 160, seed).row();
			let both = f64::from(copied.share(0)) + f64::from(copied.share(3));
			println!(
				"original {}, copies {} + {}",
				alone.share(0),
				copied.share(0),
				copied.share(3)
			);
			both / f64::from(alone.share(0))
		})
		.collect();
	ratios.sort_by(f64::total_cmp);
	println!("copies ÷ original: {ratios:.3?}");
	assert!(ratios[2] <= 1.2, "{ratios:?}");
}

#[test]
fn copies_share_the_pay_of_one() {
	let inputs = [
		(Knows::Token(0), 0.0, 1),
		(Knows::Token(1), 0.0, 2),
		(Knows::Token(0), 0.0, 1),
		(Knows::Token(0), 0.0, 1),
	];
	let component = train(&inputs, 250, 7);
	assert!(component.similarity(0, 2).expect("both answered") > 0.999);
	assert!(component.similarity(0, 1).expect("both answered") < 0.9);
	let attribution = component.attribution();
	let group = |input: usize| attribution.inputs[input].expect("answered").group;
	assert!(group(0).is_some() && group(0) == group(2) && group(0) == group(3));
	assert_eq!(group(1), None);
	let score = |input: usize| attribution.inputs[input].expect("answered").mean;
	assert!((score(0) - score(2)).abs() < 1e-9 && (score(0) - score(3)).abs() < 1e-9);
	let row = component.row();
	assert!(row.share(0).abs_diff(row.share(3)) <= 1, "{row:?}");

	// Together they are paid for what is lost when all three go.
	let examples = held_out(component.config(), 1_024);
	let texts: Vec<String> = examples.iter().map(|e| e.text.clone()).collect();
	let short: Vec<Example> = examples
		.iter()
		.map(|e| Example { text: cut(&e.text, 3), target: e.target.clone() })
		.collect();
	let d: Vec<Option<Tensor>> = inputs
		.iter()
		.map(|&(knows, noise, seed)| Some(answer(&texts, knows, noise, seed).expect("vectors")))
		.collect();
	let without = |gone: &[usize]| {
		let mut d = d.clone();
		gone.iter().for_each(|&input| d[input] = None);
		mean(&component.losses(&short, &d).expect("losses"))
	};
	let all = without(&[0, 2, 3]) - without(&[]);
	let one = without(&[0]) - without(&[]);
	let paid = score(0) + score(2) + score(3);
	println!("removing one {one:.4}, all three {all:.4}; scored together {paid:.4}");
	assert!((0.5..2.0).contains(&(paid / all)), "{paid} for {all}");
}

#[test]
fn rotated_copies_are_found() {
	let settings = Config { inputs: 2, ..config(8) };
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for _ in 0..8 {
		let batch = sampler.next_batch(32);
		let first = answer(&batch.texts, Knows::Token(0), 0.5, 1).expect("vectors");
		// Reversed entries, other signs, another scale and offset.
		let rows: Vec<f32> = crate::support::entries(&first);
		let turned: Vec<f32> = rows
			.chunks_exact(DIM)
			.flat_map(|row| row.iter().rev().enumerate())
			.map(|(k, x)| if k % 2 == 0 { 3.0 * x + 1.0 } else { -3.0 * x })
			.collect();
		let device = bittensor_nucleus::Device::Cpu;
		let second = Tensor::from_vec(turned, (32, DIM), &device).expect("a tensor");
		let d = [Some(first), Some(second)];
		component.train_step(&batch, &d).expect("a step");
		component.score(&batch, &d, &[]).expect("scores");
	}
	assert!(component.similarity(0, 1).expect("both answered") > 0.999);
}
