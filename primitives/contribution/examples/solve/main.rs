//! Recomputes the contributions and payouts of one epoch from two CSV files, so that anyone can
//! check a chain's numbers:
//!
//! ```text
//! cargo run -p contribution --example solve -- \
//!     --stakes stakes.csv --edges edges.csv --sigma 1000000000 [--payouts payouts.csv]
//! ```
//!
//! | file | columns | |
//! |---|---|---|
//! | stakes | `uid,stake` | the stakes that are sources, in units; a uid that is absent has 0 |
//! | edges | `uid,target,share` | the charged rows; share out of 65,536, the rest is `uid`'s own |
//! | payouts | `uid,payout` | what the chain paid, in units; a uid that is absent was paid 0 |
//!
//! The first line of each file names the columns; further columns are ignored. Standard output is
//! a CSV table `uid,contribution,payout`: contribution as a fraction of all, payout in units.
//!
//! Exit status: 0; 1 if `--payouts` is given and differs; 2 if the input cannot be used.

mod command;
mod solution;
mod tables;

use clap::Parser;
use std::{io, process::ExitCode};

fn main() -> ExitCode {
	let arguments = command::Arguments::parse();
	ExitCode::from(command::run(&arguments, &mut io::stdout(), &mut io::stderr()))
}
