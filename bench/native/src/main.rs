//! Serves the native contenders on standard input and output. The harness starts it.

use std::{
	io::{stdin, stdout},
	process::ExitCode,
};

fn main() -> ExitCode {
	match bittensor_bench_native::serve(stdin().lock(), stdout().lock()) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("bench-native: {error:#}");
			ExitCode::FAILURE
		}
	}
}
