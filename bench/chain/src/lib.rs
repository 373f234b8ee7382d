//! A real node over a state of many components: what whole epochs cost, block by block.
//!
//! ```text
//!  bench-graphs ──► state ──► spec ──► lab: validator ──blocks──► importer
//!   U Z D8 C R     native     JSON            │                       │
//!                  calls                      └──── log, Prometheus ──┴── /proc, RPC
//!                                                           │
//!      poster ──► posting, sustain                       blocks ──► epochs ──► report
//!      signed posts        │                           what happened  what it cost  JSON, Markdown
//!                          └───────────────────────────────▲
//! ```
//!
//! | module | |
//! |---|---|
//! | [`state`] | a chain's storage, made by the runtime's own calls |
//! | [`spec`] | the specification that a node starts from |
//! | [`lab`] | a validator, and a node that imports its blocks |
//! | [`limits`] | what blocks may hold |
//! | [`measure`] | metrics, log, processes, the machine's pace |
//! | [`blocks`] | every block: what it declared, what it cost |
//! | [`epochs`] | idle blocks, the hook's part, whole epochs, merges |
//! | [`pages`] | reading pages of the runtime API |
//! | [`poster`], [`posting`] | signed posts; what merging and posting cost |
//! | [`sustain`] | minutes of posts, and what became of each |
//! | [`run`] | one case from graph to report |
//! | [`report`] | `chain.json`, targets, tables |
//!
//! # What is compared
//!
//! Declared is what the block's own account says (`System::BlockWeight`), measured what the node's
//! own histograms say, both less an idle block of the same run. Nothing in the node is changed or
//! switched on for it but its metrics, which every operator may have.
//!
//! The weights are what one machine took at one time. So an edge visit is measured in the same minutes,
//! between blocks ([`measure::pace`]), and stands beside each ratio: a ratio of 0.7 where a visit takes
//! twice as long as when the weights were taken says that the machine is slow, not that they are wrong.
//!
//! # Invariants
//!
//! - Everything measured happened in blocks that a second node imported.
//! - A number that is not known is `null`; one block's time is never taken for another's.
//! - No process and no database is left behind.

pub mod blocks;
pub mod epochs;
pub mod lab;
pub mod limits;
pub mod measure;
pub mod pages;
pub mod poster;
pub mod posting;
pub mod report;
pub mod run;
pub mod spec;
pub mod state;
pub mod sustain;
