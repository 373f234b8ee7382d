//! Grads of words under every optimizer: their push, their bounds, and their parts.

use bittensor_nucleus::{
	learning::{WORD_EVERY, WORD_STEP},
	Component, Config, Grad, Market, Model, OptimizerKind, Tensor, Verdict,
};

use crate::support::{
	answer, bits, component, config, distance, entries, length, plain, sampler, values, Knows,
	OPTIMIZERS,
};

const RATE: f64 = 0.05;

/// Steps that are long enough to measure.
fn long(optimizer: OptimizerKind) -> Config {
	Config { learning_rate: RATE, ..plain(optimizer) }
}

fn send(component: &mut Component, source: u8, push: f64, scale: f64, words: &[String]) -> Verdict {
	let error = answer(words, Knows::Bag, 0.0, source.into()).expect("vectors");
	let error: Tensor = error.affine(scale, 0.0).expect("scaled");
	let (source, version) = ([source; 32], component.version());
	let grad = Grad { source, push, version, texts: words, d: &[], error: &error };
	component.accumulate_grad(grad).expect("a proper Grad").verdict
}

/// The change of all parameters by one step on what `sends` sends.
fn change(optimizer: OptimizerKind, sends: impl Fn(&mut Component, &[String])) -> Vec<f64> {
	let mut component = component(long(optimizer));
	// The length of a direction under gradient descent is that of own gradients.
	component.train_step(&sampler(&config(2)).next_batch(16), &[]).expect("a step");
	let words = component.vocabulary()[1..].to_vec();
	let before = values(&component);
	sends(&mut component, &words);
	component.upstream_step().expect("a step");
	values(&component).iter().zip(before).map(|(after, before)| after - before).collect()
}

#[test]
fn a_bid_moves_words_in_proportion_and_within_its_bound() {
	let market = Market { total: 2.0, own: 4.0, floor: 0.0 };
	for optimizer in OPTIMIZERS {
		let run = |weight: f64, scale: f64| {
			change(optimizer, |component, words| {
				let verdict = send(component, 1, market.push(weight), scale, words);
				assert_eq!(verdict, Verdict::Accepted);
			})
		};
		let (small, large) = (run(1e-4, 1.0), run(1.0, 1.0));
		let ratio = length(&small) / length(&large);
		assert!(length(&large) > 1e-3, "{optimizer:?}: too little to measure");
		assert!((ratio / 1e-4 - 1.0).abs() < 0.05, "{optimizer:?}: {ratio}");
		for scale in [1e-6, 1e6] {
			let far = distance(&run(1.0, scale), &large) / length(&large);
			assert!(far < 1e-2, "{optimizer:?}: errors × {scale} move the step by {far}");
		}
		if optimizer == OptimizerKind::Adam {
			let most = large.iter().map(|x| x.abs()).fold(0.0, f64::max);
			let bound = WORD_STEP * RATE * market.push(1.0);
			assert!(most <= bound * 1.001 && most > 0.9 * bound, "{most}, bound {bound}");
		}
	}
}

#[test]
fn words_that_are_sent_at_every_step_move_no_more_than_those_that_come_in_time() {
	let steps = 3 * WORD_EVERY;
	for optimizer in OPTIMIZERS {
		let moved = |every: u64, part: usize| {
			let mut component = component(long(optimizer));
			component.train_step(&sampler(&config(2)).next_batch(16), &[]).expect("a step");
			let words = component.vocabulary()[1..].to_vec();
			let parts: Vec<&[String]> = words.chunks(words.len().div_ceil(part)).collect();
			for step in 0..steps {
				if step % every == 0 {
					let part = parts[(step / every) as usize % parts.len()];
					send(&mut component, 1, 0.25, 1.0, part);
				}
				component.train_step(&sampler(&config(2)).next_batch(1), &[]).expect("a step");
			}
			values(&component)
		};
		let none = moved(u64::MAX, 1);
		let [in_time, always, in_parts] = [(WORD_EVERY, 1), (1, 1), (2, 8)]
			.map(|(every, part)| distance(&moved(every, part), &none));
		println!("{optimizer:?}: in time {in_time:.1}, always {always:.1}, in parts {in_parts:.1}");
		assert!(in_time > 0.0, "{optimizer:?}: words move");
		// The first whole vocabulary comes at once in both; without the limit it is sixteen times as much.
		assert!(always < 4.0 * in_time, "{optimizer:?}: {always} against {in_time}");
		assert!(in_parts < 4.0 * in_time, "{optimizer:?}: {in_parts} against {in_time}");
	}
}

#[test]
fn a_vocabulary_in_parts_is_one_message() {
	for optimizer in OPTIMIZERS {
		let whole = change(optimizer, |component, words| {
			send(component, 1, 0.2, 1.0, words);
		});
		let parts = change(optimizer, |component, words| {
			words.chunks(100).for_each(|part| {
				send(component, 1, 0.2, 1.0, part);
			});
		});
		// Parts are measured one by one, so their usual length differs a little.
		let far = distance(&whole, &parts) / length(&whole);
		assert!(far < 0.3, "{optimizer:?}: {far}");
		// A few words move what all words share by their part only.
		let few = change(optimizer, |component, words| {
			send(component, 1, 0.2, 1.0, &words[..5]);
		});
		assert!(length(&few) < 0.3 * length(&whole), "{optimizer:?}");
	}
}

#[test]
fn dust_moves_no_word() {
	for optimizer in OPTIMIZERS {
		let push = Market { total: 1e-9, own: 0.0, floor: 1.0 }.push(1e-9);
		let moved = change(optimizer, |component, words| {
			send(component, 1, push, 1.0, words);
		});
		assert!(moved.iter().all(|x| x.abs() < 1e-6), "{optimizer:?}");
	}
}

#[test]
fn the_own_loss_keeps_its_step_beside_grads_of_words() {
	let batch = sampler(&config(2)).next_batch(16);
	let run = |push: f64| {
		let mut component = component(long(OptimizerKind::Adam));
		let words = component.vocabulary().to_vec();
		send(&mut component, 1, push, 1.0, &words);
		component.train_step(&batch, &[]).expect("a step");
		component
	};
	let (with, without) = (run(0.2), run(0.0));
	assert!(bits(&with) != bits(&without));
	for (a, b) in with.parameters().iter().zip(without.parameters()) {
		// Words move their table and its tie, and nothing else.
		let same = entries(a.tensor()) == entries(b.tensor());
		assert_eq!(same, !a.name().starts_with("words"), "{}", a.name());
	}
}
