//! A kernel of the shape that a chain in production uses for its sparse matrices: rows of tuples of a
//! `u16` and a signed 64-bit fixed-point number with 32 fractional bits, and saturating products that
//! are formed in 128 bits.
//!
//! In that chain mass sums to 1, so an entry has 32 bits. Here it sums to 2^30, the most that cannot
//! saturate: the time is that of the arithmetic, and the error is not that of the scale.

use super::{normalised, nothing, sweep_until, Contender, Run, Until};
use bench_graphs::Case;

/// A signed number with 32 fractional bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Fixed(i64);

impl Fixed {
	const FRACTION: u32 = 32;

	/// The product, rounded down; the largest or smallest number where it does not fit.
	#[inline(always)]
	fn saturating_mul(self, other: Self) -> Self {
		let product = (i128::from(self.0) * i128::from(other.0)) >> Self::FRACTION;
		Self(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
	}

	#[inline(always)]
	fn saturating_add(self, other: Self) -> Self {
		Self(self.0.saturating_add(other.0))
	}

	/// A share out of 65,536.
	fn share(share: u32) -> Self {
		Self(i64::from(share) << 16)
	}
}

/// The loop of Algorithm 1 over such rows.
#[derive(Debug)]
pub struct Fixed128 {
	rows: Vec<Vec<(u16, Fixed)>>,
	own: Vec<Fixed>,
	/// The stakes as parts of [`TOTAL`]; `None` if they are all 0.
	sources: Option<Vec<Fixed>>,
}

/// All mass: 2^30.
const TOTAL: i64 = 1 << (30 + Fixed::FRACTION);

impl Fixed128 {
	/// Converts the rows.
	pub fn new(case: &Case) -> Self {
		let row = |uid| {
			let (targets, shares) = case.row(uid);
			let edges = targets.iter().zip(shares);
			edges.map(|(&target, &share)| (target, Fixed::share(u32::from(share)))).collect()
		};
		// At most 65,536 stakes of 64 bits.
		let sum: u128 = case.stakes.iter().map(|&stake| u128::from(stake)).sum();
		let source = |&stake: &u64| {
			// At most TOTAL, and the product below 2^126.
			Fixed((u128::from(stake) * TOTAL as u128 / sum) as i64)
		};
		Self {
			rows: (0..case.components()).map(row).collect(),
			own: (0..case.components()).map(|uid| Fixed::share(case.self_share(uid))).collect(),
			sources: (sum > 0).then(|| case.stakes.iter().map(source).collect()),
		}
	}
}

impl Contender for Fixed128 {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let Some(mut mass) = self.sources.clone() else { return Ok(nothing(self.own.len())) };
		let mut next = vec![Fixed::default(); mass.len()];
		let mut contribution = next.clone();
		let (sweeps, seconds) = sweep_until(until, || {
			next.fill(Fixed::default());
			let mut residual = Fixed::default();
			let rows = self.rows.iter().zip(&self.own).zip(&mass).zip(&mut contribution);
			for (((row, own), mass), absorbed) in rows {
				let kept = mass.saturating_mul(*own);
				*absorbed = absorbed.saturating_add(kept);
				residual = residual.saturating_add(Fixed(mass.0 - kept.0));
				for (target, share) in row {
					let to = &mut next[usize::from(*target)];
					*to = to.saturating_add(mass.saturating_mul(*share));
				}
			}
			std::mem::swap(&mut mass, &mut next);
			residual.0 as f64 / TOTAL as f64
		})?;
		let vector: Vec<f64> = contribution.iter().map(|part| part.0 as f64).collect();
		Ok(Run { seconds, sweeps, vector: normalised(&vector), digest: None })
	}
}
