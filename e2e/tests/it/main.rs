//! Tests over real nodes and miners, and over the parts that start and judge them.
//!
//! ```text
//!  ledger, process, report the parts themselves: no network, a second
//!  client                 the client over a node, as over its twin in memory
//!  bad_input              refusals of the binaries, by name
//!  node                   faults of a node's machine and set-up: clock, database, keys, RPC
//!  faults                 four validators: one, two or a database ends
//!  partition, offence,    the same: the network falls apart; one of them votes twice; two lose their
//!  stall                  keys
//!  metrics                what a node tells Prometheus and its log
//!  validator              the commands of the guide for validators, and keys that both programs read
//!  candidacy              what is refused to those who want to validate
//!  guide                  the commands of the guide for miners, from a new key to a paid component
//!  first_mint, paths,     one validator and a few miners each, as processes
//!  survival, localnet
//!  grads, crowd,          the same, with keys that the test holds: effects of Grads and bids
//!  learning, service
//!  ops                    the metrics that alerts read
//!  upgrade                the committee upgrades the runtime in the middle of a solve
//!  top                    the screen of one component, in a terminal
//!  twin                   a component and its twin are measured at the same step
//! ```

mod bad_input;
mod candidacy;
mod client;
#[path = "../../../client/tests/it/conformance.rs"]
mod conformance;
mod crowd;
mod faults;
mod first_mint;
mod grads;
mod guide;
mod learning;
mod ledger;
mod localnet;
mod metrics;
mod node;
mod offence;
mod ops;
mod partition;
mod paths;
mod process;
mod report;
mod service;
mod stall;
mod support;
mod survival;
mod top;
mod twin;
mod upgrade;
mod validator;
