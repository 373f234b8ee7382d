//! A miner: runs one component of the network.
//!
//! ```text
//!                       chain (bittensor-client)
//!                          │  cache, bids             ▲ register, endpoint, row
//!                          ▼                          │
//!   others ──Spike, Grad──► axon ──► compute ◄── learning ──► poster
//!                            │      (one thread)     │
//!                            └──► dendrite ◄─────────┘
//!                                    │ Spike, Grad
//!                                    ▼
//!                           downstream components
//! ```
//!
//! - [`axon`] serves, [`dendrite`] queries; both speak signed envelopes (`bittensor-wire`).
//! - [`compute`] owns the component (`bittensor-nucleus`); [`learning`] feeds it.
//! - [`chain`] is the chain cache and the poster, over `bittensor-client`.
//! - [`fetch`] gets models and corpora through the clients of package registries.
//! - [`telemetry`] is the status, and the recorder of all metrics; [`clock`] and [`watchdog`] watch
//!   the clock and the chain.
//! - [`commands`] put these together, as [`cli`] and [`config`] say; `run` starts the tasks under a
//!   [`supervisor`], which ends the process if one of them ends.
//!
//! Invariants: no part waits for the chain to train or to serve; whatever comes from outside is
//! checked where it comes in; the secret key never leaves [`identity`].

pub mod axon;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod compute;
pub mod config;
pub mod dendrite;
pub mod fetch;
pub mod identity;
pub mod learning;
pub mod network;
pub mod output;
pub mod signals;
pub mod supervisor;
pub mod telemetry;
pub mod watchdog;
