//! The contribution engine: who earns how much of the tokens that are minted, in fixed point.
//!
//! Every component `i` has a stake `S_i` and a *row*: shares `w_ij` out of [`SHARE_ONE`] that it
//! attributes to the components whose vectors it uses, and what is left,
//! `d_i = 65,536 - sum_j w_ij`, its own part `ΔL_ii`. From all rows and stakes the paper's
//! Algorithm 1 (the modified EigenTrust power iteration) makes the contribution vector `ΔN*`, and
//! its Algorithm 2 pays the scheduled emission `σ` in proportion to it. Stakes weigh the losses of
//! the common objective, eq. 4, `min Σ S_i·L_i`; that is why they are where the mass starts.
//!
//! # One picture
//!
//! With `d_i > 0` in every row the loop of Algorithm 1 is an absorbing random walk. Mass starts
//! where the stake is; wherever it arrives, the part `d_i` is absorbed there and the rest moves on
//! along the row. One *sweep* visits the rows in uid order, in place (Gauss-Seidel push):
//!
//! ```text
//!            r (residual)                                     N* (contribution)
//!         ┌────┬────┬────┬────┐                            ┌────┬────┬────┬────┐
//!         │ r0 │ m  │ r2 │ r3 │                            │    │ +k │    │    │
//!         └────┴─┬──┴─▲──┴──▲─┘                            └────┴─▲──┴────┴────┘
//!       cursor ──┘    │     │                                     │
//!                │    │     └── floor(m·w_13 / 65,536)            │
//!   m = r1       ├────┴──────── floor(m·w_12 / 65,536)            │
//!   r1 = 0       └─────────────────────── k = m − what was given ─┘
//! ```
//!
//! Visiting rows in this order has the limit of the paper's loop (`I − Gᵀ` is an M-matrix), needs
//! about half its sweeps and one vector instead of two, and conserves mass after every row. A sweep
//! takes a [`window`] of 32 rows at a time: of these it visits those that are heavy. A row that holds
//! next to nothing ([`LIGHT_BITS`]) is passed over until it holds more, or the others less. Between
//! two windows the walk can stop, and go on in a later block.
//!
//! # Invariants
//!
//! 1. *Mass is conserved* after every row: `Σ r + Σ N* = total`, exactly, because each rounding
//!    stays with the row that was being visited.
//! 2. *The residual is the error.* But for rounding, what is still to come differs from `N*` by
//!    `Σ r` in the L1 norm, so stopping at `Σ r ≤ total / 2^30` is a proven bound. Rounding moves
//!    less than one unit per edge visit, and less than `2^-47` of the mass of a row visit, from
//!    where it belongs to the row that was visited.
//! 3. *Every row absorbs at least 1/8* of what it holds when it is visited ([`MIN_SELF_SHARE`];
//!    [`Graph`] enforces it for any bytes), and at most 1/4 of the residual is in rows that are
//!    passed over. So a sweep leaves at most `1/4 + 3/4 · 7/8 = 29/32` of it, and 212 sweeps reach
//!    `2^-30` whatever the rows are: `(29/32)^212 < 2^-30`. [`MAX_SWEEPS`] is above that. A sweep
//!    that passes over a part `p` of the rows leaves at most `7/8 + p/32` for `1 - p` of the
//!    visits, so all visits together are still no more than those of 157 whole sweeps.
//! 4. *Interruption changes nothing*: stopped after any windows and resumed, a solve ends with the
//!    same bits as in one go, on every machine. No floats, no randomness, no parallel sums.
//! 5. *`σ` is paid to the unit*: `Σ payouts = σ` if anything is payable, and 0 if not.
//! 6. *Nothing panics*, whatever bytes rows, stakes and restored states hold.
//!
//! # Numbers
//!
//! | quantity | type | unit |
//! |---|---|---|
//! | stake, payout, `σ` | `u64` | the smallest unit of the token |
//! | share `w_ij` | `u16` | 1/65,536 of a row |
//! | mass `r`, `N*` | `u64` | `1 / total`, total in `[2^61, 2^62)` |
//!
//! A share of mass is one 64-bit multiplication: `m` is shifted right by `s` until it fits 48 bits,
//! multiplied by the 16-bit `w`, and shifted by the remaining `16 − s`. There is no 128-bit
//! arithmetic in the sweep, where WebAssembly would pay for it per edge.
//!
//! # Where to find what
//!
//! | module | of the paper | |
//! |---|---|---|
//! | [`row`] | the row `ΔL_i*` of §5 | what a row must satisfy, and its self-share |
//! | [`graph`] | the matrix of Algorithm 1 | all rows of one solve, packed |
//! | [`solve`] | Algorithm 1 | the resumable sweep |
//! | [`window`] | | what it takes at a time, and the prices |
//! | [`payout`] | Algorithm 2, the division | `σ` in proportion to `ΔN*`, exact |
//! | [`emission`] | Algorithm 2, the amount | `σ(block)` and its halvings |
//!
//! ```
//! use bittensor_contribution::{Graph, Payout, Progress, Solve};
//!
//! // 0 attributes half of itself to 1; 1 has an empty row, and so keeps what it gets.
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
pub mod row;
pub mod solve;
pub mod window;

pub use emission::Schedule;
pub use graph::Graph;
pub use payout::Payout;
pub use row::{check_row, RowError};
pub use solve::{Progress, Solve, Vectors};
pub use window::{LIGHT_BITS, LOOK_COST, MAX_STEP_COST, ROW_COST, RUN_COST, WINDOW};

/// A whole row, in shares: `d_i + Σ_j w_ij = 65,536`.
pub const SHARE_ONE: u32 = 65_536;

/// The most edges a row may have.
pub const MAX_EDGES: usize = 64;

/// The least self-share `d_i = ΔL_ii`, out of [`SHARE_ONE`]: 1/8. It bounds the number of sweeps.
pub const MIN_SELF_SHARE: u32 = 8_192;

/// The most sweeps of one solve. Convergence to `2^-30` needs at most 212 with every self-share
/// at least 1/8.
pub const MAX_SWEEPS: u16 = 216;

/// The most components: a uid is a `u16` in an edge.
pub const MAX_COMPONENTS: usize = 65_536;

/// A solve has converged when the residual is at most `total >> RESIDUAL_BITS`.
pub const RESIDUAL_BITS: u32 = 30;
