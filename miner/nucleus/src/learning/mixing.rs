//! The learner that mixes gradients: one guard and one optimizer for all sources.

use serde::{Deserialize, Serialize};

use crate::{
	config::{Config, DIM},
	error::Result,
	learning::{
		guard::Guard,
		optimizer::Optimizer,
		sources::{combine, Account, Source, Sources},
		Gradient, Learner, Values,
	},
	parameters::{Parameter, Parameters, Part},
	state::State,
};

/// Eq. 12 over gradients of unit length.
#[derive(Clone, Debug)]
pub struct GradientMixing {
	sources: Sources,
	optimizer: Optimizer,
	guard: Guard,
}

/// All of its state that is not a tensor.
#[derive(Serialize, Deserialize)]
struct Saved {
	optimizer_steps: u64,
	guard: Guard,
	/// Usual gradient length per upstream.
	lengths: Vec<(Account, f64)>,
	/// Upstream, weight and messages of what is held, in the order of the tensors.
	pending: Vec<(Account, f64, u64)>,
}

impl GradientMixing {
	/// A learner with nothing held and fresh moments.
	pub fn new(config: &Config, parameters: &Parameters) -> Self {
		Self {
			sources: Sources::default(),
			optimizer: Optimizer::new(config.optimizer, parameters),
			guard: Guard::default(),
		}
	}

	/// Eq. 12 over all that is held; nothing is held afterwards.
	fn combined(&mut self, own: Option<&Gradient>, config: &Config) -> Gradient {
		let held = self.sources.take();
		let sources: Vec<(f64, &Gradient)> =
			held.values().map(|source| (source.weight, &source.gradient)).collect();
		combine(own, &sources, config.own_share, self.guard.usual())
	}

	fn apply(
		&mut self,
		parameters: &Parameters,
		step: &Gradient,
		config: &Config,
		(rate, warm_up): (f64, u64),
	) -> Result<()> {
		let risen = (self.optimizer.steps + 1) as f64 / warm_up.max(1) as f64;
		let rate = config.learning_rate * rate * risen.min(1.0);
		self.optimizer.step(parameters, step, rate, config.weight_decay)
	}
}

impl Learner for GradientMixing {
	fn admits(&self, source: &Account, weight: f64, config: &Config) -> bool {
		self.sources.admits(source, weight, config.max_sources)
	}

	fn add(
		&mut self,
		source: Account,
		weight: f64,
		gradient: &Gradient,
		scale: f64,
		config: &Config,
	) -> bool {
		self.sources.add(source, weight, gradient, scale, config.max_sources)
	}

	fn step(&mut self, parameters: &Parameters, own: Gradient, config: &Config) -> Result<bool> {
		let (own, decoder) = split(parameters, own);
		self.guard.observe(own.norm());
		let mut step = self.combined(Some(&own), config);
		let finite = self.guard.clip(&mut step, config.clip) && decoder.is_finite();
		if finite {
			step.fill(decoder);
			self.apply(parameters, &step, config, (1.0, config.warm_up))?;
		}
		Ok(finite)
	}

	fn upstream_step(&mut self, parameters: &Parameters, config: &Config) -> Result<bool> {
		let mut step = self.combined(None, config);
		if step.norm() == 0.0 || !self.guard.clip(&mut step, config.clip) {
			return Ok(false);
		}
		let pace = (config.upstream_rate, config.upstream_warm_up);
		self.apply(parameters, &step, config, pace)?;
		Ok(true)
	}

	fn forget(&mut self, parameter: usize) {
		self.optimizer.forget(parameter);
	}

	fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()> {
		let pending = &self.sources.pending;
		state.put(
			"learner",
			&Saved {
				optimizer_steps: self.optimizer.steps,
				guard: self.guard,
				lengths: self.sources.lengths.iter().map(|(k, v)| (*k, *v)).collect(),
				pending: pending.iter().map(|(k, s)| (*k, s.weight, s.messages)).collect(),
			},
		)?;
		for (i, parameter) in parameters.list().iter().enumerate() {
			let (name, shape) = (parameter.name(), parameter.tensor().dims());
			for (moment, all) in
				[("first", &self.optimizer.first), ("second", &self.optimizer.second)]
			{
				if let Some(data) = all.get(i) {
					state.put_tensor(format!("optimizer.{moment}.{name}"), shape, data.clone());
				}
			}
			for (n, source) in pending.values().enumerate() {
				if let Some(Some(values)) = source.gradient.parts.get(i) {
					let data = values.to_dense(parameter.tensor().elem_count());
					state.put_tensor(pending_name(n, parameter), shape, data);
				}
			}
		}
		Ok(())
	}

	fn load(&mut self, parameters: &Parameters, state: &State) -> Result<()> {
		let saved: Saved = state.get("learner")?;
		self.optimizer.steps = saved.optimizer_steps;
		self.guard = saved.guard;
		self.sources.lengths = saved.lengths.into_iter().collect();
		self.sources.pending.clear();
		for (n, (account, weight, messages)) in saved.pending.into_iter().enumerate() {
			let mut parts = Vec::with_capacity(parameters.list().len());
			for parameter in parameters.list() {
				let name = pending_name(n, parameter);
				parts.push(match state.has_tensor(&name) {
					true => Some(values(parameter, state.tensor(&name, shape(parameter))?)),
					false => None,
				});
			}
			let source = Source { weight, messages, gradient: Gradient { parts } };
			self.sources.pending.insert(account, source);
		}
		for (moment, all) in
			[("first", &mut self.optimizer.first), ("second", &mut self.optimizer.second)]
		{
			for (data, parameter) in all.iter_mut().zip(parameters.list()) {
				let name = format!("optimizer.{moment}.{}", parameter.name());
				data.copy_from_slice(state.tensor(&name, shape(parameter))?);
			}
		}
		Ok(())
	}
}

fn shape(parameter: &Parameter) -> &[usize] {
	parameter.tensor().dims()
}

fn pending_name(n: usize, parameter: &Parameter) -> String {
	format!("pending.{n}.{}", parameter.name())
}

fn values(parameter: &Parameter, data: &[f32]) -> Values {
	match parameter.is_table() {
		true => Values::sparse(DIM, data),
		false => Values::Dense(data.to_vec()),
	}
}

/// The gradient of f alone.
pub(crate) fn function_part(parameters: &Parameters, all: Gradient) -> Gradient {
	split(parameters, all).0
}

/// A gradient of all parameters as that of f and that of the decoder.
fn split(parameters: &Parameters, mut all: Gradient) -> (Gradient, Gradient) {
	all.parts.resize(parameters.list().len(), None);
	let take = |(parameter, part): (&Parameter, &mut Option<Values>)| match parameter.part() {
		Part::Function => part.take(),
		Part::Decoder => None,
	};
	let function = parameters.list().iter().zip(&mut all.parts).map(take).collect();
	(Gradient { parts: function }, all)
}
