//! Tests over real nodes and miners, and over the parts that start and judge them.
//!
//! ```text
//!  ledger, process, report the ground itself: no network, a second
//!  bad_input              what the binaries refuse, by name
//!  first_mint, paths,     one validator and a few miners each, as processes
//!  survival, localnet
//!  grads, crowd, learning the same, and keys in the hands of the test: what Grads and bids do
//! ```

mod bad_input;
mod client;
#[path = "../../../client/tests/it/conformance.rs"]
mod conformance;
mod crowd;
mod first_mint;
mod grads;
mod learning;
mod ledger;
mod localnet;
mod paths;
mod process;
mod report;
mod support;
mod survival;
