//! The metadata that the tests of the client read: names, types and documentation of calls, events,
//! storage and runtime APIs. Not part of the WebAssembly build.

use crate::Runtime;
use alloc::vec::Vec;

/// The version of the metadata format: the latest stable version.
pub const VERSION: u32 = 16;

/// The metadata, SCALE-encoded with its prefix, in the form that `subxt` reads from a file. It is
/// generated without a chain, so constants that depend on genesis have their defaults.
pub fn for_clients() -> Vec<u8> {
	sp_io::TestExternalities::default().execute_with(|| {
		Runtime::metadata_at_version(VERSION).map(|metadata| metadata.to_vec()).unwrap_or_default()
	})
}
