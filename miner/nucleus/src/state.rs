//! The state of a model as data: named values and named tensors.
//!
//! Each part of a model puts its own entries in and takes them out again. The checkpoint writes a
//! state to disk; a model that is restored from its state goes on bit for bit as the original.

use std::collections::BTreeMap;

use serde::{de::DeserializeOwned, Serialize};
use serde_json::{Map, Value};

use crate::error::{NucleusError, Result};

/// Named values and f32 tensors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
	pub(crate) values: Map<String, Value>,
	/// Shape and row-major entries of each tensor.
	pub(crate) tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl State {
	/// Adds a value.
	///
	/// # Errors
	/// [`NucleusError::State`] if it cannot be written as JSON.
	pub fn put(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
		let value = serde_json::to_value(value).map_err(|e| wrong(name, &e))?;
		self.values.insert(name.into(), value);
		Ok(())
	}

	/// Reads a value.
	///
	/// # Errors
	/// [`NucleusError::State`] if it is missing or of another type.
	pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
		let value = self.values.get(name).cloned().unwrap_or(Value::Null);
		serde_json::from_value(value).map_err(|e| wrong(name, &e))
	}

	/// Adds a tensor of row-major entries.
	pub fn put_tensor(&mut self, name: String, shape: &[usize], data: Vec<f32>) {
		self.tensors.insert(name, (shape.to_vec(), data));
	}

	/// Whether there is a tensor of this name.
	pub fn has_tensor(&self, name: &str) -> bool {
		self.tensors.contains_key(name)
	}

	/// Entries of a tensor, row-major.
	///
	/// # Errors
	/// [`NucleusError::State`] if it is missing or of another shape.
	pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
		match self.tensors.get(name) {
			Some((found, data)) if found == shape => Ok(data),
			Some((found, _)) => Err(wrong(name, &format!("shape {found:?}, expected {shape:?}"))),
			None => Err(wrong(name, &"missing")),
		}
	}
}

fn wrong(name: &str, reason: &dyn std::fmt::Display) -> NucleusError {
	NucleusError::State(format!("`{name}`: {reason}"))
}
