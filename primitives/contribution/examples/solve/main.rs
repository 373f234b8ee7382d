//! Recomputes the contributions and payouts of one epoch from two CSV files, so that anyone can
//! check a chain's numbers:
//!
//! ```text
//! cargo run -p bittensor-contribution --example solve -- \
//!     --stakes stakes.csv --edges edges.csv --sigma 1000000000 [--payouts payouts.csv]
//! ```
//!
//! | file | columns | |
//! |---|---|---|
//! | stakes | `uid,stake` | the stakes that count as sources, in units; a missing uid has stake 0 |
//! | edges | `uid,target,share` | the active rows; shares out of 65,536, the rest is the self-share of `uid` |
//! | payouts | `uid,payout` | the payouts of the chain, in units; a missing uid was paid 0 |
//!
//! The first line of each file names the columns; other columns are ignored. Standard output is a CSV
//! table `uid,contribution,payout`: the contribution as a fraction of the total, the payout in units.
//!
//! Exit status: 0 on success, 1 if `--payouts` is given and differs, 2 if the input is invalid.

mod command;
mod solution;
mod tables;

use clap::Parser;
use std::{io, process::ExitCode};

fn main() -> ExitCode {
	let arguments = command::Arguments::parse();
	ExitCode::from(command::run(&arguments, &mut io::stdout(), &mut io::stderr()))
}
