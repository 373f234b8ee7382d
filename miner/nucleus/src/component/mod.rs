//! The trainable component: any encoder, any objective, and the inputs between them.
//!
//! ```text
//!   x ─► encoder ─► e ─► z_0 ─┐
//!   d_1 ──────────────► z_1 ──┼─► joiner ─► y ─► objective ─► −log P(T'|y)
//!   d_n ──────────────► z_n ──┤            │
//!   shuffled z ───────► null ─┘            └─► served to others
//! ```
//! `step` trains, `grads` takes Grads in, `scoring` measures ΔL of each input, `evaluate` computes
//! answers and losses without a step; `leaves` holds the centred inputs as leaves of candle's graph;
//! `canary` takes steps on Grads back that spoil the own loss; `balance` weighs the parts of an
//! answer; `average` holds the averages that are measured.
//!
//! Invariants: no gradient flows through the mean and scale of an input; the null input takes part
//! in training only; a step that is not finite is not made; equal settings, documents and answers
//! give equal parameters, also across a checkpoint.

mod average;
mod balance;
mod canary;
mod evaluate;
mod grads;
mod leaves;
mod scoring;
mod step;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use parking_lot::Mutex;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	attribution::Attribution,
	component::{
		average::{Average, Installed},
		balance::Balance,
		canary::Canary,
		scoring::Scores,
	},
	config::Config,
	corpus::{Batch, Example},
	encoder::Encoder,
	error::{NucleusError, Result},
	inputs::{Input, InputTable},
	joiner::{adaptor_deviation, Joiner},
	learning::{Account, Gradient, Learner, StepMixing},
	model::{Grad, GradReport, Model, ScoreReport, StepReport},
	objective::{ExampleLoss, Objective},
	parameters::{normal, Parameter, Parameters},
	state::State,
};

/// What a kind gives to its component.
#[derive(Debug)]
pub(crate) struct Shape {
	pub(crate) encoder: Box<dyn Encoder>,
	pub(crate) joiner: Joiner,
	pub(crate) objective: Box<dyn Objective>,
}

/// A trainable component, and all that it knows about the components it uses.
#[derive(Debug)]
pub struct Component {
	kind: &'static str,
	config: Config,
	device: Device,
	parameters: Parameters,
	shape: Shape,
	learner: Box<dyn Learner>,
	average: Arc<Mutex<Average>>,
	inputs: InputTable,
	scores: Scores,
	canary: Canary,
	balance: Balance,
	/// Training steps on the own loss.
	step: u64,
	/// Changes of the parameters.
	version: u64,
	/// How often each input was connected.
	connections: Vec<u64>,
	/// Part of the learning rate of the settings: it is halved whenever parameters go back.
	rate: f64,
}

impl Component {
	pub(crate) fn new(
		kind: &'static str,
		config: Config,
		shape: Shape,
		parameters: Parameters,
		device: &Device,
	) -> Self {
		let inputs = config.inputs;
		let own = Input::around_zero(shape.encoder.deviation(), config.input_decay);
		Self {
			kind,
			learner: Box::<StepMixing>::default(),
			average: Arc::default(),
			inputs: InputTable::new(inputs, own),
			scores: Scores::new(inputs),
			canary: Canary::default(),
			balance: Balance::new(inputs),
			step: 0,
			version: 0,
			connections: vec![0; inputs],
			rate: 1.0,
			config,
			device: device.clone(),
			parameters,
			shape,
		}
	}

	/// The settings in a saved state: they decide the shapes of the parameters.
	pub(crate) fn saved_config(state: &State) -> Result<Config> {
		let config: Config = state.get("config")?;
		config.validate()?;
		Ok(config)
	}

	/// Takes over all of a saved state but its parameters, which the shape was built from.
	pub(crate) fn restore(&mut self, state: &State) -> Result<()> {
		self.step = state.get("step")?;
		self.version = state.get("version")?;
		self.connections = state.get("connections")?;
		self.rate = state.get::<Option<f64>>("rate")?.unwrap_or(1.0);
		self.inputs = state.get("inputs")?;
		self.scores = state.get("scores")?;
		self.balance = state.get("balance")?;
		let lengths =
			[self.connections.len(), self.inputs.downstream.len(), self.scores.inputs.len()];
		if lengths != [self.config.inputs; 3] || !self.balance.fits(self.config.inputs) {
			return Err(NucleusError::State("number of inputs".into()));
		}
		self.canary = Canary::load(&self.parameters, state)?;
		*self.average.lock() = Average::load(&self.parameters, state)?;
		self.learner.load(&self.parameters, state, &self.config)
	}

	/// Puts the averages in the place of the parameters until the result is dropped.
	fn averaged(&self) -> Result<Installed> {
		Installed::new(&self.average, &self.parameters)
	}

	/// Takes the parameters into the averages after a step.
	fn average(&self) -> Result<()> {
		self.average.lock().observe(&self.parameters, self.config.averaging)
	}

	fn check_input(&self, input: usize) -> Result<()> {
		match input < self.config.inputs {
			true => Ok(()),
			false => Err(NucleusError::NoSuchInput { input, inputs: self.config.inputs }),
		}
	}

	/// Its settings.
	pub fn config(&self) -> &Config {
		&self.config
	}

	/// Similarity of the vectors of two inputs, 1 for copies; `None` before both have answered.
	pub fn similarity(&self, a: usize, b: usize) -> Option<f64> {
		let inputs = self.config.inputs;
		(a < inputs && b < inputs && a != b).then(|| self.scores.similarity.of(a, b)).flatten()
	}
}

impl Model for Component {
	fn kind(&self) -> &'static str {
		self.kind
	}

	fn encoder(&self) -> String {
		self.shape.encoder.id()
	}

	fn version(&self) -> u64 {
		self.version
	}

	fn inputs(&self) -> usize {
		self.config.inputs
	}

	fn steps(&self) -> u64 {
		self.step
	}

	fn parameters(&self) -> &[Parameter] {
		self.parameters.list()
	}

	fn state(&self) -> Result<State> {
		let mut state = State::default();
		state.put("config", &self.config)?;
		state.put("step", &self.step)?;
		state.put("version", &self.version)?;
		state.put("connections", &self.connections)?;
		state.put("rate", &self.rate)?;
		state.put("inputs", &self.inputs)?;
		state.put("scores", &self.scores)?;
		state.put("balance", &self.balance)?;
		self.parameters.save(&mut state)?;
		self.shape.objective.save(&mut state)?;
		self.canary.save(&self.parameters, &mut state)?;
		self.average.lock().save(&self.parameters, &mut state)?;
		self.learner.save(&self.parameters, &mut state)?;
		Ok(state)
	}

	fn configure(&mut self, config: &Config) -> Result<()> {
		let mut adopted = self.config.clone();
		adopted.adopt(config);
		adopted.validate()?;
		adopted.learning_rate *= self.rate;
		self.shape.encoder.configure(&adopted);
		self.config = adopted;
		Ok(())
	}

	fn connect(&mut self, input: usize) -> Result<()> {
		let Some(adaptor) = self.shape.joiner.adaptor(input) else {
			return Err(NucleusError::NoSuchInput { input, inputs: self.config.inputs });
		};
		self.inputs.downstream[input] = Input::default();
		self.scores.forget(input);
		self.balance.forget(input);
		self.connections[input] += 1;
		let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed ^ input as u64);
		rng.set_stream(self.connections[input]);
		let deviation = adaptor_deviation(&self.config);
		adaptor.update(|x| x.copy_from_slice(&normal(&mut rng, x.len(), deviation)))?;
		let mut changed = vec![adaptor.index()];
		changed.extend(self.shape.objective.connect(input)?);
		for parameter in changed {
			self.learner.forget(parameter);
			self.canary.replace(&self.parameters, parameter)?;
			self.average.lock().replace(&self.parameters, parameter)?;
		}
		self.version += 1;
		Ok(())
	}

	fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor> {
		Component::forward(self, texts, d)
	}

	fn train_step(&mut self, batch: &Batch, d: &[Option<Tensor>]) -> Result<StepReport> {
		Component::train_step(self, batch, d)
	}

	fn score(
		&mut self,
		batch: &Batch,
		d: &[Option<Tensor>],
		refused: &[usize],
	) -> Result<ScoreReport> {
		let _averages = self.averaged()?;
		self.score_batch(batch, d, refused)
	}

	fn upstream_step(&mut self) -> Result<bool> {
		let stepped = self.learner.upstream_step(&self.parameters, &self.config)?;
		self.version += u64::from(stepped);
		match stepped {
			true => {
				self.average()?;
				self.watch()?;
			}
			// Suspensions end where all senders are suspended, too.
			false => self.canary.pass(),
		}
		Ok(stepped)
	}

	fn accumulate_grad(&mut self, grad: Grad) -> Result<GradReport> {
		Component::accumulate_grad(self, grad)
	}

	fn rewind(&mut self, state: &State) -> Result<()> {
		let inputs: InputTable = state.get("inputs")?;
		let balance: Balance = state.get("balance")?;
		if !balance.fits(self.config.inputs) {
			return Err(NucleusError::State("number of inputs".into()));
		}
		self.parameters.check(state)?;
		let average = Average::load(&self.parameters, state)?;
		self.learner.rewind(&self.parameters, state, &self.config)?;
		self.parameters.load(state)?;
		*self.average.lock() = average;
		(self.inputs, self.balance) = (inputs, balance);
		self.return_here()?;
		self.rate *= 0.5;
		self.config.learning_rate *= 0.5;
		self.version += 1;
		Ok(())
	}

	fn vocabulary(&self) -> &[String] {
		self.shape.objective.vocabulary()
	}

	fn set_words(&mut self, input: usize, words: Option<&Tensor>) -> Result<()> {
		self.check_input(input)?;
		self.shape.objective.set_words(input, words)
	}

	fn take_word_errors(&mut self, input: usize) -> Result<Option<Tensor>> {
		self.check_input(input)?;
		self.shape.objective.take_word_errors(input)
	}

	fn set_canary(&mut self, examples: &[Example]) -> Result<()> {
		Component::set_canary(self, examples)
	}

	fn example_losses(
		&self,
		examples: &[Example],
		d: &[Option<Tensor>],
	) -> Result<Vec<ExampleLoss>> {
		Component::example_losses(self, examples, d)
	}

	fn own_gradient(&self, batch: &Batch, d: &[Option<Tensor>]) -> Result<Gradient> {
		Component::own_gradient(self, batch, d)
	}

	fn bought(&self) -> Vec<(Account, f64)> {
		self.learner.bought()
	}

	fn attribution(&self) -> Attribution {
		self.scores.attribution(&self.config)
	}
}
