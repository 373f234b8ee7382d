//! Conversion between tensors and slices.

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Storage, Tensor, Var};

use crate::{
	config::DIM,
	error::{NucleusError, Result},
};

/// The entries of an f32 tensor in row-major order, without a copy where that is possible.
pub(crate) fn with_slice<T>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> T) -> Result<T> {
	{
		let (storage, layout) = tensor.storage_and_layout();
		if let Storage::Cpu(CpuStorage::F32(data)) = &*storage {
			if let Some((start, end)) = layout.contiguous_offsets() {
				if let Some(slice) = data.get(start..end) {
					return Ok(f(slice));
				}
			}
		}
	}
	let copy = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
	Ok(f(&copy))
}

/// The entries of a tensor as f32, row-major.
pub(crate) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>> {
	with_slice(tensor, <[f32]>::to_vec)
}

/// The entries of a `[rows, DIM]` tensor from outside; refuses wrong shapes and numbers that are
/// not finite.
pub(crate) fn rows(tensor: &Tensor, rows: usize, what: &str) -> Result<Vec<f32>> {
	if tensor.dims() != [rows, DIM] {
		return Err(NucleusError::Shape {
			what: what.into(),
			expected: vec![rows, DIM],
			found: tensor.dims().to_vec(),
		});
	}
	let data = to_vec(tensor)?;
	if data.iter().all(|x| x.is_finite()) {
		Ok(data)
	} else {
		Err(NucleusError::NotFinite(what.into()))
	}
}

/// A `[rows, DIM]` tensor from its entries.
pub(crate) fn from_rows(data: Vec<f32>, device: &Device) -> Result<Tensor> {
	let rows = data.len() / DIM;
	Ok(Tensor::from_vec(data, (rows, DIM), device)?)
}

/// Changes the entries of a variable in place.
pub(crate) fn update(var: &Var, f: impl FnOnce(&mut [f32])) -> Result<()> {
	if var.device().is_cpu() && var.dtype() == DType::F32 && var.is_contiguous() {
		let op = Update(std::cell::RefCell::new(Some(f)));
		var.inplace_op1(&op)?;
	} else {
		let mut data = to_vec(var)?;
		f(&mut data);
		var.set(&Tensor::from_vec(data, var.shape(), var.device())?.to_dtype(var.dtype())?)?;
	}
	Ok(())
}

struct Update<F>(std::cell::RefCell<Option<F>>);

impl<F: FnOnce(&mut [f32])> InplaceOp1 for Update<F> {
	fn name(&self) -> &'static str {
		"update"
	}

	fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
		let CpuStorage::F32(data) = storage else { candle_core::bail!("update needs f32") };
		let range = layout.contiguous_offsets().and_then(|(start, end)| data.get_mut(start..end));
		match (range, self.0.borrow_mut().take()) {
			(Some(slice), Some(f)) => f(slice),
			_ => candle_core::bail!("update needs a contiguous variable"),
		}
		Ok(())
	}
}
