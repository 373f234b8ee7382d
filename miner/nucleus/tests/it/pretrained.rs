//! Pretrained models: their vectors against stored ones, and files that cannot be used.
//!
//! What needs the files of a model runs where `bittensor-miner fetch` has put them, and says so
//! where they are missing.

use std::{collections::HashMap, fs, path::Path};

use bittensor_nucleus::{
	pretrained::Package, Kind, ModelFileError, ModelFiles, NucleusError, KINDS,
};
use serde::Deserialize;

use crate::support::{
	config,
	pretrained::{files, is_there},
	setup,
};

/// Vectors of the reference implementations, in four digits.
#[derive(Deserialize)]
struct Stored {
	sentences: Vec<String>,
	vectors: HashMap<String, Vec<Vec<f32>>>,
}

fn packages() -> impl Iterator<Item = (&'static Kind, &'static Package)> {
	KINDS.iter().filter_map(|kind| kind.package.map(|package| (kind, package)))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
	let dot = |a: &[f32], b: &[f32]| -> f64 {
		a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
	};
	dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn vectors_are_those_of_the_reference_implementations() {
	let stored: Stored =
		serde_json::from_str(include_str!("../data/pretrained.json")).expect("stored vectors");
	let sentences: Vec<&str> = stored.sentences.iter().map(|text| &**text).collect();
	for (_, package) in packages().filter(|(_, package)| is_there(package)) {
		let expected = &stored.vectors[package.name];
		let model = package.open(files()).expect(package.name);
		let together = model.vectors(&sentences).expect(package.name);
		for (n, expected) in expected.iter().enumerate() {
			let width = model.width();
			let found = &together[n * width..(n + 1) * width];
			let similarity = cosine(found, expected);
			assert!(similarity > 0.999_99, "{}, sentence {n}: {similarity}", package.name);
			// Beside others or alone, a text has the same vector.
			let alone = model.vectors(&sentences[n..=n]).expect(package.name);
			let apart = alone.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
			assert!(apart < 1e-5, "{}, sentence {n}: {apart}", package.name);
		}
	}
}

/// What a model says of its files in a folder.
fn refusal(kind: &Kind, folder: &Path) -> ModelFileError {
	let files = ModelFiles { folder: Some(folder.into()), ..ModelFiles::default() };
	match kind.create(&bittensor_nucleus::Setup { files, ..setup(config(1)) }) {
		Err(NucleusError::ModelFile { path, reason }) => {
			assert!(path.starts_with(folder), "{}", path.display());
			reason
		}
		other => panic!("{}: {other:?}", kind.name),
	}
}

#[test]
fn files_that_are_missing_or_no_model_are_named() {
	for (kind, package) in packages() {
		let folder = tempfile::tempdir().expect("a folder");
		let reason = refusal(kind, folder.path());
		assert_eq!(reason, ModelFileError::Missing { model: package.name });
		assert!(reason.to_string().contains(&format!("fetch {}", package.name)), "{reason}");
		for content in [&b""[..], b"<html>not found</html>", &[0xff; 4_096]] {
			for file in package.files {
				fs::write(folder.path().join(file), content).expect("written");
			}
			let reason = refusal(kind, folder.path());
			assert!(!matches!(reason, ModelFileError::Missing { .. }), "{}: {reason}", kind.name);
		}
	}
}

#[test]
fn model_files_that_are_cut_off_or_exchanged_are_named() {
	for (kind, package) in packages().filter(|(_, package)| is_there(package)) {
		let from = files().root.as_ref().expect("the files are there").join(package.name);
		for cut in package.files {
			let folder = tempfile::tempdir().expect("a folder");
			for file in package.files {
				let bytes = fs::read(from.join(file)).expect("a file");
				let end = if file == cut { bytes.len() * 2 / 3 } else { bytes.len() };
				fs::write(folder.path().join(file), &bytes[..end]).expect("written");
			}
			let reason = refusal(kind, folder.path());
			assert!(
				matches!(reason, ModelFileError::Damaged(_)),
				"{} of {cut}: {reason}",
				kind.name
			);
		}
		// The files of another model under these names.
		let folder = tempfile::tempdir().expect("a folder");
		let others = packages().map(|(_, package)| package).filter(|p| p.name != package.name);
		let Some(other) = others.filter(|package| is_there(package)).last() else { continue };
		let root = files().root.as_ref().expect("the files are there").join(other.name);
		for (file, of_other) in package.files.iter().zip(other.files.iter().cycle()) {
			fs::copy(root.join(of_other), folder.path().join(file)).expect("copied");
		}
		let reason = refusal(kind, folder.path());
		assert!(!matches!(reason, ModelFileError::Missing { .. }), "{}: {reason}", kind.name);
	}
}
