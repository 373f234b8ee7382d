//! Training steps: own loss, attribution, and the gradients of upstreams.

use candle_core::{backprop::GradStore, Tensor};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	component::{
		leaves::{Leaves, WithGradient},
		Component,
	},
	corpus::Batch,
	encoder::Encoded,
	error::Result,
	inputs::Raw,
	joiner::Centred,
	learning::{Gradient, Values},
	model::StepReport,
	tensors,
};

/// A forward and backward pass over one batch.
pub(crate) struct Pass {
	/// Loss of each example.
	pub(crate) losses: Vec<f32>,
	pub(crate) z: Centred,
	pub(crate) own: WithGradient,
	pub(crate) null: Option<WithGradient>,
	/// `None` for inputs that are missing.
	pub(crate) inputs: Vec<Option<WithGradient>>,
	/// Gradient of the mean loss per token, all parameters.
	pub(crate) gradient: Gradient,
}

impl Component {
	pub(super) fn train_step(&mut self, batch: &Batch, d: &[Option<Tensor>]) -> Result<StepReport> {
		let targets = self.shape.objective.targets(batch)?;
		let (raw, refused) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts)?;
		self.inputs.observe(encoded.vectors(), &raw, self.config.input_decay)?;
		let pass = self.pass(&*encoded, &targets, &raw)?;
		let loss = mean(&pass.losses, targets.len());
		let scores = self.score(&pass, &targets, loss)?;
		let errors = self.errors(&pass.inputs)?;
		let stepped = self.learner.step(&self.parameters, pass.gradient, &self.config)?;
		self.version += u64::from(stepped);
		self.step += 1;
		Ok(StepReport { step: self.step, loss, scores, errors, refused, stepped })
	}

	pub(super) fn own_gradient(&self, batch: &Batch, d: &[Option<Tensor>]) -> Result<Gradient> {
		let targets = self.shape.objective.targets(batch)?;
		let (raw, _) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts)?;
		Ok(self.pass(&*encoded, &targets, &raw)?.gradient)
	}

	/// ∂L/∂d of each input from (∂L/∂z, z): what goes downstream.
	pub(super) fn errors(&self, inputs: &[Option<WithGradient>]) -> Result<Vec<Option<Tensor>>> {
		let error = |(input, present): (&crate::inputs::Input, &Option<WithGradient>)| {
			let Some((g, z)) = present else { return Ok(None) };
			Ok(Some(tensors::from_rows(input.error(g, z), &self.device)?))
		};
		self.inputs.downstream.iter().zip(inputs).map(error).collect()
	}

	fn pass(&self, encoded: &dyn Encoded, targets: &[u32], raw: &Raw) -> Result<Pass> {
		let null = Some(self.null_choice());
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), raw, null, &self.device)?;
		let joined = self.shape.joiner.forward(leaves.centred())?;
		let decoded = self.shape.objective.forward(&joined, targets)?;
		let grads = decoded.root.backward()?;
		let scale = 1.0 / targets.len() as f32;
		let mut gradient = self.gradient(&grads, encoded, &leaves, scale)?;
		gradient.add_scaled(&decoded.gradient, f64::from(scale));
		Ok(Pass {
			losses: decoded.losses,
			own: leaves.own.gradient(&grads)?,
			null: leaves.null.as_ref().map(|leaf| leaf.gradient(&grads)).transpose()?,
			inputs: leaves.gradients(&grads)?,
			gradient,
			z: joined.z,
		})
	}

	/// Seeds this step's choice of what the null input holds.
	fn null_choice(&self) -> ChaCha8Rng {
		let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed.wrapping_add(1));
		rng.set_stream(self.step);
		rng
	}

	/// The gradients of all parameters in the graph and of the encoder, times `scale`. Those of
	/// the encoder come from the own input by a backward pass of their own: centring, between the
	/// two, is not part of the graph.
	pub(super) fn gradient(
		&self,
		grads: &GradStore,
		encoded: &dyn Encoded,
		leaves: &Leaves,
		scale: f32,
	) -> Result<Gradient> {
		let mut parts = Vec::with_capacity(self.parameters.list().len());
		for parameter in self.parameters.list() {
			parts.push(match grads.get(parameter.tensor()) {
				Some(g) => {
					let values = tensors::with_slice(g, |g| g.iter().map(|x| x * scale).collect())?;
					Some(Values::Dense(values))
				}
				None => None,
			});
		}
		let mut gradient = Gradient { parts };
		let (g, z) = leaves.own.gradient(grads)?;
		encoded.backward(&self.inputs.own.error(&g, &z), scale, &mut gradient)?;
		Ok(gradient)
	}
}

/// Mean of losses per token.
pub(super) fn mean(losses: &[f32], tokens: usize) -> f64 {
	losses.iter().map(|x| f64::from(*x)).sum::<f64>() / tokens as f64
}
