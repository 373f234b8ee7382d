//! The engine in the node's executor: compiled by wasmtime, a fresh instance per call, as for every
//! call of the runtime.

use anyhow::{anyhow, ensure, Context};
use bench_kernel::{Answer, Request, EXPORT, WASM_BINARY};
use bench_native::Timer;
use sc_executor::{
	HeapAllocStrategy, WasmExecutionMethod, WasmExecutor, WasmtimeInstantiationStrategy,
	DEFAULT_HEAP_ALLOC_STRATEGY,
};
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use std::{borrow::Cow, fs, path::Path};

/// The module, compiled.
pub struct Module {
	executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
	code: Cow<'static, [u8]>,
}

impl Module {
	/// The module that was built with this program.
	///
	/// # Errors
	/// If it was left out of the build.
	pub fn built_in() -> anyhow::Result<Self> {
		let code = WASM_BINARY
			.context("the module is missing: build bench-kernel without SKIP_WASM_BUILD")?;
		Ok(Self::new(Cow::Borrowed(code)))
	}

	/// The module in a file: another build of bench-kernel, to compare the two.
	///
	/// # Errors
	/// If the file cannot be read. What it holds is found out by the first call.
	pub fn from_file(path: &Path) -> anyhow::Result<Self> {
		let code =
			fs::read(path).with_context(|| format!("cannot read the module {}", path.display()))?;
		Ok(Self::new(Cow::Owned(code)))
	}

	/// Makes an executor as a node with default settings does.
	fn new(code: Cow<'static, [u8]>) -> Self {
		// `sc_service::new_wasm_executor` with the defaults of the node's command line.
		let strategy: HeapAllocStrategy = DEFAULT_HEAP_ALLOC_STRATEGY;
		let executor = WasmExecutor::builder()
			.with_execution_method(WasmExecutionMethod::Compiled {
				instantiation_strategy: WasmtimeInstantiationStrategy::PoolingCopyOnWrite,
			})
			.with_onchain_heap_alloc_strategy(strategy)
			.with_offchain_heap_alloc_strategy(strategy)
			.with_max_runtime_instances(8)
			.with_runtime_cache_size(2)
			.build();
		Self { executor, code }
	}

	/// Calls the module with bytes that [`Request::to_bytes`] has made. Returns its answer and the
	/// processor seconds of the call.
	///
	/// # Errors
	/// If the module traps, or answers what is no [`Answer`].
	pub fn call(&self, request: &[u8]) -> anyhow::Result<(Answer, f64)> {
		let fetcher = WrappedRuntimeCode(Cow::Borrowed(&*self.code));
		// There is one module only, so any value tells it apart.
		let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: vec![1] };
		let mut state = sp_io::TestExternalities::default();
		let mut state = state.ext();
		let context = CallContext::Onchain { import: false };
		let timer = Timer::start();
		let (output, _) = self.executor.call(&mut state, &code, EXPORT, request, context);
		let seconds = timer.seconds();
		let output = output.map_err(|error| anyhow!("the module failed: {error}"))?;
		let answer = Answer::from_bytes(&output).context("the module answered no answer")?;
		Ok((answer, seconds))
	}

	/// Calls the module once with a request and once with the same and no budget: the answer to the
	/// first, the seconds of its sweeps, and those of the whole call.
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
