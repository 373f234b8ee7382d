//! Algorithm 1 as a resumable Gauss-Seidel push. See the picture in the [crate docs](crate).
//!
//! ```text
//!   Solve::begin(stakes) ──► advance(budget) ──► Paused ──► advance(budget) ──► Converged
//!                                 │                              (or Truncated)
//!                                 └─ window by window, in uid order: visits the rows above the
//!                                    threshold, r_i > Σ r / 2^18; tests the residual after a sweep
//! ```
//!
//! Push methods for PageRank skip rows with little mass in the same way (Andersen, Chung and Lang,
//! "Local graph partitioning using PageRank vectors", 2006). The limit does not change. Where few
//! components hold most of the mass, skipping saves a third of the visits or more.
//!
//! [`Solve`] and [`Vectors`] are the whole state. They can be stored after any call of
//! [`Solve::advance`] and restored later with the same [`Graph`].

use crate::{
	window::{Rows, MAX_STEP_COST, THRESHOLD_BITS, WINDOW},
	Graph, MAX_COMPONENTS, MAX_SWEEPS, RESIDUAL_BITS,
};
use alloc::vec::Vec;

/// Bits of the total mass: it lies in `[2^(TOTAL_BITS - 1), 2^TOTAL_BITS)`.
const TOTAL_BITS: u32 = 62;

/// The scalars of a solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solve {
	/// Total mass, `Σ r + Σ N*` at all times; in `[2^61, 2^62)`.
	pub total: u64,
	/// Mass not absorbed yet, `Σ r`: the L1 distance to the limit.
	pub residual: u64,
	/// Completed sweeps.
	pub sweep: u16,
	/// First uid of the next [window](crate::window).
	pub cursor: u32,
}

/// The vectors of a solve, one entry per uid, in units of mass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
	/// `r`: mass that has arrived at a component and is not divided yet.
	pub residual: Vec<u64>,
	/// `N*`: mass that a component has absorbed. At the end of the solve it is the contribution.
	pub contribution: Vec<u64>,
}

/// The outcome of a call of [`Solve::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
	/// The remaining budget is less than [`MAX_STEP_COST`], the maximum price of a window.
	Paused,
	/// The residual is at most `total >> RESIDUAL_BITS` after a whole sweep.
	Converged,
	/// [`MAX_SWEEPS`] sweeps did not converge. The remaining mass in `r` is not paid.
	Truncated,
}

impl Solve {
	/// Starts a solve. `r` is the stakes (one per uid, in any unit), scaled by a power of two so that
	/// their sum is in `[2^61, 2^62)`; `N*` is 0.
	///
	/// A sum below `2^62` is scaled without rounding. Above that, prefix sums are rounded down, so the
	/// scaled stakes add up to the scaled sum and each has an error of less than one unit.
	///
	/// Returns `None` if all stakes are 0. Stakes of uids from [`MAX_COMPONENTS`] on are ignored.
	pub fn begin(stakes: &[u64]) -> Option<(Self, Vectors)> {
		let stakes = stakes.get(..MAX_COMPONENTS).unwrap_or(stakes);
		let sum: u128 = stakes.iter().map(|&stake| u128::from(stake)).sum();
		if sum == 0 {
			return None;
		}
		let bits = u128::BITS - sum.leading_zeros();
		let up = TOTAL_BITS.saturating_sub(bits);
		let down = bits.saturating_sub(TOTAL_BITS);

		// The sweep works on the whole uid space.
		let mut residual = Vec::with_capacity(MAX_COMPONENTS);
		if down == 0 {
			residual.extend(stakes.iter().map(|&stake| stake << up));
		} else {
			let mut prefix = 0u128;
			residual.extend(stakes.iter().map(|&stake| {
				let before = prefix >> down;
				prefix += u128::from(stake);
				((prefix >> down) - before) as u64
			}));
		}
		let total = ((sum << up) >> down) as u64;
		let contribution = alloc::vec![0; stakes.len()];
		Some((
			Self { total, residual: total, sweep: 0, cursor: 0 },
			Vectors { residual, contribution },
		))
	}

	/// Visits rows in uid order from the cursor on, sweep after sweep. Stops when the residual is
	/// small at the end of a sweep, after [`MAX_SWEEPS`] sweeps, or when the budget is less than
	/// [`MAX_STEP_COST`], the maximum price of the next window.
	///
	/// A row that holds at most `residual >> THRESHOLD_BITS` when its window is processed is skipped
	/// and keeps its mass. The first sweep skips only rows that hold nothing.
	///
	/// Each window takes its price, in edge visits, from `budget`; see [`window`](crate::window) for
	/// the prices. The work done never exceeds the budget. On a finished solve the call does nothing
	/// and returns the same outcome.
	///
	/// `graph` must be the same in every call of one solve. Components without a row keep the mass
	/// that they receive. Vectors shorter than the graph are extended with zeros.
	pub fn advance(&mut self, graph: &Graph, vectors: &mut Vectors, budget: &mut u64) -> Progress {
		let Vectors { residual, contribution } = vectors;
		let len = graph.components().max(residual.len()).max(contribution.len());
		contribution.resize(len, 0);
		// An array of 65,536 entries needs no bounds check for a u16 index.
		residual.resize(len.max(MAX_COMPONENTS), 0);
		let progress = match residual.first_chunk_mut() {
			Some(mass) => self.sweeps(graph, mass, contribution, budget),
			// Unreachable: the vector was resized to at least one chunk.
			None => Progress::Truncated,
		};
		residual.truncate(len);
		progress
	}

	fn sweeps(
		&mut self,
		graph: &Graph,
		mass: &mut [u64; MAX_COMPONENTS],
		contribution: &mut [u64],
		budget: &mut u64,
	) -> Progress {
		loop {
			if self.cursor == 0 {
				if self.residual <= self.total >> RESIDUAL_BITS {
					return Progress::Converged;
				}
				if self.sweep >= MAX_SWEEPS {
					return Progress::Truncated;
				}
			}
			if !self.sweep(graph, mass, contribution, budget) {
				return Progress::Paused;
			}
			self.cursor = 0;
			self.sweep = self.sweep.saturating_add(1);
		}
	}

	/// Processes windows from the cursor to the end. Returns `false` if the budget does not cover
	/// the next window; the cursor then points at that window.
	fn sweep(
		&mut self,
		graph: &Graph,
		mass: &mut [u64; MAX_COMPONENTS],
		contribution: &mut [u64],
		budget: &mut u64,
	) -> bool {
		// The first sweep skips only empty rows, so every stake is divided at least once.
		let bits = if self.sweep == 0 { u64::BITS - 1 } else { THRESHOLD_BITS };
		let (mut left, mut residual) = (*budget, self.residual);
		let len = contribution.len().min(MAX_COMPONENTS);
		let (contribution, _) = contribution.split_at_mut(len);
		// A stored cursor is at the start of a window; round down a damaged one.
		let mut first = self.cursor as usize / WINDOW * WINDOW;
		let ended = loop {
			if first >= len {
				break true;
			}
			if left < MAX_STEP_COST {
				break false;
			}
			let mut waiting = Rows::ALL;
			while !waiting.is_empty() {
				let (windows, _) = mass.as_chunks();
				let Some(held) = windows.get(first / WINDOW) else { break };
				let found = waiting.take_above(residual >> bits, held);
				left = left.saturating_sub(found.cost(first, graph));
				if found.is_empty() {
					break;
				}
				found.fetch(first, graph);
				for row in found {
					let uid = first + row;
					let (targets, shares) = graph.row(uid);
					let kept = visit(mass, uid as u16, targets, shares);
					if let Some(own) = contribution.get_mut(uid) {
						*own = own.wrapping_add(kept);
					}
					residual = residual.wrapping_sub(kept);
				}
			}
			first += WINDOW;
		};
		(*budget, self.residual, self.cursor) = (left, residual, first as u32);
		ended
	}
}

/// Divides the mass of row `uid` among its targets and returns the mass that stays with the owner.
///
/// Each target receives `floor(floor(m / 2^s) · w / 2^(16 - s))`, where `s` is the smallest shift
/// that makes `m` less than `2^48`. The product fits 64 bits, and the result is at most
/// `m · w / 65,536`. The shares of a row sum to less than 65,536, so a row never passes on more than
/// it holds. Additions wrap modulo `2^64`: they cannot overflow while the total is below `2^62`, and
/// a damaged state must not panic.
// Not inlined: in the loop over windows WebAssembly does not keep all variables of the loop over
// edges in registers, and an edge takes a third longer.
#[inline(never)]
fn visit(mass: &mut [u64; MAX_COMPONENTS], uid: u16, targets: &[u16], shares: &[u16]) -> u64 {
	let own = core::mem::take(&mut mass[usize::from(uid)]);
	let shift = 16u32.saturating_sub(own.leading_zeros());
	let head = own >> shift;
	let rest = 16 - shift;
	let mut given = 0u64;
	for (&target, &share) in targets.iter().zip(shares) {
		let part = head.wrapping_mul(u64::from(share)) >> rest;
		let arrived = &mut mass[usize::from(target)];
		*arrived = arrived.wrapping_add(part);
		given = given.wrapping_add(part);
	}
	own.wrapping_sub(given)
}
