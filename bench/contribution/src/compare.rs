//! How far a result is from the reference.

use serde::Serialize;

/// A component below this part of the sum counts for no relative error: 2^-24.
const LEAST_PART: f64 = 1.0 / (1u32 << 24) as f64;

/// The distances between a result and the reference, both with sum 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Distance {
	/// The largest relative error of a component above 2^-24 of the sum.
	pub max_relative_error: f64,
	/// The sum of all absolute differences.
	pub l1: f64,
	/// The components whose rank differs.
	pub positions_moved: usize,
}

impl Distance {
	/// The distance of `result` from `reference`; `None` if they differ in length.
	pub fn between(result: &[f64], reference: &[f64]) -> Option<Self> {
		if result.len() != reference.len() {
			return None;
		}
		let pairs = || result.iter().zip(reference);
		let relative = pairs()
			.filter(|(_, &reference)| reference > LEAST_PART)
			.map(|(&result, &reference)| (result - reference).abs() / reference);
		let order = (ranking(result), ranking(reference));
		Some(Self {
			max_relative_error: relative.fold(0.0, f64::max),
			l1: pairs().map(|(result, reference)| (result - reference).abs()).sum(),
			positions_moved: order.0.iter().zip(&order.1).filter(|(a, b)| a != b).count(),
		})
	}
}

/// The components from the largest to the smallest; equal ones in uid order.
fn ranking(values: &[f64]) -> Vec<usize> {
	let mut order: Vec<usize> = (0..values.len()).collect();
	order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
	order
}

/// The median; the mean of the middle two of an even number. `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
	let mut sorted = values.to_vec();
	sorted.sort_by(f64::total_cmp);
	let upper = sorted.get(sorted.len() / 2)?;
	let lower = sorted.get((sorted.len() - 1) / 2)?;
	Some((upper + lower) / 2.0)
}
