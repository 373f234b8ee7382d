//! How a component learns: its own loss and the gradients of those who bid for it.
//!
//! ```text
//!   own loss ──► g_own ─┐
//!   Grad of u ─► Σ g_u ─┼─► guard ─► accumulate (eq. 3, 12) ─► optimizer ─► θ
//!   Grad of v ─► Σ g_v ─┘
//! ```
//! Invariants: a source without a bid has no effect at all; a bid buys its part of the step and
//! no more, however large or many its gradients are; the own loss always keeps its part.

pub mod accumulate;
pub mod guard;
pub mod optimizer;

pub use accumulate::{combine, Bid, Gradient, Values};
pub use optimizer::Optimizer;
