//! The executor of the runtime's WebAssembly.
//!
//! To compile the runtime takes most of the time in which a node starts. The executor keeps what it
//! compiled in files, and a later start of any node with the same folder reads it from there.

use crate::parts::HostFunctions;
use sc_executor::{HeapAllocStrategy, WasmExecutor, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_service::Configuration;
use std::path::{Path, PathBuf};

/// The executor of a node. It keeps compiled runtimes in `cache`, or beside the database.
pub(crate) fn new(config: &Configuration, cache: Option<&Path>) -> WasmExecutor<HostFunctions> {
	let settings = &config.executor;
	let heap = settings.default_heap_pages.map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| {
		HeapAllocStrategy::Static { extra_pages: u32::try_from(pages).unwrap_or(u32::MAX) }
	});
	let beside = config.data_path.join("runtime-cache");
	WasmExecutor::builder()
		.with_execution_method(settings.wasm_method)
		.with_onchain_heap_alloc_strategy(heap)
		.with_offchain_heap_alloc_strategy(heap)
		.with_max_runtime_instances(settings.max_runtime_instances)
		.with_runtime_cache_size(settings.runtime_cache_size)
		.with_cache_path(absolute(cache.unwrap_or(&beside)))
		.build()
}

/// An executor for a command that has no database. It keeps compiled runtimes in `cache`, if there is one.
pub(crate) fn without_database(cache: Option<&Path>) -> WasmExecutor<HostFunctions> {
	let builder = WasmExecutor::builder();
	match cache {
		Some(folder) => builder.with_cache_path(absolute(folder)).build(),
		None => builder.build(),
	}
}

/// The compiler takes an absolute path only.
fn absolute(folder: &Path) -> PathBuf {
	std::path::absolute(folder).unwrap_or_else(|_| folder.into())
}
