//! Eq. 6 with the Fisher information of eq. 8 as its Hessian, in the direction of the removal.
//!
//! ```text
//!   ΔL = E_x[ g_x · Δd_x ] + ½ E_x[ (g_x · Δd_x)² ],      Δd_x = mean(d) − d_x
//! ```
//! For centred inputs Δd = −z, and g is the gradient with respect to z: the scale cancels. Both
//! terms come from the backward pass of training, with one product per entry.
//!
//! Eq. 8 keeps the diagonal only, and with it the product of two means, `½ Σ_k E[Δd_k²]·E[g_k²]`
//! ([`diagonal`]). This ignores where the loss is curved: for words it is several times too small,
//! and while a component still learns, the negative first-order term outweighs it, so that the most
//! useful inputs get negative scores. The Fisher information of each example, g_x·g_xᵀ, needs no
//! diagonal, because only Δdᵀ·H·Δd is needed; it agrees with true ablation from the first two hundred
//! steps on. It also scores a group of inputs that are removed together: their products add.

use crate::config::DIM;

/// The two terms of a score, in the units of the per-example loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
	/// First-order term.
	pub first: f64,
	/// Second-order term, never negative.
	pub second: f64,
}

impl Score {
	/// ΔL.
	pub fn total(&self) -> f64 {
		self.first + self.second
	}
}

/// −g_x · Δd_x of each example, from g and z `[B, m]`, row-major. Row x of `g` must be the
/// gradient of example x's own loss, a sum over its tokens.
pub fn products(g: &[f32], z: &[f32]) -> Vec<f64> {
	let product = |(g, z): (&[f32], &[f32])| {
		g.iter().zip(z).map(|(g, z)| f64::from(*g) * f64::from(*z)).sum()
	};
	g.chunks_exact(DIM).zip(z.chunks_exact(DIM)).map(product).collect()
}

/// The score of one batch from the [`products`] of an input, or from their sums over the inputs of a
/// group. 0 for an empty batch.
pub fn score(products: &[f64]) -> Score {
	let rows = products.len().max(1) as f64;
	Score {
		first: -products.iter().sum::<f64>() / rows,
		second: 0.5 * products.iter().map(|p| p * p).sum::<f64>() / rows,
	}
}

/// Eq. 6 with the diagonal of eq. 8: `E[g·Δd] + ½ Σ_k E[Δd_k²]·E[g_k²]`. For comparison.
pub fn diagonal(g: &[f32], z: &[f32]) -> f64 {
	let (mut squares_g, mut squares_z) = (vec![0.0_f64; DIM], vec![0.0_f64; DIM]);
	for (g, z) in g.chunks_exact(DIM).zip(z.chunks_exact(DIM)) {
		for k in 0..DIM {
			squares_g[k] += f64::from(g[k]).powi(2);
			squares_z[k] += f64::from(z[k]).powi(2);
		}
	}
	let rows = (g.len() / DIM).max(1) as f64;
	let second: f64 = squares_g.iter().zip(&squares_z).map(|(g, z)| g * z).sum();
	score(&products(g, z)).first + 0.5 * second / (rows * rows)
}

/// Eq. 9 as it is printed, with one Δd in its second term: `E[g·Δd + ½ Σ_k Δd_k g_k²]`. For
/// comparison.
pub fn literal(g: &[f32], z: &[f32]) -> f64 {
	let rows = (g.len() / DIM).max(1) as f64;
	let term = |(g, z): (&f32, &f32)| {
		let (g, delta) = (f64::from(*g), -f64::from(*z));
		g * delta + 0.5 * delta * g * g
	};
	g.iter().zip(z).map(term).sum::<f64>() / rows
}
