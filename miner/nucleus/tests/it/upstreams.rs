//! Eq. 3 and 12: who moves the parameters, and how far, under every optimizer.

use std::sync::OnceLock;

use bittensor_nucleus::{
	learning::push::{MOST, MOST_OF_ONE},
	Batch, Component, Config, Grad, Market, Model, NucleusError, OptimizerKind, Part, Tensor,
	Verdict,
};
use proptest::prelude::*;

use crate::support::{
	answer, bits, component, config, distance, entries, length, plain, sampler, values, Knows,
	OPTIMIZERS, RATE,
};

/// The component's own batch.
fn batch() -> &'static Batch {
	static BATCH: OnceLock<Batch> = OnceLock::new();
	BATCH.get_or_init(|| sampler(&config(9)).next_batch(16))
}

/// Texts of upstreams. They hold words that the own batch lacks.
fn texts() -> &'static [String] {
	static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
	TEXTS.get_or_init(|| sampler(&config(31)).next_batch(16).texts)
}

fn error(texts: &[String], seed: u64) -> Tensor {
	answer(texts, Knows::Token(0), 0.5, seed).expect("vectors")
}

/// A Grad of one upstream.
struct Sent {
	source: u8,
	push: f64,
	/// Scale of its errors.
	scale: f64,
	seed: u64,
}

fn sent(source: u8, push: f64) -> Sent {
	Sent { source, push, scale: 1.0, seed: source.into() }
}

fn send(component: &mut Component, sent: &Sent) -> Verdict {
	let error = error(texts(), sent.seed).affine(sent.scale, 0.0).expect("scaled");
	let (version, texts, push) = (component.version(), texts(), sent.push);
	let grad = Grad { source: [sent.source; 32], push, version, texts, d: &[], error: &error };
	component.accumulate_grad(grad).expect("a proper Grad").verdict
}

/// A component after steps on its own loss, before each of which `grads` says who sends.
fn trained(config: Config, steps: usize, grads: impl Fn(usize) -> Vec<Sent>) -> Component {
	let mut component = component(config);
	for step in 0..steps {
		for sent in grads(step) {
			send(&mut component, &sent);
		}
		assert!(component.train_step(batch(), &[]).expect("a step").stepped);
	}
	component
}

/// How far the entries of `only` are from the start.
fn moved(config: &Config, end: &Component, only: &[bool]) -> f64 {
	let start = values(&component(config.clone()));
	let squares = values(end).into_iter().zip(start).zip(only);
	squares.filter(|(_, only)| **only).map(|((a, b), _)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The change of all parameters by one step on upstreams.
fn step(component: &mut Component) -> Vec<f64> {
	let before = values(component);
	assert!(component.upstream_step().expect("a step"));
	values(component).iter().zip(before).map(|(after, before)| after - before).collect()
}

#[test]
fn a_bid_moves_rows_that_it_alone_touches_in_proportion() {
	let market = Market { total: 2.0, own: 4.0, floor: 0.0 };
	for optimizer in OPTIMIZERS {
		let learning_rate = if optimizer == OptimizerKind::Adam { 2e-3 } else { 0.2 };
		let config = Config { learning_rate, ..plain(optimizer) };
		// Steps on the Grads of one upstream that bids 1, and of one that bids `weight`.
		let run = |weight| {
			let mut component = component(config.clone());
			for _ in 0..10 {
				let (version, texts) = (component.version(), &batch().texts);
				let (push, error) = (market.push(1.0), error(texts, 9));
				let grad = Grad { source: [9; 32], push, version, texts, d: &[], error: &error };
				component.accumulate_grad(grad).expect("a proper Grad");
				send(&mut component, &sent(1, market.push(weight)));
				step(&mut component);
			}
			component
		};
		let (start, without) = (values(&component(config.clone())), values(&run(0.0)));
		let only: Vec<bool> = start.iter().zip(&without).map(|(a, b)| a == b).collect();
		let [small, large] = [1e-4, 1.0].map(|weight| moved(&config, &run(weight), &only));
		println!("{optimizer:?}: moved by {small:.3e} and {large:.3e}");
		assert!(large > 1e-2, "{optimizer:?}: too little to measure");
		assert!((small / large / 1e-4 - 1.0).abs() < 0.05, "{optimizer:?}: {}", small / large);
	}
}

#[test]
fn dust_has_no_effect() {
	for optimizer in OPTIMIZERS {
		let without = values(&trained(plain(optimizer), 20, |_| Vec::new()));
		// Alone in the market of a component that earns nothing.
		let push = Market { total: 1e-9, own: 0.0, floor: 1.0 }.push(1e-9);
		let with = values(&trained(plain(optimizer), 20, |_| vec![sent(1, push)]));
		let most = with.iter().zip(&without).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
		assert!(push > 0.0 && most <= 1e-6, "{optimizer:?}: {push} moves by {most}");
	}
}

#[test]
fn a_tenth_of_the_steps_is_a_tenth_of_the_push() {
	for optimizer in OPTIMIZERS {
		let config = Config { learning_rate: 1e-3, ..plain(optimizer) };
		let every = |n: usize| {
			let grads = |step: usize| match step.is_multiple_of(n) {
				true => vec![sent(1, 0.25)],
				false => Vec::new(),
			};
			values(&trained(config.clone(), 40, grads))
		};
		// What the bids of another move is what is not where the own loss alone leads.
		let alone = values(&trained(config.clone(), 40, |_| Vec::new()));
		let [always, seldom] = [1, 10].map(|n| distance(&every(n), &alone));
		let part = seldom / always;
		println!("{optimizer:?}: a tenth of the steps moves {part:.3} as far");
		assert!((0.05..0.2).contains(&part), "{optimizer:?}: {part}");
	}
}

#[test]
fn an_absent_bid_leaves_its_part_to_the_own_loss() {
	for optimizer in OPTIMIZERS {
		// It is known, and its bid stands, but it sends nothing.
		let mut known = component(plain(optimizer));
		send(&mut known, &sent(1, 0.25));
		let start = step(&mut known);
		assert!(length(&start) > 0.0);
		let before = values(&known);
		known.train_step(batch(), &[]).expect("a step");
		let mut fresh = component(plain(optimizer));
		let first = values(&fresh);
		fresh.train_step(batch(), &[]).expect("a step");
		let ratio = distance(&values(&known), &before) / distance(&values(&fresh), &first);
		assert!((ratio - 1.0).abs() < 0.05, "{optimizer:?}: {ratio}");
	}
}

#[test]
fn a_bid_split_over_accounts_buys_what_it_bought() {
	let market = Market { total: 3.0, own: 10.0, floor: 0.0 };
	for optimizer in OPTIMIZERS {
		let start = values(&component(plain(optimizer)));
		let split = |k: u8| {
			let push = market.push(3.0 / f64::from(k));
			let grads = |_| (0..k).map(|n| Sent { seed: 1, ..sent(n, push) }).collect();
			values(&trained(plain(optimizer), 10, grads))
		};
		let whole = split(1);
		for k in [2, 7, 16] {
			let far = distance(&split(k), &whole) / distance(&whole, &start);
			assert!(far < 1e-3, "{optimizer:?}: {k} accounts move the step by {far}");
		}
	}
}

#[test]
fn the_scale_of_errors_has_no_effect() {
	for optimizer in OPTIMIZERS {
		let start = values(&component(plain(optimizer)));
		let scaled = |scale| {
			let grads = |_| vec![Sent { scale, ..sent(1, 0.2) }, sent(2, 0.1)];
			values(&trained(plain(optimizer), 10, grads))
		};
		let usual = scaled(1.0);
		for scale in [1e6, 1e-6] {
			let far = distance(&scaled(scale), &usual) / distance(&usual, &start);
			assert!(far < 1e-3, "{optimizer:?}: errors × {scale} move the step by {far}");
		}
	}
	// Nor does repeating the same message.
	for optimizer in OPTIMIZERS {
		let repeated = |times: usize| {
			let mut component = component(plain(optimizer));
			for _ in 0..times {
				send(&mut component, &sent(1, 0.2));
			}
			step(&mut component)
		};
		let (once, thrice) = (repeated(1), repeated(3));
		assert!(distance(&once, &thrice) < 1e-3 * length(&once), "{optimizer:?}");
	}
}

#[test]
fn a_step_keeps_its_bounds() {
	let config = plain(OptimizerKind::Adam);
	let mut component = component(config.clone());
	for round in 0..12_u64 {
		// More than all may buy, with errors that jump by orders of magnitude.
		for source in 0..8_u8 {
			let scale = 10_f64.powi(((round * 7 + u64::from(source) * 3) % 9) as i32 - 4);
			let seed = round + u64::from(source);
			send(&mut component, &Sent { scale, seed, ..sent(source, 1e9) });
		}
		let before = values(&component);
		component.train_step(batch(), &[]).expect("a step");
		let after = values(&component);
		let most = after.iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
		assert!(most <= RATE * (1.0 + 1e-3), "round {round}: {most}");
	}
	// One source alone has a quarter, and many have a half.
	for (sources, most) in [(1, MOST_OF_ONE), (2, MOST), (8, MOST)] {
		let mut component = self::component(config.clone());
		for source in 0..sources {
			send(&mut component, &Sent { seed: 1, ..sent(source, 1e9) });
		}
		let moved = step(&mut component).into_iter().map(f64::abs).fold(0.0, f64::max);
		assert!((moved / (RATE * most) - 1.0).abs() < 1e-3, "{sources}: {moved}");
	}
	// The same parts under every optimizer: many accounts with one error are one account with it.
	for optimizer in OPTIMIZERS {
		let part = |sources: u8, most: f64| {
			let mut component = self::component(plain(optimizer));
			for source in 0..sources {
				send(&mut component, &Sent { seed: 1, ..sent(source, 1e9) });
			}
			length(&step(&mut component)) / most
		};
		let whole = part(1, MOST_OF_ONE);
		for sources in [2, 3, 8] {
			let ratio = part(sources, MOST) / whole;
			assert!((ratio - 1.0).abs() < 1e-2, "{optimizer:?}, {sources}: {ratio}");
		}
	}
}

#[test]
fn a_gradient_that_is_not_finite_gives_its_part_back() {
	for optimizer in OPTIMIZERS {
		let mut component = component(plain(optimizer));
		let mut alone = self::component(plain(optimizer));
		for round in 0..3 {
			// Finite errors whose gradient overflows.
			let huge = Sent { scale: 1e36, ..sent(1, 0.25) };
			assert_ne!(send(&mut component, &huge), Verdict::Accepted, "round {round}");
			component.train_step(batch(), &[]).expect("a step");
			alone.train_step(batch(), &[]).expect("a step");
		}
		assert!(bits(&component) == bits(&alone), "{optimizer:?}");
	}
}

proptest! {
	#[test]
	fn pushes_keep_their_bounds(
		weights in prop::collection::vec(prop_oneof![
			0.0..1e18_f64, Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(1e-9), 0.0..1.0_f64,
		], 1..200),
		own in prop_oneof![Just(0.0), 0.0..1e18_f64, Just(f64::NAN), Just(f64::INFINITY)],
		floor in prop_oneof![Just(0.0), Just(1.0), Just(-1.0), Just(f64::NAN)],
	) {
		let market = Market { total: weights.iter().sum(), own, floor };
		let pushes: Vec<f64> = weights.iter().map(|weight| market.push(*weight)).collect();
		prop_assert!(pushes.iter().all(|push| (0.0..=MOST_OF_ONE).contains(push)));
		prop_assert!(pushes.iter().sum::<f64>() <= MOST + 1e-9);
		// A sum that is wrong lets nobody have more than his part.
		let wrong = Market { total: f64::NAN, ..market };
		prop_assert!((0.0..=MOST_OF_ONE).contains(&wrong.push(weights[0])));
	}
}

#[test]
fn no_bid_has_no_effect_at_all() {
	let run = |strangers: u8| {
		trained(config(1), 3, |_| {
			let strangers = (0..strangers).map(|n| Sent { seed: 7, ..sent(n, 0.0) });
			strangers.chain([sent(200, 0.25)]).collect()
		})
	};
	assert!(bits(&run(100)) == bits(&run(0)));
	let market = Market { total: 2.0, own: 1.0, floor: 0.0 };
	for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
		assert_eq!(market.push(bad), 0.0);
		assert_eq!(send(&mut component(config(1)), &sent(1, bad)), Verdict::NoBid);
	}
}

#[test]
fn a_component_without_bids_for_it_does_not_move() {
	let mut component = component(config(1));
	let before = bits(&component);
	send(&mut component, &sent(1, 0.0));
	assert!(!component.upstream_step().expect("nothing to do"));
	assert!(bits(&component) == before);
}

#[test]
fn the_decoder_belongs_to_the_own_loss() {
	let with = trained(config(1), 1, |_| vec![sent(1, 0.25)]);
	let without = trained(config(1), 1, |_| Vec::new());
	for (a, b) in with.parameters().iter().zip(without.parameters()) {
		let same = entries(a.tensor()) == entries(b.tensor());
		let decoder = a.part() == Part::Decoder;
		let untouched = a.name().starts_with("input.") && a.name() != "input.own.adaptor";
		assert!(same == decoder || untouched, "{}", a.name());
	}
}

#[test]
fn every_source_resumes_where_it_was() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	for optimizer in OPTIMIZERS {
		let grads = |step: usize| match step % 3 {
			0 => vec![sent(1, 0.2)],
			1 => vec![sent(1, 0.2), sent(2, 0.1)],
			_ => vec![sent(3, 0.05)],
		};
		let mut component = trained(plain(optimizer), 10, grads);
		// Two messages wait for the next step.
		send(&mut component, &sent(2, 0.1));
		send(&mut component, &sent(4, 0.01));
		component.save(&path, None, &serde_json::json!(null)).expect("saved");
		let setup = crate::support::setup(plain(optimizer));
		let loaded = bittensor_nucleus::kind("cbow").and_then(|kind| kind.load(&path, &setup));
		let mut resumed = loaded.expect("loaded").model;
		let component: &mut dyn Model = &mut component;
		assert!(component.state().expect("a state") == resumed.state().expect("a state"));
		for step in 0..6 {
			for model in [&mut *component, &mut *resumed] {
				for sent in grads(step) {
					let error = error(texts(), sent.seed);
					let (source, push, version) = ([sent.source; 32], sent.push, model.version());
					let texts = texts();
					let grad = Grad { source, push, version, texts, d: &[], error: &error };
					model.accumulate_grad(grad).expect("a proper Grad");
				}
				model.train_step(batch(), &[]).expect("a step");
			}
			assert!(bits(component) == bits(&*resumed), "{optimizer:?}, step {step}");
		}
	}
}

#[test]
fn grads_are_judged_before_they_count() {
	let texts = texts();
	let good = error(texts, 1);
	let settings = Config { max_sources: 2, max_lag: 3, ..config(1) };
	let mut component = component(settings);
	let before = bits(&component);
	let grad = |component: &mut Component, version, error: &Tensor| {
		let (source, push) = ([1; 32], 0.1);
		component.accumulate_grad(Grad { source, push, version, texts, d: &[], error })
	};
	let device = bittensor_nucleus::Device::Cpu;
	let wrong = Tensor::zeros((15, 128), candle_core::DType::F32, &device).expect("zeros");
	let result = grad(&mut component, 0, &wrong);
	assert!(matches!(result, Err(NucleusError::Shape { .. })), "{result:?}");
	for bad in [f64::NAN, f64::INFINITY] {
		let bad = good.affine(0.0, bad).expect("a tensor");
		assert!(matches!(grad(&mut component, 0, &bad), Err(NucleusError::NotFinite(_))));
	}
	let zero = good.zeros_like().expect("zeros");
	assert_eq!(grad(&mut component, 0, &zero).expect("a verdict").verdict, Verdict::Faint);
	assert!(!component.upstream_step().expect("nothing to do"));
	assert!(bits(&component) == before, "bad Grads changed something");

	for _ in 0..4 {
		assert_eq!(send(&mut component, &sent(1, 0.1)), Verdict::Accepted);
		component.upstream_step().expect("a step");
	}
	assert_eq!(component.version(), 4);
	assert_eq!(grad(&mut component, 0, &good).expect("a verdict").verdict, Verdict::Stale);
	assert_eq!(grad(&mut component, 1, &good).expect("a verdict").verdict, Verdict::Accepted);
	component.upstream_step().expect("a step");
	// Room for two: the third must outbid one of them.
	assert_eq!(send(&mut component, &sent(1, 0.2)), Verdict::Accepted);
	assert_eq!(send(&mut component, &sent(2, 0.24)), Verdict::Accepted);
	assert_eq!(send(&mut component, &sent(3, 0.1)), Verdict::Outbid);
	assert_eq!(send(&mut component, &sent(3, 0.22)), Verdict::Accepted);
	assert_eq!(send(&mut component, &sent(1, 0.2)), Verdict::Outbid);
}

#[test]
fn what_a_bid_has_bought_is_its_part_of_the_steps_at_which_it_was_present() {
	// The second one is there at every third step; the third one bids more than it can get.
	let grads = |step: usize| {
		let mut all = vec![sent(1, 0.05), sent(1, 0.05)];
		all.extend(step.is_multiple_of(3).then(|| sent(2, 0.1)));
		all.push(sent(3, 0.9));
		all
	};
	let component = trained(plain(OptimizerKind::Adam), 9, grads);
	let expected = [(1, 9.0 * 0.05), (2, 3.0 * 0.1), (3, 9.0 * MOST_OF_ONE)];
	let bought = component.bought();
	assert_eq!(bought.len(), 3);
	for ((account, sum), (source, expected)) in bought.iter().zip(expected) {
		assert_eq!(*account, [source; 32]);
		assert!((sum - expected).abs() < 1e-9, "{source}: {sum} for {expected}");
	}
	// All together buy at most half of a step.
	let crowd = |_| (1..=4).map(|source| sent(source, MOST_OF_ONE)).collect();
	let sum: f64 =
		trained(plain(OptimizerKind::Adam), 4, crowd).bought().iter().map(|(_, sum)| sum).sum();
	assert!((sum - 4.0 * MOST).abs() < 1e-9, "{sum}");
}

#[test]
fn going_back_takes_no_steps_of_upstreams_again() {
	let mut component = trained(config(9), 6, |_| vec![sent(1, 0.2)]);
	// A Grad that is held while the state is kept, and used afterwards.
	assert_eq!(send(&mut component, &sent(1, 0.2)), Verdict::Accepted);
	let kept = component.state().expect("a state");
	for _ in 0..4 {
		assert!(component.train_step(batch(), &[]).expect("a step").stepped);
		send(&mut component, &sent(1, 0.2));
	}
	assert!(component.train_step(batch(), &[]).expect("a step").stepped);
	let bought = component.bought();
	component.rewind(&kept).expect("a state of it");
	assert_eq!(component.bought(), bought, "what was bought stays bought");
	let own = |component: &mut Component| {
		assert!(component.train_step(batch(), &[]).expect("a step").stepped);
		component.bought()
	};
	assert_eq!(own(&mut component), bought, "nobody has sent anything since");
}
