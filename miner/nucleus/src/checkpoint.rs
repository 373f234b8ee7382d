//! A model on disk: one safetensors file with a JSON header, replaced in one step.
//!
//! ```text
//!   header: format, kind, encoder, chain ─ checked before anything is read
//!   values, notes ─ JSON;  tensors ─ f32;  one checksum over all of it
//! ```
//! The chain is checked by the caller, once it knows it ([`Origin::check_chain`]).
//!
//! Invariants: a file that does not fit (other kind, encoder, chain or format, damage) is a named
//! error and stays as it is; a model that is saved and loaded goes on bit for bit.

use std::{
	collections::HashMap,
	fs,
	path::{Path, PathBuf},
};

use safetensors::{
	tensor::{Dtype, TensorView},
	SafeTensors,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
	config::{Config, DIM},
	error::{CheckpointError, NucleusError, Result},
	files,
	fnv::Fnv,
	state::State,
};

/// Incremented when older files can no longer be read.
const FORMAT: u64 = 3;
/// Key of the JSON header in the file's metadata. A checksum of [`DIGITS`] digits precedes the
/// header; it covers the header and the names and bytes of the tensors in their order.
const HEADER: &str = "component";
const DIGITS: usize = 16;

/// What a checkpoint says about itself, and all that is not a tensor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
	format: u64,
	dim: usize,
	kind: String,
	/// [`Encoder::id`](crate::encoder::Encoder::id); empty without an encoder.
	encoder: String,
	/// Genesis hash, hex; `None` if no chain is involved.
	chain: Option<String>,
	/// The values of the model's state.
	#[serde(default)]
	values: Map<String, Value>,
	/// The caller's own.
	notes: Value,
}

impl Header {
	pub(crate) fn new(kind: &str, encoder: String, chain: Option<[u8; 32]>, notes: &Value) -> Self {
		Self {
			format: FORMAT,
			dim: DIM,
			kind: kind.into(),
			encoder,
			chain: chain.map(|genesis| hex(&genesis)),
			values: Map::new(),
			notes: notes.clone(),
		}
	}
}

/// Where a checkpoint was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
	path: PathBuf,
	chain: Option<String>,
}

impl Origin {
	/// Refuses a checkpoint that was made on another chain than this, by genesis hash. A component
	/// that was trained on no chain may join any.
	///
	/// # Errors
	/// [`CheckpointError::OtherChain`].
	pub fn check_chain(&self, genesis: [u8; 32]) -> Result<()> {
		let expected = hex(&genesis);
		match &self.chain {
			Some(found) if *found != expected => {
				let found = found.clone();
				Err(at(&self.path)(CheckpointError::OtherChain { found, expected }))
			}
			_ => Ok(()),
		}
	}
}

/// A checkpoint that was read and is of the right kind.
#[derive(Debug)]
pub struct Saved {
	path: PathBuf,
	encoder: String,
	state: State,
}

impl Saved {
	/// The state, for a model with this encoder (empty without one).
	///
	/// # Errors
	/// [`CheckpointError::OtherEncoder`] if it was made by another encoder.
	pub fn open(self, encoder: &str) -> Result<State> {
		if self.encoder == encoder {
			return Ok(self.state);
		}
		let (found, expected) = (self.encoder, encoder.into());
		Err(at(&self.path)(CheckpointError::OtherEncoder { found, expected }))
	}
}

/// Writes a checkpoint: beside the old one first, and then over it.
pub(crate) fn write(path: &Path, header: &Header, state: &State) -> Result<()> {
	let bad = |e: &dyn std::fmt::Display| NucleusError::State(e.to_string());
	let header = Header { values: state.values.clone(), ..header.clone() };
	let header = serde_json::to_string(&header).map_err(|e| bad(&e))?;
	let entries: Vec<(&str, &[usize], Vec<u8>)> = state
		.tensors
		.iter()
		.map(|(name, (shape, data))| (&name[..], &shape[..], to_bytes(data)))
		.collect();
	let sum = checksum(&header, entries.iter().map(|(name, _, data)| (*name, &data[..])));
	let views: Vec<(&str, TensorView)> = entries
		.iter()
		.map(|(name, shape, data)| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), data)?)))
		.collect::<std::result::Result<_, safetensors::SafeTensorError>>()
		.map_err(|e| bad(&e))?;
	let metadata = HashMap::from([(HEADER.to_owned(), format!("{sum}{header}"))]);
	let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| bad(&e))?;
	files::replace_durably(path, &bytes).map_err(NucleusError::io(path))
}

/// Reads a checkpoint of a model of this kind: its state, the caller's notes, and its origin.
pub(crate) fn read(path: &Path, kind: &str) -> Result<(Saved, Value, Origin)> {
	let bytes = fs::read(path).map_err(NucleusError::io(path))?;
	let (header, state) = parse(&bytes, Some(kind)).map_err(at(path))?;
	let origin = Origin { path: path.into(), chain: header.chain };
	Ok((Saved { path: path.into(), encoder: header.encoder, state }, header.notes, origin))
}

/// What a checkpoint says about itself.
#[derive(Clone, Debug)]
pub struct Description {
	/// Its kind.
	pub kind: String,
	/// Settings of its component; `None` for a kind without.
	pub config: Option<Config>,
	/// What its caller saved with it.
	pub notes: Value,
}

/// Reads what a checkpoint says about itself, whatever its kind.
///
/// # Errors
/// [`NucleusError::Io`] if the file cannot be read; [`NucleusError::Checkpoint`] if it is damaged or
/// of another format.
pub fn describe(path: &Path) -> Result<Description> {
	let bytes = fs::read(path).map_err(NucleusError::io(path))?;
	let (header, state) = parse(&bytes, None).map_err(at(path))?;
	Ok(Description { kind: header.kind, config: state.get("config").ok(), notes: header.notes })
}

/// Names the file that an error is about.
pub(crate) fn at(path: &Path) -> impl FnOnce(CheckpointError) -> NucleusError + '_ {
	move |reason| NucleusError::Checkpoint { path: path.into(), reason }
}

/// The header, without its values, and the state. Refuses another kind than `kind`.
fn parse(
	bytes: &[u8],
	kind: Option<&str>,
) -> std::result::Result<(Header, State), CheckpointError> {
	let damaged = |e: &dyn std::fmt::Display| CheckpointError::Damaged(e.to_string());
	let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e))?;
	let header = metadata
		.metadata()
		.as_ref()
		.and_then(|metadata| metadata.get(HEADER))
		.ok_or_else(|| damaged(&"not a checkpoint of a component"))?;
	let (expected, header) = header.split_at_checked(DIGITS).unwrap_or(("", header));
	let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(&e))?;
	let mut views = file.tensors();
	views.sort_by(|a, b| a.0.cmp(&b.0));
	if checksum(header, views.iter().map(|(name, view)| (&name[..], view.data()))) != expected {
		return Err(damaged(&"checksum"));
	}
	// Other formats share nothing but this number.
	let header: Value = serde_json::from_str(header).map_err(|e| damaged(&e))?;
	let found = header["format"].as_u64().unwrap_or(0);
	if found != FORMAT {
		return Err(CheckpointError::OtherFormat { found, expected: FORMAT });
	}
	let mut header: Header = serde_json::from_value(header).map_err(|e| damaged(&e))?;
	if header.dim != DIM {
		return Err(damaged(&format!("vectors of length {}, not {DIM}", header.dim)));
	}
	if let Some(kind) = kind.filter(|kind| header.kind != *kind) {
		return Err(CheckpointError::OtherKind { found: header.kind, expected: kind.into() });
	}
	let mut state = State { values: std::mem::take(&mut header.values), ..State::default() };
	for (name, view) in views {
		if view.dtype() != Dtype::F32 {
			return Err(damaged(&format!("`{name}` is not f32")));
		}
		state.put_tensor(name, view.shape(), from_bytes(view.data()));
	}
	Ok((header, state))
}

fn hex(bytes: &[u8; 32]) -> String {
	bytes.iter().fold("0x".into(), |text, byte| format!("{text}{byte:02x}"))
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
