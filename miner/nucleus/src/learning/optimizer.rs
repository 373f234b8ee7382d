//! From the combined gradient to a step. All of its state can be saved.
//!
//! candle-nn's AdamW keeps its moments private, so that it cannot be saved, and steps every row of a
//! table. Measured for the three tables of `cbow` (V = 2,048, a batch of 32 texts): 0.44 ms for all
//! rows, 0.01 ms for those that have a gradient.

use crate::{
	config::OptimizerKind,
	error::Result,
	learning::{Gradient, Values},
	parameters::Parameters,
	tensors,
};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Optimizer state: per parameter a first and, for Adam, a second moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
	kind: OptimizerKind,
	/// Steps made.
	pub(crate) steps: u64,
	pub(crate) first: Vec<Vec<f32>>,
	pub(crate) second: Vec<Vec<f32>>,
}

impl Optimizer {
	/// Fresh state.
	pub(crate) fn new(kind: OptimizerKind, parameters: &Parameters) -> Self {
		let zeros = || -> Vec<Vec<f32>> {
			parameters.list().iter().map(|p| vec![0.0; p.tensor().elem_count()]).collect()
		};
		let second = match kind {
			OptimizerKind::Adam => zeros(),
			OptimizerKind::Sgd { .. } => Vec::new(),
		};
		Self { kind, steps: 0, first: zeros(), second }
	}

	/// Forgets what it knows about one parameter.
	pub(crate) fn forget(&mut self, parameter: usize) {
		for moments in [&mut self.first, &mut self.second] {
			if let Some(moments) = moments.get_mut(parameter) {
				moments.fill(0.0);
			}
		}
	}

	/// Steps every parameter that has a gradient, and of a table only the rows that have one.
	pub(crate) fn step(
		&mut self,
		parameters: &Parameters,
		gradient: &Gradient,
		learning_rate: f64,
		weight_decay: f64,
	) -> Result<()> {
		self.steps += 1;
		let power = self.steps.min(i32::MAX as u64) as i32;
		let rate = (learning_rate / (1.0 - BETA_1.powi(power))) as f32;
		let correction = (1.0 / (1.0 - BETA_2.powi(power))) as f32;
		for (i, parameter) in parameters.list().iter().enumerate() {
			let Some(Some(g)) = gradient.parts.get(i) else { continue };
			let dense = [0];
			let (width, rows, g) = match g {
				Values::Dense(g) => (g.len(), &dense[..], g),
				Values::Rows { width, rows, data } => (*width, &rows[..], data),
			};
			if width == 0 {
				continue;
			}
			let kind = self.kind;
			let decay = match parameter.decays() {
				true => (learning_rate * weight_decay) as f32,
				false => 0.0,
			};
			let first = &mut self.first[i];
			let mut second = self.second.get_mut(i);
			tensors::update(parameter.var(), |x| {
				for (row, g) in rows.iter().zip(g.chunks_exact(width)) {
					let start = *row as usize * width;
					let row = start..start + width;
					let (Some(x), Some(m)) = (x.get_mut(row.clone()), first.get_mut(row.clone()))
					else {
						continue;
					};
					if decay > 0.0 {
						x.iter_mut().for_each(|x| *x -= decay * *x);
					}
					match (kind, second.as_mut().and_then(|second| second.get_mut(row))) {
						(OptimizerKind::Adam, Some(v)) => adam(x, g, m, v, rate, correction),
						(OptimizerKind::Adam, None) => {}
						(OptimizerKind::Sgd { momentum }, _) => {
							let (momentum, rate) = (momentum as f32, learning_rate as f32);
							for ((x, g), m) in x.iter_mut().zip(g).zip(m.iter_mut()) {
								*m = momentum * *m + g;
								*x -= rate * *m;
							}
						}
					}
				}
			})?;
		}
		Ok(())
	}
}

fn adam(x: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], rate: f32, correction: f32) {
	const B1: f32 = BETA_1 as f32;
	const B2: f32 = BETA_2 as f32;
	for (((x, g), m), v) in x.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
		*m = B1 * *m + (1.0 - B1) * g;
		*v = B2 * *v + (1.0 - B2) * g * g;
		*x -= rate * *m / ((*v * correction).sqrt() + EPSILON);
	}
}
