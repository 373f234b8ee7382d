//! Layers for inference on a CPU: matrices are row-major slices, products are candle's.

use candle_core::{Device, Tensor};

use crate::{error::Result, tensors};

/// x·W + b.
#[derive(Debug)]
pub(super) struct Dense {
	/// `[inputs, outputs]`.
	weight: Tensor,
	/// Empty for none.
	bias: Vec<f32>,
	inputs: usize,
}

impl Dense {
	/// From W as `[inputs, outputs]`.
	pub(super) fn new(weight: Vec<f32>, inputs: usize, bias: Vec<f32>) -> Result<Self> {
		let outputs = weight.len() / inputs;
		let weight = Tensor::from_vec(weight, (inputs, outputs), &Device::Cpu)?;
		Ok(Self { weight, bias, inputs })
	}

	/// From W as `[outputs, inputs]`, as PyTorch stores it.
	pub(super) fn transposed(weight: Vec<f32>, inputs: usize, bias: Vec<f32>) -> Result<Self> {
		let outputs = weight.len() / inputs;
		let weight = Tensor::from_vec(weight, (outputs, inputs), &Device::Cpu)?.t()?;
		Ok(Self { weight, bias, inputs })
	}

	/// Row by row.
	pub(super) fn apply(&self, x: Vec<f32>) -> Result<Vec<f32>> {
		let rows = x.len() / self.inputs;
		let x = Tensor::from_vec(x, (rows, self.inputs), &Device::Cpu)?;
		let mut y = tensors::to_vec(&x.matmul(&self.weight)?)?;
		if !self.bias.is_empty() {
			for row in y.chunks_exact_mut(self.bias.len()) {
				add(row, &self.bias);
			}
		}
		Ok(y)
	}
}

/// a += b.
pub(super) fn add(a: &mut [f32], b: &[f32]) {
	for (a, b) in a.iter_mut().zip(b) {
		*a += b;
	}
}

/// Layer normalization (Ba et al. 2016), with its gain and its shift.
#[derive(Debug)]
pub(super) struct LayerNorm {
	pub(super) gain: Vec<f32>,
	pub(super) shift: Vec<f32>,
	pub(super) epsilon: f32,
}

impl LayerNorm {
	/// Each row in place.
	pub(super) fn apply(&self, x: &mut [f32]) {
		let width = self.gain.len();
		for row in x.chunks_exact_mut(width) {
			let mean = sum(row.iter().copied()) / width as f32;
			row.iter_mut().for_each(|x| *x -= mean);
			let variance = sum(row.iter().map(|x| x * x)) / width as f32;
			let scale = 1.0 / (variance + self.epsilon).sqrt();
			for ((x, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
				*x = *x * scale * gain + shift;
			}
		}
	}
}

/// A sum in eight lanes, which the compiler turns into vector instructions.
pub(crate) fn sum(mut numbers: impl ExactSizeIterator<Item = f32>) -> f32 {
	let mut lanes = [0_f32; 8];
	for _ in 0..numbers.len() / 8 {
		for (lane, x) in lanes.iter_mut().zip(&mut numbers) {
			*lane += x;
		}
	}
	lanes.iter().sum::<f32>() + numbers.sum::<f32>()
}

pub(super) fn relu(x: &mut [f32]) {
	x.iter_mut().for_each(|x| *x = x.max(0.0));
}

/// x · P(X ≤ x) of a normal deviate X (Hendrycks and Gimpel 2016), by the error function.
pub(super) fn gelu(x: &mut [f32]) {
	x.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2)));
}

/// The error function, by a rational approximation without branches: error below 5e-7.
pub(crate) fn erf(x: f32) -> f32 {
	const P: [f32; 7] = [
		-2.726_142_3e-10,
		2.770_681_5e-8,
		-2.101_024e-6,
		-5.692_506_5e-5,
		-7.349_906e-4,
		-2.954_6e-3,
		-1.609_603_3e-2,
	];
	const Q: [f32; 5] =
		[-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_474e-2];
	let x = x.clamp(-4.0, 4.0);
	let square = x * x;
	let horner = |terms: &[f32]| terms.iter().fold(0.0, |sum, term| sum * square + term);
	x * horner(&P) / horner(&Q)
}

/// Each row of this width to a distribution.
pub(crate) fn softmax(x: &mut [f32], width: usize) {
	for row in x.chunks_exact_mut(width) {
		let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
		let mut total = 0.0;
		for x in &mut *row {
			*x = (*x - most).exp();
			total += *x;
		}
		row.iter_mut().for_each(|x| *x /= total);
	}
}

/// Each row of this width to length 1; a row of zeros stays.
pub(super) fn normalize(x: &mut [f32], width: usize, epsilon: f32) {
	for row in x.chunks_exact_mut(width) {
		let length = row.iter().map(|x| x * x).sum::<f32>().max(epsilon).sqrt();
		row.iter_mut().for_each(|x| *x /= length);
	}
}

#[cfg(test)]
mod tests {
	use super::{erf, gelu, softmax, Dense, LayerNorm};

	/// erf by its power series.
	fn exact(x: f64) -> f64 {
		let (mut term, mut sum) = (x, x);
		for n in 1..200 {
			term *= -x * x / f64::from(n);
			sum += term / f64::from(2 * n + 1);
		}
		sum * 2.0 / std::f64::consts::PI.sqrt()
	}

	#[test]
	fn the_error_function_is_close() {
		for n in -400..=400 {
			let x = f64::from(n) / 100.0;
			let error = f64::from(erf(x as f32)) - exact(x);
			assert!(error.abs() < 5e-7, "{x}: {error}");
		}
		assert!((erf(9.0) - 1.0).abs() < 1e-6 && (erf(-9.0) + 1.0).abs() < 1e-6);
		let mut x = [1.0, -20.0, 20.0];
		gelu(&mut x);
		assert!((x[0] - 0.841_345).abs() < 1e-5 && x[1].abs() < 1e-4 && (x[2] - 20.0).abs() < 1e-4);
	}

	#[test]
	fn layers_are_those_of_their_definitions() {
		// W = [[1, 2], [3, 4], [5, 6]], b = [1, −1].
		let weight = (1..=6).map(|n| n as f32).collect();
		let dense = Dense::new(weight, 3, vec![1.0, -1.0]).expect("a layer");
		assert_eq!(dense.apply(vec![1.0, 0.0, 2.0]).expect("a row"), [12.0, 13.0]);
		let weight = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0].into();
		let dense = Dense::transposed(weight, 3, Vec::new()).expect("a layer");
		assert_eq!(dense.apply(vec![1.0, 0.0, 2.0]).expect("a row"), [11.0, 14.0]);
		let norm = LayerNorm { gain: vec![2.0; 10], shift: vec![1.0; 10], epsilon: 0.0 };
		let mut x: Vec<f32> = (0..10).map(|n| n as f32).collect();
		norm.apply(&mut x);
		// Mean 4.5, variance 8.25.
		assert!((x[0] - (1.0 - 9.0 / 8.25_f32.sqrt())).abs() < 1e-6, "{x:?}");
		let mut x = [0.0, 3.0_f32.ln(), 100.0, 100.0];
		softmax(&mut x, 2);
		assert!((x[0] - 0.25).abs() < 1e-6 && (x[2] - 0.5).abs() < 1e-6, "{x:?}");
	}
}
