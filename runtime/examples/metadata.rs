//! Writes the runtime's metadata to the file that the tests of the client read: `metadata PATH`.

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
	let Some(path) = env::args_os().nth(1) else {
		eprintln!("metadata: name the file to write, such as client/metadata.scale");
		return ExitCode::FAILURE;
	};
	let metadata = bittensor_runtime::metadata::for_clients();
	if let Err(error) = fs::write(&path, &metadata) {
		eprintln!("metadata: {}: {error}", path.to_string_lossy());
		return ExitCode::FAILURE;
	}
	println!("{}: {} bytes", path.to_string_lossy(), metadata.len());
	ExitCode::SUCCESS
}
