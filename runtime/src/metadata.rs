//! The metadata that clients are built with: names, types and documentation of calls, events,
//! storage and runtime APIs. Only outside of WebAssembly.

use crate::Runtime;
use alloc::vec::Vec;

/// The version of the metadata format: the newest that is stable.
pub const VERSION: u32 = 16;

/// The metadata, SCALE-encoded with its prefix, as `subxt` reads it from a file. It belongs to no
/// chain, so constants that depend on genesis have their defaults.
pub fn for_clients() -> Vec<u8> {
	sp_io::TestExternalities::default().execute_with(|| {
		Runtime::metadata_at_version(VERSION).map(|metadata| metadata.to_vec()).unwrap_or_default()
	})
}
