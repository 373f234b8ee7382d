//! From the slots to the output vector y.
//!
//! ```text
//!   h = Σ_j z_j · A_j + b          z_0 the own encoder, z_j the downstream components
//!   y = h + tanh(h · W₁ + b₁) · W₂
//! ```
//! A missing slot is its own mean, z = 0, and adds nothing.

use candle_core::Tensor;

use crate::{
	config::Config,
	error::Result,
	parameters::{adaptor_name, Parameters, NULL, OWN},
};

/// The centred slots of one batch, each `[B, m]`.
#[derive(Clone, Debug)]
pub(crate) struct Centred {
	/// The own encoder.
	pub(crate) own: Tensor,
	/// Downstream components; `None` is missing.
	pub(crate) downstream: Vec<Option<Tensor>>,
	/// The null slot, in training only.
	pub(crate) null: Option<Tensor>,
}

/// Adaptors and residual layer.
#[derive(Clone, Debug)]
pub(crate) struct Joiner {
	own: Tensor,
	adaptors: Vec<Tensor>,
	null: Tensor,
	bias: Tensor,
	hidden: Tensor,
	hidden_bias: Tensor,
	output: Tensor,
}

impl Joiner {
	pub(crate) fn new(parameters: &Parameters, config: &Config) -> Result<Self> {
		Ok(Self {
			own: parameters.tensor(OWN)?,
			adaptors: (0..config.slots)
				.map(|slot| parameters.tensor(&adaptor_name(slot)))
				.collect::<Result<_>>()?,
			null: parameters.tensor(NULL)?,
			bias: parameters.tensor("joiner.bias")?,
			hidden: parameters.tensor("joiner.hidden")?,
			hidden_bias: parameters.tensor("joiner.hidden_bias")?,
			output: parameters.tensor("joiner.output")?,
		})
	}

	/// h, `[B, m]`.
	pub(crate) fn join(&self, z: &Centred) -> Result<Tensor> {
		let mut h = z.own.matmul(&self.own)?;
		for (z, adaptor) in z.downstream.iter().zip(&self.adaptors) {
			if let Some(z) = z {
				h = (h + z.matmul(adaptor)?)?;
			}
		}
		if let Some(z) = &z.null {
			h = (h + z.matmul(&self.null)?)?;
		}
		Ok(h.broadcast_add(&self.bias)?)
	}

	/// y from h, both `[B, m]`.
	pub(crate) fn finish(&self, h: &Tensor) -> Result<Tensor> {
		let hidden = h.matmul(&self.hidden)?.broadcast_add(&self.hidden_bias)?.tanh()?;
		Ok((h + hidden.matmul(&self.output)?)?)
	}

	/// The same parameters, copied, so that later steps do not change them.
	pub(crate) fn snapshot(&self) -> Result<Self> {
		let copy = |t: &Tensor| -> Result<Tensor> { Ok(t.copy()?.detach()) };
		Ok(Self {
			own: copy(&self.own)?,
			adaptors: self.adaptors.iter().map(copy).collect::<Result<_>>()?,
			null: copy(&self.null)?,
			bias: copy(&self.bias)?,
			hidden: copy(&self.hidden)?,
			hidden_bias: copy(&self.hidden_bias)?,
			output: copy(&self.output)?,
		})
	}
}
