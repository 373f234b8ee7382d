//! What Grads and bids do to a component that receives them, over real text, without a network
//! between: components hand their vectors to each other.
//!
//! ```text
//!   x ──► B ── d ──► A ──► loss
//!         ▲          │
//!         └── Grad ──┘   weighted by A's bid for B: the flow of its charged edge
//! ```

use std::sync::Arc;

use anyhow::Context;
use bittensor_nucleus::{
	held_out, Bid, BidWeight, Component, Config, Corpus, Device, Example, Sampler, Serve, Tensor,
	Tokenizer, Unigram, Verdict,
};

use crate::support::corpus;

const A: [u8; 32] = [1; 32];
const STEPS: usize = 800;
const OWN_STEPS: usize = 10;
const BATCH: usize = 32;
const HELD_OUT: usize = 512;
/// Words that A knows.
const NARROW: usize = 64;

/// The corpus, and what A and B read it with: each component has its own tokenizer.
struct Text {
	corpus: Corpus,
	train: Vec<usize>,
	held_out: Vec<Example>,
	/// A knows few words: it needs B for the others.
	narrow: Arc<Tokenizer>,
	wide: Arc<Tokenizer>,
}

impl Text {
	fn load() -> anyhow::Result<Self> {
		let corpus = Corpus::load(corpus())?;
		let narrow = Arc::new(Tokenizer::train(&corpus, NARROW)?);
		let wide = Arc::new(Tokenizer::train(&corpus, Config::default().vocab)?);
		let train = corpus.select("all")?;
		let measured = corpus.held_out_for(&train);
		let Config { context, horizon, .. } = Config::default();
		let held_out = held_out(&corpus, &measured, &narrow, context, horizon, HELD_OUT)?;
		Ok(Self { corpus, train, held_out, narrow, wide })
	}

	fn sampler(&self, tokenizer: &Tokenizer, seed: u64) -> anyhow::Result<Sampler> {
		let Config { context, horizon, .. } = Config::default();
		Ok(Sampler::new(&self.corpus, &self.train, tokenizer, context, horizon, seed)?)
	}

	/// A component that asks one other.
	fn asking(&self, seed: u64) -> anyhow::Result<Component> {
		let config = Config { seed, slots: 1, vocab: NARROW, ..Config::default() };
		let unigram = Unigram::fit(self.sampler(&self.narrow, seed)?.tokens(), self.narrow.size());
		Ok(Component::new(config, self.narrow.clone(), Some(&unigram), &Device::Cpu)?)
	}

	/// A component that others ask. It has read a little on its own, so that the statistics of
	/// its own slot are there.
	fn served(&self, seed: u64, bid_weight: BidWeight) -> anyhow::Result<Component> {
		let config = Config { seed, slots: 0, bid_weight, max_sources: 256, ..Config::default() };
		let mut component = Component::new(config, self.wide.clone(), None, &Device::Cpu)?;
		let mut sampler = self.sampler(&self.wide, seed)?;
		for _ in 0..OWN_STEPS {
			component.train_step(&sampler.next_batch(BATCH), &[])?;
		}
		Ok(component)
	}
}

/// All parameters, entry by entry.
fn entries(component: &Component) -> anyhow::Result<Vec<f32>> {
	let mut all = Vec::new();
	for parameter in component.parameters() {
		all.extend(parameter.tensor().flatten_all()?.to_vec1::<f32>()?);
	}
	Ok(all)
}

/// Trains A for [`STEPS`] steps with B downstream, and returns A's held-out loss in nats per
/// token. `trained`: B follows A's Grads, and nothing else; else it stays as it is.
fn train(text: &Text, seed: u64, trained: bool) -> anyhow::Result<f64> {
	let mut sampler = text.sampler(&text.narrow, seed)?;
	let mut a = text.asking(seed)?;
	let mut b = text.served(seed + 1_000, BidWeight::Flow)?;
	let bid = Bid { flow: 1.0, share: 0.1 };
	for _ in 0..STEPS {
		let batch = sampler.next_batch(BATCH);
		let (d, version) = (b.forward(&batch.texts, &[])?, b.version());
		let report = a.train_step(&batch, &[Some(d)])?;
		assert!(report.stepped && report.refused.is_empty(), "{report:?}");
		if trained {
			let error = report.errors[0].as_ref().context("A sends an error to B")?;
			let verdict = b.accumulate_grad(A, bid, version, &batch.texts, &[], error)?.verdict;
			assert!(matches!(verdict, Verdict::Accepted | Verdict::Faint), "{verdict:?}");
			b.upstream_step()?;
		}
	}
	let texts: Vec<String> = text.held_out.iter().map(|example| example.text.clone()).collect();
	let d = b.forward(&texts, &[])?;
	Ok(a.evaluate(&text.held_out, &[Some(d)])?.with_network.ln())
}

#[test]
fn a_component_learns_more_over_one_that_learns_from_its_grads() -> anyhow::Result<()> {
	let text = Text::load()?;
	for seed in [1, 2, 3] {
		let (frozen, trained) = (train(&text, seed, false)?, train(&text, seed, true)?);
		println!("seed {seed}: {frozen:.4} nats with B frozen, {trained:.4} with B trained");
		assert!(trained < frozen, "seed {seed}: {trained} is not below {frozen}");
	}
	Ok(())
}

/// A Grad for B: texts and an error per text, from the first step of an upstream.
fn grad(text: &Text, seed: u64) -> anyhow::Result<(Vec<String>, Tensor)> {
	let batch = text.sampler(&text.narrow, seed)?.next_batch(BATCH);
	let downstream = text.served(seed + 1_000, BidWeight::Flow)?;
	let d = downstream.forward(&batch.texts, &[])?;
	let mut report = text.asking(seed)?.train_step(&batch, &[Some(d)])?;
	Ok((batch.texts, report.errors.remove(0).context("an error for slot 0")?))
}

#[test]
fn a_zero_bid_moves_nothing() -> anyhow::Result<()> {
	let text = Text::load()?;
	let (texts, error) = grad(&text, 7)?;
	let mut b = text.served(8, BidWeight::Flow)?;
	let before = entries(&b)?;
	for _ in 0..20 {
		let version = b.version();
		let bid = Bid { flow: 0.0, share: 0.5 };
		let report = b.accumulate_grad(A, bid, version, &texts, &[], &error)?;
		assert_eq!((report.verdict, report.weight), (Verdict::NoBid, 0.0));
		assert!(!b.upstream_step()?);
	}
	assert_eq!(entries(&b)?, before);

	// With a bid the same Grad moves it.
	let version = b.version();
	b.accumulate_grad(A, Bid { flow: 1.0, share: 0.5 }, version, &texts, &[], &error)?;
	assert!(b.upstream_step()?);
	assert_ne!(entries(&b)?, before);
	Ok(())
}
