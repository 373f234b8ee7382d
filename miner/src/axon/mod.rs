//! The server side of a component: it receives Spikes and Grads.
//!
//! ```text
//!   gRPC ─► admission ────────────────────────────────────────────► refused, with a named error
//!             size → chain, method, receiver, times → registered?
//!             → rate of this address → signature, body → replay → quota by flow
//!               │
//!        Spike  ▼                               Grad ▼
//!     we are on its path? ─── CUT            we are on its path? ─── acknowledged, dropped
//!     in the cache? ───────── that answer    no bid? duplicate? ──── acknowledged, dropped
//!     a run in progress? ──── its result     never answered it? ──── UnknownMessage
//!               │                                    │ acknowledged with its weight
//!         dendrite: d_j(x), ttl − 1                  ▼
//!               │                             component: accumulate, ∂L/∂d_j
//!         component: y                               │
//!               │                             dendrite: Grads to the components that answered
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
//! - All memory is bounded: queues by count, the cache by bytes and age, nonces and quotas by count.

mod admission;
mod cache;
mod config;
mod grad;
mod ports;
mod quota;
mod server;
mod spike;

pub use config::{AxonConfig, AxonError, QuotaConfig};
pub use ports::{
	ComponentService, ComputeError, DownstreamAnswer, Output, Peers, Standing, UpstreamGrad,
};
pub use server::Axon;
