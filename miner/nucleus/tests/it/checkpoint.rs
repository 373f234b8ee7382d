use std::{fs, sync::Arc};

use bittensor_nucleus::{
	Batch, Bid, Component, Config, Device, NucleusError, OptimizerKind, Sampler, Serve, Tensor,
	Tokenizer,
};
use serde_json::json;

use crate::support::{answer, bits, component, config, corpus, sampler, tokenizer, Knows};

/// Steps with two downstream components, one of which answers now and then, and one upstream.
fn train(component: &mut Component, sampler: &mut Sampler, steps: usize) {
	for _ in 0..steps {
		let batch = sampler.next_batch(16);
		let noisy = answer(&batch.texts, Knows::Nothing, 0.0, 2).expect("vectors");
		let d: Vec<Option<Tensor>> = vec![
			Some(answer(&batch.texts, Knows::Token(0), 0.1, 1).expect("vectors")),
			None,
			component.steps().is_multiple_of(3).then_some(noisy),
		];
		component.train_step(&batch, &d).expect("a step");
		grad(component, &batch);
	}
}

fn grad(component: &mut Component, batch: &Batch) {
	let error = answer(&batch.texts, Knows::Bag, 0.0, 4).expect("vectors");
	let bid = Bid { flow: 2.0, share: 0.1 };
	let version = component.version();
	component
		.accumulate_grad([7; 32], bid, version, &batch.texts, &[], &error)
		.expect("a proper Grad");
}

fn load(path: &std::path::Path) -> Result<(Component, serde_json::Value), NucleusError> {
	Component::load(path, tokenizer(), &Device::Cpu)
}

#[test]
fn a_resumed_component_goes_on_bit_for_bit() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	for optimizer in [OptimizerKind::Adam, OptimizerKind::Sgd { momentum: 0.9 }] {
		let settings = Config { optimizer, ..config(11) };
		let mut straight = component(settings.clone());
		let mut samples = sampler(&settings);
		train(&mut straight, &mut samples, 60);
		straight.connect(1).expect("slot 1");
		// A Grad is pending when it is saved.
		let notes = json!({ "sampler": samples.state(), "row": [1, 2] });
		straight.save(&path, &notes).expect("saved");

		let (mut resumed, read) = load(&path).expect("loaded");
		assert_eq!(read, notes);
		let mut again = sampler(&settings);
		again.resume(serde_json::from_value(read["sampler"].clone()).expect("a state"));
		assert!(bits(&resumed) == bits(&straight));
		assert_eq!(resumed.attribution(), straight.attribution());

		train(&mut straight, &mut samples, 20);
		train(&mut resumed, &mut again, 20);
		assert!(bits(&resumed) == bits(&straight));
		assert_eq!(resumed.attribution(), straight.attribution());
		assert_eq!(resumed.row(), straight.row());
		straight.connect(0).expect("slot 0");
		resumed.connect(0).expect("slot 0");
		assert!(bits(&resumed) == bits(&straight));
	}
	let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
	assert_eq!(left.len(), 1, "only the checkpoint is left behind");
}

#[test]
fn damaged_checkpoints_have_a_named_error() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let settings = config(12);
	let mut component = component(settings.clone());
	train(&mut component, &mut sampler(&settings), 3);
	component.save(&path, &json!(null)).expect("saved");
	let good = fs::read(&path).expect("bytes");
	let refused = |bytes: &[u8], what: &str| {
		fs::write(&path, bytes).expect("written");
		let result = load(&path).map(|_| ());
		assert!(matches!(result, Err(NucleusError::Checkpoint { .. })), "{what}: {result:?}");
		assert_eq!(fs::read(&path).expect("bytes"), bytes, "{what}: the file was changed");
	};
	refused(b"", "empty");
	refused(b"not a checkpoint", "garbage");
	refused(&good[..good.len() / 2], "half");
	refused(&good[..good.len() - 1], "one byte less");
	for place in [good.len() - 5, good.len() / 2, good.len() / 3] {
		let mut flipped = good.clone();
		flipped[place] ^= 1;
		refused(&flipped, "a flipped bit");
	}
	let mut header = good.clone();
	header[20] ^= 0x55;
	refused(&header, "a damaged header");
	let step = b"\\\"step\\\":3";
	let place = good.windows(step.len()).position(|w| w == step).expect("the step is written");
	let mut digit = good.clone();
	digit[place + step.len() - 1] = b'4';
	refused(&digit, "another digit");
	fs::write(&path, &good).expect("written");
	assert!(load(&path).is_ok());
	let other = Arc::new(Tokenizer::train(corpus(), 300).expect("words"));
	let result = Component::load(&path, other, &Device::Cpu).map(|_| ());
	assert!(matches!(result, Err(NucleusError::Checkpoint { .. })), "another vocabulary");
	assert!(matches!(load(&folder.path().join("none")), Err(NucleusError::Io { .. })));
	let nowhere = folder.path().join("none/component.safetensors");
	assert!(matches!(component.save(nowhere, &json!(null)), Err(NucleusError::Io { .. })));
}

#[test]
fn settings_of_a_run_may_change_over_a_checkpoint() {
	let mut component = component(config(13));
	let changed = Config { learning_rate: 1e-4, own_share: 0.5, vocab: 9, slots: 1, ..config(99) };
	component.configure(&changed).expect("valid");
	let now = component.config();
	assert_eq!((now.learning_rate, now.own_share), (1e-4, 0.5));
	assert_eq!((now.vocab, now.slots, now.seed), (512, 4, 13), "shapes and seed stay");
	let bad = Config { own_share: 7.0, ..config(13) };
	assert!(component.configure(&bad).is_err());
	assert_eq!(component.config().own_share, 0.5);
}
