//! Student's t: how many standard errors a 95 % interval has on each side.
//!
//! A standard error of few clusters is itself uncertain, so an interval of few documents or seeds is
//! wider than 1.96 standard errors.

/// The 97.5 % quantiles of 1 to 30 degrees of freedom (NIST/SEMATECH, Handbook of Statistical Methods,
/// 1.3.6.7.2).
const QUANTILES: [f64; 30] = [
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
	2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
	2.052, 2.048, 2.045, 2.042,
];
/// That of the normal distribution.
const NORMAL: f64 = 1.959_964;

/// Standard errors on each side of a 95 % interval, by the degrees of freedom of the standard error.
/// Fractions count as the next lower number.
pub(crate) fn standard_errors(freedom: f64) -> f64 {
	let place = freedom.max(1.0).floor();
	match QUANTILES.get(place as usize - 1) {
		Some(quantile) => *quantile,
		// The first term of the expansion in 1/ν, right to 0.002 from 31 on.
		None => NORMAL + (NORMAL.powi(3) + NORMAL) / (4.0 * place),
	}
}

#[cfg(test)]
mod tests {
	use super::standard_errors;

	#[test]
	fn quantiles_fall_to_that_of_the_normal_distribution() {
		let all: Vec<f64> = (1..200).map(|freedom| standard_errors(f64::from(freedom))).collect();
		assert!(all.windows(2).all(|pair| pair[1] < pair[0]), "{all:?}");
		for (freedom, quantile) in [(2.9, 4.303), (40.0, 2.021), (60.0, 2.000), (120.0, 1.980)] {
			assert!((standard_errors(freedom) - quantile).abs() < 0.002, "{freedom}");
		}
		assert!((standard_errors(1e9) - 1.959_964).abs() < 1e-6);
		assert_eq!(standard_errors(f64::NAN), standard_errors(1.0), "nothing is known");
	}
}
