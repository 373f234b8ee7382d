//! Algorithm 1 as a resumable Gauss-Seidel push. The crate's page has the picture.
//!
//! ```text
//!   Solve::begin(stakes) ──► advance(budget) ──► Paused ──► advance(budget) ──► Converged
//!                                 │                              (or Truncated)
//!                                 └─ row by row, uid order; at the end of a sweep: residual small?
//!                                    a light row, r_i ≤ Σ r / 2^18, is passed over
//! ```
//!
//! Passing over what holds little is what the push methods for PageRank do (Andersen, Chung and
//! Lang, "Local graph partitioning using PageRank vectors", 2006). The limit is the same, and the
//! visits that would move next to nothing are saved: a third of all and more, where few components
//! hold most of the mass.
//!
//! [`Solve`] and [`Vectors`] together are the whole state. They can be stored after any call of
//! [`Solve::advance`] and restored later, on the same [`Graph`].

use crate::{Graph, MAX_COMPONENTS, MAX_EDGES, MAX_SWEEPS, RESIDUAL_BITS};
use alloc::vec::Vec;

/// What visiting a row costs beside its edges, in edge visits.
pub const ROW_COST: u64 = 8;

/// What passing over a row costs, in edge visits. More than it takes when many rows in a row are
/// light: the processor's guess of which are is sometimes wrong.
pub const PASS_COST: u64 = 2;

/// What it costs beside to go back from passing over to visiting, in edge visits: the processor was
/// not sure to, and begins late.
pub const RESUME_COST: u64 = 60;

/// What it costs beside that if several rows in a row were passed over, in edge visits: the next one
/// lies apart in memory from the last that was visited, and has not been fetched ahead.
pub const JUMP_COST: u64 = 80;

/// Visiting a row of as many edges as it may have, in edge visits.
const FULL_ROW_COST: u64 = ROW_COST + MAX_EDGES as u64;

// So no sweep costs more than one that visits every row, at 64 edges each.
const _: () = assert!(PASS_COST + RESUME_COST <= FULL_ROW_COST);
const _: () = assert!(2 * PASS_COST + RESUME_COST + JUMP_COST <= 2 * FULL_ROW_COST);

/// The most that it costs to get past one row, in edge visits. With this budget a solve goes on.
pub const MAX_STEP_COST: u64 = PASS_COST + JUMP_COST;
const _: () = assert!(FULL_ROW_COST <= MAX_STEP_COST);
const _: () = assert!(PASS_COST + RESUME_COST <= MAX_STEP_COST);

/// A row is light, and passed over, while it holds at most `Σ r >> LIGHT_BITS`: a quarter of the
/// mean of [`MAX_COMPONENTS`] rows, so that all light rows together hold at most a quarter of the
/// residual.
pub const LIGHT_BITS: u32 = 18;

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
	/// The uid whose row is visited next.
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
	/// The budget does not suffice for the next row.
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
	/// at the end of a sweep, [`MAX_SWEEPS`] are made, or the budget is too small for the next row.
	///
	/// A row that holds at most `residual >> LIGHT_BITS` when its turn comes is passed over and
	/// keeps what it holds; in the first sweep only a row that holds nothing is.
	///
	/// A row of `e` edges takes `e + ROW_COST` from `budget`, one that is passed over `PASS_COST`. The
	/// last one before a row that is not takes `RESUME_COST` beside, and the last but one of them
	/// `JUMP_COST`. Nothing is ever done that the budget does not cover. On a finished solve the call does
	/// nothing and returns the same again.
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

	/// Goes from the cursor to the last row; `false` if the budget does not suffice, the cursor
	/// being at the row that it does not suffice for.
	fn sweep(
		&mut self,
		graph: &Graph,
		mass: &mut [u64; MAX_COMPONENTS],
		contribution: &mut [u64],
		budget: &mut u64,
	) -> bool {
		// In the first sweep only what holds nothing: every stake is divided once at least.
		let light = if self.sweep == 0 { u64::BITS - 1 } else { LIGHT_BITS };
		// In registers: a light row is passed over in a few instructions.
		let (mut left, mut residual) = (*budget, self.residual);
		let mut uid = self.cursor as usize;
		let len = contribution.len().min(MAX_COMPONENTS);
		let (contribution, _) = contribution.split_at_mut(len);
		let ended = loop {
			let Some(own) = contribution.get_mut(uid) else { break true };
			let heavy = |uid: usize| mass[usize::from(uid as u16)] > residual >> light;
			if !heavy(uid) {
				let heavy_at = |uid: usize| uid < len && heavy(uid);
				let cost = match (heavy_at(uid + 1), heavy_at(uid + 2)) {
					(true, _) => PASS_COST + RESUME_COST,
					(false, true) => PASS_COST + JUMP_COST,
					(false, false) => PASS_COST,
				};
				let Some(rest) = left.checked_sub(cost) else { break false };
				(left, uid) = (rest, uid + 1);
				continue;
			}
			let (targets, shares) = graph.row(uid);
			let cost = ROW_COST + targets.len() as u64;
			let Some(rest) = left.checked_sub(cost) else { break false };
			let kept = visit(mass, uid as u16, targets, shares);
			*own = own.wrapping_add(kept);
			residual = residual.wrapping_sub(kept);
			(left, uid) = (rest, uid + 1);
		};
		(*budget, self.residual, self.cursor) = (left, residual, uid as u32);
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
#[inline(always)]
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
