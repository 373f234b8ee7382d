//! Algorithm 1 as a resumable Gauss-Seidel push. The crate's page has the picture.
//!
//! ```text
//!   Solve::begin(stakes) ──► advance(budget) ──► Paused ──► advance(budget) ──► Converged
//!                                 │                              (or Truncated)
//!                                 └─ window by window, uid order; of each the heavy rows,
//!                                    r_i > Σ r / 2^18; at the end of a sweep: residual small?
//! ```
//!
//! Passing over what holds little is what the push methods for PageRank do (Andersen, Chung and
//! Lang, "Local graph partitioning using PageRank vectors", 2006). The limit is the same, and the
//! visits that would move next to nothing are saved: a third of all and more, where few components
//! hold most of the mass.
//!
//! [`Solve`] and [`Vectors`] together are the whole state. They can be stored after any call of
//! [`Solve::advance`] and restored later, on the same [`Graph`].

use crate::{
	window::{Rows, LIGHT_BITS, MAX_STEP_COST, WINDOW},
	Graph, MAX_COMPONENTS, MAX_SWEEPS, RESIDUAL_BITS,
};
use alloc::vec::Vec;

/// Bits of the total mass: it lies in `[2^(TOTAL_BITS - 1), 2^TOTAL_BITS)`.
const TOTAL_BITS: u32 = 62;

/// The scalars of a solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solve {
	/// The mass that was put in, `Σ r + Σ N*` at all times; in `[2^61, 2^62)`.
	pub total: u64,
	/// The mass that is not yet absorbed, `Σ r`: the L1 distance to the limit.
	pub residual: u64,
	/// Completed sweeps.
	pub sweep: u16,
	/// The first uid of the [window](crate::window) that comes next.
	pub cursor: u32,
}

/// The vectors of a solve, one entry per uid, in units of mass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
	/// `r`: mass that has arrived at a component and is not yet divided.
	pub residual: Vec<u64>,
	/// `N*`: mass that a component has absorbed; at the end its contribution.
	pub contribution: Vec<u64>,
}

/// How far [`Solve::advance`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
	/// The budget might not suffice for the next window: it is less than [`MAX_STEP_COST`].
	Paused,
	/// The residual is at most `total >> RESIDUAL_BITS` after a whole sweep.
	Converged,
	/// [`MAX_SWEEPS`] sweeps were made without convergence. What is left in `r` is paid to nobody.
	Truncated,
}

impl Solve {
	/// Starts a solve: `r` is the stakes (one per uid, any unit), scaled by a power of two so that
	/// their sum lies in `[2^61, 2^62)`, and `N*` is 0.
	///
	/// A sum below `2^62` is scaled without rounding. Above, prefix sums are rounded down, so the
	/// scaled stakes add up to the scaled sum and each is off by less than one unit.
	///
	/// `None` if all stakes are 0. Stakes of uids of [`MAX_COMPONENTS`] or more are not read.
	pub fn begin(stakes: &[u64]) -> Option<(Self, Vectors)> {
		let stakes = stakes.get(..MAX_COMPONENTS).unwrap_or(stakes);
		let sum: u128 = stakes.iter().map(|&stake| u128::from(stake)).sum();
		if sum == 0 {
			return None;
		}
		let bits = u128::BITS - sum.leading_zeros();
		let up = TOTAL_BITS.saturating_sub(bits);
		let down = bits.saturating_sub(TOTAL_BITS);

		// Room for the whole uid space, which the sweep works on.
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

	/// Visits rows in uid order from the cursor on, sweep after sweep, until the residual is small
	/// at the end of a sweep, [`MAX_SWEEPS`] are made, or the budget is less than [`MAX_STEP_COST`]
	/// and so might not suffice for the next window.
	///
	/// A row that holds no more than `residual >> LIGHT_BITS` while it is the turn of its window is
	/// passed over and keeps what it holds; in the first sweep only a row that holds nothing is.
	///
	/// What a window takes from `budget`, in edge visits, [`window`](crate::window) says. Nothing is
	/// ever done that the budget does not cover. On a finished solve the call does nothing and
	/// returns the same again.
	///
	/// `graph` must be the same at every call of one solve. Components without a row keep what
	/// they get. Vectors shorter than the graph are extended by zeros.
	pub fn advance(&mut self, graph: &Graph, vectors: &mut Vectors, budget: &mut u64) -> Progress {
		let Vectors { residual, contribution } = vectors;
		let len = graph.components().max(residual.len()).max(contribution.len());
		contribution.resize(len, 0);
		// An array as long as the range of a u16 needs no bounds check per edge.
		residual.resize(len.max(MAX_COMPONENTS), 0);
		let progress = match residual.first_chunk_mut() {
			Some(mass) => self.sweeps(graph, mass, contribution, budget),
			// The vector was resized to more than a chunk.
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

	/// Goes from the cursor's window to the last one; `false` if the budget does not suffice, the
	/// cursor being at the window that it does not suffice for.
	fn sweep(
		&mut self,
		graph: &Graph,
		mass: &mut [u64; MAX_COMPONENTS],
		contribution: &mut [u64],
		budget: &mut u64,
	) -> bool {
		// In the first sweep only what holds nothing is light: every stake is divided once at least.
		let light = if self.sweep == 0 { u64::BITS - 1 } else { LIGHT_BITS };
		let (mut left, mut residual) = (*budget, self.residual);
		let len = contribution.len().min(MAX_COMPONENTS);
		let (contribution, _) = contribution.split_at_mut(len);
		// A cursor within a window is none that was stored.
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
				let heavy = waiting.take_above(residual >> light, held);
				left = left.saturating_sub(heavy.cost(first, graph));
				if heavy.is_empty() {
					break;
				}
				heavy.fetch(first, graph);
				for row in heavy {
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

/// Divides the mass of row `uid` among its targets and returns what stays with the owner.
///
/// Each target gets `floor(floor(m / 2^s) · w / 2^(16 - s))`, where `s` is the least shift that
/// brings `m` below `2^48`: the product fits 64 bits, and is at most `m · w / 65,536`. The shares
/// of a row sum to less than 65,536, so the owner never gives more than it has. Additions are
/// modulo `2^64`: they cannot overflow while the total is below `2^62`, and a damaged state must
/// not panic.
// A function of its own: among the variables of the loop over windows, those of the loop over edges
// would not all be in registers in WebAssembly, and an edge would take a third longer.
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
