//! The contribution engine alone as a WebAssembly module, so that it can be measured in the node's
//! executor without the chain around it.
//!
//! ```text
//!   Module::call ── Request, graph file ──► executor ──► run ──► solve ──► Case, Graph, Solve::begin
//!      (std)     ◄─ Answer ─────────────────────────────┘         advance, advance, … until the end
//!                                                                 or until the budget is spent
//! ```
//!
//! A call with a budget of 0 does everything but the sweeps: it takes the bytes over, packs the graph,
//! scales the stakes and hands the vector back. The time of the sweeps is the time of a whole call
//! minus that.
//!
//! # Invariants
//!
//! - Any bytes have an answer; bytes that are not a request with a graph file are answered
//!   [`Ended::Rejected`]. The module never traps.
//! - The size of the budget's pieces does not change the answer, if each suffices for a window.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "std")]
mod module;
#[cfg(feature = "std")]
pub use module::Module;

use alloc::vec::Vec;
use bench_graphs::Case;
use codec::{Decode, Encode};
use contribution::{Graph, Payout, Progress, Solve, Vectors};
// The module's allocator and panic handler.
#[cfg(not(feature = "std"))]
use sp_io as _;

/// The name of the module's export.
pub const EXPORT: &str = "run";

/// What the module is asked, in SCALE; the graph file follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Request {
	/// The most edge visits in total, as [`Solve::advance`] counts them.
	pub budget: u64,
	/// The most edge visits of one call of [`Solve::advance`]; 0: no limit.
	pub per_call: u64,
	/// Units to pay: the answer holds payouts. Without, it holds contributions.
	pub sigma: Option<u64>,
}

/// How a solve ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Ended {
	/// The budget is spent.
	Paused,
	/// The residual is small enough.
	Converged,
	/// The limit of sweeps came before the residual was small.
	Truncated,
	/// All stakes are 0.
	NothingPayable,
	/// The bytes are not a request with a graph file.
	Rejected,
}

/// The module's answer, in SCALE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Answer {
	/// How the solve ended.
	pub ended: Ended,
	/// Completed sweeps.
	pub sweeps: u16,
	/// The mass that was put in.
	pub total: u64,
	/// The mass that is not absorbed.
	pub residual: u64,
	/// One payout or contribution per component; all 0 if nothing is payable.
	pub values: Vec<u64>,
}

impl Request {
	/// The whole solve in one call, with the payouts of `sigma` units or with contributions.
	pub const fn whole(sigma: Option<u64>) -> Self {
		Self { budget: u64::MAX, per_call: 0, sigma }
	}

	/// The bytes for the module, with those of a graph file.
	pub fn to_bytes(&self, graph: &[u8]) -> Vec<u8> {
		[&self.encode(), graph].concat()
	}
}

impl Answer {
	/// An answer without a solve.
	pub const fn empty(ended: Ended, values: Vec<u64>) -> Self {
		Self { ended, sweeps: 0, total: 0, residual: 0, values }
	}
}

/// Answers a request: what the module does.
pub fn solve(bytes: &[u8]) -> Answer {
	let mut graph = bytes;
	let request = Request::decode(&mut graph);
	let (Ok(request), Ok(case)) = (request, Case::from_bytes(graph)) else {
		return Answer::empty(Ended::Rejected, Vec::new());
	};
	let graph = case.graph();
	let Some((mut solve, mut vectors)) = Solve::begin(&case.stakes) else {
		return Answer::empty(Ended::NothingPayable, alloc::vec![0; case.components()]);
	};
	drop(case);
	let progress = advance(&request, &graph, &mut solve, &mut vectors);
	let mut values = vectors.contribution;
	if let Some(sigma) = request.sigma {
		let mut payout = Payout::new(sigma, values.iter().sum());
		values.iter_mut().for_each(|part| *part = payout.next(*part));
	}
	let ended = match progress {
		Progress::Paused => Ended::Paused,
		Progress::Converged => Ended::Converged,
		Progress::Truncated => Ended::Truncated,
	};
	Answer { ended, sweeps: solve.sweep, total: solve.total, residual: solve.residual, values }
}

/// Advances piece by piece until the solve ends or the budget does not suffice for the next window.
fn advance(request: &Request, graph: &Graph, solve: &mut Solve, vectors: &mut Vectors) -> Progress {
	let mut left = request.budget;
	loop {
		let piece = match request.per_call {
			0 => left,
			limit => limit.min(left),
		};
		let mut rest = piece;
		let progress = solve.advance(graph, vectors, &mut rest);
		left -= piece - rest;
		if progress != Progress::Paused || rest == piece {
			return progress;
		}
	}
}

/// The module's export, in the convention of the executor: address and length of the input; length and
/// address of the output in one value.
///
/// # Safety
/// `len` bytes at `data` must be readable. The executor ensures that.
#[cfg(not(feature = "std"))]
#[no_mangle]
pub unsafe extern "C" fn run(data: *const u8, len: usize) -> u64 {
	// Safety: as the caller promises. The address of an empty input may be null.
	let request = if len == 0 { &[] } else { unsafe { core::slice::from_raw_parts(data, len) } };
	// The executor copies the output before the instance, and with it the memory, goes.
	let output = solve(request).encode().leak();
	((output.len() as u64) << 32) | (output.as_ptr() as u64 & 0xffff_ffff)
}
