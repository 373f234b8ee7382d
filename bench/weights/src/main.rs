//! The benchmarking CLI of polkadot-sdk over our runtime: what `make weights` calls.
//!
//! ```text
//!   runtime with `runtime-benchmarks` (wasm) ──► PalletCmd ──► runtime/src/weights/*.rs
//!                                                   ▲
//!                             template.hbs ─────────┘   steps, repeats, the processor's name
//! ```
//!
//! Invariant: it is built without `runtime-benchmarks` itself, so it shares every crate with the
//! node; only the runtime that it loads from a file has the feature.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

fn main() -> sc_cli::Result<()> {
	let mut logger = sc_cli::LoggerBuilder::new("");
	logger.with_colors(false);
	logger.init()?;
	PalletCmd::parse().run_with_spec::<BlakeTwo256, sp_io::SubstrateHostFunctions>(None)
}
