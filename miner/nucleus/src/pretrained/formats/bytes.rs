//! A cursor over bytes of a file; an end that comes too early is a damaged file.

use super::Read;
use crate::error::ModelFileError;

/// A damaged file.
pub(in crate::pretrained) fn damaged(reason: impl Into<String>) -> ModelFileError {
	ModelFileError::Damaged(reason.into())
}

/// A file of another version of the format or the model.
pub(in crate::pretrained) fn other(reason: impl Into<String>) -> ModelFileError {
	ModelFileError::OtherVersion(reason.into())
}

/// Bytes from a position on.
#[derive(Clone, Debug)]
pub(in crate::pretrained) struct Bytes<'b> {
	all: &'b [u8],
	at: usize,
}

impl<'b> Bytes<'b> {
	pub(in crate::pretrained) fn new(all: &'b [u8]) -> Self {
		Self { all, at: 0 }
	}

	/// The same bytes, from another position on.
	pub(in crate::pretrained) fn seek(&self, at: u64) -> Read<Self> {
		match usize::try_from(at) {
			Ok(at) if at <= self.all.len() => Ok(Self { all: self.all, at }),
			_ => Err(damaged(format!("it refers to byte {at} of {}", self.all.len()))),
		}
	}

	/// What is left.
	pub(in crate::pretrained) fn rest(&self) -> &'b [u8] {
		&self.all[self.at..]
	}

	pub(in crate::pretrained) fn is_empty(&self) -> bool {
		self.rest().is_empty()
	}

	pub(in crate::pretrained) fn take(&mut self, count: usize) -> Read<&'b [u8]> {
		match self.rest().get(..count) {
			Some(taken) => {
				self.at += count;
				Ok(taken)
			}
			None => Err(damaged(format!(
				"it ends at byte {}, and {count} bytes from byte {} on are needed",
				self.all.len(),
				self.at
			))),
		}
	}

	pub(in crate::pretrained) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
		let mut array = [0; N];
		array.copy_from_slice(self.take(N)?);
		Ok(array)
	}

	pub(in crate::pretrained) fn u8(&mut self) -> Read<u8> {
		Ok(self.array::<1>()?[0])
	}

	pub(in crate::pretrained) fn u16(&mut self) -> Read<u16> {
		Ok(u16::from_le_bytes(self.array()?))
	}

	pub(in crate::pretrained) fn u32(&mut self) -> Read<u32> {
		Ok(u32::from_le_bytes(self.array()?))
	}

	pub(in crate::pretrained) fn u64(&mut self) -> Read<u64> {
		Ok(u64::from_le_bytes(self.array()?))
	}

	/// An unsigned number of variable length (LEB128), at most 64 bits.
	pub(in crate::pretrained) fn varint(&mut self) -> Read<u64> {
		let mut value = 0;
		for shift in (0..64).step_by(7) {
			let byte = self.u8()?;
			value |= u64::from(byte & 0x7f) << shift;
			if byte & 0x80 == 0 {
				return Ok(value);
			}
		}
		Err(damaged(format!("a number at byte {} has more than 64 bits", self.at)))
	}

	/// A length that must not exceed the bytes that are left.
	pub(in crate::pretrained) fn length(&mut self) -> Read<usize> {
		let length = self.varint()?;
		match usize::try_from(length) {
			Ok(length) if length <= self.rest().len() => Ok(length),
			_ => Err(damaged(format!("a part of {length} bytes at byte {} is cut off", self.at))),
		}
	}
}

/// Little-endian f32 numbers.
pub(in crate::pretrained) fn floats(bytes: &[u8]) -> Vec<f32> {
	bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
