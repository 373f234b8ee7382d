//! The engine in the node's executor: compiled by wasmtime, a new instance for each call, as for each
//! call of the runtime.

use crate::{Answer, Request, EXPORT};
use anyhow::{anyhow, ensure, Context};
use bench_graphs::timed;
use codec::DecodeAll;
use sc_executor::{WasmExecutionMethod, WasmExecutor, WasmtimeInstantiationStrategy};
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};

/// This crate compiled to WebAssembly, by the build script.
#[allow(missing_docs, unreachable_pub, dead_code)]
mod wasm {
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

/// The module and an executor.
pub struct Module {
	executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
	code: &'static [u8],
}

impl Module {
	/// The module that was built with this program, in an executor with the default settings of a node
	/// (`sc_service::new_wasm_executor`).
	///
	/// # Errors
	/// If the module was left out of the build.
	pub fn new() -> anyhow::Result<Self> {
		let code = wasm::WASM_BINARY.context(
			"the module is missing: build bittensor-bench-kernel without SKIP_WASM_BUILD",
		)?;
		let executor = WasmExecutor::builder()
			.with_execution_method(WasmExecutionMethod::Compiled {
				instantiation_strategy: WasmtimeInstantiationStrategy::PoolingCopyOnWrite,
			})
			.with_max_runtime_instances(8)
			.with_runtime_cache_size(2)
			.build();
		Ok(Self { executor, code })
	}

	/// Calls the module with the bytes of [`Request::to_bytes`]. Returns its answer and the processor
	/// seconds of the call.
	///
	/// # Errors
	/// If the module traps, or its output is not an [`Answer`].
	pub fn call(&self, request: &[u8]) -> anyhow::Result<(Answer, f64)> {
		let fetcher = WrappedRuntimeCode(self.code.into());
		// There is only one module, so any value identifies it.
		let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: vec![1] };
		let mut state = sp_io::TestExternalities::default();
		let mut state = state.ext();
		let context = CallContext::Onchain { import: false };
		let ((output, _), seconds) =
			timed(|| self.executor.call(&mut state, &code, EXPORT, request, context));
		let output = output.map_err(|error| anyhow!("the module failed: {error}"))?;
		let answer = Answer::decode_all(&mut &output[..]).context("the output is not an answer")?;
		Ok((answer, seconds))
	}

	/// Calls the module once with a request and once with the same request and no budget: the answer to
	/// the first, the seconds of its sweeps, and those of the whole call.
	///
	/// # Errors
	/// As [`Module::call`].
	pub fn call_pair(&self, request: &Request, graph: &[u8]) -> anyhow::Result<(Answer, f64, f64)> {
		let (empty, without) = self.call(&Request { budget: 0, ..*request }.to_bytes(graph))?;
		let (answer, whole) = self.call(&request.to_bytes(graph))?;
		ensure!(empty.sweeps == 0, "the module made a sweep without a budget");
		Ok((answer, (whole - without).max(0.0), whole))
	}
}
