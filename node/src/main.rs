//! The node: keeps the chain, authors and finalises blocks, and serves JSON-RPC.
//!
//! ```text
//!            ┌──────────────────────────── service ────────────────────────────┐
//!  peers ◀──▶│ network ─▶ import queue ─▶ client + runtime (wasm) ─▶ ParityDb  │
//!            │    ▲           ▲                 ▲        │                     │
//!            │    │      Aura: authors     transaction   │ GRANDPA: finalises  │
//!            │    └───────────┴──────────────  pool ◀────┴──┐                  │
//!            └──────────────────────────────────────────────┼──────────────────┘
//!  wallets, miners, polkadot-js ◀─── JSON-RPC (rpc) ────────┘
//! ```
//!
//! | where | what |
//! |---|---|
//! | [`cli`], [`command`] | command line and what each sub-command does |
//! | [`chain_spec`] | the chains that `--chain` knows by name |
//! | [`service`] | the parts of the picture, put together |
//! | [`rpc`] | JSON-RPC methods beyond those that every Substrate node has |
//!
//! Invariant: the node holds no rule of the chain; all of them are in the runtime, whose code is
//! part of the chain's state.

// The SDK's error types are large, and each of them ends the program once.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
	command::run()
}
