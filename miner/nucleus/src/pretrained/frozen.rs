//! The component of a pretrained model: cache, model, basis.

use std::{path::Path, time::Instant};

use candle_core::{Device, Tensor};
use parking_lot::Mutex;

use super::{
	basis::Basis,
	cache::{key, VectorCache},
	package::{digest, Package},
	tail, ModelFiles, TextModel,
};
use crate::{
	checkpoint::{self, Header, Saved},
	config::DIM,
	error::{NucleusError, Result},
	fnv::Fnv,
	model::Model,
	state::State,
	tensors,
};

/// Texts that the model is asked for at a time.
const CHUNK: usize = 64;

/// Answers any text, and never changes: it takes Grads, and says that it has nothing to learn.
#[derive(Debug)]
pub(super) struct Frozen {
	package: &'static Package,
	/// Names the model's files.
	encoder: String,
	model: Box<dyn TextModel>,
	basis: Basis,
	cache: Mutex<VectorCache>,
}

impl Frozen {
	pub(super) fn create(package: &'static Package, files: &ModelFiles) -> Result<Self> {
		let (model, encoder) = open(package, files)?;
		let basis = stored_basis(package, files, &*model, &encoder)?;
		Ok(Self::new(package, files, model, encoder, basis))
	}

	/// With the basis of the checkpoint.
	pub(super) fn restore(
		package: &'static Package,
		files: &ModelFiles,
		saved: Saved,
	) -> Result<Self> {
		let (model, encoder) = open(package, files)?;
		let state = saved.open(&encoder)?;
		let basis = Basis::load(&state, model.width())?;
		Ok(Self::new(package, files, model, encoder, basis))
	}

	fn new(
		package: &'static Package,
		files: &ModelFiles,
		model: Box<dyn TextModel>,
		encoder: String,
		basis: Basis,
	) -> Self {
		// The vectors are those of this model in this basis.
		let mut fnv = Fnv::new();
		fnv.write(encoder.as_bytes());
		basis.numbers().for_each(|x| fnv.write(&x.to_le_bytes()));
		let name = format!("{}-{:016x}", package.name, fnv.finish());
		let cache = Mutex::new(VectorCache::open(files.cache.as_deref(), &name));
		Self { package, encoder, model, basis, cache }
	}

	fn compute(&self, texts: &[&str]) -> Result<Vec<f32>> {
		let mut vectors = Vec::with_capacity(texts.len() * DIM);
		for chunk in texts.chunks(CHUNK) {
			let chunk: Vec<&str> = chunk.iter().map(|text| tail(text)).collect();
			vectors.extend(self.basis.reduce(self.model.vectors(&chunk)?)?);
		}
		match vectors.iter().all(|x| x.is_finite()) {
			true => Ok(vectors),
			false => Err(NucleusError::NotFinite(format!("an answer of {}", self.package.name))),
		}
	}
}

impl Model for Frozen {
	fn kind(&self) -> &'static str {
		self.package.kind
	}

	fn encoder(&self) -> String {
		self.encoder.clone()
	}

	fn forward(&self, texts: &[String], _d: &[Option<Tensor>]) -> Result<Tensor> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
		let mut y = vec![0.0; texts.len() * DIM];
		let mut missing = Vec::new();
		{
			let mut cache = self.cache.lock();
			for (n, key) in keys.iter().enumerate() {
				match cache.get(key) {
					Some(vector) => y[n * DIM..(n + 1) * DIM].copy_from_slice(&vector),
					None => missing.push(n),
				}
			}
		}
		if !missing.is_empty() {
			let asked: Vec<&str> = missing.iter().map(|n| &*texts[*n]).collect();
			let vectors = self.compute(&asked)?;
			let mut cache = self.cache.lock();
			for (n, vector) in missing.into_iter().zip(vectors.chunks_exact(DIM)) {
				y[n * DIM..(n + 1) * DIM].copy_from_slice(vector);
				cache.put(keys[n], vector);
			}
		}
		tensors::from_rows(y, &Device::Cpu)
	}

	fn state(&self) -> Result<State> {
		let mut state = State::default();
		self.basis.save(&mut state);
		Ok(state)
	}
}

fn open(package: &Package, files: &ModelFiles) -> Result<(Box<dyn TextModel>, String)> {
	let read = package.read(files)?;
	let model = (package.load)(&read)?;
	let encoder = format!("{}:{}:{}", package.name, model.width(), digest(&read));
	Ok((model, encoder))
}

/// The basis as it was stored at an earlier start, or a new one, which is stored.
fn stored_basis(
	package: &Package,
	files: &ModelFiles,
	model: &dyn TextModel,
	encoder: &str,
) -> Result<Basis> {
	let path = files.cache.as_ref().map(|folder| {
		let mut fnv = Fnv::new();
		fnv.write(encoder.as_bytes());
		folder.join(format!("{}-{:016x}.basis", package.name, fnv.finish()))
	});
	if let Some(path) = path.as_ref().filter(|path| path.exists()) {
		let read = |path: &Path| {
			let (saved, _, _) = checkpoint::read(path, package.kind)?;
			Basis::load(&saved.open(encoder)?, model.width())
		};
		match read(path) {
			Ok(basis) => return Ok(basis),
			Err(error) => tracing::warn!("the principal components are fitted again: {error}"),
		}
	}
	let start = Instant::now();
	let basis = Basis::fit(model)?;
	tracing::info!(
		"fitted the principal components of {} in {:.1} s; this is done once",
		package.name,
		start.elapsed().as_secs_f64()
	);
	if let Some(path) = path {
		if let Err(error) = store(&basis, &path, package.kind, encoder) {
			tracing::warn!("the principal components are not kept: {error}");
		}
	}
	Ok(basis)
}

fn store(basis: &Basis, path: &Path, kind: &str, encoder: &str) -> Result<()> {
	if let Some(folder) = path.parent() {
		std::fs::create_dir_all(folder).map_err(NucleusError::io(folder))?;
	}
	let mut state = State::default();
	basis.save(&mut state);
	let header = Header::new(kind, encoder.into(), None, &serde_json::Value::Null);
	checkpoint::write(path, &header, &state)
}
