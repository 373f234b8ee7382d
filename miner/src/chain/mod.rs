//! The chain as the miner uses it, through `bittensor-client`.
//!
//! ```text
//!   trait Chain ──┬── cache   components, active rows, flows and endpoints at one block
//!                 │             └── earnings: why we were paid what we were paid
//!                 └── poster  posts the row when it is due, one call in flight
//! ```
//!
//! Invariant: nothing in the miner waits for the chain to train or to serve.

pub mod cache;
pub mod earnings;
pub mod poster;

/// The protocol number in an endpoint: signed envelopes over gRPC, version 1.
pub const PROTOCOL: u16 = 1;
