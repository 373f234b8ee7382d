//! The learning part of a component, after the BitTensor draft of July 2019: a differentiable
//! function of text and of other components' vectors, its loss, how much each of those components
//! lowers it, and how it learns from those who use it. No network in here.
//!
//! ```text
//!   corpus ─► tokenizer ─► component ─► y (served: serve)
//!                             │  ▲
//!          ∂L/∂d (Grads out) ◄┘  └─ d_j (Spikes), Grads in (learning: eq. 3, 12)
//!                             │
//!                             └─► attribution: ΔL_ij (eq. 6, 8) ─► row of 65,536
//! ```
//! Text goes in as unicode strings, vectors of the fixed length [`DIM`] come out; how a component
//! gets from one to the other is its own business. Everything is deterministic by seed and runs
//! on one core; invariants are stated where they are kept.

pub mod attribution;
mod checkpoint;
pub mod component;
pub mod config;
pub mod corpus;
mod decoder;
mod encoder;
pub mod error;
pub mod files;
mod joiner;
pub mod learning;
mod loss;
mod parameters;
pub mod perplexity;
pub mod serve;
mod slots;
mod tensors;
pub mod tokenizer;

pub use attribution::{Attribution, Row, SlotScore};
pub use candle_core::{Device, Tensor};
pub use component::{Component, GradReport, StepReport, Verdict};
pub use config::{AttributionConfig, BidWeight, Config, OptimizerKind, DIM};
pub use corpus::{held_out, Batch, Corpus, Document, Example, Sampler, SamplerState, Split};
pub use error::{NucleusError, Result};
pub use learning::{Bid, Gradient};
pub use parameters::{Parameter, Part};
pub use perplexity::{Perplexity, Unigram};
pub use serve::{Noise, Serve, Snapshot};
pub use tokenizer::Tokenizer;
