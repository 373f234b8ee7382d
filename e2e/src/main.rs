//! `localnet`: a validator and six miners on this machine, what `make run` starts.

use std::process::ExitCode;

use bittensor_e2e::localnet::{self, Options};
use clap::Parser;

fn main() -> ExitCode {
	let options = Options::parse();
	let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
		Ok(runtime) => runtime,
		Err(error) => {
			eprintln!("localnet: no async runtime: {error}");
			return ExitCode::FAILURE;
		}
	};
	match runtime.block_on(localnet::run(options)) {
		Ok(outcome) => outcome.exit_code(),
		Err(error) => {
			eprintln!("localnet: {error:#}");
			ExitCode::FAILURE
		}
	}
}
