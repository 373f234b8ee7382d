//! The contribution engine alone as a WebAssembly module, so that it can be measured in the node's
//! executor without the chain around it.
//!
//! ```text
//!   Request ─ to_bytes ─► executor ─► run ─► solve ──► Case, Graph, Solve::begin
//!   (budgets, graph file)                      │       advance, advance, … until the end or
//!   Answer ◄ from_bytes ──────────────────────◄┘       until the budget is used up
//! ```
//!
//! A call with a budget of 0 does everything but the sweeps: taking over the bytes, packing the
//! graph, scaling the stakes, handing back the vector. What a whole call takes longer than that is
//! the time of the sweeps.
//!
//! # Invariants
//!
//! - Any bytes have an answer; what is no request, or holds no graph file, is answered
//!   [`Ended::Rejected`]. The module never traps.
//! - The pieces that the budget is cut into change nothing in the answer, as long as each suffices
//!   for a window.
//!
//! # Bytes, little endian
//!
//! | request | | answer | |
//! |---|---|---|---|
//! | `u64` | budget in all, in edge visits | `u8` | how it ended: [`Ended`] |
//! | `u64` | budget per call of `advance`; 0: all | `u16` | sweeps |
//! | `u8` | what to return: [`Want`] | `u64` | total mass |
//! | `u64` | `σ` in units | `u64` | residual mass |
//! | rest | the graph file | rest | `n × u64`: contributions or payouts |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

/// This crate compiled to WebAssembly, by the build script.
#[cfg(feature = "std")]
#[allow(missing_docs)]
mod wasm {
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
#[cfg(feature = "std")]
pub use wasm::*;

use alloc::vec::Vec;
use bench_graphs::Case;
use contribution::{Graph, Payout, Progress, Solve, Vectors};
// The module's allocator and what it does on a panic.
#[cfg(not(feature = "std"))]
use sp_io as _;

/// The name of the module's export.
pub const EXPORT: &str = "run";

const REQUEST_HEADER: usize = 25;
const ANSWER_HEADER: usize = 19;

/// What is asked of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
	/// The most edge visits in all, as [`Solve::advance`] counts them.
	pub budget: u64,
	/// The most edge visits of one call of [`Solve::advance`]; 0: no limit.
	pub per_call: u64,
	/// What to return.
	pub want: Want,
	/// The units to pay, where payouts are wanted.
	pub sigma: u64,
}

/// The vector that an [`Answer`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Want {
	/// The contributions, in units of mass.
	Contributions = 0,
	/// The payouts of `σ`, in units of the token.
	Payouts = 1,
}

/// How a solve ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ended {
	/// The budget was used up.
	Paused = 0,
	/// The residual is small enough.
	Converged = 1,
	/// The most sweeps were made before the residual was small.
	Truncated = 2,
	/// All stakes are 0.
	NothingPayable = 3,
	/// The request cannot be understood, or holds no graph file.
	Rejected = 4,
}

/// What the module answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
	/// How the solve ended.
	pub ended: Ended,
	/// Completed sweeps.
	pub sweeps: u16,
	/// The mass that was put in.
	pub total: u64,
	/// The mass that is not absorbed.
	pub residual: u64,
	/// One value per component: what was wanted. All 0 where nothing is payable.
	pub values: Vec<u64>,
}

impl Request {
	/// The bytes for the module, with the bytes of a graph file.
	pub fn to_bytes(&self, graph: &[u8]) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(REQUEST_HEADER + graph.len());
		bytes.extend(self.budget.to_le_bytes());
		bytes.extend(self.per_call.to_le_bytes());
		bytes.push(self.want as u8);
		bytes.extend(self.sigma.to_le_bytes());
		bytes.extend(graph);
		bytes
	}

	/// The request and the bytes of its graph file.
	fn from_bytes(bytes: &[u8]) -> Option<(Self, &[u8])> {
		let (budget, rest) = bytes.split_first_chunk()?;
		let (per_call, rest) = rest.split_first_chunk()?;
		let (want, rest) = rest.split_first()?;
		let (sigma, graph) = rest.split_first_chunk()?;
		let want = match want {
			0 => Want::Contributions,
			1 => Want::Payouts,
			_ => return None,
		};
		let request = Self {
			budget: u64::from_le_bytes(*budget),
			per_call: u64::from_le_bytes(*per_call),
			want,
			sigma: u64::from_le_bytes(*sigma),
		};
		Some((request, graph))
	}
}

impl Answer {
	/// The answer to what cannot be solved.
	const REJECTED: Self =
		Self { ended: Ended::Rejected, sweeps: 0, total: 0, residual: 0, values: Vec::new() };

	/// The bytes that the module returns.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(ANSWER_HEADER + self.values.len() * 8);
		bytes.push(self.ended as u8);
		bytes.extend(self.sweeps.to_le_bytes());
		bytes.extend(self.total.to_le_bytes());
		bytes.extend(self.residual.to_le_bytes());
		for value in &self.values {
			bytes.extend(value.to_le_bytes());
		}
		bytes
	}

	/// The answer in the bytes that the module returned; `None` if they are not one.
	pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
		let (ended, rest) = bytes.split_first()?;
		let (sweeps, rest) = rest.split_first_chunk()?;
		let (total, rest) = rest.split_first_chunk()?;
		let (residual, rest) = rest.split_first_chunk()?;
		let (values, []) = rest.as_chunks() else { return None };
		let ended = match ended {
			0 => Ended::Paused,
			1 => Ended::Converged,
			2 => Ended::Truncated,
			3 => Ended::NothingPayable,
			4 => Ended::Rejected,
			_ => return None,
		};
		Some(Self {
			ended,
			sweeps: u16::from_le_bytes(*sweeps),
			total: u64::from_le_bytes(*total),
			residual: u64::from_le_bytes(*residual),
			values: values.iter().map(|value| u64::from_le_bytes(*value)).collect(),
		})
	}
}

/// Answers a request: what the module does.
pub fn solve(request: &[u8]) -> Answer {
	let Some((request, graph)) = Request::from_bytes(request) else { return Answer::REJECTED };
	let Ok(case) = Case::from_bytes(graph) else { return Answer::REJECTED };
	let graph = case.graph();
	let Some((mut solve, mut vectors)) = Solve::begin(&case.stakes) else {
		let values = alloc::vec![0; case.components()];
		return Answer { ended: Ended::NothingPayable, values, ..Answer::REJECTED };
	};
	drop(case);
	let progress = advance(&request, &graph, &mut solve, &mut vectors);
	let values = match request.want {
		Want::Contributions => vectors.contribution,
		Want::Payouts => {
			let mut payout = Payout::new(request.sigma, vectors.contribution.iter().sum());
			vectors.contribution.into_iter().map(|part| payout.next(part)).collect()
		}
	};
	Answer {
		ended: match progress {
			Progress::Paused => Ended::Paused,
			Progress::Converged => Ended::Converged,
			Progress::Truncated => Ended::Truncated,
		},
		sweeps: solve.sweep,
		total: solve.total,
		residual: solve.residual,
		values,
	}
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

/// The module's export, in the convention of the executor: the address and the length of what was
/// allocated for the input; length and address of the output in one value.
///
/// # Safety
/// `len` bytes at `data` must be readable. The executor sees to it.
#[cfg(not(feature = "std"))]
#[no_mangle]
pub unsafe extern "C" fn run(data: *const u8, len: usize) -> u64 {
	// Safety: as the caller promises. An address of nothing may be null.
	let request = if len == 0 { &[] } else { unsafe { core::slice::from_raw_parts(data, len) } };
	// The executor copies the output out before the instance, and with it the memory, goes.
	let output = solve(request).to_bytes().leak();
	((output.len() as u64) << 32) | (output.as_ptr() as u64 & 0xffff_ffff)
}
