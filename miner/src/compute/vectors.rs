//! Between vectors on the wire and tensors.

use crate::axon::ComputeError;
use bittensor_nucleus::{Device, Tensor, Verdict, DIM};
use bittensor_wire::{proto::GradReason, Vectors};

/// An error of the tensors or of the model.
pub(super) fn failed(error: impl std::fmt::Display) -> ComputeError {
	ComputeError::Failed(error.to_string())
}

/// Rows of a tensor `[rows, DIM]`.
pub(super) fn to_vectors(tensor: &Tensor) -> Result<Vectors, ComputeError> {
	let (rows, _) = tensor.dims2().map_err(failed)?;
	let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).map_err(failed)?;
	Vectors::new(rows, values).map_err(failed)
}

pub(super) fn to_tensor(vectors: &Vectors, device: &Device) -> Result<Tensor, ComputeError> {
	Tensor::from_slice(vectors.values(), (vectors.rows(), DIM), device).map_err(failed)
}

/// What a sender is told about its error.
pub(super) fn reason(verdict: Verdict) -> GradReason {
	match verdict {
		Verdict::Accepted => GradReason::Accepted,
		Verdict::NoBid => GradReason::NoBid,
		Verdict::Stale => GradReason::Stale,
		Verdict::Outbid => GradReason::Outbid,
		Verdict::Faint => GradReason::Faint,
		Verdict::UnknownWords => GradReason::UnknownWords,
		Verdict::Suspended => GradReason::Suspended,
		Verdict::NothingToLearn => GradReason::NothingToLearn,
	}
}
