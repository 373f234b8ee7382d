//! The server side of a component: it receives Spikes and Grads.
//!
//! ```text
//!   gRPC ─► admission ────────────────────────────────────────────► refused, with a named error
//!             size → chain, method, receiver, times → registered?
//!             → rate of this address → signature, body → replay → bid, or free tier?
//!               │
//!        Spike  ▼                               Grad ▼
//!     we are on its path? ─── CUT            we are on its path? ─── dropped, with the reason
//!     words only? ─────────── words.rs       never answered it? ──── UnknownMessage
//!     in the cache? ───────── that answer    no bid? duplicate? old? dropped, with the reason
//!     a run in progress? ──── its result             │
//!               │                              turn by flow
//!         turn by flow                               ▼
//!         dendrite: d_j(x), ttl − 1           component: accumulate, ∂L/∂d_j ─► signed answer:
//!               │     (none without a bid)           │            what became of it, its weight
//!         turn by flow                         turn by flow
//!         component: y                        dendrite: Grads to the components that answered
//!               │
//!               ▼
//!         cache, signed answer
//! ```
//!
//! Invariants:
//! - Nothing unsigned, replayed or malformed reaches the [`ComponentService`]; its vectors are finite
//!   and have one row per text.
//! - A computation is identified by (root, message id, digest of the texts, ttl) and runs at most once
//!   at a time. It waits only for computations with a smaller ttl, so components that query each other
//!   never wait in a circle.
//! - Callers without a bid get the free tier and cause no onward calls. Work for the others is done in
//!   the order of fair queueing by flow, their onward calls too.
//! - All memory is bounded: queues by count, the cache by bytes and age, nonces and quotas by count.

mod admission;
mod cache;
mod config;
mod core;
mod fair;
mod free;
mod grad;
mod ports;
mod quota;
mod server;
mod spike;
mod words;

pub use config::{AxonConfig, AxonError, QuotaConfig};
pub use ports::{
	ComponentService, ComputeError, DownstreamAnswer, GradOutcome, Output, Peers, Standing,
	UpstreamGrad,
};
pub use server::Axon;
