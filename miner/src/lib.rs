//! A miner: runs one component of the network.
//!
//! ```text
//!                       chain (subxt)
//!                          │  mirror, bids            ▲ register, endpoint, row
//!                          ▼                          │
//!   others ──Spike, Grad──► axon ──► compute ◄── learning ──► poster
//!                            │      (one thread)     │
//!                            └──► dendrite ◄─────────┘
//!                                    │ Spike, Grad
//!                                    ▼
//!                           downstream components
//! ```
//!
//! - [`axon`] serves, [`dendrite`] asks; both speak signed envelopes (`bittensor-wire`).
//! - [`compute`] owns the component (`bittensor-nucleus`); [`learning`] feeds it.
//! - [`metagraph`] is the chain behind a trait, its mirror and the poster.
//! - [`commands`] put these together; [`cli`] and [`config`] say how.
//!
//! Invariants: no part waits for the chain to train or to serve; whatever comes from outside is
//! checked where it comes in; the secret key never leaves [`identity`].

pub mod axon;
pub mod cli;
pub mod commands;
pub mod compute;
pub mod config;
pub mod dendrite;
pub mod identity;
pub mod learning;
pub mod metagraph;
pub mod network;
pub mod telemetry;
