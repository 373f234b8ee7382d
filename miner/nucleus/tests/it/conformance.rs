//! What every kind must do: each test runs over all of `KINDS` but pretrained kinds whose files are
//! not there, which it names.

use std::{fs, sync::Arc};

use bittensor_nucleus::{
	Batch, CheckpointError, Config, Example, Grad, InputRow, Kind, Model, NucleusError,
	OptimizerKind, Parameter, Result, Sampler, Setup, Tensor, Tokenizer, Verdict, DIM, KINDS,
};
use candle_core::{CpuStorage, InplaceOp1, Layout};
use serde_json::json;

use crate::support::{answer, bits, config, corpus, entries, pretrained, sampler, setup, Knows};

pub(crate) fn create(kind: &Kind, config: &Config) -> Box<dyn Model> {
	kind.create(&setup(config.clone())).expect(kind.name)
}

/// Vectors of downstream components for as many inputs as the model has, at most four.
pub(crate) fn answers(model: &dyn Model, texts: &[String]) -> Vec<Option<Tensor>> {
	let knowledge = [Knows::Token(0), Knows::Bag, Knows::Nothing, Knows::Token(1)];
	let one = |(knows, seed)| Some(answer(texts, knows, 0.1, seed).expect("vectors"));
	knowledge.into_iter().zip(0..).take(model.inputs()).map(one).collect()
}

/// Gives each input the vectors of all words, if the model asks for them.
pub(crate) fn fetch_words(model: &mut dyn Model) {
	let words = model.vocabulary().to_vec();
	if words.is_empty() {
		return;
	}
	for (input, d) in answers(model, &words).into_iter().enumerate() {
		model.set_words(input, d.as_ref()).expect("proper vectors");
	}
}

/// Steps with downstream components, one of which answers now and then, and one upstream.
fn train(model: &mut dyn Model, sampler: &mut Sampler, steps: usize) {
	fetch_words(model);
	for _ in 0..steps {
		let batch = sampler.next_batch(16);
		let mut d = answers(model, &batch.texts);
		if let Some(second) = d.get_mut(1) {
			*second = None;
		}
		if let Some(third) = d.get_mut(2).filter(|_| !model.steps().is_multiple_of(3)) {
			*third = None;
		}
		model.train_step(&batch, &d).expect("a step");
		assert_eq!(grad(model, &batch), Verdict::Accepted);
		assert_eq!(grad_of_words(model), Verdict::Accepted);
		if model.steps().is_multiple_of(7) {
			// From the first call on, errors of words are kept: some wait when it is saved.
			model.take_word_errors(0).expect("input 0");
		}
	}
}

fn grad_of_words(model: &mut dyn Model) -> Verdict {
	let words = model.vocabulary().to_vec();
	let error = answer(&words, Knows::Bag, 0.0, 6).expect("vectors");
	let (texts, version) = (&words, model.version());
	let grad = Grad { source: [8; 32], push: 0.1, version, texts, d: &[], error: &error };
	model.accumulate_grad(grad).expect("a proper Grad").verdict
}

fn grad(model: &mut dyn Model, batch: &Batch) -> Verdict {
	let error = answer(&batch.texts, Knows::Bag, 0.0, 4).expect("vectors");
	let push = 0.25;
	let (texts, version) = (&batch.texts, model.version());
	let grad = Grad { source: [7; 32], push, version, texts, d: &[], error: &error };
	model.accumulate_grad(grad).expect("a proper Grad").verdict
}

/// A model of a kind that learns, after some steps, and its next batch.
fn trained(kind: &Kind, horizon: usize, steps: usize) -> (Box<dyn Model>, Batch) {
	let settings = Config { horizon, ..config(5) };
	let mut model = create(kind, &settings);
	let mut sampler = sampler(&settings);
	fetch_words(&mut *model);
	for _ in 0..steps {
		let batch = sampler.next_batch(32);
		let d = answers(&*model, &batch.texts);
		model.train_step(&batch, &d).expect("a step");
	}
	(model, sampler.next_batch(8))
}

pub(crate) fn learning() -> impl Iterator<Item = &'static Kind> {
	KINDS.iter().filter(|kind| kind.learns)
}

/// Kinds that need no files, or whose files are there.
pub(crate) fn usable() -> impl Iterator<Item = &'static Kind> {
	KINDS.iter().filter(|kind| kind.package.is_none_or(pretrained::is_there))
}

#[test]
fn names_are_unique_and_found() {
	for kind in KINDS {
		assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1);
		assert_eq!(bittensor_nucleus::kind(kind.name).expect("found").name, kind.name);
		assert!(!kind.about.is_empty());
		assert!(kind.package.is_none_or(|package| package.kind == kind.name && !kind.learns));
	}
	let error = bittensor_nucleus::kind("none such").expect_err("no such kind").to_string();
	assert!(KINDS.iter().all(|kind| error.contains(kind.name)), "{error}");
}

#[test]
fn what_a_kind_says_of_learning_holds() {
	let settings = config(2);
	let batch = sampler(&settings).next_batch(4);
	for kind in usable() {
		let mut model = create(kind, &settings);
		assert_eq!(model.kind(), kind.name);
		assert_eq!(kind.learns, !model.parameters().is_empty(), "{}", kind.name);
		let nothing = kind.create(&Setup::new(settings.clone())).map(drop);
		if kind.learns {
			assert!(matches!(nothing, Err(NucleusError::NeedsText(_))), "{}", kind.name);
			continue;
		}
		match kind.package {
			None => assert!(nothing.is_ok(), "{}", kind.name),
			Some(_) => assert!(matches!(nothing, Err(NucleusError::ModelFile { .. }))),
		}
		let step = model.train_step(&batch, &[]);
		assert!(matches!(step, Err(NucleusError::NothingToLearn(_))), "{}", kind.name);
		assert_eq!(grad(&mut *model, &batch), Verdict::NothingToLearn);
		assert!(!model.upstream_step().expect("nothing to do"));
		assert_eq!((model.row(), model.version()), (InputRow::own(), 0));
	}
}

#[test]
fn any_text_is_answered() {
	let texts: Vec<String> = vec![
		"In the beginning".into(),
		String::new(),
		" \n\t ".into(),
		"☃ ☃ 雪だるま".into(),
		"🦀🚀👩‍👩‍👧‍👦".into(),
		(0..32).map(char::from).chain(['\u{7f}', '\u{feff}', '\u{202e}']).collect(),
		"the ".repeat(25_000),
		"the ".repeat(250_000),
		"x".repeat(1_000_000),
	];
	for kind in usable() {
		let mut model = create(kind, &config(1));
		let y = model.forward(&texts, &[]).expect("vectors");
		assert_eq!(y.dims(), [texts.len(), DIM], "{}", kind.name);
		assert!(entries(&y).iter().all(|x| x.is_finite()), "{}", kind.name);
		assert!(matches!(model.forward(&[], &[]), Err(NucleusError::EmptyBatch)));
		let connected = model.connect(model.inputs());
		assert!(matches!(connected, Err(NucleusError::NoSuchInput { .. })), "{}", kind.name);
	}
}

#[test]
fn every_parameter_has_a_gradient() {
	for kind in learning() {
		let (model, batch) = trained(kind, 3, 1);
		let d = answers(&*model, &batch.texts);
		let gradient = model.own_gradient(&batch, &d).expect("a gradient");
		assert_eq!(gradient.parts.len(), model.parameters().len());
		for (parameter, part) in model.parameters().iter().zip(&gradient.parts) {
			let name = parameter.name();
			let part = part.as_ref().unwrap_or_else(|| panic!("{name} has no gradient"));
			let dense = part.to_dense(parameter.tensor().elem_count());
			assert_eq!(dense.len(), parameter.tensor().elem_count(), "{name}");
			assert!(dense.iter().all(|x| x.is_finite()), "{name}");
			assert!(dense.iter().any(|x| *x != 0.0), "the gradient of {name} is 0");
		}
	}
}

/// Adds to one entry of a parameter.
struct Nudge(usize, f32);

impl InplaceOp1 for Nudge {
	fn name(&self) -> &'static str {
		"nudge"
	}

	fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
		if let CpuStorage::F32(data) = storage {
			data[layout.start_offset() + self.0] += self.1;
		}
		Ok(())
	}
}

#[test]
fn gradients_are_those_of_finite_differences() {
	for kind in learning() {
		let (model, batch) = trained(kind, 2, 30);
		// Of a single example, so that there is no null input.
		let batch = Batch { texts: batch.texts[..1].into(), targets: batch.targets[..1].into() };
		let d = answers(&*model, &batch.texts);
		let gradient = model.own_gradient(&batch, &d).expect("a gradient");
		let examples = [Example { text: batch.texts[0].clone(), target: batch.targets[0].clone() }];
		let loss = || {
			let loss = model.example_losses(&examples, &d).expect("a loss")[0];
			f64::from(loss.loss) / f64::from(loss.weight)
		};
		let measure = |parameter: &Parameter, index: usize| {
			let step = 1e-2_f32;
			let nudge =
				|by: f32| parameter.tensor().inplace_op1(&Nudge(index, by)).expect("in place");
			nudge(step);
			let above = loss();
			nudge(-2.0 * step);
			let below = loss();
			nudge(step);
			(above - below) / (2.0 * f64::from(step))
		};
		for (parameter, part) in model.parameters().iter().zip(&gradient.parts) {
			let Some(part) = part else {
				assert_eq!(parameter.name(), "input.null.adaptor");
				continue;
			};
			let dense = part.to_dense(parameter.tensor().elem_count());
			let (index, g) = dense
				.iter()
				.enumerate()
				.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
				.expect("a parameter has entries");
			let (measured, g) = (measure(parameter, index), f64::from(*g));
			assert!(
				(measured - g).abs() < 0.02 * g.abs() + 2e-4,
				"{}: {g} by backward, {measured} by finite differences",
				parameter.name()
			);
		}
	}
}

#[test]
fn a_constant_downstream_is_worth_exactly_nothing() {
	for kind in learning() {
		let settings = config(6);
		let mut model = create(kind, &settings);
		let mut sampler = sampler(&settings);
		fetch_words(&mut *model);
		let constant = |texts: &[String]| {
			let d = answer(texts, Knows::Constant, 0.0, 3).expect("vectors");
			Some((d * 1e3).expect("large numbers"))
		};
		for _ in 0..60 {
			let batch = sampler.next_batch(32);
			let mut d = answers(&*model, &batch.texts);
			d[0] = constant(&batch.texts);
			model.train_step(&batch, &d).expect("a step");
			model.score(&batch, &d, &[]).expect("scores");
		}
		let score = model.attribution().inputs[0].expect("it answered");
		assert!(score.proven && score.mean == 0.0 && score.bid == 0.0, "{score:?}");
		let most = settings.attribution.exploring / 4;
		assert!((1..=most).contains(&model.row().share(0)), "an exploring bid that fades");
		let batch = sampler.next_batch(32);
		let examples: Vec<Example> = batch
			.texts
			.iter()
			.zip(batch.targets)
			.map(|(text, target)| Example { text: text.clone(), target })
			.collect();
		let mut d = answers(&*model, &batch.texts);
		d[0] = constant(&batch.texts);
		let with = model.losses(&examples, &d).expect("losses");
		d[0] = None;
		assert!(with == model.losses(&examples, &d).expect("losses"));
	}
}

/// Both answer the same, and go on to do so.
fn same_answers(a: &dyn Model, b: &dyn Model, texts: &[String]) {
	for _ in 0..2 {
		let d = answers(a, texts);
		let (x, y) = (a.forward(texts, &d).expect("y"), b.forward(texts, &d).expect("y"));
		assert!(entries(&x) == entries(&y), "{}", a.kind());
	}
	assert!(bits(a) == bits(b));
	assert_eq!(a.attribution(), b.attribution());
	assert_eq!((a.row(), a.version(), a.steps()), (b.row(), b.version(), b.steps()));
}

#[test]
fn a_resumed_model_goes_on_bit_for_bit() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	for kind in usable() {
		for optimizer in [OptimizerKind::Adam, OptimizerKind::Sgd { momentum: 0.9 }] {
			let settings = Config { optimizer, ..config(11) };
			if kind.package.is_some() && optimizer != OptimizerKind::Adam {
				continue; // It has no optimizer, and takes seconds to load.
			}
			let mut straight = create(kind, &settings);
			let mut samples = sampler(&settings);
			let texts = sampler(&settings).next_batch(5).texts;
			straight.forward(&texts, &[]).expect("y");
			if kind.learns {
				// A Grad is pending when it is saved.
				train(&mut *straight, &mut samples, 60);
				straight.connect(1).expect("input 1");
			}
			let notes = json!({ "sampler": samples.state(), "row": [1, 2] });
			straight.save(&path, None, &notes).expect("saved");

			let loaded = kind.load(&path, &setup(settings.clone())).expect("loaded");
			let (mut resumed, read) = (loaded.model, loaded.notes);
			assert_eq!(read, notes);
			let mut again = sampler(&settings);
			again.resume(serde_json::from_value(read["sampler"].clone()).expect("a state"));
			same_answers(&*resumed, &*straight, &texts);
			if kind.learns {
				// A copy has parameters of its own.
				let before = bits(&*resumed);
				train(&mut *straight, &mut samples, 20);
				assert!(bits(&*resumed) == before && bits(&*straight) != before);
				train(&mut *resumed, &mut again, 20);
				same_answers(&*resumed, &*straight, &texts);
				straight.connect(0).expect("input 0");
				resumed.connect(0).expect("input 0");
				same_answers(&*resumed, &*straight, &texts);
			}
		}
	}
	let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
	assert_eq!(left.len(), 1, "only the checkpoint is left behind");
}

/// A refusal that says what to do.
fn reason<T>(result: Result<T>) -> CheckpointError {
	match result.map(|_| ()).expect_err("it does not fit") {
		NucleusError::Checkpoint { reason, .. } => {
			assert!(reason.to_string().contains("move the file away"), "{reason}");
			reason
		}
		other => panic!("{other}"),
	}
}

#[test]
fn a_checkpoint_names_its_kind_encoder_and_chain() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let settings = || setup(config(12));
	for kind in usable() {
		let model = create(kind, &config(12));
		model.save(&path, Some([1; 32]), &json!(null)).expect("saved");
		let written = fs::read(&path).expect("bytes");
		let origin = kind.load(&path, &settings()).expect(kind.name).origin;
		origin.check_chain([1; 32]).expect("the same chain");
		let other = reason(origin.check_chain([2; 32]));
		assert!(matches!(other, CheckpointError::OtherChain { .. }), "{other}");
		for other in KINDS.iter().filter(|other| other.name != kind.name) {
			let reason = reason(other.load(&path, &settings()));
			assert!(matches!(reason, CheckpointError::OtherKind { .. }), "{reason}");
		}
		if kind.learns {
			let tokenizer = Arc::new(Tokenizer::train(corpus(), 300).expect("words"));
			let reason = reason(kind.load(&path, &settings().with_tokenizer(tokenizer)));
			assert!(matches!(reason, CheckpointError::OtherEncoder { .. }), "{reason}");
		}
		assert_eq!(fs::read(&path).expect("bytes"), written, "the file was changed");
		// A component that was trained on no chain may join one.
		model.save(&path, None, &json!(null)).expect("saved");
		let origin = kind.load(&path, &settings()).expect(kind.name).origin;
		origin.check_chain([2; 32]).expect("any chain");
	}
}
