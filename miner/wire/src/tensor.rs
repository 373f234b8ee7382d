//! Vectors between components and their raw little-endian encoding.
//!
//! | dtype | bytes | error of a round trip |
//! |---|---|---|
//! | F32 | 4 | none |
//! | BF16 | 2 | relative 2⁻⁸ (half a unit in the last of 8 bits: 2⁻⁹ of the power of two below) |
//! | F16 | 2 | relative 2⁻¹¹ above 2⁻¹⁴, absolute 2⁻²⁵ below; ±65,504 at most |
//!
//! A value that would become infinite is an error.

use crate::{
	limits::{DIM, MAX_TEXTS},
	proto::{self, DType},
	WireError,
};
use half::{bf16, f16};

/// `rows` vectors of [`DIM`] finite values each, row by row: one row per text.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
	values: Vec<f32>,
}

impl Vectors {
	/// Takes values of shape `[rows, DIM]`, with 1 to [`MAX_TEXTS`] rows. Errors: `Shape`,
	/// `NotFinite`.
	pub fn new(rows: usize, values: Vec<f32>) -> Result<Self, WireError> {
		if rows == 0 || rows > MAX_TEXTS || values.len() != rows * DIM {
			let columns = values.len().checked_div(rows).unwrap_or(0);
			return Err(shape_error(rows.clamp(1, MAX_TEXTS), &[as_u32(rows), as_u32(columns)]));
		}
		if values.iter().any(|value| !value.is_finite()) {
			return Err(WireError::NotFinite);
		}
		Ok(Self { values })
	}

	/// Number of vectors.
	pub fn rows(&self) -> usize {
		self.values.len() / DIM
	}

	/// Vector number `row`, of [`DIM`] values; `None` beyond the last.
	pub fn row(&self, row: usize) -> Option<&[f32]> {
		self.values.chunks_exact(DIM).nth(row)
	}

	/// All values, row by row.
	pub fn values(&self) -> &[f32] {
		&self.values
	}

	/// All values, row by row.
	pub fn into_values(self) -> Vec<f32> {
		self.values
	}

	/// Encodes in the given dtype; `DType::Unspecified` means F32. `NotFinite` if a value is too large
	/// for it.
	pub fn encode(&self, dtype: DType) -> Result<proto::Tensor, WireError> {
		let dtype = if dtype == DType::Unspecified { DType::F32 } else { dtype };
		let mut data = Vec::with_capacity(self.values.len() * width(dtype)?);
		for &value in &self.values {
			match dtype {
				DType::Bf16 => {
					let short = bf16::from_f32(value);
					if !short.is_finite() {
						return Err(WireError::NotFinite);
					}
					data.extend_from_slice(&short.to_le_bytes());
				}
				DType::F16 => {
					let short = f16::from_f32(value);
					if !short.is_finite() {
						return Err(WireError::NotFinite);
					}
					data.extend_from_slice(&short.to_le_bytes());
				}
				DType::F32 | DType::Unspecified => data.extend_from_slice(&value.to_le_bytes()),
			}
		}
		let shape = vec![as_u32(self.rows()), as_u32(DIM)];
		Ok(proto::Tensor { dtype: dtype.into(), shape, data })
	}

	/// Decodes a tensor of shape `[rows, DIM]`. Errors: `Shape`, `UnknownDType`, `DataLength`,
	/// `NotFinite`.
	pub fn decode(tensor: &proto::Tensor, rows: usize) -> Result<Self, WireError> {
		if tensor.shape != [as_u32(rows), as_u32(DIM)] || rows == 0 || rows > MAX_TEXTS {
			return Err(shape_error(rows, &tensor.shape));
		}
		let dtype = DType::try_from(tensor.dtype).map_err(|_| WireError::UnknownDType)?;
		let expected = rows * DIM * width(dtype)?;
		if tensor.data.len() != expected {
			return Err(WireError::DataLength { expected, got: tensor.data.len() });
		}
		let values: Vec<f32> = match dtype {
			DType::Bf16 => {
				pairs(&tensor.data).map(|pair| bf16::from_le_bytes(pair).to_f32()).collect()
			}
			DType::F16 => {
				pairs(&tensor.data).map(|pair| f16::from_le_bytes(pair).to_f32()).collect()
			}
			DType::F32 | DType::Unspecified => tensor
				.data
				.chunks_exact(4)
				.map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
				.collect(),
		};
		Self::new(rows, values)
	}

	/// Decodes a tensor with any valid number of rows.
	pub fn decode_any(tensor: &proto::Tensor) -> Result<Self, WireError> {
		let rows = tensor.shape.first().copied().unwrap_or(0);
		let rows = usize::try_from(rows).unwrap_or(usize::MAX);
		Self::decode(tensor, rows.clamp(1, MAX_TEXTS))
	}
}

fn pairs(data: &[u8]) -> impl Iterator<Item = [u8; 2]> + '_ {
	data.chunks_exact(2).map(|pair| [pair[0], pair[1]])
}

fn width(dtype: DType) -> Result<usize, WireError> {
	match dtype {
		DType::F32 => Ok(4),
		DType::Bf16 | DType::F16 => Ok(2),
		DType::Unspecified => Err(WireError::UnknownDType),
	}
}

fn shape_error(rows: usize, got: &[u32]) -> WireError {
	let got = got.iter().take(8).copied().collect();
	WireError::Shape { expected: vec![as_u32(rows), as_u32(DIM)], got }
}

fn as_u32(value: usize) -> u32 {
	u32::try_from(value).unwrap_or(u32::MAX)
}
