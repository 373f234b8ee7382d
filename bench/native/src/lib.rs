//! The contenders that are compiled to machine code, and the line protocol by which the benchmark
//! drives them and the Python contenders.
//!
//! ```text
//!   bench-contribution ◄─ {"contenders":[…],…} ───────── bench-native      one process for each
//!                      ── {"graph":…,"contender":…,…} ──►  ├ ours          kind of contender,
//!                      ◄─ {"ran":{"seconds":…,…}} ───────  ├ csr, csr-push all on one core, and
//!                                                          ├ eigentrust    only one works at a
//!                                                          └ fixed128      time
//! ```
//!
//! | contender | numbers | iteration | bytes per edge |
//! |---|---|---|---|
//! | `ours` | fixed point, 62 bits of mass | in place, in uid order | 4 |
//! | `csr` | `f64` | Algorithm 1 as the paper prints it, two vectors | 12 |
//! | `csr-push` | `f64` | as ours | 12 |
//! | `eigentrust` | `f64`, compensated sums | the crate of that name | 16 |
//! | `fixed128` | 64-bit fixed point, saturating 128-bit products | as `csr` | 16 |
//!
//! # Invariants
//!
//! - Only the sweeps are timed. Reading the file, converting it, allocating and filling the first
//!   vectors, and copying the result are not.
//! - Seconds are processor time of the thread, so that other programs do not count.
//! - A contender stops at the first sweep after which the residual mass (the part of all mass that is
//!   not yet absorbed) is at most the bound. `eigentrust` has no such mass; it stops when its L1
//!   distance to the limit is at most the bound. A contender with another stop rule gets a number of
//!   sweeps that was found outside of the timing.
//! - Results are normalised to a sum of 1.

mod contenders;
mod protocol;

pub use contenders::{
	Contender, Csr, CsrPush, Entry, Fixed128, Ours, Run, Trust, Until, CONTENDERS, MAX_SWEEPS,
};
pub use protocol::{serve, Answer, Hello, Ran, Request};
