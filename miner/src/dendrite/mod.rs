//! Calls to downstream components: Spikes and Grads out, answers in.
//!
//! ```text
//!              Dendrite::spike(peers, message, deadline)
//!                 │ one call per peer, all at once
//!       ┌─────────┼─────────┐
//!    breaker   breaker   breaker       skips a peer that fails, probes it now and then
//!    backoff   backoff   backoff       skips a peer that refuses us, as long as it says
//!       │         │         │
//!    Transport (TonicTransport: signed envelopes over gRPC, cached channels)
//!       │         │         │
//!    d_1(x)     late      NaN ──► strike
//!       ▼         ▼         ▼
//!     Some      None      None          + a Hop for each, with its time
//! ```
//!
//! Invariants:
//! - A fan-out ends at its deadline, whatever the peers do. A peer without a good answer gives `None`.
//! - An answer is used only if it is signed by the peer that was asked, echoes the nonce, and holds
//!   one finite vector of 128 values per text.
//! - A component on the message's path is not called, because it would answer CUT.

mod backoff;
mod breaker;
mod experience;
mod fanout;
mod peer;
mod transport;

pub use breaker::{Breaker, BreakerConfig, Decision};
pub use experience::{Experience, Known};
pub use fanout::{Dendrite, DendriteConfig, FanOut};
pub use peer::Peer;
pub use transport::{DendriteError, TonicTransport, Transport, TransportConfig};
