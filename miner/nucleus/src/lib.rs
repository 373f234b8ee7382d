//! The learning part of a component, after the BitTensor draft of July 2019: a differentiable
//! function of text and of other components' vectors, its loss, how much each of those components
//! lowers it, and how it learns from those who use it. There is no network code in this crate.
//!
//! ```text
//!   KINDS ─► Model: what the miner's compute thread owns
//!              ├─ noise, constant      answers without knowledge, nothing to learn
//!              ├─ use, minilm, …       pretrained and frozen: vectors of published models
//!              └─ Component            trainable; a kind chooses encoder and objective
//!
//!   text ─► Encoder ─► inputs + joiner ─► y ─► Objective ─► loss
//!                            ▲            │         │
//!   vectors d_j (Spikes) ────┘            │         ▼ backward pass
//!                                served ◄─┘    ∂L/∂d_j (Grads out), ΔL_ij ─► row of 65,536
//!                                                   │
//!   ∂L/∂y of upstreams (Grads in) ─────────► Learner: eq. 3, 12 ─► step
//! ```
//! | trait | owns | file |
//! |---|---|---|
//! | [`Encoder`](encoder::Encoder) | tokenizer, weights and backward pass: text in, vector out | `encoder/` |
//! | [`Objective`](objective::Objective) | decoder and loss | `objective/` |
//! | [`Learner`](learning::Learner) | sources of gradients, their moments, the mixture of their steps | `learning/` |
//! | [`Model`] | all of it | `model.rs`, `component/`, `kinds/` |
//!
//! Text goes in as unicode strings, and vectors of the fixed length [`DIM`] come out; nothing else
//! crosses the border between components. Invariants: any text is answered with finite vectors;
//! everything is deterministic by seed; a failed call changes nothing; a checkpoint resumes bit
//! for bit. Further invariants are stated in the modules that keep them.

pub mod attribution;
mod checkpoint;
pub mod component;
pub mod config;
pub mod corpus;
pub mod dropout;
pub mod encoder;
pub mod error;
pub mod files;
mod fnv;
pub mod gain;
mod inputs;
pub mod joiner;
pub mod kinds;
pub mod learning;
pub mod model;
pub mod objective;
pub mod parameters;
pub mod perplexity;
pub mod pretrained;
pub mod similarity;
pub mod simulation;
mod state;
mod student;
mod tensors;
pub mod threads;
pub mod tokenizer;

pub use attribution::{Attribution, InputRow, InputScore, InputShare};
pub use candle_core::{Device, Tensor};
pub use checkpoint::{describe, Description, Origin, Saved};
pub use component::Component;
pub use config::{
	AttributionConfig, CanaryConfig, Config, DropoutConfig, OptimizerKind, AVERAGING, DIM,
	NETWORK_DROPOUT,
};
pub use corpus::{
	held_out, Batch, Corpus, Document, Example, Half, HeldOut, Interrupt, LeftOut, Sampler,
	SamplerState, Split, Unusable,
};
pub use error::{CheckpointError, ModelFileError, NucleusError, Result};
pub use gain::Gain;
pub use kinds::{kind, Kind, Loaded, Setup, KINDS};
pub use learning::{BidWeight, Gradient, Market};
pub use model::{Grad, GradReport, Model, ScoreReport, StepReport, Verdict};
pub use objective::ExampleLoss;
pub use parameters::{Parameter, Part};
pub use perplexity::{ExampleLosses, Perplexity, Unigram, Weighting};
pub use pretrained::ModelFiles;
pub use similarity::{Judgements, Similarity};
pub use state::State;
pub use tokenizer::Tokenizer;
