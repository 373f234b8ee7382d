//! Apache Thrift's compact protocol, as far as parquet's headers use it: bytes to a tree of values.

use std::collections::BTreeMap;

use super::{
	bytes::{damaged, Bytes},
	Read,
};

/// Structures within structures; parquet's headers have fewer than ten.
const MAX_DEPTH: usize = 32;

/// A value of a header.
#[derive(Clone, Debug)]
pub(super) enum Value {
	Number(i64),
	/// Text and floats: nothing of them is needed.
	Skipped,
	List(Vec<Value>),
	Struct(BTreeMap<i64, Value>),
}

impl Value {
	/// Reads a structure.
	pub(super) fn read(bytes: &mut Bytes) -> Read<Self> {
		structure(bytes, 0)
	}

	/// A field of a structure.
	pub(super) fn field(&self, id: i64) -> Read<&Value> {
		match self {
			Self::Struct(fields) => fields.get(&id),
			_ => None,
		}
		.ok_or_else(|| damaged(format!("a header has no field {id}")))
	}

	/// A number that counts something.
	pub(super) fn count(&self) -> Read<usize> {
		match self {
			Self::Number(number) => usize::try_from(*number).ok(),
			_ => None,
		}
		.ok_or_else(|| damaged("a header holds no number where one is needed"))
	}

	/// The entries of a list.
	pub(super) fn list(&self) -> Read<&[Value]> {
		match self {
			Self::List(list) => Ok(list),
			_ => Err(damaged("a header holds no list where one is needed")),
		}
	}
}

fn structure(bytes: &mut Bytes, depth: usize) -> Read<Value> {
	let mut fields = BTreeMap::new();
	let mut id = 0_i64;
	loop {
		let head = bytes.u8()?;
		if head == 0 {
			return Ok(Value::Struct(fields));
		}
		id = match head >> 4 {
			0 => zigzag(bytes.varint()?),
			step => id.wrapping_add(i64::from(step)),
		};
		let value = match head & 0x0f {
			1 => Value::Number(1),
			2 => Value::Number(0),
			kind => value(bytes, kind, depth + 1)?,
		};
		fields.insert(id, value);
	}
}

fn value(bytes: &mut Bytes, kind: u8, depth: usize) -> Read<Value> {
	if depth > MAX_DEPTH {
		return Err(damaged("its headers are nested too deep"));
	}
	Ok(match kind {
		1..=3 => Value::Number(i64::from(bytes.u8()?)),
		4..=6 => Value::Number(zigzag(bytes.varint()?)),
		7 => {
			bytes.take(8)?;
			Value::Skipped
		}
		8 => {
			let length = bytes.length()?;
			bytes.take(length)?;
			Value::Skipped
		}
		9 | 10 => {
			let head = bytes.u8()?;
			let count = match head >> 4 {
				15 => bytes.length()?,
				count => usize::from(count),
			};
			let entries = (0..count).map(|_| value(bytes, head & 0x0f, depth + 1));
			Value::List(entries.collect::<Read<_>>()?)
		}
		12 => structure(bytes, depth)?,
		_ => return Err(damaged(format!("a header holds a value of kind {kind}"))),
	})
}

fn zigzag(number: u64) -> i64 {
	(number >> 1) as i64 ^ -((number & 1) as i64)
}
