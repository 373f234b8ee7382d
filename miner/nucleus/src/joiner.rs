//! From the inputs to the output vector y (eq. 1).
//!
//! ```text
//!   h = z_0 · A_0 + c · Σ_j z_j · A_j + b      z_0 the own encoder, z_j the downstream components
//!   y = h + tanh(h · W₁ + b₁) · W₂
//! ```
//! A missing input is its own mean, z = 0, and adds nothing.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::{
	config::{Config, DIM},
	dropout::Dropout,
	error::Result,
	parameters::{Builder, Handle, Part},
};

/// The centred inputs of one batch, each `[B, m]`.
#[derive(Clone, Debug)]
pub struct Centred {
	/// The own encoder.
	pub own: Tensor,
	/// Downstream components; `None` is missing.
	pub downstream: Vec<Option<Tensor>>,
	/// The null input, in training only.
	pub null: Option<Tensor>,
	/// What the two terms of each downstream input are multiplied by; 1 where there is none.
	pub strengths: Vec<Strength>,
}

/// What the two terms of a downstream input are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strength {
	/// As a feature.
	pub feature: f64,
	/// As an expert.
	pub expert: f64,
}

impl Default for Strength {
	fn default() -> Self {
		Self { feature: 1.0, expert: 1.0 }
	}
}

impl Centred {
	/// The strength of an input.
	pub(crate) fn strength(&self, input: usize) -> Strength {
		self.strengths.get(input).copied().unwrap_or_default()
	}
}

/// The output vector of one batch beside the inputs that it was made from.
#[derive(Clone, Debug)]
pub struct Joined {
	/// y, `[B, m]`.
	pub y: Tensor,
	/// z.
	pub z: Centred,
}

/// Adaptors A_j `[m, m]` and residual layer.
#[derive(Clone, Debug)]
pub struct Joiner {
	own: Handle,
	adaptors: Vec<Handle>,
	null: Handle,
	bias: Handle,
	hidden: Handle,
	hidden_bias: Handle,
	output: Handle,
	/// Whether downstream inputs count.
	features: bool,
	/// c: what adaptors are multiplied by, so that they learn more slowly.
	rate: f64,
}

impl Joiner {
	/// Takes its parameters from `builder`.
	///
	/// # Errors
	/// Those of [`Builder::dense`].
	pub fn load(config: &Config, builder: &mut Builder) -> Result<Self> {
		let (m, hidden, small) = (DIM, config.hidden, adaptor_deviation(config));
		let root = 1.0 / (m as f64).sqrt();
		let narrow = 0.5 / (hidden as f64).sqrt();
		let mut dense = |name: &str, shape: [usize; 2], deviation| {
			builder.dense(name, &shape, deviation, Part::Function)
		};
		Ok(Self {
			own: dense("input.own.adaptor", [m, m], root)?,
			adaptors: (0..config.inputs)
				.map(|input| dense(&format!("input.{input}.adaptor"), [m, m], small))
				.collect::<Result<_>>()?,
			null: dense("input.null.adaptor", [m, m], small)?,
			bias: dense("joiner.bias", [1, m], 0.0)?,
			hidden: dense("joiner.hidden", [m, hidden], root)?,
			hidden_bias: dense("joiner.hidden_bias", [1, hidden], 0.0)?,
			output: dense("joiner.output", [hidden, m], narrow)?,
			features: config.features,
			rate: config.feature_rate,
		})
	}

	/// The adaptor of a downstream input.
	pub(crate) fn adaptor(&self, input: usize) -> Option<&Handle> {
		self.adaptors.get(input)
	}

	/// y of centred inputs; with `dropout`, of a training step.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if an operation fails.
	pub fn forward(&self, z: Centred, mut dropout: Option<&mut Dropout>) -> Result<Joined> {
		let mut drop = |z: &Tensor, feature: bool| match &mut dropout {
			Some(dropout) if feature => dropout.feature(z),
			Some(dropout) => dropout.entries(z),
			None => Ok(z.clone()),
		};
		let mut h = drop(&z.own, false)?.matmul(self.own.tensor())?;
		for (input, (present, adaptor)) in z.downstream.iter().zip(&self.adaptors).enumerate() {
			if let Some(present) = present.as_ref().filter(|_| self.features) {
				let factor = self.rate * z.strength(input).feature;
				h = (h + (drop(present, true)? * factor)?.matmul(adaptor.tensor())?)?;
			}
		}
		if let Some(z) = &z.null {
			h = (h + (drop(z, true)? * self.rate)?.matmul(self.null.tensor())?)?;
		}
		let h = h.broadcast_add(self.bias.tensor())?;
		let hidden = h.matmul(self.hidden.tensor())?.broadcast_add(self.hidden_bias.tensor())?;
		let y = (&h + hidden.tanh()?.matmul(self.output.tensor())?)?;
		Ok(Joined { y, z })
	}
}

/// Deviation of a fresh adaptor's entries. It is not zero: a zero adaptor has no gradient into its
/// input and therefore no score, and the input would never start to be used.
pub(crate) fn adaptor_deviation(config: &Config) -> f64 {
	0.2 / config.feature_rate / (DIM as f64).sqrt()
}
