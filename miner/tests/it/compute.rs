//! The compute thread: urgency, bounds, failures; inputs by account; any kind of model.

use bittensor_client::Edge;
use bittensor_miner::{
	axon::{ComponentService, ComputeError, DownstreamAnswer, GradOutcome, UpstreamGrad},
	compute::{
		queue::{Lane, Queue},
		Best, Brain, Compute, Judgement, Notes,
	},
	learning::rate::Rates,
	telemetry::{InputStatus, Status},
};
use bittensor_nucleus::{
	held_out, kind, Batch, Config, Corpus, Device, Example, Model, Perplexity, Sampler, Setup,
	Tokenizer, Unigram,
};
use bittensor_wire::{proto::GradReason, Vectors, DIM};
use parking_lot::Mutex;
use std::{
	path::{Path, PathBuf},
	sync::{mpsc, Arc},
	time::{Duration, Instant},
};

fn corpus() -> PathBuf {
	"../corpus".into()
}

/// What the models of these tests are made of.
fn setup(corpus: &Corpus, seed: u64) -> Setup {
	let tokenizer = Arc::new(Tokenizer::train(corpus, 512).expect("words"));
	let config = Config { seed, inputs: 2, vocab: 512, ..Config::default() };
	Setup::new(config).with_tokenizer(tokenizer)
}

fn component(seed: u64) -> (Box<dyn Model>, Sampler) {
	let corpus = Corpus::load(corpus()).expect("a corpus");
	let mut setup = setup(&corpus, seed);
	let (config, tokenizer) = (&setup.config, setup.tokenizer.clone().expect("it was set"));
	let documents = corpus.select("kjv").expect("a group");
	let sampler =
		Sampler::new(&corpus, &documents, &tokenizer, config.context, config.horizon, seed)
			.expect("examples");
	setup.prior = Some(Unigram::fit(sampler.tokens(), tokenizer.size()));
	let model = kind("cbow").and_then(|kind| kind.create(&setup));
	(model.expect("a component"), sampler)
}

/// Held-out examples for the component of seed 7.
fn unseen(corpus: &Corpus) -> Vec<Example> {
	let tokenizer = setup(corpus, 7).tokenizer.expect("it was set");
	let measured = corpus.held_out_for(&corpus.select("kjv").expect("a group"));
	held_out(corpus, &measured, &tokenizer, 32, 16, 64).expect("examples")
}

fn vectors(rows: usize, salt: usize) -> Vectors {
	let value = |at: usize| ((at * 37 + salt * 101) % 17) as f32 / 17.0 - 0.5;
	Vectors::new(rows, (0..rows * DIM).map(value).collect()).expect("finite")
}

fn answers(batch: &Batch, salt: usize) -> Vec<DownstreamAnswer> {
	let rows = batch.texts.len();
	vec![
		DownstreamAnswer { account: [2; 32], vectors: Some(vectors(rows, salt)) },
		DownstreamAnswer { account: [3; 32], vectors: Some(vectors(rows, salt + 50)) },
	]
}

#[tokio::test]
async fn spikes_go_first_but_not_for_ever() {
	let (queue, thread) = Queue::start("test", Vec::<&str>::new()).expect("a thread");
	let (open, gate) = mpsc::channel::<()>();
	let blocked = {
		let queue = queue.clone();
		tokio::spawn(async move {
			queue.run(Lane::Own, move |_| gate.recv_timeout(Duration::from_secs(5)).is_ok()).await
		})
	};
	tokio::time::sleep(Duration::from_millis(50)).await;
	let mut waiting = Vec::new();
	for (lane, name, number) in
		[(Lane::Own, "own", 2), (Lane::Grad, "grad", 2), (Lane::Spike, "spike", 20)]
	{
		for _ in 0..number {
			let queue = queue.clone();
			waiting.push(tokio::spawn(async move {
				queue.run(lane, move |done: &mut Vec<&str>| done.push(name)).await
			}));
			tokio::task::yield_now().await;
		}
	}
	tokio::time::sleep(Duration::from_millis(50)).await;
	open.send(()).expect("it waits");
	assert_eq!(blocked.await.expect("no panic"), Ok(true));
	for task in waiting {
		task.await.expect("no panic").expect("done");
	}
	queue.close();
	let done = thread.join().expect("no panic");
	assert!(done[..8].iter().all(|name| *name == "spike"), "{done:?}");
	let first = |name| done.iter().position(|other| *other == name).expect("done");
	assert!(first("grad") < 20, "a less urgent job has its turn: {done:?}");
	assert!(matches!(queue.run(Lane::Spike, |_| ()).await, Err(ComputeError::Stopped)));
}

#[tokio::test]
async fn own_jobs_keep_half_of_the_time_beside_callers() {
	const PIECE: Duration = Duration::from_millis(4);
	let (queue, thread) = Queue::start("test", [0_u32; 2]).expect("a thread");
	let stop = Instant::now() + Duration::from_millis(1_500);
	// Twelve callers with work of twice the size of ours, and one task of our own after the other.
	let tasks = (0..13).map(|number| {
		let queue = queue.clone();
		tokio::spawn(async move {
			while Instant::now() < stop {
				let (lane, at, pieces) = match number {
					0 => (Lane::Own, 0, 1),
					number if number % 2 == 0 => (Lane::Spike, 1, 2),
					_ => (Lane::Grad, 1, 2),
				};
				let done = queue.run(lane, move |done: &mut [u32; 2]| {
					std::thread::sleep(PIECE * pieces);
					done[at] += pieces;
				});
				done.await.expect("done");
			}
		})
	});
	for task in tasks.collect::<Vec<_>>() {
		task.await.expect("no panic");
	}
	queue.close();
	let [own, callers] = thread.join().expect("no panic");
	let part = f64::from(own) / f64::from(own + callers);
	assert!((0.3..=0.6).contains(&part), "{own} of our own beside {callers} of callers");
}

#[tokio::test]
async fn a_full_lane_refuses_and_a_panic_is_contained() {
	let (queue, _thread) = Queue::start("test", 0_u32).expect("a thread");
	let (open, gate) = mpsc::channel::<()>();
	let mut waiting = Vec::new();
	let first = queue.clone();
	let blocked = tokio::spawn(async move {
		first.run(Lane::Spike, move |_| gate.recv_timeout(Duration::from_secs(5)).is_ok()).await
	});
	tokio::time::sleep(Duration::from_millis(50)).await;
	for _ in 0..64 {
		let queue = queue.clone();
		waiting.push(tokio::spawn(async move { queue.run(Lane::Spike, |n| *n += 1).await }));
	}
	tokio::time::sleep(Duration::from_millis(50)).await;
	assert_eq!(queue.run(Lane::Spike, |n| *n += 1).await, Err(ComputeError::Busy));
	open.send(()).expect("it waits");
	assert_eq!(blocked.await.expect("no panic"), Ok(true));
	for task in waiting {
		task.await.expect("no panic").expect("done");
	}
	let panicked = queue.run(Lane::Own, |_| -> u32 { panic!("on purpose") }).await;
	assert!(matches!(panicked, Err(ComputeError::Failed(_))), "{panicked:?}");
	assert_eq!(queue.run(Lane::Own, |n| *n).await, Ok(64));
}

#[tokio::test]
async fn inputs_are_named_by_account() {
	let (component, mut sampler) = component(1);
	let inputs = vec![Some([2; 32]), Some([3; 32])];
	let brain = Brain::new(component, inputs, true, Device::Cpu);
	let (compute, _thread) = Compute::start(brain).expect("a thread");
	for salt in 0..3 {
		let batch = sampler.next_batch(8);
		let downstream = answers(&batch, salt);
		let step = compute.step(batch, downstream).await.expect("a step");
		let mut accounts: Vec<u8> = step.errors.iter().map(|(account, _)| account[0]).collect();
		accounts.sort_unstable();
		assert_eq!(accounts, [2, 3]);
		assert!(step.errors.iter().all(|(_, error)| error.rows() == 8));
	}
	// The order of the answers does not matter, an unknown account is ignored.
	let texts: Arc<[String]> = sampler.next_batch(4).texts.into();
	let batch = Batch { texts: texts.to_vec(), targets: Vec::new() };
	let mut downstream = answers(&batch, 1);
	let one = compute.spike(texts.clone(), downstream.clone()).await.expect("y");
	downstream.reverse();
	downstream.push(DownstreamAnswer { account: [9; 32], vectors: Some(vectors(4, 9)) });
	let other = compute.spike(texts.clone(), downstream.clone()).await.expect("y");
	assert_eq!(one, other);
	let alone = compute.spike(texts.clone(), Vec::new()).await.expect("y");
	assert_ne!(one.vectors, alone.vectors);
	// The input of an account that was replaced takes nothing from it any more.
	compute.set_inputs(vec![Some([2; 32]), Some([4; 32])]).await.expect("set");
	let without = compute.spike(texts.clone(), downstream[..2].to_vec()).await.expect("y");
	assert_ne!(one.vectors, without.vectors);
	let measure = compute.measure().await.expect("scores");
	assert_eq!(measure.inputs, [Some([2; 32]), Some([4; 32])]);
	assert_eq!(measure.steps, 3);
}

#[tokio::test]
async fn only_paid_grads_move_the_parameters() {
	let (component, mut sampler) = component(2);
	let brain = Brain::new(component, vec![Some([2; 32]), None], true, Device::Cpu);
	let (compute, _thread) = Compute::start(brain).expect("a thread");
	for _ in 0..2 {
		let batch = sampler.next_batch(8);
		let downstream = answers(&batch, 0);
		compute.step(batch, downstream).await.expect("a step");
	}
	let batch = sampler.next_batch(4);
	let (version, before) = compute.parameters().await.expect("a digest");
	let upstream = |push: f64| UpstreamGrad {
		source: [7; 32],
		push,
		version,
		texts: batch.texts.clone().into(),
		downstream: answers(&batch, 3),
		error: vectors(4, 5),
	};
	assert_eq!(compute.grad(upstream(0.0)).await, dropped(GradReason::NoBid));
	assert_eq!(compute.upstream_step().await, Ok(false));
	assert_eq!(compute.parameters().await.expect("a digest"), (version, before));
	let GradOutcome { reason, errors } = compute.grad(upstream(0.25)).await.expect("taken in");
	assert_eq!(reason, GradReason::Accepted);
	assert_eq!(errors.len(), 1, "one for the input that answered");
	assert_eq!((errors[0].0, errors[0].1.rows()), ([2; 32], 4));
	assert_eq!(compute.upstream_step().await, Ok(true));
	let (_, after) = compute.parameters().await.expect("a digest");
	assert_ne!(before, after);
	// What it bought: a quarter of that step, and of each further one at which it is present.
	let sold = async || compute.measure().await.expect("measured").sold;
	assert_eq!(sold().await, [([7; 32], 0.25)]);
	assert_eq!(compute.upstream_step().await, Ok(false));
	compute.grad(upstream(0.125)).await.expect("taken in");
	assert_eq!(compute.upstream_step().await, Ok(true));
	assert_eq!(sold().await, [([7; 32], 0.375)]);
}

fn dropped(reason: GradReason) -> Result<GradOutcome, ComputeError> {
	Ok(GradOutcome { reason, errors: Vec::new() })
}

#[tokio::test]
async fn a_frozen_component_takes_nothing_in() {
	let (component, mut sampler) = component(3);
	let brain = Brain::new(component, Vec::new(), false, Device::Cpu);
	let (compute, _thread) = Compute::start(brain).expect("a thread");
	let batch = sampler.next_batch(4);
	let before = compute.parameters().await.expect("a digest");
	let upstream = UpstreamGrad {
		source: [7; 32],
		push: 0.25,
		version: before.0,
		texts: batch.texts.clone().into(),
		downstream: Vec::new(),
		error: vectors(4, 5),
	};
	assert_eq!(compute.grad(upstream).await, dropped(GradReason::NothingToLearn));
	assert_eq!(compute.upstream_step().await, Ok(false));
	assert_eq!(compute.parameters().await.expect("a digest"), before);
}

#[tokio::test]
async fn a_checkpoint_remembers_who_sat_where() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let (component, mut sampler) = component(4);
	let brain = Brain::new(component, vec![None, Some([3; 32])], true, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	let batch = sampler.next_batch(8);
	let downstream = answers(&batch, 0);
	compute.step(batch, downstream).await.expect("a step");
	let digest = compute.parameters().await.expect("a digest");
	let notes = Notes {
		sampler: sampler.state(),
		perplexity_start: Some(150.0),
		documents: vec!["a".into()],
		..Notes::default()
	};
	compute.save(path.clone(), notes.clone()).await.expect("saved");
	compute.close();
	drop(thread.join().expect("no panic"));

	let setup = setup(&Corpus::load(corpus()).expect("a corpus"), 4);
	let loaded = kind("cbow").and_then(|kind| kind.load(&path, &setup)).expect("loaded");
	let found: Notes = serde_json::from_value(loaded.notes).expect("notes");
	let loaded = loaded.model;
	assert_eq!(found.accounts(), [None, Some([3; 32])]);
	assert_eq!(Notes { inputs: Vec::new(), ..found.clone() }, notes);
	let (compute, _thread) =
		Compute::start(Brain::new(loaded, found.accounts(), true, Device::Cpu)).expect("a thread");
	assert_eq!(compute.parameters().await.expect("a digest"), digest);
}

#[tokio::test]
async fn noise_is_noise() {
	let noise = kind("noise").and_then(|kind| kind.create(&Setup::new(Config::default())));
	let brain = Brain::new(noise.expect("noise"), Vec::new(), true, Device::Cpu);
	let (noise, _thread) = Compute::start(brain).expect("a thread");
	let texts: Arc<[String]> = vec!["one".to_string(), "two".to_string()].into();
	let first = noise.spike(texts.clone(), Vec::new()).await.expect("y").vectors;
	let second = noise.spike(texts, Vec::new()).await.expect("y").vectors;
	assert_eq!(first.rows(), 2);
	assert_ne!(first, second, "it has nothing to do with the text");
	let upstream = UpstreamGrad {
		source: [7; 32],
		push: 0.25,
		version: 0,
		texts: vec!["one".to_string()].into(),
		downstream: Vec::new(),
		error: vectors(1, 5),
	};
	assert_eq!(noise.grad(upstream).await, dropped(GradReason::NothingToLearn));
	assert_eq!(noise.upstream_step().await, Ok(false));
	assert_eq!(noise.measure().await.expect("scores").shares, []);
}

#[tokio::test]
async fn grads_to_one_component_are_rationed() {
	let mut rates = Rates::new(3);
	let taken = (0..10).filter(|_| rates.take(&[1; 32])).count();
	assert_eq!(taken, 3);
	assert!(rates.take(&[2; 32]), "each has its own");
	tokio::time::sleep(Duration::from_millis(400)).await;
	assert!(rates.take(&[1; 32]));
	assert!(!rates.take(&[1; 32]));
	assert!(!Rates::new(0).take(&[1; 32]));
}

#[test]
fn the_status_file_is_always_whole() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("status.json");
	let last_error = Some("something".into());
	let status = Status { row: vec![Edge::new(3, 4_000)], last_error, ..Status::default() };
	status.write(&path).expect("written");
	let text = std::fs::read_to_string(&path).expect("read");
	let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
	assert_eq!(json["row"], serde_json::json!([{ "target": 3, "share": 4_000 }]));
	assert_eq!(json["last_error"], "something");
	assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing beside it");
}

#[test]
fn the_line_in_the_log_is_for_operators() {
	let input = |uid, answered, missing| InputStatus {
		uid: Some(uid),
		answered,
		missing,
		..InputStatus::default()
	};
	let mut status = Status {
		uid: Some(3),
		steps: 120,
		loss: Some(4.0),
		inputs: vec![input(4, 98, 2), input(5, 0, 7), input(6, 0, 0)],
		..Status::default()
	};
	status.perplexity.now = Some(92.14);
	let line = status.to_string();
	assert!(line.starts_with("component 3, block 0; step 120 ("), "{line}");
	assert!(line.contains("perplexity 92.1 (without inputs -, unigram -)"), "{line}");
	assert!(line.contains("answers: 4 98 %, 5 0 %, 6 –; served"), "{line}");
	assert!(!line.contains("wrong"), "{line}");
	status.last_error = Some("no BIT".into());
	assert!(status.to_string().ends_with("; still wrong: no BIT"), "{status}");
}

/// Trains a component on one short document at a rate that learns it by heart. Returns its validation
/// perplexities, and how often it went back.
async fn learn_by_heart(folder: &Path, guarded: bool) -> (Vec<Perplexity>, usize) {
	let corpus = Corpus::load(corpus()).expect("a corpus");
	let mut setup = setup(&corpus, 7);
	setup.config.learning_rate = 0.01;
	setup.config.weight_decay = 0.0;
	let tokenizer = setup.tokenizer.clone().expect("it was set");
	let documents = corpus.select("kjv/jonah.txt").expect("a document");
	let (context, horizon) = (setup.config.context, setup.config.horizon);
	let mut sampler =
		Sampler::new(&corpus, &documents, &tokenizer, context, horizon, 7).expect("examples");
	setup.prior = Some(Unigram::fit(sampler.tokens(), tokenizer.size()));
	let measured = corpus.held_out_for(&documents);
	let examples =
		held_out(&corpus, &measured, &tokenizer, context, horizon, 128).expect("examples");
	let examples = Arc::new(examples);
	let kind = kind("cbow").expect("a kind");
	let model = kind.create(&setup).expect("a component");
	let brain = Brain::new(model, Vec::new(), false, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	let path = folder.join("best.safetensors");
	let best = Arc::new(Mutex::new(Best::new(path.clone(), Duration::ZERO)));
	let (mut measured, mut back) = (Vec::new(), 0);
	for _ in 0..24 {
		for _ in 0..25 {
			compute.step(sampler.next_batch(32), Vec::new()).await.expect("a step");
		}
		if guarded {
			let judged = compute
				.judge(examples.clone(), Vec::new(), best.clone(), Notes::default())
				.await
				.expect("measured");
			back += usize::from(matches!(judged.1, Judgement::WentBack(_)));
		}
		let losses = compute.losses(&examples, &[]).await.expect("measured");
		measured.push(losses.perplexity());
	}
	compute.close();
	let brain = thread.join().expect("the thread ends");
	assert_eq!(brain.model().steps(), 24 * 25, "steps count up");
	if guarded {
		// The file holds the best parameters, and their figure.
		let loaded = kind.load(&path, &setup).expect("a checkpoint");
		let notes: Notes = serde_json::from_value(loaded.notes).expect("notes");
		let lowest = measured.iter().map(|p| p.with_network).fold(f64::INFINITY, f64::min);
		assert_eq!(notes.validation.expect("a figure").with_network, lowest);
		let again = loaded.model.evaluate(&examples, &[]).expect("measured");
		assert!((again.with_network / lowest - 1.0).abs() < 1e-6, "{again:?}");
	}
	(measured, back)
}

#[tokio::test]
async fn parameters_go_back_when_learning_spoils_them() {
	let folder = tempfile::tempdir().expect("a folder");
	let last = |measured: &[Perplexity]| measured.last().expect("measured").with_network;
	let (unguarded, _) = learn_by_heart(folder.path(), false).await;
	let (guarded, back) = learn_by_heart(folder.path(), true).await;
	let lowest = guarded.iter().map(|p| p.with_network).fold(f64::INFINITY, f64::min);
	let (with, without) = (last(&guarded), last(&unguarded));
	println!("lowest {lowest:.1}, guarded {with:.1}, unguarded {without:.1}, went back {back}");
	assert!(back > 0, "{guarded:?}");
	assert!(without > 1.5 * lowest, "it does not learn by heart: {without} {lowest}");
	let highest = guarded.iter().skip(8).map(|p| p.with_network).fold(0.0, f64::max);
	assert!(highest < without && with < 0.8 * without, "{guarded:?} {without}");
}

/// A change of inputs is no reason to forget the best measurement: a twin keeps its own.
#[tokio::test]
async fn the_best_measurement_outlives_a_change_of_inputs() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("best.safetensors");
	let best = Arc::new(Mutex::new(Best::new(path.clone(), Duration::ZERO)));
	let (model, mut sampler) = component(7);
	let examples = Arc::new(unseen(&Corpus::load(corpus()).expect("a corpus")));
	let brain = Brain::new(model, Vec::new(), false, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	let judge = || async {
		let reported = compute.losses(&examples, &[]).await.expect("measured");
		let notes = Notes { reported: Some(reported.clone()), ..Notes::default() };
		let judged = compute.judge(examples.clone(), Vec::new(), best.clone(), notes).await;
		(reported, judged.expect("measured").1)
	};
	for _ in 0..30 {
		compute.step(sampler.next_batch(32), Vec::new()).await.expect("a step");
	}
	let (first, judgement) = judge().await;
	assert_eq!(judgement, Judgement::Kept);
	// Other parameters, which are worse: those of the start.
	let (start, _) = component(7);
	let file = folder.path().join("start.safetensors");
	Brain::new(start, Vec::new(), false, Device::Cpu).save(&file, Notes::default()).expect("saved");
	compute.close();
	thread.join().expect("the thread ends");
	let corpus = Corpus::load(corpus()).expect("a corpus");
	let loaded = kind("cbow").and_then(|kind| kind.load(&file, &setup(&corpus, 7)));
	let brain = Brain::new(loaded.expect("loaded").model, Vec::new(), false, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	compute.set_inputs(vec![Some([2; 32]), None]).await.expect("set");
	let reported = compute.losses(&examples, &[]).await.expect("measured");
	assert!(reported.perplexity().with_network > first.perplexity().with_network);
	let notes = Notes { reported: Some(reported), ..Notes::default() };
	let judged = compute.judge(examples.clone(), Vec::new(), best.clone(), notes).await;
	assert_eq!(judged.expect("measured").1, Judgement::Kept, "to go back to, with these inputs");
	assert_eq!(best.lock().reported(), Some(&first));
	compute.close();
	thread.join().expect("the thread ends");
	let loaded = kind("cbow").and_then(|kind| kind.load(&path, &setup(&corpus, 7)));
	assert_eq!(loaded.expect("loaded").model.steps(), 30, "the file is that of the best");
}

#[tokio::test]
async fn best_parameters_that_could_not_be_written_wait_for_the_next_write() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("missing").join("best.safetensors");
	let best = Arc::new(Mutex::new(Best::new(path.clone(), Duration::ZERO)));
	let (model, mut sampler) = component(7);
	let corpus = Corpus::load(corpus()).expect("a corpus");
	let examples = Arc::new(unseen(&corpus));
	let brain = Brain::new(model, Vec::new(), false, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	for _ in 0..3 {
		compute.step(sampler.next_batch(32), Vec::new()).await.expect("a step");
	}
	let judged = compute.judge(examples, Vec::new(), best.clone(), Notes::default()).await;
	assert!(judged.is_err(), "there is no such folder");
	// Steps that are not measured any more.
	compute.step(sampler.next_batch(32), Vec::new()).await.expect("it goes on");
	compute.close();
	let brain = thread.join().expect("the thread ends");
	assert!(best.lock().flush(&brain).is_err());
	std::fs::create_dir(folder.path().join("missing")).expect("a folder");
	best.lock().flush(&brain).expect("written");
	let loaded = kind("cbow").and_then(|kind| kind.load(&path, &setup(&corpus, 7)));
	assert_eq!(loaded.expect("loaded").model.steps(), 3);
}

#[test]
fn a_perplexity_above_the_unigram_model_is_told_once() {
	let mut best = Best::new("unused".into(), Duration::ZERO);
	assert!(!best.warns(390.0, 390.0));
	assert!(best.warns(931.0, 390.0));
	assert!(!best.warns(931.0, 390.0));
}

#[tokio::test]
async fn the_best_parameters_that_were_not_written_in_time_are_written_at_the_stop() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("best.safetensors");
	let best = Arc::new(Mutex::new(Best::new(path.clone(), Duration::from_secs(3_600))));
	let (model, mut sampler) = component(7);
	let corpus = Corpus::load(corpus()).expect("a corpus");
	let examples = Arc::new(unseen(&corpus));
	let brain = Brain::new(model, vec![Some([2; 32]), None], false, Device::Cpu);
	let (compute, thread) = Compute::start(brain).expect("a thread");
	let judge = || compute.judge(examples.clone(), Vec::new(), best.clone(), Notes::default());
	for steps in [10, 20] {
		for _ in 0..steps {
			compute.step(sampler.next_batch(32), Vec::new()).await.expect("a step");
		}
		assert_eq!(judge().await.expect("measured").1, Judgement::Kept);
	}
	// Steps that are not measured any more.
	compute.step(sampler.next_batch(32), Vec::new()).await.expect("a step");
	let written = || {
		let loaded = kind("cbow").and_then(|kind| kind.load(&path, &setup(&corpus, 7)));
		let loaded = loaded.expect("loaded");
		let notes: Notes = serde_json::from_value(loaded.notes).expect("notes");
		(loaded.model.steps(), notes.accounts())
	};
	assert_eq!(written().0, 10, "at most one file in an hour");
	compute.close();
	let brain = thread.join().expect("the thread ends");
	best.lock().flush(&brain).expect("written");
	assert_eq!(written(), (30, vec![Some([2; 32]), None]));
	best.lock().flush(&brain).expect("nothing to write");
}
