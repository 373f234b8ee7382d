//! Results of this machine beside the committed ones.
//!
//! A run depends on its settings and seed only, but the order of additions depends on the processor: a
//! machine of another type gives losses that differ a little.

use crate::summary::Results;
use std::collections::BTreeMap;

/// The largest difference of a loss, in nats, at which results are reproduced.
pub const MOST: f64 = 0.01;

/// How far two results are apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
	/// Losses that are in both.
	pub compared: usize,
	/// Of those, the ones that are equal to the last digit that is kept.
	pub equal: usize,
	/// The one that differs most, and by how much, in nats.
	pub largest: Option<(String, f64)>,
	/// Losses that one of the two lacks.
	pub missing: Vec<String>,
}

impl Comparison {
	/// Compares all losses of two results.
	pub fn of(ours: &Results, committed: &Results) -> Self {
		let (ours, committed) = (losses(ours), losses(committed));
		let mut all = Self::default();
		for name in ours.keys().filter(|name| !committed.contains_key(*name)) {
			all.missing.push(format!("{name} is not committed"));
		}
		for (name, expected) in committed {
			let Some(found) = ours.get(&name) else {
				all.missing.push(format!("{name} was not run"));
				continue;
			};
			let difference = (found - expected).abs();
			all.compared += 1;
			all.equal += usize::from(difference == 0.0);
			if all.largest.as_ref().is_none_or(|(_, largest)| difference > *largest) {
				all.largest = Some((name, difference));
			}
		}
		all
	}

	/// Whether all are there, and none differs by more than [`MOST`].
	pub fn is_reproduced(&self) -> bool {
		self.missing.is_empty() && self.largest.as_ref().is_some_and(|(_, nats)| *nats <= MOST)
	}
}

/// Losses in nats, by a name that says what each is of.
fn losses(results: &Results) -> BTreeMap<String, f64> {
	let mut all = BTreeMap::new();
	for one in &results.members {
		let of = [
			("twin", Some(one.twin_loss)),
			("with Grads", one.loss),
			("without Grads", one.loss_without_grads),
			("ensemble", one.ensemble_loss),
			("joint", one.joint_loss),
		];
		for (mode, loss) in of {
			let name = format!("{}, seed {}, member {}, {mode}", one.setting, one.seed, one.member);
			all.extend(loss.map(|loss| (name, loss)));
		}
	}
	for one in &results.sweep {
		all.insert(format!("{}: {}, seed {}", one.setting, one.variant, one.seed), one.loss);
	}
	for one in &results.bids {
		let name = format!("{}, seed {}", one.setting, one.seed);
		all.insert(format!("{name}, payer"), one.payer_gain);
		all.insert(format!("{name}, others"), one.others_change);
	}
	for one in &results.inputs {
		let name = format!("{}, {}", one.inputs.join(" + "), one.target);
		all.insert(format!("{name}, twin"), one.twin_perplexity.ln());
		all.insert(name, one.perplexity.ln());
	}
	all
}

#[cfg(test)]
mod tests {
	use super::{Comparison, MOST};
	use crate::summary::Results;
	use std::path::Path;

	#[test]
	fn what_differs_and_what_is_missing_is_named() {
		let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
		let committed = Results::read(&folder).expect("the results are committed");
		let same = Comparison::of(&committed, &committed);
		assert!(
			same.is_reproduced() && same.equal == same.compared && same.compared > 200,
			"{same:?}"
		);

		let mut other = committed.clone();
		other.members[0].twin_loss += 2.0 * MOST;
		let differs = Comparison::of(&other, &committed);
		let (name, nats) = differs.largest.clone().expect("one differs");
		assert!(!differs.is_reproduced(), "{differs:?}");
		assert!(name.contains("twin") && nats > MOST, "{name} by {nats}");
		assert_eq!(differs.equal, differs.compared - 1);

		other.members[0].twin_loss -= 1.5 * MOST;
		assert!(Comparison::of(&other, &committed).is_reproduced(), "another machine");
		other.bids.clear();
		let missing = Comparison::of(&other, &committed);
		assert!(!missing.is_reproduced() && missing.missing[0].ends_with("was not run"));
		let more = Comparison::of(&committed, &other);
		assert!(!more.is_reproduced() && more.missing[0].ends_with("is not committed"));
	}
}
