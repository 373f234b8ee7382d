//! The centred inputs of a batch as leaves of candle's graph, beside their values.

use candle_core::{backprop::GradStore, Device, Tensor, Var};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::{
	config::DIM,
	error::Result,
	inputs::{InputTable, Raw},
	joiner::Centred,
	tensors,
};

/// g = ∂L/∂z and z of one input, each `[B, m]` row-major.
pub(crate) type WithGradient = (Vec<f32>, Vec<f32>);

/// z of one input: its values, and the variable that the graph knows.
pub(crate) struct Leaf {
	z: Vec<f32>,
	var: Var,
}

impl Leaf {
	fn new(z: Vec<f32>, device: &Device) -> Result<Self> {
		let var = Var::from_tensor(&tensors::from_rows(z.clone(), device)?)?;
		Ok(Self { z, var })
	}

	fn tensor(&self) -> Tensor {
		self.var.as_tensor().clone()
	}

	/// (g, z); g is 0 if the graph does not reach the leaf.
	pub(crate) fn gradient(&self, grads: &GradStore) -> Result<WithGradient> {
		let g = match grads.get(self.var.as_tensor()) {
			Some(g) => tensors::to_vec(g)?,
			None => vec![0.0; self.z.len()],
		};
		Ok((g, self.z.clone()))
	}
}

/// The leaves of one batch.
pub(crate) struct Leaves {
	pub(crate) own: Leaf,
	pub(crate) downstream: Vec<Option<Leaf>>,
	pub(crate) null: Option<Leaf>,
}

impl Leaves {
	/// With `null`, also the null input: an input chosen at random (the own one if no other is
	/// present), its rows rotated by a random number of places so that no row meets its own
	/// example.
	pub(crate) fn new(
		inputs: &InputTable,
		e: &Tensor,
		raw: &Raw,
		null: Option<ChaCha8Rng>,
		device: &Device,
	) -> Result<Self> {
		let own = Leaf::new(tensors::with_slice(e, |e| inputs.own.centred(e))?, device)?;
		let mut downstream = Vec::with_capacity(raw.len());
		for (input, raw) in inputs.downstream.iter().zip(raw) {
			downstream.push(match raw {
				Some(raw) => Some(Leaf::new(input.centred(raw), device)?),
				None => None,
			});
		}
		let rows = own.z.len() / DIM;
		let null = match null {
			Some(mut rng) if rows > 1 => {
				let present: Vec<&Vec<f32>> = downstream.iter().flatten().map(|l| &l.z).collect();
				let z = match present.len() {
					0 => &own.z,
					n => present[rng.random_range(0..n)],
				};
				let mut shuffled = z.clone();
				shuffled.rotate_left(rng.random_range(1..rows) * DIM);
				Some(Leaf::new(shuffled, device)?)
			}
			_ => None,
		};
		Ok(Self { own, downstream, null })
	}

	pub(crate) fn centred(&self) -> Centred {
		Centred {
			own: self.own.tensor(),
			downstream: self.downstream.iter().map(|l| l.as_ref().map(Leaf::tensor)).collect(),
			null: self.null.as_ref().map(Leaf::tensor),
			strengths: Vec::new(),
		}
	}

	/// (g, z) of each downstream input.
	pub(crate) fn gradients(&self, grads: &GradStore) -> Result<Vec<Option<WithGradient>>> {
		let gradient = |leaf: &Option<Leaf>| leaf.as_ref().map(|l| l.gradient(grads)).transpose();
		self.downstream.iter().map(gradient).collect()
	}
}
