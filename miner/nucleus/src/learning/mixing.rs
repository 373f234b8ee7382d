//! The learner that mixes steps: every source has moments of its own (eq. 3, 12).
//!
//! ```text
//!   Δθ = −rate · [(1 − Σ_{u present} s_u) · a_own + Σ_{u present} s_u · a_u]
//! ```
//! a_u is the direction of the optimizer from the moments of u alone. An optimizer that scales a
//! gradient by its own history, as Adam does, turns any mixture of gradients into full steps on the
//! rows that one source alone touches, however small its weight; a mixture of directions is linear
//! in s_u under every optimizer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
	config::{Config, DIM},
	error::Result,
	learning::{
		guard::Guard,
		moments::{per_entry, Moments, Pace},
		push::{common_factor, limited},
		sources::{Account, Source, Sources},
		Gradient, Learner, Values,
	},
	parameters::{Parameter, Parameters, Part},
	state::State,
};

/// Eq. 12 over steps.
#[derive(Clone, Debug, Default)]
pub struct StepMixing {
	/// Steps made.
	steps: u64,
	/// Usual length of the own gradient.
	guard: Guard,
	/// Moments of the own loss.
	own: Moments,
	sources: Sources,
}

/// The state of one source that is not a tensor.
#[derive(Serialize, Deserialize)]
struct SavedSource {
	account: Account,
	push: f64,
	seen: u64,
	guard: Guard,
	messages: u64,
	/// Per parameter, whether there is a gradient, and its rows if the parameter is a table.
	held: Vec<Option<Vec<u32>>>,
	moments: SavedMoments,
}

#[derive(Serialize, Deserialize)]
struct SavedMoments {
	steps: u64,
	/// Per parameter, the rows in the tensor.
	rows: Vec<Vec<u32>>,
}

/// All of its state that is not a tensor.
#[derive(Serialize, Deserialize)]
struct Saved {
	steps: u64,
	guard: Guard,
	own: SavedMoments,
	sources: Vec<SavedSource>,
}

impl StepMixing {
	/// The gradients of all sources that are present, each with its s_u; nothing is held
	/// afterwards.
	fn present(&mut self, clip: f64) -> Vec<(f64, Gradient, &mut Moments)> {
		let mut present: Vec<_> = self
			.sources
			.all
			.values_mut()
			.filter_map(|source| Some((source.push, source.take(clip)?, &mut source.moments)))
			.collect();
		let factor = common_factor(present.iter().map(|(push, ..)| *push));
		present.iter_mut().for_each(|(push, ..)| *push *= factor);
		present
	}

	fn pace(&self, config: &Config, warm_up: u64) -> Pace {
		let risen = (self.steps + 1) as f64 / warm_up.max(1) as f64;
		Pace {
			kind: config.optimizer,
			rate: config.learning_rate * risen.min(1.0),
			decay: config.weight_decay,
			length: self.guard.usual(),
			function: 1.0,
			decoder: 1.0,
		}
	}
}

impl Learner for StepMixing {
	fn admits(&self, source: &Account, push: f64, config: &Config) -> bool {
		self.sources.admits(source, limited(push), config.max_sources, self.steps)
	}

	fn add(
		&mut self,
		source: Account,
		push: f64,
		gradient: &Gradient,
		scale: f64,
		config: &Config,
	) -> bool {
		let at = (limited(push), self.steps);
		self.sources.add(source, at, gradient, scale, config.max_sources)
	}

	fn step(&mut self, parameters: &Parameters, own: Gradient, config: &Config) -> Result<bool> {
		let (mut own, mut decoder) = split(parameters, own);
		if !own.is_finite() || !decoder.is_finite() {
			return Ok(false);
		}
		self.guard.observe(own.norm());
		decoder.scale(1.0 / self.guard.usual());
		if !self.guard.unit(&mut own, 1.0, config.clip) || !decoder.is_finite() {
			return Ok(false);
		}
		own.fill(decoder);
		let mut pace = self.pace(config, config.warm_up);
		let mut bought = 0.0;
		for (push, gradient, moments) in self.present(config.clip) {
			bought += push;
			moments.step(parameters, &gradient, &Pace { function: push, ..pace })?;
		}
		pace.function = 1.0 - bought;
		self.own.step(parameters, &own, &pace)?;
		self.steps += 1;
		Ok(true)
	}

	fn upstream_step(&mut self, parameters: &Parameters, config: &Config) -> Result<bool> {
		let pace = self.pace(config, config.upstream_warm_up);
		let mut stepped = false;
		for (push, gradient, moments) in self.present(config.clip) {
			moments.step(parameters, &gradient, &Pace { function: push, ..pace })?;
			stepped = true;
		}
		self.steps += u64::from(stepped);
		Ok(stepped)
	}

	fn forget(&mut self, parameter: usize) {
		self.own.forget(parameter);
		for source in self.sources.all.values_mut() {
			source.moments.forget(parameter);
			if let Some(part) = source.held.parts.get_mut(parameter) {
				*part = None;
			}
		}
	}

	fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()> {
		let own = save_moments(&self.own, "own", parameters, state);
		let mut sources = Vec::with_capacity(self.sources.all.len());
		for (n, (account, source)) in self.sources.all.iter().enumerate() {
			let name = format!("source.{n}");
			let mut rows = Vec::new();
			for (part, parameter) in source.held.parts.iter().zip(parameters.list()) {
				let tensor = held(&name, parameter);
				rows.push(match part {
					None => None,
					Some(Values::Dense(data)) => {
						state.put_tensor(tensor, parameter.tensor().dims(), data.clone());
						Some(Vec::new())
					}
					Some(Values::Rows { width, rows, data }) => {
						state.put_tensor(tensor, &[rows.len(), *width], data.clone());
						Some(rows.clone())
					}
				});
			}
			sources.push(SavedSource {
				account: *account,
				push: source.push,
				seen: source.seen,
				guard: source.guard,
				messages: source.messages,
				held: rows,
				moments: save_moments(&source.moments, &name, parameters, state),
			});
		}
		state.put("learner", &Saved { steps: self.steps, guard: self.guard, own, sources })
	}

	fn load(&mut self, parameters: &Parameters, state: &State, config: &Config) -> Result<()> {
		let saved: Saved = state.get("learner")?;
		let moments = |saved, name: &str| load_moments(saved, name, parameters, state, config);
		let mut all = BTreeMap::new();
		for (n, saved) in saved.sources.into_iter().enumerate() {
			let name = format!("source.{n}");
			let mut parts = Vec::new();
			for (rows, parameter) in saved.held.into_iter().zip(parameters.list()) {
				let tensor = held(&name, parameter);
				parts.push(match (rows, parameter.is_table()) {
					(None, _) => None,
					(Some(rows), true) => {
						let data = state.tensor(&tensor, &[rows.len(), DIM])?.to_vec();
						Some(Values::Rows { width: DIM, rows, data })
					}
					(Some(_), false) => {
						let data = state.tensor(&tensor, parameter.tensor().dims())?.to_vec();
						Some(Values::Dense(data))
					}
				});
			}
			let source = Source {
				push: saved.push,
				seen: saved.seen,
				guard: saved.guard,
				messages: saved.messages,
				held: Gradient { parts },
				moments: moments(saved.moments, &name)?,
			};
			all.insert(saved.account, source);
		}
		*self = Self {
			steps: saved.steps,
			guard: saved.guard,
			own: moments(saved.own, "own")?,
			sources: Sources { all },
		};
		Ok(())
	}
}

fn save_moments(
	moments: &Moments,
	name: &str,
	parameters: &Parameters,
	state: &mut State,
) -> SavedMoments {
	let mut rows = Vec::with_capacity(moments.rows.len());
	for (all, parameter) in moments.rows.iter().zip(parameters.list()) {
		rows.push(all.keys().copied().collect());
		let entries = all.values().next().map_or(0, Vec::len);
		if entries > 0 {
			let data: Vec<f32> = all.values().flatten().copied().collect();
			state.put_tensor(moments_of(name, parameter), &[all.len(), entries], data);
		}
	}
	SavedMoments { steps: moments.steps, rows }
}

fn load_moments(
	saved: SavedMoments,
	name: &str,
	parameters: &Parameters,
	state: &State,
	config: &Config,
) -> Result<Moments> {
	let mut rows = Vec::with_capacity(saved.rows.len());
	for (ids, parameter) in saved.rows.into_iter().zip(parameters.list()) {
		let width = if parameter.is_table() { DIM } else { parameter.tensor().elem_count() };
		let entries = per_entry(config.optimizer) * width;
		rows.push(match ids.is_empty() || entries == 0 {
			true => BTreeMap::new(),
			false => {
				let data = state.tensor(&moments_of(name, parameter), &[ids.len(), entries])?;
				ids.into_iter().zip(data.chunks_exact(entries).map(<[f32]>::to_vec)).collect()
			}
		});
	}
	Ok(Moments { steps: saved.steps, rows })
}

fn moments_of(source: &str, parameter: &Parameter) -> String {
	format!("moments.{source}.{}", parameter.name())
}

fn held(source: &str, parameter: &Parameter) -> String {
	format!("held.{source}.{}", parameter.name())
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
