//! The contribution engine: computes how the emission is divided among components, in fixed point.
//!
//! Every component `i` has a stake `S_i` and a *row*: shares `w_ij` out of [`SHARE_ONE`] that it
//! attributes to the components whose vectors it uses. The rest, `d_i = 65,536 - sum_j w_ij`, is its
//! self-share `ΔL_ii`. Algorithm 1 of the paper (the modified EigenTrust power iteration) computes
//! the contribution vector `ΔN*` from all rows and stakes. Algorithm 2 pays the scheduled emission
//! `σ` in proportion to it. In the common objective `min Σ S_i·L_i` (eq. 4) stakes weight the losses,
//! so the iteration starts from the stakes.
//!
//! # One picture
//!
//! With `d_i > 0` in every row the loop of Algorithm 1 is an absorbing random walk. Mass starts
//! at the stakes. At each component the part `d_i` is absorbed and the rest moves on along the row.
//! One *sweep* visits the rows in uid order, in place (Gauss-Seidel push):
//!
//! ```text
//!            r (residual)                                     N* (contribution)
//!         ┌────┬────┬────┬────┐                            ┌────┬────┬────┬────┐
//!         │ r0 │ m  │ r2 │ r3 │                            │    │ +k │    │    │
//!         └────┴─┬──┴─▲──┴──▲─┘                            └────┴─▲──┴────┴────┘
//!       cursor ──┘    │     │                                     │
//!                │    │     └── floor(m·w_13 / 65,536)            │
//!   m = r1       ├────┴──────── floor(m·w_12 / 65,536)            │
//!   r1 = 0       └──────────────── k = m − the mass passed on ────┘
//! ```
//!
//! This order of visits has the same limit as the paper's loop (`I − Gᵀ` is an M-matrix), needs
//! about half as many sweeps, uses one vector instead of two, and conserves mass after every row.
//! A sweep processes a [`window`] of 32 rows at a time and visits the rows that hold more than a
//! threshold. Rows below the threshold ([`THRESHOLD_BITS`]) are skipped and keep their mass for a
//! later sweep. A solve can stop between two windows and continue in a later block.
//!
//! # Invariants
//!
//! 1. *Mass is conserved* after every row: `Σ r + Σ N* = total`, exactly, because each rounding
//!    remainder stays with the visited row.
//! 2. *The residual is the error.* Apart from rounding, `N*` differs from its limit by `Σ r` in the
//!    L1 norm, so stopping at `Σ r ≤ total / 2^30` is a proven bound. Rounding moves less than one
//!    unit per edge visit, and less than `2^-47` of the mass of a row visit, from its target to the
//!    visited row.
//! 3. *Every visit absorbs at least 1/8* of the row's mass ([`MIN_SELF_SHARE`]; [`Graph`] enforces
//!    it for any bytes), and at most 1/4 of the residual is in skipped rows. So a sweep leaves at
//!    most `1/4 + 3/4 · 7/8 = 29/32` of the residual, and 212 sweeps reach `2^-30` for any rows:
//!    `(29/32)^212 < 2^-30`. [`MAX_SWEEPS`] is above that. A sweep that skips a part `p` of the
//!    rows leaves at most `7/8 + p/32` and makes `1 - p` of the visits, so the total number of
//!    visits is at most that of 157 full sweeps.
//! 4. *Interruption does not change the result*: a solve that stops after any windows and resumes
//!    ends with the same bits as an uninterrupted one, on every machine. It uses no floats, no
//!    randomness and no parallel sums.
//! 5. *`σ` is paid to the unit*: `Σ payouts = σ` if anything is payable, and 0 otherwise.
//! 6. *Nothing panics*, for any bytes in rows, stakes and restored states.
//!
//! # Numbers
//!
//! | quantity | type | unit |
//! |---|---|---|
//! | stake, payout, `σ` | `u64` | the smallest unit of the token |
//! | share `w_ij` | `u16` | 1/65,536 of a row |
//! | mass `r`, `N*` | `u64` | `1 / total`, total in `[2^61, 2^62)` |
//!
//! Computing a share of mass takes one 64-bit multiplication: `m` is shifted right by `s` until it
//! fits 48 bits, multiplied by the 16-bit `w`, and shifted by the remaining `16 − s`. The sweep uses
//! no 128-bit arithmetic, which is slow in WebAssembly.
//!
//! # Modules
//!
//! | module | in the paper | content |
//! |---|---|---|
//! | [`row`] | the row `ΔL_i*` of §5 | the rules for a row, and its self-share |
//! | [`post`] | | when posting a row is due, and how long it counts |
//! | [`graph`] | the matrix of Algorithm 1 | all rows of one solve, packed |
//! | [`solve`] | Algorithm 1 | the resumable sweep |
//! | [`window`] | | the unit of work of a sweep, and its prices |
//! | [`payout`] | Algorithm 2, the division | divides `σ` in proportion to `ΔN*`, exactly |
//! | [`emission`] | Algorithm 2, the amount | `σ(block)` and its halvings |
//!
//! ```
//! use bittensor_contribution::{Graph, Payout, Progress, Solve};
//!
//! // Component 0 attributes half of its row to 1. The row of 1 is empty: it keeps what it receives.
//! let mut graph = Graph::with_capacity(2, 1);
//! graph.push_row(&[1], &[32_768], |_| true);
//! graph.push_row(&[], &[], |_| true);
//!
//! let (mut solve, mut vectors) = Solve::begin(&[600, 400]).unwrap();
//! let mut budget = u64::MAX;
//! assert_eq!(solve.advance(&graph, &mut vectors, &mut budget), Progress::Converged);
//!
//! let mut payout = Payout::new(1_000, vectors.contribution.iter().sum());
//! let paid: Vec<u64> = vectors.contribution.iter().map(|&n| payout.next(n)).collect();
//! assert_eq!(paid, [300, 700]);
//! ```

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod emission;
pub mod graph;
pub mod payout;
pub mod post;
pub mod row;
pub mod solve;
pub mod window;

pub use emission::Schedule;
pub use graph::Graph;
pub use payout::{flow, Payout};
pub use post::{distance, due, is_live, Due, MOVED};
pub use row::{check_row, self_share, Edge, RowError};
pub use solve::{Progress, Solve, Vectors};
pub use window::{LOOK_COST, MAX_STEP_COST, ROW_COST, RUN_COST, THRESHOLD_BITS, WINDOW};

/// The sum of a row in shares: `d_i + Σ_j w_ij = 65,536`.
pub const SHARE_ONE: u32 = 65_536;

/// Maximum number of edges in a row.
pub const MAX_EDGES: usize = 64;

/// Minimum self-share `d_i = ΔL_ii`, out of [`SHARE_ONE`]: 1/8. It bounds the number of sweeps.
pub const MIN_SELF_SHARE: u32 = 8_192;

/// Maximum number of sweeps in one solve. With every self-share at least 1/8, convergence to `2^-30`
/// needs at most 212.
pub const MAX_SWEEPS: u16 = 216;

/// Maximum number of components: an edge stores a uid as a `u16`.
pub const MAX_COMPONENTS: usize = 65_536;

/// A solve has converged when the residual is at most `total >> RESIDUAL_BITS`.
pub const RESIDUAL_BITS: u32 = 30;
