//! The server side of a component: Spikes and Grads come in here.
//!
//! ```text
//!   gRPC ─► admission ─────────────────────────────────────────────► refused, by name
//!             size → chain, method, receiver, times → registered?
//!             → signatures of this address → signature, body → replay → quota by flow
//!               │
//!        Spike  ▼                               Grad ▼
//!     on its path already? ── CUT            on its path already? ── acknowledged, dropped
//!     computed already? ───── cache          no bid? here already? ─ acknowledged, dropped
//!     being computed? ─────── that result    never answered it? ──── UnknownMessage
//!               │                                    │ acknowledged with its weight
//!         dendrite: d_j(x), ttl − 1                  ▼
//!               │                             nucleus: accumulate, ∂d_j
//!         nucleus: y                                 │
//!               │                             dendrite: Grads on to those who took part
//!               ▼
//!         cache, signed answer
//! ```
//!
//! Invariants:
//! - Nothing unsigned, replayed or malformed reaches the [`Nucleus`]; vectors that do are finite and
//!   have one row per text.
//! - A computation is named by (root, message id, digest of the texts, ttl) and runs at most once at
//!   a time. It waits only for computations with a smaller ttl, so components that query each other
//!   never wait in a circle.
//! - All memory is bounded: queues by count, the cache by bytes and age, nonces and quotas by count.

mod admission;
mod cache;
mod config;
mod grad;
mod inflight;
mod ports;
mod quota;
mod server;
mod spike;
mod stats;

pub use config::{AxonConfig, AxonError, QuotaConfig};
pub use ports::{Downstream, Nucleus, NucleusError, Output, Peers, Standing, Upstream};
pub use server::Axon;
pub use stats::{AxonStats, StatsSnapshot};
