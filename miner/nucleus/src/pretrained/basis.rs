//! Principal components: D numbers to m = 128.
//!
//! ```text
//!   y = (v − mean) · axesᵀ      axes [m, D]: eigenvectors of the covariance, all over one number
//! ```
//! The number makes the root mean square of y's entries 1 on the sample. A model with D < m fills
//! with zeros. A text of which the model knows nothing, all zeros, stays all zeros. No whitening: an axis with more variance counts more, as in the model itself.

use candle_core::{Device, Tensor};

use super::{eigen::eigen, sample, TextModel};
use crate::{
	config::DIM,
	error::{NucleusError, Result},
	state::State,
	tensors,
};

/// Texts that a model is asked for at a time.
const CHUNK: usize = 64;

/// Mean and axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Basis {
	mean: Vec<f32>,
	/// `[m, D]`.
	axes: Vec<f32>,
}

impl Basis {
	/// Fitted on the vectors of the sample.
	pub(super) fn fit(model: &dyn TextModel) -> Result<Self> {
		let texts = sample::texts();
		let mut vectors = Vec::with_capacity(texts.len() * model.width());
		for chunk in texts.chunks(CHUNK) {
			vectors.extend(model.vectors(chunk)?);
		}
		Ok(Self::of(&vectors, model.width()))
	}

	fn of(vectors: &[f32], width: usize) -> Self {
		let count = (vectors.len() / width).max(1) as f64;
		let mut mean = vec![0.0_f64; width];
		for row in vectors.chunks_exact(width) {
			mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x) / count);
		}
		let mut covariance = vec![0.0_f64; width * width];
		let mut centred = vec![0.0_f64; width];
		for row in vectors.chunks_exact(width) {
			for ((c, x), mean) in centred.iter_mut().zip(row).zip(&mean) {
				*c = f64::from(*x) - mean;
			}
			for (i, line) in covariance.chunks_exact_mut(width).enumerate() {
				let factor = centred[i] / count;
				line[..=i].iter_mut().zip(&centred).for_each(|(sum, c)| *sum += factor * c);
			}
		}
		for i in 0..width {
			for j in 0..i {
				covariance[j * width + i] = covariance[i * width + j];
			}
		}
		let (values, vectors) = eigen(covariance, width);
		let kept = width.min(DIM);
		let power = values[..kept].iter().sum::<f64>() / DIM as f64;
		let scale = if power > 0.0 { power.sqrt().recip() } else { 1.0 };
		let mut axes: Vec<f32> =
			vectors[..kept * width].iter().map(|x| (x * scale) as f32).collect();
		axes.resize(DIM * width, 0.0);
		Self { mean: mean.into_iter().map(|x| x as f32).collect(), axes }
	}

	/// Vectors `[B, D]` to `[B, m]`.
	pub(super) fn reduce(&self, mut vectors: Vec<f32>) -> Result<Vec<f32>> {
		let width = self.mean.len();
		let rows = vectors.len() / width;
		for row in vectors.chunks_exact_mut(width).filter(|row| row.iter().any(|x| *x != 0.0)) {
			row.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x -= mean);
		}
		let vectors = Tensor::from_vec(vectors, (rows, width), &Device::Cpu)?;
		let axes = Tensor::from_slice(&self.axes, (DIM, width), &Device::Cpu)?;
		tensors::to_vec(&vectors.matmul(&axes.t()?)?)
	}

	pub(super) fn save(&self, state: &mut State) {
		let width = self.mean.len();
		state.put_tensor("basis.mean".into(), &[width], self.mean.clone());
		state.put_tensor("basis.axes".into(), &[DIM, width], self.axes.clone());
	}

	/// Of a model of this width.
	pub(super) fn load(state: &State, width: usize) -> Result<Self> {
		let basis = Self {
			mean: state.tensor("basis.mean", &[width])?.to_vec(),
			axes: state.tensor("basis.axes", &[DIM, width])?.to_vec(),
		};
		if !basis.numbers().all(f32::is_finite) {
			return Err(NucleusError::State("the basis is not finite".into()));
		}
		Ok(basis)
	}

	/// All of its numbers, in a fixed order.
	pub(super) fn numbers(&self) -> impl Iterator<Item = f32> + '_ {
		self.mean.iter().chain(&self.axes).copied()
	}
}

#[cfg(test)]
mod tests {
	use super::Basis;
	use crate::{config::DIM, state::State};

	/// Vectors with variance 4 along one direction, 1 along a second, and 0 elsewhere.
	fn vectors() -> Vec<f32> {
		let rows = (0..400).map(|n| {
			let (a, b) = ([2.0, -2.0][n % 2], [1.0, 1.0, -1.0, -1.0][n % 4]);
			[5.0 + 0.6 * a - 0.8 * b, 7.0 + 0.8 * a + 0.6 * b, 1.0]
		});
		rows.flatten().collect()
	}

	#[test]
	fn the_axes_are_those_of_the_largest_variance() {
		let basis = Basis::of(&vectors(), 3);
		// The mean square of all m entries is 1: the five units of variance over m.
		let scale = (DIM as f32 / 5.0).sqrt();
		let y = basis.reduce(vec![5.6, 7.8, 1.0, 4.2, 7.6, 1.0]).expect("two vectors");
		assert!((y[0] - scale).abs() < 1e-4 && y[1].abs() < 1e-4, "{y:?}");
		assert!(y[DIM].abs() < 1e-4 && (y[DIM + 1].abs() - scale).abs() < 1e-4, "{y:?}");
		assert!(y[2..DIM].iter().all(|x| x.abs() < 1e-4));
		let all = basis.reduce(vectors()).expect("all");
		let power = all.iter().map(|x| x * x).sum::<f32>() / all.len() as f32;
		assert!((power - 1.0).abs() < 1e-4, "{power}");
	}

	#[test]
	fn a_saved_basis_is_the_same() {
		let basis = Basis::of(&vectors(), 3);
		let mut state = State::default();
		basis.save(&mut state);
		assert_eq!(Basis::load(&state, 3).expect("the basis"), basis);
		assert!(Basis::load(&state, 4).is_err());
		// A model that answers always the same has no axes.
		let constant = Basis::of(&[1.0; 30], 3);
		assert_eq!(constant.reduce(vec![1.0; 3]).expect("zeros"), [0.0; DIM]);
		assert_eq!(basis.reduce(vec![0.0; 3]).expect("zeros"), [0.0; DIM]);
	}
}
