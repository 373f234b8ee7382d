//! Algorithm 1 as printed in the paper, which updates the whole vector at once (Jacobi): in `f64`,
//! and in integers with 44 bits below one unit of mass.

use crate::case::Case;
use bittensor_contribution::SHARE_ONE;

/// Algorithm 1 in `f64`, until the residual is at most `epsilon` of the stake:
///
/// ```text
/// temp ← S / ΣS,  N* ← 0
/// repeat  N* ← N* + diag(ΔL)·temp;  temp ← offdiag(ΔL)ᵀ·temp  until ‖temp‖ ≤ ε
/// ```
///
/// `rows[i]` is `(d_i, [(j, w_ij)])` as fractions. The result sums to 1 minus the residual.
pub(crate) fn algorithm_1(
	stakes: &[f64],
	rows: &[(f64, Vec<(usize, f64)>)],
	epsilon: f64,
) -> Vec<f64> {
	let sum: f64 = stakes.iter().sum();
	let mut temp: Vec<f64> = stakes.iter().map(|stake| stake / sum).collect();
	let mut contribution = vec![0.0; stakes.len()];
	loop {
		let mut next = vec![0.0; stakes.len()];
		for (i, (own, edges)) in rows.iter().enumerate() {
			contribution[i] += own * temp[i];
			for &(j, share) in edges {
				next[j] += share * temp[i];
			}
		}
		temp = next;
		if temp.iter().sum::<f64>() <= epsilon {
			return contribution;
		}
	}
}

/// [`algorithm_1`] on the integer shares of a case, to the precision of `f64`.
pub(crate) fn algorithm_1_of(case: &Case) -> Vec<f64> {
	let one = f64::from(SHARE_ONE);
	let rows: Vec<_> = case
		.rows
		.iter()
		.map(|row| {
			let given: u32 = row.iter().map(|edge| u32::from(edge.1)).sum();
			let edges = row.iter().map(|&(to, w)| (usize::from(to), f64::from(w) / one)).collect();
			(f64::from(SHARE_ONE - given) / one, edges)
		})
		.collect();
	let stakes: Vec<f64> = case.stakes.iter().map(|&stake| stake as f64).collect();
	algorithm_1(&stakes, &rows, 1e-19)
}

/// Bits below one unit of mass: 62 + 44 + 16 bits of a share fit a `u128`.
pub(crate) const FINE_BITS: u32 = 44;

/// The limit of Algorithm 1 for the scaled stakes `mass`, in `2^-FINE_BITS` units of mass.
pub(crate) fn fine_limit(mass: &[u64], rows: &[Vec<(u16, u16)>]) -> Vec<u128> {
	let mut temp: Vec<u128> = mass.iter().map(|&m| u128::from(m) << FINE_BITS).collect();
	let mut contribution = vec![0u128; mass.len()];
	// Stops at less than 2^-24 units, far below the precision of the comparison.
	while temp.iter().sum::<u128>() > 1 << (FINE_BITS - 24) {
		let mut next = vec![0u128; mass.len()];
		for (i, row) in rows.iter().enumerate() {
			let mut kept = temp[i];
			for &(j, share) in row {
				let part = (temp[i] * u128::from(share)) >> 16;
				next[usize::from(j)] += part;
				kept -= part;
			}
			contribution[i] += kept;
		}
		temp = next;
	}
	contribution
}
