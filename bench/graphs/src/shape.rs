//! The shapes of graphs.

use core::{fmt, str::FromStr};

/// A family of graphs. [`generate`](crate::generate) makes one of a given size.
///
/// | shape | targets | self-share `d` | stakes | stands for |
/// |---|---|---|---|---|
/// | `U` | uniform | 1/2 | uniform | the plain case; caches do not help |
/// | `Z` | Zipf, exponent 1 | uniform in [1/8, 0.9] | Pareto, exponent 1 | an ordinary market |
/// | `D8` | as `Z` | 1/8 | as `Z` | every row gives away all it may |
/// | `C` | 10 %: a closed clique; the rest as `Z` | clique 1/8, rest 1/2 | as `Z` | collusion |
/// | `R` | the 64 uids before its own | 1/8 | all on the last uid | an attack on the order |
/// | `RS` | as `R` | 1/8 | uniform in [1/2, 3/2] of the mean | the same, with mass everywhere |
/// | `R8` | as `R`, among every eighth uid | 1/8 | as `RS` on these, 0 on others | the slowest visits |
///
/// In `R` mass moves only against the order of the sweep, so a sweep moves it by hardly more than one
/// row: 155 sweeps to a residual of `2^-30`. Each other target gets the minimum share and the nearest
/// gets the rest, which makes the path around the ring as long as possible. Few rows hold mass at a
/// time. In `RS` all rows hold mass and none is ever below the threshold: the worst case for edge
/// visits. In `R8` every eighth row holds mass and the others are skipped, so each visit is to a row
/// that is far in memory from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The table above describes them.
pub enum Shape {
	U,
	Z,
	D8,
	C,
	R,
	RS,
	R8,
}

impl Shape {
	/// Every shape.
	pub const ALL: [Self; 7] = [Self::U, Self::Z, Self::D8, Self::C, Self::R, Self::RS, Self::R8];

	/// Its name in reports, options and file names.
	pub fn name(self) -> &'static str {
		["U", "Z", "D8", "C", "R", "RS", "R8"][self as usize]
	}
}

impl fmt::Display for Shape {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(self.name())
	}
}

/// The text names no [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a shape of graph: the shapes are U, Z, D8, C, R, RS and R8")]
pub struct UnknownShape;

impl FromStr for Shape {
	type Err = UnknownShape;

	fn from_str(text: &str) -> Result<Self, UnknownShape> {
		let named = |shape: &Self| shape.name().eq_ignore_ascii_case(text);
		Self::ALL.into_iter().find(named).ok_or(UnknownShape)
	}
}
