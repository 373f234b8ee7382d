//! Builds this crate a second time, for `wasm32v1-none`, and embeds the result as `WASM_BINARY`.

fn main() {
	// It is not a runtime, so it has no version.
	#[cfg(feature = "std")]
	substrate_wasm_builder::WasmBuilder::init_with_defaults()
		.disable_runtime_version_section_check()
		.build();
}
