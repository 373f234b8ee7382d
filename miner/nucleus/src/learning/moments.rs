//! From the gradients of one source to a direction, and from the direction to a move of the
//! parameters.
//!
//! candle-nn's AdamW keeps its moments private, so that it cannot be saved, and steps every row of a
//! table. A source has moments for the rows that it touched only.

use crate::{
	config::{Config, OptimizerKind, DIM},
	error::{NucleusError, Result},
	learning::{Gradient, Values},
	parameters::{Parameter, Parameters, Part},
	state::State,
	tensors,
};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// How far a direction moves the parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
	/// The optimizer.
	pub(crate) kind: OptimizerKind,
	/// Learning rate.
	pub(crate) rate: f64,
	/// Weight decay, as a part of the learning rate.
	pub(crate) decay: f64,
	/// Length of a direction under gradient descent: the usual length of the own gradient.
	pub(crate) length: f64,
	/// Part of the step for the tables of f.
	pub(crate) tables: f64,
	/// Part of the step for its other parameters.
	pub(crate) function: f64,
	/// Part of the step for those of the decoder.
	pub(crate) decoder: f64,
}

impl Pace {
	fn part(&self, parameter: &Parameter) -> f64 {
		match parameter.part() {
			Part::Function if parameter.is_table() => self.tables,
			Part::Function => self.function,
			Part::Decoder => self.decoder,
		}
	}
}

/// No place in [`Rows::data`] yet.
const NONE: u32 = u32::MAX;

/// Moments of the rows of one parameter that a source touched, in the order of the first touch.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rows {
	ids: Vec<u32>,
	/// Per row of the parameter, its place in `ids`.
	places: Vec<u32>,
	/// Per row: the first moment and, for Adam, the second after it.
	data: Vec<f32>,
}

impl Rows {
	/// Moments of a row, which are 0 before the first touch.
	fn entry(&mut self, row: u32, entries: usize) -> &mut [f32] {
		let at = row as usize;
		if self.places.len() <= at {
			self.places.resize(at + 1, NONE);
		}
		if self.places[at] == NONE {
			self.places[at] = self.ids.len() as u32;
			self.ids.push(row);
			self.data.resize(self.data.len() + entries, 0.0);
		}
		let start = self.places[at] as usize * entries;
		&mut self.data[start..start + entries]
	}
}

/// Optimizer state of one source. A parameter that is no table is one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moments {
	/// Gradients taken in.
	steps: u64,
	/// Per parameter.
	rows: Vec<Rows>,
}

/// What a checkpoint says of moments beside their tensors.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct SavedMoments {
	steps: u64,
	/// Per parameter, the rows in the tensor.
	rows: Vec<Vec<u32>>,
}

/// Moments per entry.
fn per_entry(kind: OptimizerKind) -> usize {
	match kind {
		OptimizerKind::Adam => 2,
		OptimizerKind::Sgd { .. } => 1,
	}
}

/// Entries of one row of a parameter.
fn width(parameter: &Parameter) -> usize {
	match parameter.is_table() {
		true => DIM,
		false => parameter.tensor().elem_count(),
	}
}

impl Moments {
	/// Forgets what it knows about one parameter.
	pub(crate) fn forget(&mut self, parameter: usize) {
		if let Some(rows) = self.rows.get_mut(parameter) {
			*rows = Rows::default();
		}
	}

	/// Takes a gradient in and moves every parameter that has one, and of a table only the rows
	/// that have one:
	///
	/// ```text
	///   Δθ = −rate · part · (a + decay · θ)
	///   Adam:              a = m̂ / (√v̂ + ε), each entry within ±1
	///   gradient descent:  a = length · v̂,   v a running mean of g with decay `momentum`
	/// ```
	/// Both means are corrected for their start, so that a source's first steps are as long as its
	/// later ones, and so is a step of a source that is seldom present:
	///
	/// ```text
	///   m̂ = m / (1 − β^t), with t the gradients of this source
	/// ```
	pub(crate) fn step(
		&mut self,
		parameters: &Parameters,
		gradient: &Gradient,
		pace: &Pace,
	) -> Result<()> {
		self.steps += 1;
		self.rows.resize_with(parameters.list().len(), Rows::default);
		let direction = Direction::new(pace, self.steps);
		let moments = per_entry(pace.kind);
		for ((parameter, g), mine) in
			parameters.list().iter().zip(&gradient.parts).zip(&mut self.rows)
		{
			let Some(g) = g else { continue };
			let width = width(parameter);
			if width == 0 {
				continue;
			}
			let rate = (pace.rate * pace.part(parameter)) as f32;
			let decay = if parameter.decays() { pace.decay as f32 } else { 0.0 };
			tensors::update(parameter.var(), |all| {
				let mut step = |row: u32, g: &[f32]| {
					let start = row as usize * width;
					let Some(x) = all.get_mut(start..start + width) else { return };
					let state = mine.entry(row, moments * width);
					direction.follow(g, state, x, |x, a| x - rate * (a + decay * x));
				};
				match g {
					Values::Dense(g) => {
						(0..).zip(g.chunks_exact(width)).for_each(|(row, g)| step(row, g));
					}
					Values::Rows { rows, data, .. } => {
						rows.iter()
							.zip(data.chunks_exact(width))
							.for_each(|(row, g)| step(*row, g));
					}
				}
			})?;
		}
		Ok(())
	}

	/// Moves the parameters once more along the direction of the last step, or back along it if the
	/// pace is negative. Rows that it does not know stay. Without decay.
	pub(crate) fn repeat(&self, parameters: &Parameters, pace: &Pace) -> Result<()> {
		let direction = Direction::new(pace, self.steps.max(1));
		let moments = per_entry(pace.kind);
		for (parameter, rows) in parameters.list().iter().zip(&self.rows) {
			if rows.ids.is_empty() {
				continue;
			}
			let (width, rate) = (width(parameter), (pace.rate * pace.part(parameter)) as f32);
			tensors::update(parameter.var(), |all| {
				let Rows { ids, data, .. } = rows;
				for (row, state) in ids.iter().zip(data.chunks_exact(moments * width)) {
					let start = *row as usize * width;
					let Some(x) = all.get_mut(start..start + width) else { continue };
					direction.again(state, x, |x, a| x - rate * a);
				}
			})?;
		}
		Ok(())
	}

	/// Adds its tensors to a state.
	pub(crate) fn save(
		&self,
		name: &str,
		parameters: &Parameters,
		state: &mut State,
	) -> SavedMoments {
		for (rows, parameter) in self.rows.iter().zip(parameters.list()) {
			let count = rows.ids.len();
			if count > 0 {
				let shape = [count, rows.data.len() / count];
				state.put_tensor(name_of(name, parameter), &shape, rows.data.clone());
			}
		}
		SavedMoments {
			steps: self.steps,
			rows: self.rows.iter().map(|rows| rows.ids.clone()).collect(),
		}
	}

	/// Takes over what [`Moments::save`] wrote.
	pub(crate) fn load(
		saved: SavedMoments,
		name: &str,
		parameters: &Parameters,
		state: &State,
		config: &Config,
	) -> Result<Self> {
		let mut rows = Vec::with_capacity(saved.rows.len());
		for (ids, parameter) in saved.rows.into_iter().zip(parameters.list()) {
			let (width, count) = (width(parameter), ids.len());
			let mut loaded = Rows::default();
			if count > 0 && width > 0 {
				let entries = per_entry(config.optimizer) * width;
				let data = state.tensor(&name_of(name, parameter), &[count, entries])?;
				let most = parameter.tensor().elem_count() / width;
				for (id, data) in ids.into_iter().zip(data.chunks_exact(entries)) {
					if id as usize >= most {
						return Err(NucleusError::State(format!("row {id} of {name}")));
					}
					loaded.entry(id, entries).copy_from_slice(data);
				}
			}
			rows.push(loaded);
		}
		Ok(Self { steps: saved.steps, rows })
	}
}

fn name_of(source: &str, parameter: &Parameter) -> String {
	format!("moments.{source}.{}", parameter.name())
}

/// The rule that turns moments into a direction.
#[derive(Clone, Copy)]
enum Direction {
	/// Corrections of the bias of both moments.
	Adam { first: f32, second: f32 },
	/// Decay of the velocity, and the length of a direction over the correction of the bias.
	Sgd { momentum: f32, length: f32 },
}

impl Direction {
	fn new(pace: &Pace, steps: u64) -> Self {
		let power = steps.min(i32::MAX as u64) as i32;
		let correction = |beta: f64| 1.0 / (1.0 - beta.powi(power));
		match pace.kind {
			OptimizerKind::Adam => Self::Adam {
				first: correction(BETA_1.into()) as f32,
				second: correction(BETA_2.into()) as f32,
			},
			OptimizerKind::Sgd { momentum } => Self::Sgd {
				momentum: momentum as f32,
				length: (pace.length * correction(momentum)) as f32,
			},
		}
	}

	/// Takes a gradient into the moments, and moves along their direction.
	fn follow(self, g: &[f32], state: &mut [f32], x: &mut [f32], to: impl Fn(f32, f32) -> f32) {
		let (first, second) = state.split_at_mut(g.len());
		match self {
			Self::Adam { .. } => {
				for ((g, m), v) in g.iter().zip(first).zip(second) {
					*m = BETA_1 * *m + (1.0 - BETA_1) * g;
					*v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
				}
			}
			Self::Sgd { momentum, .. } => {
				for (g, v) in g.iter().zip(first) {
					*v = momentum * *v + (1.0 - momentum) * g;
				}
			}
		}
		self.again(state, x, to);
	}

	/// Moves along the direction of the moments as they are.
	fn again(self, state: &[f32], x: &mut [f32], to: impl Fn(f32, f32) -> f32) {
		let (first, second) = state.split_at(x.len());
		match self {
			Self::Adam { first: c1, second: c2 } => {
				for ((x, m), v) in x.iter_mut().zip(first).zip(second) {
					let a = m * c1 / ((v * c2).sqrt() + EPSILON);
					*x = to(*x, a.clamp(-1.0, 1.0));
				}
			}
			Self::Sgd { length, .. } => {
				for (x, v) in x.iter_mut().zip(first) {
					*x = to(*x, length * *v);
				}
			}
		}
	}
}
