//! A component on disk: one safetensors file with a JSON header, written whole or not at all.
//!
//! Parameters, optimizer moments, slot statistics, scores, pending Grads and step counts (which
//! seed all that is random): a component that is saved and loaded goes on bit for bit as the one
//! that was not.

use std::{
	collections::HashMap,
	fs::{self, File},
	io::Write,
	path::{Path, PathBuf},
	sync::Arc,
};

use candle_core::{Device, Tensor};
use safetensors::{
	tensor::{Dtype, TensorView},
	SafeTensors,
};
use serde::{Deserialize, Serialize};

use crate::{
	component::{Component, Scores},
	config::{Config, DIM},
	error::{NucleusError, Result},
	learning::{accumulate::Source, guard::Guard, Gradient, Values},
	parameters::Parameters,
	serve::SlotTable,
	tensors,
	tokenizer::{Fnv, Tokenizer},
};

/// Changes when old files can no longer be read.
const FORMAT: u32 = 1;
/// Key of the JSON header in the file's metadata, where a checksum of [`DIGITS`] digits over all
/// of it, names and bytes of the tensors in their order included, comes before it.
const HEADER: &str = "component";
const DIGITS: usize = 16;

/// All that is no tensor.
#[derive(Serialize, Deserialize)]
struct Header {
	format: u32,
	dim: usize,
	config: Config,
	tokenizer: String,
	step: u64,
	version: u64,
	optimizer_steps: u64,
	connections: Vec<u64>,
	slots: SlotTable,
	scores: Scores,
	guard: Guard,
	/// Usual gradient length per upstream.
	lengths: Vec<([u8; 32], f64)>,
	/// Upstream, weight and messages of pending Grads, in the order of their tensors.
	pending: Vec<([u8; 32], f64, u64)>,
	/// The caller's own.
	notes: serde_json::Value,
}

impl Component {
	/// Writes a checkpoint, beside the old one first and then over it in one step. `notes` are
	/// the caller's, such as where its sampler stands.
	///
	/// # Errors
	/// [`NucleusError::Io`] if the file cannot be written; the old one is still there then.
	pub fn save(&self, path: impl AsRef<Path>, notes: &serde_json::Value) -> Result<()> {
		let path = path.as_ref();
		let mut entries: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
		for (i, parameter) in self.parameters.list.iter().enumerate() {
			let (name, shape) = (parameter.name(), parameter.var.dims().to_vec());
			let data = tensors::with_slice(&parameter.var, to_bytes)?;
			entries.push((format!("parameter.{name}"), shape.clone(), data));
			for (moment, all) in
				[("first", &self.optimizer.first), ("second", &self.optimizer.second)]
			{
				if let Some(data) = all.get(i) {
					let data = to_bytes(data);
					entries.push((format!("optimizer.{moment}.{name}"), shape.clone(), data));
				}
			}
			for (n, source) in self.sources.pending.values().enumerate() {
				if let Some(Some(data)) = source.gradient.parts.get(i) {
					let data = to_bytes(&data.to_dense(parameter.var.elem_count()));
					entries.push((format!("pending.{n}.{name}"), shape.clone(), data));
				}
			}
		}
		entries.sort_by(|a, b| a.0.cmp(&b.0));
		let pending = &self.sources.pending;
		let header = Header {
			format: FORMAT,
			dim: DIM,
			config: self.config.clone(),
			tokenizer: self.tokenizer.hash().into(),
			step: self.step,
			version: self.version,
			optimizer_steps: self.optimizer.steps,
			connections: self.connections.clone(),
			slots: self.slots.clone(),
			scores: self.scores.clone(),
			guard: self.guard,
			lengths: self.sources.lengths.iter().map(|(k, v)| (*k, *v)).collect(),
			pending: pending.iter().map(|(k, s)| (*k, s.weight, s.messages)).collect(),
			notes: notes.clone(),
		};
		let bad = |reason: String| NucleusError::Checkpoint { path: path.into(), reason };
		let header = serde_json::to_string(&header).map_err(|e| bad(e.to_string()))?;
		let tensors = entries.iter().map(|(name, _, data)| (&name[..], &data[..]));
		let header = format!("{}{header}", checksum(&header, tensors));
		let views: Vec<(&str, TensorView)> = entries
			.iter()
			.map(|(name, shape, data)| {
				Ok((&name[..], TensorView::new(Dtype::F32, shape.clone(), data)?))
			})
			.collect::<std::result::Result<_, safetensors::SafeTensorError>>()
			.map_err(|e| bad(e.to_string()))?;
		let metadata = HashMap::from([(HEADER.to_owned(), header)]);
		let bytes =
			safetensors::serialize(views, Some(metadata)).map_err(|e| bad(e.to_string()))?;
		write_atomically(path, &bytes)
	}

	/// Reads a checkpoint that was made with this tokenizer, and the caller's notes.
	///
	/// # Errors
	/// [`NucleusError::Checkpoint`] for a file that is damaged, of another format or of another
	/// vocabulary; [`NucleusError::Io`] if it cannot be read.
	pub fn load(
		path: impl AsRef<Path>,
		tokenizer: Arc<Tokenizer>,
		device: &Device,
	) -> Result<(Self, serde_json::Value)> {
		let path = path.as_ref();
		let bad = |reason: String| NucleusError::Checkpoint { path: path.into(), reason };
		let bytes = fs::read(path).map_err(NucleusError::io(path))?;
		let damaged = |e: &dyn std::fmt::Display| bad(format!("damaged ({e})"));
		let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(&e))?;
		let header = metadata
			.metadata()
			.as_ref()
			.and_then(|metadata| metadata.get(HEADER))
			.ok_or_else(|| bad("not a checkpoint of a component".into()))?;
		let (expected, header) = header.split_at_checked(DIGITS).unwrap_or(("", header));
		let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(&e))?;
		let mut views = file.tensors();
		views.sort_by(|a, b| a.0.cmp(&b.0));
		let tensors = views.iter().map(|(name, view)| (&name[..], view.data()));
		if checksum(header, tensors) != expected {
			return Err(bad("damaged (checksum)".into()));
		}
		let header: Header = serde_json::from_str(header).map_err(|e| damaged(&e))?;
		if (header.format, header.dim) != (FORMAT, DIM) {
			return Err(bad(format!("format {} is not {FORMAT}", header.format)));
		}
		if header.tokenizer != tokenizer.hash() {
			return Err(bad("made with another corpus or vocabulary".into()));
		}
		header.config.validate()?;
		let read = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
			let view = file.tensor(name).map_err(|e| damaged(&e))?;
			if view.dtype() != Dtype::F32 || view.shape() != shape {
				return Err(bad(format!("`{name}` has another shape or type")));
			}
			Ok(from_bytes(view.data()))
		};
		let slots = header.config.slots;
		let lengths =
			[header.connections.len(), header.slots.downstream.len(), header.scores.slots.len()];
		if lengths != [slots; 3] {
			return Err(bad("damaged (number of slots)".into()));
		}
		let parameters = Parameters::new(&header.config, tokenizer.size(), device)?;
		let mut component = Self::assemble(header.config, tokenizer, parameters, device)?;
		let sources: Vec<Source> = header
			.pending
			.iter()
			.map(|&(_, weight, messages)| Source {
				weight,
				messages,
				gradient: Gradient { parts: vec![None; component.parameters.list.len()] },
			})
			.collect();
		component.sources.pending =
			header.pending.iter().map(|(source, ..)| *source).zip(sources).collect();
		for (i, parameter) in component.parameters.list.iter().enumerate() {
			let (name, shape) = (parameter.name(), parameter.var.dims());
			let data = read(&format!("parameter.{name}"), shape)?;
			parameter.var.set(&Tensor::from_vec(data, shape, device)?)?;
			component.optimizer.first[i] = read(&format!("optimizer.first.{name}"), shape)?;
			if let Some(second) = component.optimizer.second.get_mut(i) {
				*second = read(&format!("optimizer.second.{name}"), shape)?;
			}
			for (n, (source, ..)) in header.pending.iter().enumerate() {
				let name = format!("pending.{n}.{name}");
				if file.tensor(&name).is_ok() {
					let data = read(&name, shape)?;
					if let Some(source) = component.sources.pending.get_mut(source) {
						source.gradient.parts[i] = Some(match parameter.table {
							true => Values::sparse(DIM, &data),
							false => Values::Dense(data),
						});
					}
				}
			}
		}
		component.optimizer.steps = header.optimizer_steps;
		component.step = header.step;
		component.version = header.version;
		component.connections = header.connections;
		component.slots = header.slots;
		component.scores = header.scores;
		component.guard = header.guard;
		component.sources.lengths = header.lengths.into_iter().collect();
		Ok((component, header.notes))
	}
}

fn to_bytes(data: &[f32]) -> Vec<u8> {
	data.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
	bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn checksum<'e>(header: &str, entries: impl Iterator<Item = (&'e str, &'e [u8])>) -> String {
	let mut fnv = Fnv::new();
	fnv.write(header.as_bytes());
	for (name, data) in entries {
		fnv.write(name.as_bytes());
		fnv.write(data);
	}
	format!("{:016x}", fnv.finish())
}

/// The new file is complete on disk before it takes the old one's name.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
	let mut name = path.file_name().unwrap_or_default().to_owned();
	name.push(".new");
	let new: PathBuf = path.with_file_name(name);
	let mut file = File::create(&new).map_err(NucleusError::io(&new))?;
	file.write_all(bytes).map_err(NucleusError::io(&new))?;
	file.sync_all().map_err(NucleusError::io(&new))?;
	fs::rename(&new, path).map_err(NucleusError::io(path))?;
	// The rename itself is durable once its folder is.
	let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
	File::open(folder).and_then(|folder| folder.sync_all()).map_err(NucleusError::io(folder))
}
