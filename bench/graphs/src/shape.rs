//! The shapes of graphs, and what each is there to show.

use core::{fmt, str::FromStr};

/// A family of graphs. [`generate`](crate::generate) makes one of a given size.
///
/// | shape | targets | self-share `d` | stakes | stands for |
/// |---|---|---|---|---|
/// | `U` | uniform | 1/2 | uniform | the plain case; caches help nobody |
/// | `Z` | Zipf, exponent 1 | uniform in [1/8, 0.9] | Pareto, exponent 1 | an ordinary market |
/// | `D8` | as `Z` | 1/8 | as `Z` | everybody gives all it may |
/// | `C` | 10 %: a closed clique; the rest as `Z` | clique 1/8, rest 1/2 | as `Z` | collusion |
/// | `R` | the 64 uids before its own | 1/8 | all on the last uid | an attack on the order |
/// | `RS` | as `R` | 1/8 | uniform in [1/2, 3/2] of the mean | the same, with mass everywhere |
/// | `R8` | as `R`, among every eighth uid | 1/8 | as `RS` on these, 0 on others | the slowest visits |
///
/// In `R` mass moves against the order of the sweep only, so a sweep takes it hardly more than one step
/// further: 155 sweeps to a residual of `2^-30`. All stake is on the last uid, and the nearest target
/// gets all but a 65,536th for each other one, so that the way around the ring, where a sweep would
/// gain, is as long as can be. Mass is in few rows at a time. In `RS` it is in all of them, and no row
/// of any of the 156 sweeps is light: as much work as rows can make. In `R8` it stays in every eighth
/// row, and all others are passed over: each visit is to a row that lies apart in memory from the one
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
	/// Uniform targets and stakes, `d = 1/2`.
	U,
	/// Few components get most edges, and few hold most stake; `d` varies.
	Z,
	/// As [`Shape::Z`] with `d = 1/8`, the least there is.
	D8,
	/// A tenth of the components has edges among itself only, at `d = 1/8`.
	C,
	/// A ring against the order of the sweep, at `d = 1/8`.
	R,
	/// As [`Shape::R`] with a stake in every row.
	RS,
	/// As [`Shape::RS`] among every eighth uid; nobody uses the others.
	R8,
}

impl Shape {
	/// Every shape.
	pub const ALL: [Self; 7] = [Self::U, Self::Z, Self::D8, Self::C, Self::R, Self::RS, Self::R8];

	/// Its name in reports, options and file names.
	pub fn name(self) -> &'static str {
		match self {
			Self::U => "U",
			Self::Z => "Z",
			Self::D8 => "D8",
			Self::C => "C",
			Self::R => "R",
			Self::RS => "RS",
			Self::R8 => "R8",
		}
	}
}

impl fmt::Display for Shape {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(self.name())
	}
}

/// The text names no [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownShape;

impl fmt::Display for UnknownShape {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("not a shape of graph: the shapes are U, Z, D8, C, R, RS and R8")
	}
}

impl core::error::Error for UnknownShape {}

impl FromStr for Shape {
	type Err = UnknownShape;

	fn from_str(text: &str) -> Result<Self, UnknownShape> {
		let named = |shape: &Self| shape.name().eq_ignore_ascii_case(text);
		Self::ALL.into_iter().find(named).ok_or(UnknownShape)
	}
}
