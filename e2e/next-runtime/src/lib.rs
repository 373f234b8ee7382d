//! The runtime with the next version number and the same rules, as WebAssembly.
//!
//! A test upgrades a chain from the runtime of the node to this one. Natively the crate has nothing but
//! the bytes.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(target_family = "wasm")]
pub use bittensor_runtime::*;

#[cfg(feature = "std")]
// The build script writes this file.
#[allow(missing_docs, unreachable_pub, dead_code)]
mod wasm {
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

/// The WebAssembly, compressed as for a chain; `None` without the feature `std`, and if it was built with
/// `SKIP_WASM_BUILD`.
#[cfg(feature = "std")]
pub const WASM: Option<&[u8]> = wasm::WASM_BINARY;
/// The WebAssembly: none, without the feature `std`.
#[cfg(not(any(feature = "std", target_family = "wasm")))]
pub const WASM: Option<&[u8]> = None;
