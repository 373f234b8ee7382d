//! Held-out perplexity over the time of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::miner::Miner;

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
	/// Seconds since the start of the run.
	pub seconds: u64,
	/// Training steps of the component.
	pub steps: u64,
	/// Its held-out perplexity, with the vectors of other components.
	pub perplexity: f64,
}

/// The measurements of all miners, by name.
#[derive(Clone, Debug, Default)]
pub struct Curves(BTreeMap<String, Vec<Point>>);

impl Curves {
	/// Adds the measurements that are new.
	pub fn follow(&mut self, seconds: u64, miners: &[Miner]) {
		for miner in miners {
			let Some(measured) = miner.status().map(|status| status.perplexity) else { continue };
			let (Some(steps), Some(perplexity)) = (measured.steps, measured.now) else { continue };
			let curve = self.0.entry(miner.spec().name.clone()).or_default();
			if curve.last().is_none_or(|last| last.steps != steps) {
				curve.push(Point { seconds, steps, perplexity });
			}
		}
	}

	/// The measurements of a miner.
	pub fn of(&self, name: &str) -> &[Point] {
		self.0.get(name).map_or(&[], Vec::as_slice)
	}
}
