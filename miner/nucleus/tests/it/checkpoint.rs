//! Checkpoints: damage, older formats, and settings that may change.

use std::{fs, path::Path};

use bittensor_nucleus::{kind, CheckpointError, Config, Loaded, Model, NucleusError, Result};
use serde_json::json;

use crate::support::{component, config, sampler, setup};

fn load(path: &Path) -> Result<Loaded> {
	kind("cbow")?.load(path, &setup(config(12)))
}

#[test]
fn damaged_checkpoints_have_a_named_error() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let settings = config(12);
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for _ in 0..3 {
		component.train_step(&sampler.next_batch(16), &[]).expect("a step");
	}
	component.save(&path, None, &json!(null)).expect("saved");
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
	assert!(matches!(load(&folder.path().join("none")), Err(NucleusError::Io { .. })));
	let nowhere = folder.path().join("none/component.safetensors");
	assert!(matches!(component.save(&nowhere, None, &json!(null)), Err(NucleusError::Io { .. })));
}

#[test]
fn settings_of_a_run_may_change_over_a_checkpoint() {
	let mut component = component(config(13));
	let changed = Config { learning_rate: 1e-4, clip: 0.5, vocab: 9, inputs: 1, ..config(99) };
	component.configure(&changed).expect("valid");
	let now = component.config();
	assert_eq!((now.learning_rate, now.clip), (1e-4, 0.5));
	assert_eq!((now.vocab, now.inputs, now.seed), (512, 4, 13), "shapes and seed stay");
	let bad = Config { clip: -7.0, ..config(13) };
	assert!(component.configure(&bad).is_err());
	assert_eq!(component.config().clip, 0.5);
}

#[test]
fn a_checkpoint_of_another_format_is_a_named_error() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	// As version 0 of the miner wrote it: no kind, no encoder, no chain.
	let header = json!({ "format": 1, "dim": 128, "tokenizer": "", "step": 3 }).to_string();
	let checksum = header.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
		(hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
	});
	let metadata = [("component".to_owned(), format!("{checksum:016x}{header}"))];
	let none: Vec<(&str, safetensors::tensor::TensorView)> = Vec::new();
	let bytes = safetensors::serialize(none, Some(metadata.into())).expect("a file");
	fs::write(&path, &bytes).expect("written");
	let error = load(&path).map(|_| ()).expect_err("another format");
	let NucleusError::Checkpoint { reason, .. } = &error else { panic!("{error}") };
	assert_eq!(*reason, CheckpointError::OtherFormat { found: 1, expected: 3 });
	assert!(error.to_string().contains("move the file away"), "{error}");
	assert_eq!(fs::read(&path).expect("bytes"), bytes);
}

#[test]
fn a_halved_learning_rate_outlives_a_restart() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let settings = config(3);
	let mut component = component(settings.clone());
	let kept = component.state().expect("a state");
	component.rewind(&kept).expect("its own state");
	component.rewind(&kept).expect("its own state");
	assert_eq!(component.config().learning_rate, 0.25 * settings.learning_rate);
	component.save(&path, None, &serde_json::json!(null)).expect("saved");
	// A run that asks for another rate has a quarter of that.
	for rate in [settings.learning_rate, 0.1] {
		let setup = setup(Config { learning_rate: rate, ..settings.clone() });
		let loaded = kind("cbow").and_then(|kind| kind.load(&path, &setup)).expect("loaded");
		let state = loaded.model.state().expect("a state");
		let config: Config = state.get("config").expect("settings");
		assert_eq!(config.learning_rate, 0.25 * rate);
	}
}
