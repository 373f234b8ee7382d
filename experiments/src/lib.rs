//! The paper's section 9: what a network is worth to its members.
//!
//! ```text
//!   configs/*.toml ─► Plan ─► jobs (experiment, seed, mode) ─► simulation ─► results/runs.jsonl
//!                              finished jobs are skipped                          │
//!   results/members.json, bids.json, sweep.json ◄── summary ◄─────────────────────┤
//!   results/*.svg, results/summary.md ◄── figure, page ◄──────────────────────────┘
//!
//!   configs/network.toml ─► localnet, real processes ─► network.json, network.md, rows.svg, curves.svg
//!
//!   configs/inputs.toml ─► inputs: frozen encoders ─► results/input-runs.jsonl, inputs.json
//!
//!   results of this machine ─► compare ◄─ committed ones
//! ```
//!
//! Invariants: a line of `runs.jsonl` holds the settings that it was run with, and is used only for
//! an experiment with the same settings; everything else is computed from these lines, so that it can
//! be written again at any time; a run depends on its settings and seed only.

pub mod claims;
pub mod compare;
pub mod figure;
pub mod inputs;
mod lines;
pub mod network;
pub mod page;
pub mod plan;
pub mod pool;
pub mod prose;
pub mod runner;
pub mod store;
pub mod summary;
