//! Training steps: own loss, attribution, and the gradients of upstreams.

use candle_core::{backprop::GradStore, Tensor};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	component::{
		leaves::{Leaves, WithGradient},
		Component,
	},
	corpus::Batch,
	dropout::Dropout,
	encoder::Encoded,
	error::Result,
	inputs::Raw,
	joiner::Joined,
	learning::{Gradient, Values},
	model::StepReport,
	objective::{Decoded, ExampleLoss, Targets},
	tensors,
};

/// A forward and backward pass over one batch.
pub(crate) struct Pass {
	/// Loss of each example.
	pub(crate) losses: Vec<ExampleLoss>,
	/// `None` for inputs that are missing.
	pub(crate) inputs: Vec<Option<WithGradient>>,
	/// Gradient of the mean loss per token, all parameters.
	pub(crate) gradient: Gradient,
}

impl Component {
	pub(super) fn train_step(&mut self, batch: &Batch, d: &[Option<Tensor>]) -> Result<StepReport> {
		let targets = self.shape.objective.targets(batch)?;
		let (raw, refused) = self.inputs.read(d, batch.texts.len())?;
		let mut dropout = Dropout::of_step(&self.config, self.step, &self.device);
		let encoded = self.shape.encoder.forward(&batch.texts, Some(&mut dropout))?;
		self.inputs.observe(encoded.vectors(), &raw, self.config.input_decay)?;
		let (joined, leaves) = self.join_leaves(&*encoded, &raw, Some(&mut dropout))?;
		self.shape.objective.observe(&joined)?;
		let decoded = self.shape.objective.forward(&joined, &targets, Some(&mut dropout))?;
		self.shape.objective.keep_errors(&joined, &decoded)?;
		let pass = self.pass(&*encoded, &targets, &leaves, decoded)?;
		let loss = mean(&pass.losses);
		let errors = self.errors(&pass.inputs)?;
		let stepped = self.learner.step(&self.parameters, pass.gradient, &self.config)?;
		self.version += u64::from(stepped);
		self.step += 1;
		if stepped {
			self.average()?;
		}
		self.watch()?;
		Ok(StepReport { step: self.step, loss, errors, refused, stepped })
	}

	pub(super) fn own_gradient(&self, batch: &Batch, d: &[Option<Tensor>]) -> Result<Gradient> {
		let targets = self.shape.objective.targets(batch)?;
		let (raw, _) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts, None)?;
		let (joined, leaves) = self.join_leaves(&*encoded, &raw, None)?;
		let decoded = self.shape.objective.forward(&joined, &targets, None)?;
		Ok(self.pass(&*encoded, &targets, &leaves, decoded)?.gradient)
	}

	/// ∂L/∂d of each input from (∂L/∂z, z): what goes downstream.
	pub(super) fn errors(&self, inputs: &[Option<WithGradient>]) -> Result<Vec<Option<Tensor>>> {
		let error = |(input, present): (&crate::inputs::Input, &Option<WithGradient>)| {
			let Some((g, z)) = present else { return Ok(None) };
			Ok(Some(tensors::from_rows(input.error(g, z), &self.device)?))
		};
		self.inputs.downstream.iter().zip(inputs).map(error).collect()
	}

	/// The inputs as leaves of the graph, and y.
	fn join_leaves(
		&self,
		encoded: &dyn Encoded,
		raw: &Raw,
		mut dropout: Option<&mut Dropout>,
	) -> Result<(Joined, Leaves)> {
		let null = Some(self.null_choice());
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), raw, null, &self.device)?;
		let z = match &mut dropout {
			Some(dropout) => dropout.inputs(leaves.centred())?,
			None => leaves.centred(),
		};
		Ok((self.shape.joiner.forward(z, dropout)?, leaves))
	}

	/// The backward pass.
	fn pass(
		&self,
		encoded: &dyn Encoded,
		targets: &Targets,
		leaves: &Leaves,
		decoded: Decoded,
	) -> Result<Pass> {
		let grads = decoded.root.backward()?;
		let scale = (1.0 / targets.weight()) as f32;
		let mut gradient = self.shape.objective.gradient(&decoded)?;
		gradient.scale(scale.into());
		Ok(Pass {
			losses: decoded.losses,
			inputs: leaves.gradients(&grads)?,
			gradient: self.gradient(gradient, &grads, encoded, leaves, scale)?,
		})
	}

	/// Seeds this step's choice of what the null input holds.
	fn null_choice(&self) -> ChaCha8Rng {
		let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed.wrapping_add(1));
		rng.set_stream(self.step);
		rng
	}

	/// Adds the gradients of all parameters in the graph and of the encoder, times `scale`. Those of
	/// the encoder come from the own input by a backward pass of their own: centring, between the
	/// two, is not part of the graph.
	pub(super) fn gradient(
		&self,
		mut gradient: Gradient,
		grads: &GradStore,
		encoded: &dyn Encoded,
		leaves: &Leaves,
		scale: f32,
	) -> Result<Gradient> {
		gradient.parts.resize(self.parameters.list().len(), None);
		for (parameter, part) in self.parameters.list().iter().zip(&mut gradient.parts) {
			// A parameter that is differentiated by hand is not in the graph.
			if let (None, Some(g)) = (&part, grads.get(parameter.tensor())) {
				let values = tensors::with_slice(g, |g| g.iter().map(|x| x * scale).collect())?;
				*part = Some(Values::Dense(values));
			}
		}
		let (g, z) = leaves.own.gradient(grads)?;
		encoded.backward(&self.inputs.own.error(&g, &z), scale, &mut gradient)?;
		Ok(gradient)
	}
}

/// Mean of losses per weighted token.
pub(super) fn mean(losses: &[ExampleLoss]) -> f64 {
	let sum = |of: fn(&ExampleLoss) -> f32| losses.iter().map(|x| f64::from(of(x))).sum::<f64>();
	sum(|x| x.loss) / sum(|x| x.weight).max(1e-9)
}
