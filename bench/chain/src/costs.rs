//! What a block, a hook or an epoch costs, declared and measured.

use bench_report::median;
use serde::{Deserialize, Serialize};

/// What something costs, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
	/// Declared weight.
	pub(crate) declared_ms: f64,
	/// Measured at the author.
	pub(crate) author_ms: Option<f64>,
	/// Measured at the importer.
	pub(crate) import_ms: Option<f64>,
}

impl Costs {
	/// These costs above `other`.
	pub(crate) fn minus(self, other: Self) -> Self {
		let minus = |one: Option<f64>, other: Option<f64>| Some(one? - other?);
		Self {
			declared_ms: self.declared_ms - other.declared_ms,
			author_ms: minus(self.author_ms, other.author_ms),
			import_ms: minus(self.import_ms, other.import_ms),
		}
	}

	/// The median of each; `None` of nothing.
	pub(crate) fn medians(all: impl Iterator<Item = Self> + Clone) -> Option<Self> {
		Some(Self {
			declared_ms: median(all.clone().map(|costs| costs.declared_ms))?,
			author_ms: median(all.clone().filter_map(|costs| costs.author_ms)),
			import_ms: median(all.filter_map(|costs| costs.import_ms)),
		})
	}
}
