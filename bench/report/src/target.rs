//! What a figure must be, what to aim for, and whether it is.

use crate::{number, table, UNKNOWN};

/// A figure beside its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
	/// What is measured.
	pub figure: String,
	/// What it must be and what to aim for, in words.
	pub bounds: [String; 2],
	/// What was measured, in words; `None` if it was not.
	pub measured: Option<String>,
	/// Whether it is what it must be, and what to aim for.
	pub met: [bool; 2],
}

impl Target {
	/// A figure that must be at most `bounds[0]`, better at most `bounds[1]`, in `unit`. `measured` is the
	/// value and how to show it.
	pub fn at_most(
		figure: &str,
		bounds: [f64; 2],
		unit: &str,
		measured: Option<(f64, String)>,
	) -> Self {
		let met = measured.as_ref().map(|&(value, _)| bounds.map(|bound| value <= bound));
		Self::new(figure, bounds.map(|bound| format!("≤ {}{unit}", number(bound))), measured, met)
	}

	/// A figure that must be at least `bounds[0]`, better at least `bounds[1]`.
	pub fn at_least(figure: &str, bounds: [f64; 2], measured: Option<(f64, String)>) -> Self {
		let met = measured.as_ref().map(|&(value, _)| bounds.map(|bound| value >= bound));
		Self::new(figure, bounds.map(|bound| format!("≥ {}", number(bound))), measured, met)
	}

	fn new(
		figure: &str,
		bounds: [String; 2],
		measured: Option<(f64, String)>,
		met: Option<[bool; 2]>,
	) -> Self {
		let measured = measured.map(|(_, text)| text);
		Self { figure: figure.into(), bounds, measured, met: met.unwrap_or_default() }
	}

	/// Whether it was measured, and is not what it must be.
	pub fn is_missed(&self) -> bool {
		self.measured.is_some() && !self.met[0]
	}

	/// Which of its bounds it meets, in words.
	pub fn verdict(&self) -> &'static str {
		match (&self.measured, self.met) {
			(None, _) => "not measured",
			(_, [true, true]) => "aim met",
			(_, [true, false]) => "must met",
			_ => "**missed**",
		}
	}
}

/// The table of targets.
pub fn targets(targets: impl IntoIterator<Item = Target>) -> String {
	let row = |target: Target| {
		let verdict = target.verdict().to_owned();
		let [must, aim] = target.bounds;
		[target.figure, must, aim, target.measured.unwrap_or(UNKNOWN.into()), verdict]
	};
	table(["figure", "must", "aim", "measured", ""], targets.into_iter().map(row))
}
