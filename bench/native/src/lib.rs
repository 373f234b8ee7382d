//! The contenders that are compiled to machine code, and the line protocol by which the harness
//! drives them and those of Python alike.
//!
//! ```text
//!   bench-contribution ── {"cmd":"load","graph":…} ──► bench-native        one process for each
//!     (the harness)    ◄─ {"ok":true} ────────────────   │                 kind of contender,
//!                      ── {"cmd":"run","contender":…} ►  ├ ours            all on one core, and
//!                      ◄─ {"solve_seconds":…} ─────────  ├ csr, csr-push   only one ever at work
//!                                                        ├ eigentrust
//!                                                        └ fixed128
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
//! - What is timed is the sweeps: reading the file, converting it to a contender's own form,
//!   allocating and filling its first vectors, and copying the result out are not.
//! - Seconds are those that the thread was on a processor, so that what else runs on the machine
//!   does not count.
//! - A contender stops at the first sweep after which the residual mass, what is not yet absorbed
//!   as a part of all mass, is at most what was asked; `eigentrust`, which has no such mass, when
//!   its L1 distance to the limit is. What of this is no rule of its own is found outside of the
//!   timing, as a number of sweeps.
//! - Results are normalised to a sum of 1.

mod clock;
mod contenders;
pub mod protocol;
mod serve;

pub use clock::Timer;
pub use contenders::{Contender, Csr, CsrPush, Fixed128, Ours, Run, Trust, Until, MAX_SWEEPS};
pub use serve::{serve, Server};
