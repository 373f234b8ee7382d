//! Where the binaries under test are.
//!
//! ```text
//! CARGO_TARGET_DIR/fast/{localnet, bittensor-node, bittensor-miner}   make run
//! CARGO_TARGET_DIR/fast/deps/network-0123…                            a test: one folder down
//! ```
//!
//! Invariant: a binary is taken only from the folder of the running executable or of the same
//! build profile, so that a run never mixes two builds.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// File name of the node's binary.
pub const NODE: &str = "bittensor-node";
/// File name of the miner's binary.
pub const MINER: &str = "bittensor-miner";

/// No binary of that name was found.
#[derive(Debug, Error)]
#[error(
	"{name} was not found in {}: build it with `cargo build --workspace --profile fast --locked \
	 --bin {name}`",
	.searched.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct NotBuilt {
	/// File name of the binary.
	pub name: String,
	/// Folders that were searched, in order.
	pub searched: Vec<PathBuf>,
}

/// The path of the binary `name`: beside the running executable, one folder up (a test lies in
/// `deps`) or in `examples` there, or in the `fast` folder of `CARGO_TARGET_DIR`.
pub fn find(name: &str) -> Result<PathBuf, NotBuilt> {
	let mut folders = Vec::new();
	if let Ok(exe) = std::env::current_exe() {
		folders.extend(exe.parent().map(Path::to_path_buf));
		folders.extend(exe.parent().and_then(Path::parent).map(Path::to_path_buf));
		folders.extend(exe.parent().and_then(Path::parent).map(|folder| folder.join("examples")));
	}
	if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
		folders.push(Path::new(&target).join("fast"));
	}
	find_in(name, folders)
}

/// The option of the node with which all nodes of one build keep their compiled runtimes in one folder,
/// beside their binary. To compile a runtime takes longer than all the rest of a start.
pub fn runtime_cache() -> Result<String, NotBuilt> {
	let folder = find(NODE)?.with_file_name("runtime-cache");
	Ok(format!("--runtime-cache={}", folder.display()))
}

fn find_in(name: &str, searched: Vec<PathBuf>) -> Result<PathBuf, NotBuilt> {
	match searched.iter().map(|folder| folder.join(name)).find(|path| path.is_file()) {
		Some(path) => Ok(path),
		None => Err(NotBuilt { name: name.into(), searched }),
	}
}
