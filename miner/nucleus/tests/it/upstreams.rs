//! Eq. 3 and 12: who moves the parameters, and how far.

use std::sync::OnceLock;

use bittensor_nucleus::{
	learning::{combine, Values},
	Batch, Bid, BidWeight, Component, Config, Grad, Gradient, Model, NucleusError, OptimizerKind,
	Part, Tensor, Verdict,
};
use proptest::prelude::*;

use crate::support::{answer, bits, component, config, entries, sampler, Knows};

const RATE: f64 = 0.01;

fn plain(seed: u64) -> Config {
	Config {
		optimizer: OptimizerKind::Sgd { momentum: 0.0 },
		learning_rate: RATE,
		weight_decay: 0.0,
		warm_up: 1,
		upstream_rate: 1.0,
		upstream_warm_up: 1,
		..config(seed)
	}
}

fn batch() -> &'static Batch {
	static BATCH: OnceLock<Batch> = OnceLock::new();
	BATCH.get_or_init(|| sampler(&config(9)).next_batch(16))
}

fn error(texts: &[String], seed: u64) -> Tensor {
	answer(texts, Knows::Token(0), 0.5, seed).expect("vectors")
}

fn flow(flow: f64) -> Bid {
	Bid { flow, share: 0.875 }
}

fn send(component: &mut Component, source: u8, bid: Bid, error: &Tensor) -> Verdict {
	let texts = &batch().texts;
	let version = component.version();
	let grad = Grad { source: [source; 32], bid, version, texts, d: &[], error };
	component.accumulate_grad(grad).expect("a proper Grad").verdict
}

fn values(component: &Component) -> Vec<f64> {
	component.parameters().iter().flat_map(|p| entries(p.tensor())).map(f64::from).collect()
}

/// The change of all parameters by one step on upstreams.
fn step(component: &mut Component) -> Vec<f64> {
	let before = values(component);
	assert!(component.upstream_step().expect("a step"));
	values(component).iter().zip(before).map(|(after, before)| after - before).collect()
}

fn length(v: &[f64]) -> f64 {
	v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
	a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn one_source_is_a_plain_normalised_step() {
	let texts = &batch().texts;
	let mut one = component(plain(1));
	assert_eq!(send(&mut one, 1, flow(3.0), &error(texts, 1)), Verdict::Accepted);
	let step = step(&mut one);
	// No own gradient has been seen, so the usual length is 1.
	assert!((length(&step) - RATE).abs() < 1e-4 * RATE, "{}", length(&step));
}

#[test]
fn the_size_of_a_gradient_buys_nothing() {
	let texts = &batch().texts;
	let steps: Vec<Vec<f64>> = [1.0, 1e3, 1e-3]
		.into_iter()
		.map(|scale| {
			let mut component = component(plain(1));
			let large = error(texts, 1).affine(scale, 0.0).expect("scaled");
			send(&mut component, 1, flow(1.0), &large);
			send(&mut component, 2, flow(1.0), &error(texts, 2));
			step(&mut component)
		})
		.collect();
	for other in &steps[1..] {
		assert!(distance(&steps[0], other) < 1e-5 * length(&steps[0]));
	}
	// Nor does repeating the same message.
	let mut thrice = component(plain(1));
	for _ in 0..3 {
		send(&mut thrice, 1, flow(1.0), &error(texts, 1));
	}
	send(&mut thrice, 2, flow(1.0), &error(texts, 2));
	assert!(distance(&steps[0], &step(&mut thrice)) < 1e-5 * length(&steps[0]));
}

#[test]
fn shares_of_a_step_are_proportional_to_bids() {
	let texts = &batch().texts;
	let alone: Vec<Vec<f64>> = (1..=2)
		.map(|source| {
			let mut component = component(plain(1));
			send(&mut component, source, flow(1.0), &error(texts, source.into()));
			step(&mut component)
		})
		.collect();
	for (a, b) in [(3.0, 1.0), (1.0, 1.0), (1.0, 9.0), (3e12, 1e12), (3e-12, 1e-12)] {
		let mut both = component(plain(1));
		send(&mut both, 1, flow(a), &error(texts, 1));
		send(&mut both, 2, flow(b), &error(texts, 2));
		let expected: Vec<f64> =
			alone[0].iter().zip(&alone[1]).map(|(x, y)| (a * x + b * y) / (a + b)).collect();
		assert!(distance(&expected, &step(&mut both)) < 1e-4 * RATE, "bids {a} and {b}");
	}
}

#[test]
fn a_zero_bid_has_no_effect_at_all() {
	let batch = batch();
	let run = |strangers: u8, kind: BidWeight| {
		let settings = Config { bid_weight: kind, ..config(1) };
		let mut component = component(settings);
		for _ in 0..3 {
			send(&mut component, 200, flow(1.0), &error(&batch.texts, 1));
			for stranger in 0..strangers {
				let verdict = send(&mut component, stranger, flow(0.0), &error(&batch.texts, 7));
				let expected = match kind {
					BidWeight::Flow => Verdict::NoBid,
					BidWeight::Share => Verdict::Accepted,
				};
				if stranger < 10 {
					assert_eq!(verdict, expected);
				}
			}
			component.train_step(batch, &[]).expect("a step");
		}
		component
	};
	// A hundred accounts without stake bid 7/8 of their rows: their flow is 0.
	assert!(bits(&run(100, BidWeight::Flow)) == bits(&run(0, BidWeight::Flow)));
	// By the letter of eq. 12, in shares, a few of them would take over.
	let start = values(&component(config(1)));
	let few = values(&run(10, BidWeight::Share));
	let none = values(&run(0, BidWeight::Share));
	assert!(distance(&few, &none) > 0.3 * distance(&none, &start));
	for bad in [f64::NAN, f64::INFINITY, -1.0] {
		let mut component = component(config(1));
		assert_eq!(send(&mut component, 1, flow(bad), &error(&batch.texts, 1)), Verdict::NoBid);
	}
}

#[test]
fn a_component_without_bids_for_it_does_not_move() {
	let mut component = component(config(1));
	let before = bits(&component);
	send(&mut component, 1, flow(0.0), &error(&batch().texts, 1));
	assert!(!component.upstream_step().expect("nothing to do"));
	assert!(bits(&component) == before);
}

#[test]
fn the_own_loss_keeps_its_part() {
	let vector = |x: &[f32]| Gradient { parts: vec![Some(Values::Dense(x.to_vec()))] };
	let (own, up) = (vector(&[5.0, 0.0, 0.0]), vector(&[0.0, 7.0, 0.0]));
	let dense = |g: &Gradient| g.parts[0].as_ref().expect("values").to_dense(3);
	let both = combine(Some(&own), &[(4.0, &up)], 0.125, 2.0);
	assert_eq!(dense(&both), [0.25, 1.75, 0.0]);
	// Nobody bids: everything is the own loss's, as it is.
	assert_eq!(combine(Some(&own), &[(0.0, &up)], 0.125, 2.0), own);
	let broken = vector(&[0.0, f32::NAN, 0.0]);
	assert_eq!(combine(Some(&own), &[(9.0, &broken)], 0.125, 2.0), own);
	// No own loss: everything is the upstream's.
	assert_eq!(dense(&combine(None, &[(4.0, &up)], 0.125, 2.0)), [0.0, 2.0, 0.0]);
}

#[test]
fn the_decoder_belongs_to_the_own_loss() {
	let batch = batch();
	let mut with = component(config(1));
	let mut without = component(config(1));
	send(&mut with, 1, flow(1.0), &error(&batch.texts, 1));
	with.train_step(batch, &[]).expect("a step");
	without.train_step(batch, &[]).expect("a step");
	for (a, b) in with.parameters().iter().zip(without.parameters()) {
		let same = entries(a.tensor()) == entries(b.tensor());
		let decoder = a.part() == Part::Decoder;
		let untouched = a.name().starts_with("input.") && a.name() != "input.own.adaptor";
		assert!(same == decoder || untouched, "{}", a.name());
	}
}

proptest! {
	#[test]
	fn a_combined_step_is_never_longer_than_its_scale(
		own in prop::collection::vec(-1e3..1e3_f32, 8),
		sources in prop::collection::vec((0.0..1e9_f64, prop::collection::vec(-1e3..1e3_f32, 8)), 1..6),
		share in 0.0..1.0_f64,
	) {
		let vector = |x: &Vec<f32>| Gradient { parts: vec![Some(Values::Dense(x.clone()))] };
		let own = vector(&own);
		let gradients: Vec<(f64, Gradient)> =
			sources.iter().map(|(weight, x)| (*weight, vector(x))).collect();
		let listed: Vec<(f64, &Gradient)> = gradients.iter().map(|(w, g)| (*w, g)).collect();
		let step = combine(Some(&own), &listed, share, 3.0);
		if listed.iter().any(|(weight, g)| *weight > 0.0 && g.norm() > 0.0) {
			prop_assert!(step.norm() <= 3.0 * (1.0 + 1e-5));
		} else {
			prop_assert_eq!(step, own);
		}
	}
}

#[test]
fn grads_are_judged_before_they_count() {
	let texts = &batch().texts;
	let good = error(texts, 1);
	let settings = Config { max_sources: 2, max_lag: 3, ..config(1) };
	let mut component = component(settings);
	let before = bits(&component);
	let grad = |component: &mut Component, version, error: &Tensor| {
		let (source, bid) = ([1; 32], flow(1.0));
		component.accumulate_grad(Grad { source, bid, version, texts, d: &[], error })
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
		assert_eq!(send(&mut component, 1, flow(1.0), &good), Verdict::Accepted);
		component.upstream_step().expect("a step");
	}
	assert_eq!(component.version(), 4);
	assert_eq!(grad(&mut component, 0, &good).expect("a verdict").verdict, Verdict::Stale);
	assert_eq!(grad(&mut component, 1, &good).expect("a verdict").verdict, Verdict::Accepted);
	component.upstream_step().expect("a step");
	// Room for two: the third must outbid one of them.
	assert_eq!(send(&mut component, 1, flow(2.0), &good), Verdict::Accepted);
	assert_eq!(send(&mut component, 2, flow(3.0), &good), Verdict::Accepted);
	assert_eq!(send(&mut component, 3, flow(1.0), &good), Verdict::Outbid);
	assert_eq!(send(&mut component, 3, flow(2.5), &good), Verdict::Accepted);
	assert_eq!(send(&mut component, 1, flow(2.0), &good), Verdict::Outbid);
}
