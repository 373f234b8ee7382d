//! What each figure must be, what to aim for, and whether it is. The worst case decides.

use super::{Case, Report};
use crate::measure::largest;

/// Components of the large network that the targets are about.
const LARGE: usize = 65_536;
/// Components from which on the hook is long enough to be measured in a block.
const MEASURABLE: usize = 4_096;

/// A figure beside what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
	/// What is measured.
	pub figure: String,
	/// What it must be, and what to aim for, in words.
	pub limits: [&'static str; 2],
	/// What was measured, in words; `None` if it was not.
	pub measured: Option<String>,
	/// Whether it is what it must be, and what to aim for.
	pub met: [bool; 2],
}

impl Target {
	/// A figure that must not be above `must`, better not above `aim`.
	fn at_most(
		figure: &str,
		limits: [&'static str; 2],
		[must, aim]: [f64; 2],
		measured: Option<(f64, String)>,
	) -> Self {
		let met = measured.as_ref().map(|&(value, _)| [value <= must, value <= aim]);
		Self {
			figure: figure.into(),
			limits,
			measured: measured.map(|(_, text)| text),
			met: met.unwrap_or_default(),
		}
	}

	/// A ratio that must not be below 1.
	fn at_least_1(figure: &str, measured: Option<(f64, String)>) -> Self {
		let met = measured.as_ref().is_some_and(|&(value, _)| value >= 1.0);
		Self {
			figure: figure.into(),
			limits: ["≥ 1.0", "≥ 1.0"],
			measured: measured.map(|(_, text)| text),
			met: [met; 2],
		}
	}
}

impl Report {
	fn large(&self) -> impl Iterator<Item = &Case> {
		self.cases.iter().filter(|case| case.n == LARGE)
	}

	/// The figures that have a target.
	pub fn targets(&self) -> Vec<Target> {
		let ordinary = self.large().find(|case| case.graph == "Z");
		let slowest = self.large().max_by_key(|case| case.blocks_per_solve);
		let measurable = || self.cases.iter().filter(|case| case.n >= MEASURABLE);
		let least = measurable()
			.filter_map(|case| Some((case, case.declared_over_measured?)))
			.min_by(|one, other| one.1.total_cmp(&other.1));
		let most = measurable()
			.filter_map(|case| Some((case, largest(case.medians())?)))
			.max_by(|one, other| one.1.total_cmp(&other.1));
		let posted = || self.posting.iter().flat_map(|posting| &posting.full);
		let missed = self.cases.iter().map(|case| case.missed_slots).sum::<u64>()
			+ posted().map(|full| full.missed_slots).sum::<u64>();
		let late = self.cases.iter().map(|case| case.discarded).sum::<u32>()
			+ posted().map(|full| full.discarded).sum::<u32>();
		let post = posted().filter(|full| full.edges == 64);
		let post = largest(post.map(|full| full.call_declared_ms));
		let page = largest(self.large().map(|case| case.page_ms.both));
		let mut targets = vec![
			self.one_block(ordinary),
			Target::at_most(
				"the same, worst graph",
				["≤ 6", "≤ 3"],
				[6.0, 3.0],
				slowest.map(|case| {
					let blocks = case.blocks_per_solve;
					(f64::from(blocks), format!("{blocks} ({})", case.graph))
				}),
			),
			Target::at_least_1(
				"least declared ÷ measured of the hook, N ≥ 4,096",
				least.map(|(case, ratio)| (ratio, case.ratio_text(ratio))),
			),
			Target::at_most(
				"most declared ÷ measured of the hook, N ≥ 4,096",
				["≤ 2.0", "≤ 1.5"],
				[2.0, 1.5],
				most.map(|(case, ratio)| (ratio, case.ratio_text(ratio))),
			),
			Target::at_most(
				"`post_row` of 64 edges, declared",
				["≤ 3 ms", "≤ 1 ms"],
				[3.0, 1.0],
				post.map(|ms| (ms, format!("{ms:.2} ms"))),
			),
			Target::at_most(
				"a page of 256 components with rows, N = 65,536",
				["≤ 50 ms", "≤ 10 ms"],
				[50.0, 10.0],
				page.map(|ms| (ms, format!("{ms:.1} ms"))),
			),
			Target::at_most(
				"slots missed and blocks late, all cases",
				["0", "0"],
				[0.0, 0.0],
				(!self.cases.is_empty()).then(|| {
					let text = format!("{missed} missed, {late} late");
					((missed + u64::from(late)) as f64, text)
				}),
			),
		];
		targets.push(Target::at_most(
			"posts lost, failed or unreadable in the sustained run",
			["0", "0"],
			[0.0, 0.0],
			self.sustained.as_ref().map(|sustained| {
				let text = format!("{} of {}", sustained.failures, sustained.posts);
				// A run in which nothing was posted shows nothing.
				let failures = if sustained.posts == 0 { 1 } else { sustained.failures };
				(failures as f64, text)
			}),
		));
		targets
	}

	/// The aim leaves 30 % of what the hook may take.
	fn one_block(&self, case: Option<&Case>) -> Target {
		Target {
			figure: "blocks for Begin–Sweep–Emit, N = 65,536 × 64, Z".into(),
			limits: ["1", "1, ≥ 30 % left"],
			measured: case.map(|case| {
				let left = 100.0 * (1.0 - case.declared_share_of_service);
				format!("{}, {left:.0} % left", case.blocks_per_solve)
			}),
			met: case.map_or([false; 2], |case| {
				let one = case.blocks_per_solve == 1;
				[one, one && case.declared_share_of_service <= 0.7]
			}),
		}
	}
}
