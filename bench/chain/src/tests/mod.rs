//! The parts of the chain benchmark, without a node.
//!
//! ```text
//!  state      a case becomes storage and a specification, and reads back as it was
//!  signing    a post is an extrinsic that the runtime accepts
//!  measure    lines of metrics, logs and /proc
//!  account    idle blocks, hooks, epochs, merges, ratios
//!  report     targets and tables
//! ```

mod account;
mod measure;
mod report;
mod signing;
mod state;
