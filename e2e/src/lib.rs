//! Starts real nodes and miners as processes, for the local network of `make run` and for the
//! end-to-end tests.
//!
//! ```text
//!  localnet ──► network ──► node ──┐
//!     │            └──────► miner ─┴─► process ──► bittensor-node, bittensor-miner
//!     │                                   │
//!     │                                   └─ own log file, own group, ends with its parent
//!     ├──► cast      which miners run
//!     ├──► ledger    every epoch replayed and checked     ◄── bittensor-client, contribution
//!     ├──► validators  four of them, and the script that joins a fifth node
//!     ├──► economy   what stakes and rows brought each component
//!     └──► screen, table, report, story    for people, and for scripts
//! ```
//!
//! Invariants: a process started here never outlives the program that started it, however that
//! program ends; every number in the report comes from the chain or from a miner's own status
//! file; an epoch counts as checked only if the `contribution` crate gives the same payouts to
//! the unit.

pub mod binaries;
pub mod cast;
pub mod curve;
pub mod economy;
pub mod ledger;
pub mod localnet;
pub mod miner;
pub mod network;
pub mod node;
pub mod process;
pub mod report;
pub mod screen;
pub mod story;
pub mod table;
pub mod validators;
