//! The node: stores the chain, authors and finalises blocks, and serves JSON-RPC.
//!
//! ```text
//!            ┌──────────────────────────── service ────────────────────────────┐
//!  nodes ◀──▶│ network ─▶ import queue ─▶ client + runtime (wasm) ─▶ ParityDb  │
//!            │    ▲           ▲                 ▲        │                     │
//!            │    │      Aura: authors     transaction   │ GRANDPA: finalises  │
//!            │    └───────────┴──────────────  pool ◀────┴──┐                  │
//!            └──────────────────────────────────────────────┼──────────────────┘
//!  wallets, miners, polkadot-js ◀─── JSON-RPC (rpc) ────────┘
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`cli`], [`command`] | the command line and its subcommands |
//! | [`chain_spec`] | the chains that `--chain` knows by name |
//! | [`setup`], [`genesis`], [`node_key`] | checks before a node starts: options, database, identity |
//! | [`refusal`] | what they say |
//! | [`service`] | the parts in the picture, and how they connect |
//! | [`parts`] | their types |
//! | [`stop`] | what is no failure at the end of a node |
//! | [`executor`] | runs the runtime, and keeps it compiled |
//! | [`clock`] | warns if the clock of the machine is behind |
//! | [`validator`] | the commands with which a node becomes a validator |
//! | [`metrics`] | the emission for Prometheus and in the log |
//! | [`rpc`] | JSON-RPC methods in addition to those of every Substrate node |
//!
//! Invariant: the node contains no rules of the chain. All rules are in the runtime, and its code is part
//! of the chain's state.

// The SDK's error types are large. Each one ends the program, so their size does not matter.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod clock;
mod command;
mod executor;
mod genesis;
mod metrics;
mod node_key;
mod parts;
mod refusal;
mod rpc;
mod service;
mod setup;
mod stop;
mod validator;

use std::process::ExitCode;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		}
	}
}
