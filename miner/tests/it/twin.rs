//! The twin of a component: what it learns, and what the comparison with it says.

use bittensor_miner::{
	axon::DownstreamAnswer,
	cli::{Cli, Command},
	commands::run::prepare::{prepare, TWIN},
	compute::{Best, Brain, Compute, Notes},
	config::ConfigError,
	learning::twin::{Comparison, Twin},
};
use bittensor_nucleus::{
	kind, Config, Corpus, Device, Example, Half, Model, NucleusError, Sampler, Setup, Tensor,
	Tokenizer, Unigram,
};
use bittensor_wire::{Vectors, DIM};
use clap::Parser;
use parking_lot::Mutex;
use std::{path::Path, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const PEER: [u8; 32] = [3; 32];
/// Steps of a comparison.
const STEPS: usize = 300;

/// A component at its start, and the text of its corpus.
struct Fresh {
	setup: Setup,
	sampler: Sampler,
	validation: Half,
	reported: Half,
}

impl Fresh {
	fn new() -> Self {
		let corpus = Corpus::load("../corpus").expect("a corpus");
		let tokenizer = Arc::new(Tokenizer::train(&corpus, 512).expect("words"));
		let config = Config { seed: 5, inputs: 1, vocab: 512, ..Config::default() };
		let (context, horizon) = (config.context, config.horizon);
		let documents = corpus.select("1/4").expect("documents");
		let sampler = Sampler::new(&corpus, &documents, &tokenizer, context, horizon, 5);
		let sampler = sampler.expect("examples");
		let measured = corpus.held_out_for(&documents);
		let (validation, reported) =
			Half::both(&corpus, &measured, &tokenizer, context, horizon).expect("long documents");
		let prior = Some(Unigram::fit(sampler.tokens(), tokenizer.size()));
		let setup = Setup { prior, ..Setup::new(config).with_tokenizer(tokenizer) };
		Self { setup, sampler, validation, reported }
	}

	fn model(&self) -> Box<dyn Model> {
		kind("cbow").and_then(|kind| kind.create(&self.setup)).expect("a component")
	}
}

/// A peer that knows the words that follow a text, or none at all.
#[derive(Clone, Copy)]
enum Peer {
	None,
	NextWords,
}

impl Peer {
	/// Its vectors of texts that these words follow.
	fn answers(self, targets: &[Vec<u32>]) -> Vec<DownstreamAnswer> {
		if matches!(self, Self::None) {
			return Vec::new();
		}
		let vector = |words: &Vec<u32>| {
			let mut sum = vec![0_f32; DIM];
			for word in words {
				let mut state = u64::from(*word).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
				for x in &mut sum {
					state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
					*x += (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
				}
			}
			sum
		};
		let values = targets.iter().flat_map(vector).collect();
		let vectors = Vectors::new(targets.len(), values).expect("finite");
		vec![DownstreamAnswer { account: PEER, vectors: Some(vectors) }]
	}

	fn chunks(self, examples: &[Example]) -> Vec<Vec<DownstreamAnswer>> {
		let targets: Vec<Vec<u32>> = examples.iter().map(|e| e.target.clone()).collect();
		targets.chunks(64).map(|chunk| self.answers(chunk)).collect()
	}
}

/// Trains a component beside its twin and compares them; also the parameters of both at the end.
async fn compare(folder: &Path, peer: Peer) -> (Comparison, bool) {
	let mut fresh = Fresh::new();
	let best = |name: &str| Best::new(folder.join(name), Duration::ZERO);
	let brain = |inputs| Brain::new(fresh.model(), inputs, false, Device::Cpu);
	let (compute, thread) = Compute::start(brain(vec![Some(PEER)])).expect("a thread");
	let path = folder.join("twin.safetensors");
	let (twin, twin_thread) =
		Twin::start(brain(Vec::new()), best("best-twin"), path.clone(), vec!["a".into()])
			.expect("a thread");
	let task = tokio::spawn(twin.clone().run(twin_thread));
	let component_best = Arc::new(Mutex::new(best("best")));
	let validation = Arc::new(fresh.validation.spread(256).examples);
	let validation_chunks = peer.chunks(&validation);
	let reported = fresh.reported.spread(1_024);
	let chunks = peer.chunks(&reported.examples);
	let mut last = None;
	for step in 1..=STEPS {
		let batch = fresh.sampler.next_batch(32);
		compute.step(batch.clone(), peer.answers(&batch.targets)).await.expect("a step");
		twin.train(batch).await;
		if step % 16 == 0 {
			let batch = fresh.validation.draw(16, 5, step as u64);
			let answers = peer.answers(&batch.targets);
			compute.score(batch.clone(), answers, Vec::new()).await.expect("scores");
			twin.score(batch).await;
		}
		if step % 100 == 0 {
			twin.caught_up().await;
			let losses = compute.losses(&reported.examples, &chunks).await.expect("losses");
			let notes = Notes { reported: Some(losses.clone()), ..Notes::default() };
			let chunks = validation_chunks.clone();
			compute
				.judge(validation.clone(), chunks, component_best.clone(), notes)
				.await
				.expect("a judgement");
			last = twin
				.compare(&component_best, &losses, validation.clone(), &reported)
				.await
				.expect("both");
		}
	}
	twin.end().await;
	task.await.expect("no panic").expect("it ends");
	compute.close();
	let component = thread.join().expect("no panic");
	let loaded = kind("cbow").and_then(|kind| kind.load(&path, &fresh.setup)).expect("a twin");
	assert_eq!(loaded.model.steps(), STEPS as u64, "it made every step");
	let bits = |model: &dyn Model| -> Vec<Vec<f32>> {
		let entries =
			|tensor: &Tensor| tensor.flatten_all().and_then(|t| t.to_vec1()).expect("f32");
		model.parameters().iter().map(|p| entries(p.tensor())).collect()
	};
	let equal = bits(component.model()) == bits(&*loaded.model);
	(last.expect("both were measured"), equal)
}

#[tokio::test]
async fn a_component_without_answers_is_its_twin() {
	let folder = tempfile::tempdir().expect("a folder");
	let (comparison, equal) = compare(folder.path(), Peer::None).await;
	assert!(equal, "bit for bit");
	assert_eq!(comparison.gain.nats, 0.0);
	assert_eq!(comparison.last.map(|last| last.gain.nats), Some(0.0));
	assert!(!comparison.gain.is_measured() && !comparison.gain.is_loss(), "{comparison:?}");
	assert_eq!(comparison.perplexity, comparison.twin_perplexity);
	assert_eq!(comparison.steps, comparison.twin_steps);
	assert_eq!(comparison.gain.documents, 20);
}

#[tokio::test]
async fn a_peer_that_knows_more_is_a_gain() {
	let folder = tempfile::tempdir().expect("a folder");
	let (comparison, equal) = compare(folder.path(), Peer::NextWords).await;
	println!("{comparison:?}\n{}", comparison.gain);
	assert!(!equal);
	assert!(comparison.gain.low() > 0.0, "{comparison:?}");
	let part = 1.0 - comparison.perplexity / comparison.twin_perplexity;
	assert!((part - comparison.gain.part()).abs() < 1e-6, "{part}");
}

#[tokio::test]
async fn a_corpus_must_hold_out_enough_to_measure() {
	let folder = tempfile::tempdir().expect("a folder");
	let corpus = folder.path().join("corpus");
	std::fs::create_dir(&corpus).expect("a folder");
	let text = "the whale swam away from the ship and the men looked after it in silence then ";
	std::fs::write(corpus.join("a.txt"), text.repeat(40)).expect("written");
	let attempt = |held_out: &'static [(&'static str, usize)], extra: &'static [&'static str]| {
		let names: Vec<&str> = held_out.iter().map(|(name, _)| *name).collect();
		for (name, times) in held_out {
			std::fs::write(corpus.join(name), text.repeat(*times)).expect("written");
		}
		let split = serde_json::json!({ "held_out": names }).to_string();
		std::fs::write(corpus.join("split.json"), split).expect("written");
		let base = folder.path().join("base").display().to_string();
		let corpus = corpus.display().to_string();
		let words = ["bittensor-miner", "run", "--base-path", &base, "--corpus", &corpus];
		let Ok(Cli { command: Command::Run(args), .. }) =
			Cli::try_parse_from(words.iter().chain(extra))
		else {
			panic!("`run` expected")
		};
		async move { prepare(&args, &CancellationToken::new()).await.map(drop) }
	};
	let error = attempt(&[("short.txt", 4)], &[]).await.expect_err("nothing to report on");
	let error = error.downcast::<NucleusError>().expect("a named error");
	assert!(matches!(error, NucleusError::TooLittleHeldOut { .. }), "{error}");
	attempt(&[("long.txt", 40)], &[]).await.expect("one document can be measured");
	let error = attempt(&[("long.txt", 40)], &["--twin"]).await.expect_err("no interval");
	assert_eq!(error.downcast::<ConfigError>().expect("a named error"), ConfigError::OneDocument);
	attempt(&[("long.txt", 40), ("b.txt", 40)], &["--twin"]).await.expect("two documents");
}

#[tokio::test]
async fn a_twin_must_have_learned_beside_its_component() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().display().to_string();
	let args = |extra: &[&str]| {
		let words = ["bittensor-miner", "run", "--base-path", &path, "--corpus", "../corpus"];
		match Cli::try_parse_from(words.iter().chain(extra)).expect("options").command {
			Command::Run(args) => *args,
			other => panic!("`run` expected: {other:?}"),
		}
	};
	let stop = CancellationToken::new();
	let refusal = |error: anyhow::Error| error.downcast::<ConfigError>().expect("a named error");
	for extra in [["--twin", "--kind=noise"], ["--twin", "--learn-from=none"]] {
		let refused =
			prepare(&args(&extra), &stop).await.map(|_| ()).expect_err("nothing to learn");
		assert_eq!(refusal(refused), ConfigError::NothingToCompare);
	}
	let prepared = prepare(&args(&["--twin"]), &stop).await.expect("a fresh component");
	let (twin, _) = prepared.twin.expect("a twin");
	assert_eq!(twin.steps(), prepared.model.steps());
	// A component that has learned without it.
	let text = prepared.text.expect("text");
	let (mut model, mut sampler) = (prepared.model, text.sampler);
	model.train_step(&sampler.next_batch(4), &[]).expect("a step");
	let brain = Brain::new(model, Vec::new(), false, Device::Cpu);
	brain.save(&folder.path().join("component.safetensors"), Notes::default()).expect("saved");
	let refused = prepare(&args(&["--twin"]), &stop).await.map(|_| ()).expect_err("no twin");
	assert!(matches!(refusal(refused), ConfigError::TwinSteps { steps: 1, .. }));
	// One step apart, the twin would miss a batch for good.
	let brain = Brain::new(twin, Vec::new(), false, Device::Cpu);
	brain.save(&folder.path().join(TWIN), Notes::default()).expect("saved");
	let refused = prepare(&args(&["--twin"]), &stop).await.map(|_| ()).expect_err("apart");
	assert!(matches!(refusal(refused), ConfigError::TwinSteps { steps: 1, .. }));
	let (compute, thread) = Compute::start(brain).expect("a thread");
	compute.step(sampler.next_batch(4), Vec::new()).await.expect("a step");
	let path = folder.path().join(TWIN);
	compute.save(path, Notes::default()).await.expect("saved");
	compute.close();
	thread.join().expect("no panic");
	let prepared = prepare(&args(&["--twin"]), &stop).await.expect("resumed side by side");
	assert_eq!(prepared.twin.expect("a twin").0.steps(), 1);
}
