//! Where the numbers come from: a node's metrics and log, the kernel's account of its process, and
//! the machine itself.
//!
//! | module | |
//! |---|---|
//! | [`http`] | one request to a node, timed |
//! | [`metrics`] | Prometheus histograms |
//! | [`log`] | what a validator says about its blocks |
//! | [`process`] | bytes written, peak of resident memory |
//! | [`machine`] | what it ran on |
//! | [`pace`] | how fast that was, beside when the weights were taken |

pub mod http;
pub mod log;
pub mod machine;
pub mod metrics;
pub mod pace;
pub mod process;

/// The median, the mean of the middle two for an even number of values; `None` of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	let mut values: Vec<f64> = values.into_iter().collect();
	values.sort_by(f64::total_cmp);
	let middle = values.len() / 2;
	match values.len() % 2 {
		_ if values.is_empty() => None,
		0 => Some((values[middle - 1] + values[middle]) / 2.0),
		_ => Some(values[middle]),
	}
}

/// The smallest value; `None` of nothing.
pub fn smallest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	values.into_iter().min_by(f64::total_cmp)
}

/// The largest value; `None` of nothing.
pub fn largest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
	values.into_iter().max_by(f64::total_cmp)
}
