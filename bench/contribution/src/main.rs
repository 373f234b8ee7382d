//! `bench-contribution`: what `make bench-contribution` runs.

use bittensor_bench_contribution::{options::Options, run};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
	match run(&Options::parse()) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("bench-contribution: {error:#}");
			ExitCode::FAILURE
		}
	}
}
