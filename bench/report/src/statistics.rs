//! Medians and extremes.

/// The median, the mean of the middle two for an even number of values; `None` of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	let mut values: Vec<f64> = values.into_iter().collect();
	values.sort_by(f64::total_cmp);
	let upper = values.get(values.len() / 2)?;
	let lower = values.get((values.len() - 1) / 2)?;
	Some((upper + lower) / 2.0)
}

/// The smallest value; `None` of nothing.
pub fn smallest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	values.into_iter().min_by(f64::total_cmp)
}

/// The largest value; `None` of nothing.
pub fn largest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	values.into_iter().max_by(f64::total_cmp)
}
