//! With the feature `std`, builds this crate a second time, for WebAssembly, and embeds the result as
//! `WASM_BINARY`.

fn main() {
	#[cfg(feature = "std")]
	{
		share_dependencies();
		substrate_wasm_builder::WasmBuilder::build_using_defaults();
	}
}

/// Lets this build take the dependencies that the build of the runtime has compiled: cargo locks the folder
/// while it builds, and the results of the two have different names.
#[cfg(feature = "std")]
fn share_dependencies() {
	use std::{fs, os::unix::fs::symlink, path::Path};
	let out = std::env::var("OUT_DIR").expect("cargo sets it");
	// PROFILE/build/bittensor-next-runtime-0123…/out
	let profile = Path::new(&out).ancestors().nth(3).expect("a folder of the profile");
	let (ours, theirs) =
		(profile.join("wbuild/bittensor-next-runtime"), profile.join("wbuild/bittensor-runtime"));
	for folder in [&ours, &theirs.join("target")] {
		fs::create_dir_all(folder).expect("a folder for the build");
	}
	let target = ours.join("target");
	if target.symlink_metadata().is_err() {
		symlink("../bittensor-runtime/target", &target).expect("a link beside the build");
	}
}
