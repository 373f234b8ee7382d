//! The sweep as its documentation defines it, in `u128` and without optimisation.

use crate::case::Case;
use bittensor_contribution::{
	Solve, LOOK_COST, RESIDUAL_BITS, ROW_COST, RUN_COST, THRESHOLD_BITS, WINDOW,
};

/// A solve in progress: `r` and `N*`, the sweep, the next uid, and the cost so far.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
	pub(crate) r: Vec<u128>,
	pub(crate) absorbed: Vec<u128>,
	pub(crate) sweep: u16,
	pub(crate) cursor: usize,
	pub(crate) cost: u64,
}

impl Definition {
	pub(crate) fn begin(case: &Case) -> Self {
		let (_, vectors) = Solve::begin(&case.stakes).expect("the case has stake");
		let r: Vec<u128> = vectors.residual.iter().map(|&mass| mass.into()).collect();
		Self { absorbed: vec![0; r.len()], r, sweep: 0, cursor: 0, cost: 0 }
	}

	/// Processes one window. Returns the visited uids in the order of the visits.
	pub(crate) fn window(&mut self, case: &Case) -> Vec<usize> {
		let uids = self.cursor..self.r.len().min(self.cursor + WINDOW);
		let mut visited = Vec::new();
		loop {
			let floor =
				if self.sweep == 0 { 0 } else { self.r.iter().sum::<u128>() >> THRESHOLD_BITS };
			let waits = |uid: &usize| !visited.contains(uid) && self.r[*uid] > floor;
			let found: Vec<usize> = uids.clone().filter(waits).collect();
			let runs = found.chunk_by(|a, b| a + 1 == *b).count() as u64;
			self.cost += LOOK_COST + RUN_COST * runs;
			found.iter().for_each(|&uid| self.visit(case, uid));
			visited.extend(&found);
			if found.is_empty() || visited.len() == WINDOW {
				break;
			}
		}
		self.cursor += WINDOW;
		if self.cursor >= self.r.len() {
			(self.cursor, self.sweep) = (0, self.sweep + 1);
		}
		visited
	}

	fn visit(&mut self, case: &Case, uid: usize) {
		let mass = std::mem::take(&mut self.r[uid]);
		let mut shift = 0;
		while mass >> shift >= 1 << 48 {
			shift += 1;
		}
		self.absorbed[uid] += mass;
		for &(to, share) in &case.rows[uid] {
			let part = ((mass >> shift) * u128::from(share)) >> (16 - shift);
			self.r[usize::from(to)] += part;
			self.absorbed[uid] -= part;
		}
		self.cost += ROW_COST + case.rows[uid].len() as u64;
	}

	/// Whether a sweep has ended with a small residual.
	pub(crate) fn converged(&self, total: u64) -> bool {
		let residual: u128 = self.r.iter().sum();
		self.cursor == 0 && residual <= u128::from(total >> RESIDUAL_BITS)
	}
}
