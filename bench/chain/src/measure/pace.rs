//! How fast this machine is while it measures, beside when the weights were taken.
//!
//! ```text
//!   graph U, 65,536 × 64 ─► the engine in the node's executor ─► ns per edge visit, now
//!                                                                      │ ÷
//!   WeightInfo::sweep, without its margin ───────────────────► ns per edge visit, then
//! ```
//!
//! What the hook declares is what it took a machine when `make weights` ran there. On another one, or
//! on a virtual one whose neighbours are busy, the same blocks take another time, and *declared ÷
//! measured* moves with it. An edge visit is most of what a solve does, and the part that depends most
//! on the machine: on what its caches and memory are given. So it is measured in the same minutes.
//!
//! Invariants: a sample is processor time of this process's thread; it is the same work each time, and
//! none of it is shared with the nodes.

use anyhow::{ensure, Context};
use bench_graphs::{Shape, MAX_COMPONENTS, SEED};
use bench_kernel::{Ended, Module, Request};
use bittensor_runtime::Runtime;
use contribution::{MAX_EDGES, ROW_COST};
use pallet_emission::WeightInfo;
use serde::{Deserialize, Serialize};

use super::median;

/// Edge visits of a sample: about 14 sweeps of the graph, which a solve visits 17 times. They take
/// longer than handing the graph over, which is in the difference twice.
const VISITS: u32 = 14 * MAX_COMPONENTS as u32 * (ROW_COST as u32 + MAX_EDGES as u32);

/// Takes samples.
pub struct Probe {
	module: Module,
	graph: Vec<u8>,
}

impl Probe {
	/// Makes the graph and compiles the engine.
	///
	/// # Errors
	/// If the engine's module was left out of the build, or fails.
	pub fn new() -> anyhow::Result<Self> {
		let case = bench_graphs::generate(Shape::U, MAX_COMPONENTS, MAX_EDGES, SEED);
		let probe = Self { module: Module::new()?, graph: case.to_bytes() };
		// The first call compiles.
		probe.sample()?;
		Ok(probe)
	}

	/// Nanoseconds per edge visit, now. Blocks for some tenths of a second.
	///
	/// # Errors
	/// If the engine's module fails, or ends before it made the visits.
	pub fn sample(&self) -> anyhow::Result<f64> {
		let budget = u64::from(VISITS);
		let request = Request { budget, ..Request::whole(None) };
		let (answer, sweeping, _) =
			self.module.call_pair(&request, &self.graph).context("no pace was measured")?;
		ensure!(answer.ended == Ended::Paused, "a sample of the pace ended {:?}", answer.ended);
		Ok(sweeping * 1e9 / f64::from(VISITS))
	}
}

/// How fast the machine was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
	/// Nanoseconds per edge visit: median.
	pub visit_ns: f64,
	/// The same when the weights were taken.
	pub weights_ns: f64,
	/// How many samples there are.
	pub samples: u32,
}

impl Pace {
	/// The pace that these samples show, each in nanoseconds per edge visit; `None` of none.
	pub fn of(samples: &[f64]) -> Option<Self> {
		Some(Self {
			visit_ns: median(samples.iter().copied())?,
			weights_ns: weights_ns(),
			samples: samples.len() as u32,
		})
	}

	/// How many times as long a visit takes as when the weights were taken: 2 is half as fast.
	pub fn slowness(&self) -> f64 {
		self.visit_ns / self.weights_ns
	}
}

/// What the weights say of an edge visit, without the margin that the hook adds, in nanoseconds.
fn weights_ns() -> f64 {
	type Weights = <Runtime as pallet_emission::Config>::WeightInfo;
	let time = |visits| Weights::sweep(visits).ref_time() as f64;
	// Weights are in picoseconds.
	(time(VISITS) - time(0)) / f64::from(VISITS) / 1e3
}
