//! Layers with a backward pass of their own. candle has none for its fused norm and softmax, and takes a
//! pass over memory for each operation that they are made of: a training step takes three times as long.
//!
//! On devices other than the CPU they are made of candle's operations.

use candle_core::{bail, CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Shape, Tensor, D};

use crate::{
	error::Result,
	pretrained::layers::{self, erf, sum},
	tensors,
};

/// Least variance that a norm divides by.
const EPSILON: f32 = 1e-5;

type Candle<T> = candle_core::Result<T>;

/// Layer normalization (Ba et al. 2016) of each row of `[N, m]`, with gain less 1 and bias, `[1, m]`.
pub(super) fn norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
	if x.device().is_cpu() {
		return Ok(x.contiguous()?.apply_op3(gain, bias, Norm)?);
	}
	let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
	let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
	let scaled = centred.broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?;
	Ok((&scaled + scaled.broadcast_mul(gain)?)?.broadcast_add(bias)?)
}

/// The last dimension of `[B, …, T]` as distributions, without the first `padding` columns of each B.
pub(super) fn softmax(x: &Tensor, padding: &[usize]) -> Result<Tensor> {
	if x.device().is_cpu() {
		return Ok(x.contiguous()?.apply_op1(Softmax { padding: padding.into() })?);
	}
	let columns = x.dim(D::Minus1)?;
	let hidden = padding.iter().flat_map(|&padding| {
		(0..columns).map(move |column| if column < padding { f32::NEG_INFINITY } else { 0.0 })
	});
	let mut shape = vec![1; x.rank()];
	(shape[0], shape[x.rank() - 1]) = (padding.len(), columns);
	let hidden = Tensor::from_vec(hidden.collect::<Vec<f32>>(), shape, x.device())?;
	let x = x.broadcast_add(&hidden)?;
	// A shift changes nothing, so no gradient flows through it.
	let powers = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
	Ok(powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?)
}

/// GELU (Hendrycks and Gimpel 2016) of each row of `[N, m]` plus a bias, `[1, m]`.
pub(super) fn gelu(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
	if x.device().is_cpu() {
		return Ok(x.contiguous()?.apply_op2(bias, Gelu)?);
	}
	Ok(x.broadcast_add(bias)?.gelu_erf()?)
}

/// The entries of a contiguous tensor of f32.
fn entries<'s>(storage: &'s CpuStorage, layout: &Layout) -> Candle<&'s [f32]> {
	let range = layout.contiguous_offsets();
	match (storage, range) {
		(CpuStorage::F32(data), Some((start, end))) if end <= data.len() => Ok(&data[start..end]),
		_ => bail!("a layer needs contiguous f32"),
	}
}

/// The entries of two tensors.
fn both<T>(a: &Tensor, b: &Tensor, f: impl FnOnce(&[f32], &[f32]) -> T) -> Candle<T> {
	let all = tensors::with_slice(a, |a| tensors::with_slice(b, |b| f(a, b)));
	all.and_then(|result| result).map_err(candle_core::Error::wrap)
}

/// Mean and inverse deviation of a row.
fn moments(x: &[f32]) -> (f32, f32) {
	let width = x.len() as f32;
	let mean = sum(x.iter().copied()) / width;
	let variance = sum(x.iter().map(|x| (x - mean) * (x - mean))) / width;
	(mean, 1.0 / (variance + EPSILON).sqrt())
}

struct Norm;

impl CustomOp3 for Norm {
	fn name(&self) -> &'static str {
		"norm"
	}

	fn cpu_fwd(
		&self,
		x: &CpuStorage,
		layout: &Layout,
		gain: &CpuStorage,
		gain_layout: &Layout,
		bias: &CpuStorage,
		bias_layout: &Layout,
	) -> Candle<(CpuStorage, Shape)> {
		let (gain, bias) = (entries(gain, gain_layout)?, entries(bias, bias_layout)?);
		let mut out = entries(x, layout)?.to_vec();
		for row in out.chunks_exact_mut(gain.len()) {
			let (mean, scale) = moments(row);
			for ((x, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
				*x = (*x - mean) * scale * (1.0 + gain) + bias;
			}
		}
		Ok((CpuStorage::F32(out), layout.shape().clone()))
	}

	/// With n = (x − mean) · s and h = (1 + gain) ⊙ ∂y: ∂x = s · (h − mean(h) − n · mean(h ⊙ n)).
	fn bwd(
		&self,
		x: &Tensor,
		gain: &Tensor,
		_: &Tensor,
		_: &Tensor,
		error: &Tensor,
	) -> Candle<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
		let width = gain.elem_count();
		let (mut of_gain, mut of_bias) = (vec![0_f32; width], vec![0_f32; width]);
		let gains = tensors::to_vec(gain).map_err(candle_core::Error::wrap)?;
		let of_x = both(x, error, |x, error| {
			let mut out = x.to_vec();
			let mut h = vec![0_f32; width];
			for (row, error) in out.chunks_exact_mut(width).zip(error.chunks_exact(width)) {
				let (mean, scale) = moments(row);
				for ((x, error), ((h, gain), (of_gain, of_bias))) in row
					.iter_mut()
					.zip(error)
					.zip(h.iter_mut().zip(&gains).zip(of_gain.iter_mut().zip(of_bias.iter_mut())))
				{
					*x = (*x - mean) * scale;
					*h = (1.0 + gain) * error;
					*of_gain += *x * error;
					*of_bias += error;
				}
				let level = sum(h.iter().copied()) / width as f32;
				let along = sum(h.iter().zip(&*row).map(|(h, x)| h * x)) / width as f32;
				for (x, h) in row.iter_mut().zip(&h) {
					*x = scale * (h - level - *x * along);
				}
			}
			out
		})?;
		let tensor = |data: Vec<f32>, like: &Tensor| {
			Tensor::from_vec(data, like.shape(), like.device()).map(Some)
		};
		Ok((tensor(of_x, x)?, tensor(of_gain, gain)?, tensor(of_bias, gain)?))
	}
}

struct Softmax {
	/// Of each B.
	padding: Vec<usize>,
}

impl CustomOp1 for Softmax {
	fn name(&self) -> &'static str {
		"softmax"
	}

	fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Candle<(CpuStorage, Shape)> {
		let mut out = entries(x, layout)?.to_vec();
		let columns = layout.dims().last().copied().unwrap_or(1);
		let each = out.len() / self.padding.len();
		for (rows, &padding) in out.chunks_exact_mut(each).zip(&self.padding) {
			for row in rows.chunks_exact_mut(columns) {
				let (hidden, seen) = row.split_at_mut(padding);
				hidden.fill(0.0);
				layers::softmax(seen, columns - padding);
			}
		}
		Ok((CpuStorage::F32(out), layout.shape().clone()))
	}

	/// ∂x = p ⊙ (∂p − p · ∂p).
	fn bwd(&self, _: &Tensor, p: &Tensor, error: &Tensor) -> Candle<Option<Tensor>> {
		let columns = p.dim(D::Minus1)?;
		let out = both(p, error, |p, error| {
			let mut out = p.to_vec();
			for (p, error) in out.chunks_exact_mut(columns).zip(error.chunks_exact(columns)) {
				let along = sum(p.iter().zip(error).map(|(p, error)| p * error));
				p.iter_mut().zip(error).for_each(|(p, error)| *p *= error - along);
			}
			out
		})?;
		Tensor::from_vec(out, p.shape(), p.device()).map(Some)
	}
}

/// P(X ≤ x) of a normal deviate X.
fn normal(x: f32) -> f32 {
	0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

struct Gelu;

impl CustomOp2 for Gelu {
	fn name(&self) -> &'static str {
		"gelu"
	}

	fn cpu_fwd(
		&self,
		x: &CpuStorage,
		layout: &Layout,
		bias: &CpuStorage,
		bias_layout: &Layout,
	) -> Candle<(CpuStorage, Shape)> {
		let bias = entries(bias, bias_layout)?;
		let mut out = entries(x, layout)?.to_vec();
		for row in out.chunks_exact_mut(bias.len()) {
			for (x, bias) in row.iter_mut().zip(bias) {
				let sum = *x + bias;
				*x = sum * normal(sum);
			}
		}
		Ok((CpuStorage::F32(out), layout.shape().clone()))
	}

	/// The derivative is P(X ≤ x) + x · the density at x.
	fn bwd(
		&self,
		x: &Tensor,
		bias: &Tensor,
		_: &Tensor,
		error: &Tensor,
	) -> Candle<(Option<Tensor>, Option<Tensor>)> {
		/// 1 / √(2π).
		const DENSITY: f32 = 0.398_942_3;
		let biases = tensors::to_vec(bias).map_err(candle_core::Error::wrap)?;
		let mut of_bias = vec![0_f32; biases.len()];
		let of_x = both(x, error, |x, error| {
			let mut out = x.to_vec();
			let width = biases.len();
			for (row, error) in out.chunks_exact_mut(width).zip(error.chunks_exact(width)) {
				let columns = biases.iter().zip(of_bias.iter_mut());
				for ((x, error), (bias, of_bias)) in row.iter_mut().zip(error).zip(columns) {
					let sum = *x + bias;
					let density = DENSITY * (-0.5 * sum * sum).exp();
					*x = error * (normal(sum) + sum * density);
					*of_bias += *x;
				}
			}
			out
		})?;
		let of_bias = Tensor::from_vec(of_bias, bias.shape(), bias.device())?;
		Ok((Some(Tensor::from_vec(of_x, x.shape(), x.device())?), Some(of_bias)))
	}
}

#[cfg(test)]
mod tests {
	use candle_core::{Device, Tensor, Var};
	use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

	use super::{gelu, norm, softmax};
	use crate::{error::Result, parameters::normal, tensors};

	/// Compares the gradients of Σ w ⊙ f(inputs), in w, with finite differences at some entries.
	fn check(shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
		let mut rng = ChaCha8Rng::seed_from_u64(7);
		let mut fresh = |shape: &[usize]| {
			let data = normal(&mut rng, shape.iter().product(), 1.0);
			Tensor::from_vec(data, shape, &Device::Cpu).expect("a tensor")
		};
		let inputs: Vec<Tensor> = shapes.iter().map(|shape| fresh(shape)).collect();
		let weights = fresh(f(&inputs).expect("values").dims());
		let total = |inputs: &[Tensor]| {
			(f(inputs)? * &weights).and_then(|all| all.sum_all()).map_err(Into::into)
		};
		let vars: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).expect("a var")).collect();
		let leaves: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
		let root: Result<Tensor> = total(&leaves);
		let grads = root.expect("a total").backward().expect("a way back");
		for (n, input) in inputs.iter().enumerate() {
			let gradient =
				tensors::to_vec(grads.get(&leaves[n]).expect("a gradient")).expect("f32");
			let values = tensors::to_vec(input).expect("f32");
			for entry in (0..values.len()).step_by(values.len().div_ceil(16)) {
				let at = |by: f32| {
					let mut values = values.clone();
					values[entry] += by;
					let mut inputs = inputs.clone();
					inputs[n] =
						Tensor::from_vec(values, input.shape(), &Device::Cpu).expect("moved");
					let total: Result<Tensor> = total(&inputs);
					f64::from(total.expect("a total").to_scalar::<f32>().expect("a scalar"))
				};
				let measured = (at(1e-2) - at(-1e-2)) / 2e-2;
				let g = f64::from(gradient[entry]);
				assert!(
					(measured - g).abs() < 2e-3 + 0.01 * g.abs(),
					"input {n}: {g}, measured {measured}"
				);
			}
		}
	}

	#[test]
	fn backward_passes_are_those_of_finite_differences() {
		check(&[&[5, 24], &[1, 24], &[1, 24]], |x| norm(&x[0], &x[1], &x[2]));
		check(&[&[3, 2, 4, 6]], |x| softmax(&x[0], &[0, 3, 5]));
		check(&[&[5, 24], &[1, 24]], |x| gelu(&x[0], &x[1]));
	}

	#[test]
	fn rows_are_normal_and_distributions() {
		let device = Device::Cpu;
		let zero = Tensor::zeros((1, 8), candle_core::DType::F32, &device).expect("zeros");
		let numbers: Vec<f32> = (0_u8..16).map(f32::from).collect();
		let x = Tensor::from_vec(numbers, (2, 8), &device).expect("rows");
		let y = tensors::to_vec(&norm(&x, &zero, &zero).expect("rows")).expect("f32");
		// Mean 3.5, variance 5.25.
		assert!(
			(y[7] - 3.5 / 5.25_f32.sqrt()).abs() < 1e-5 && (y[15] - y[7]).abs() < 1e-5,
			"{y:?}"
		);
		let p = tensors::to_vec(&softmax(&x, &[6, 0]).expect("rows")).expect("f32");
		assert!(p[..6] == [0.0; 6] && (p[7] - 1.0 / (1.0 + (-1_f32).exp())).abs() < 1e-6, "{p:?}");
		assert!((p[8..].iter().sum::<f32>() - 1.0).abs() < 1e-6, "{p:?}");
		let g = tensors::to_vec(&gelu(&x, &zero).expect("rows")).expect("f32");
		assert!(
			g[0] == 0.0 && (g[1] - 0.841_345).abs() < 1e-5 && (g[15] - 15.0).abs() < 1e-5,
			"{g:?}"
		);
	}
}
