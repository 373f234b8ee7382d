//! The speed of this machine during the run, beside the speed when the weights were measured: nanoseconds
//! per edge visit of the engine in the node's executor on graph U, now and by `WeightInfo::sweep`.
//!
//! On another machine, or on a virtual one with busy neighbours, the same blocks take another time, and
//! *declared ÷ measured* changes with it. Edge visits are most of a solve, and the part that depends most
//! on caches and memory. A sample is processor time of this process's thread.

use anyhow::{ensure, Context};
use bench_graphs::{Shape, MAX_COMPONENTS, SEED};
use bench_kernel::{Ended, Module, Request};
use bench_report::median;
use bittensor_runtime::Runtime;
use contribution::{MAX_EDGES, ROW_COST};
use pallet_emission::WeightInfo;
use serde::{Deserialize, Serialize};

/// Edge visits of a sample: about 14 sweeps of the graph, which a solve visits 17 times. They take longer
/// than handing the graph over, which is in the difference twice.
const VISITS: u32 = 14 * MAX_COMPONENTS as u32 * (ROW_COST as u32 + MAX_EDGES as u32);

/// Takes samples.
pub(crate) struct Probe {
	module: Module,
	graph: Vec<u8>,
}

impl Probe {
	/// Makes the graph and compiles the engine.
	pub(crate) fn new() -> anyhow::Result<Self> {
		let case = bench_graphs::generate(Shape::U, MAX_COMPONENTS, MAX_EDGES, SEED);
		let probe = Self { module: Module::new()?, graph: case.to_bytes() };
		// The first call compiles.
		probe.sample()?;
		Ok(probe)
	}

	/// Nanoseconds per edge visit, now. Blocks for some tenths of a second.
	pub(crate) fn sample(&self) -> anyhow::Result<f64> {
		let request = Request { budget: VISITS.into(), ..Request::whole(None) };
		let (answer, sweeping, _) =
			self.module.call_pair(&request, &self.graph).context("no pace was measured")?;
		ensure!(answer.ended == Ended::Paused, "a sample of the pace ended {:?}", answer.ended);
		Ok(sweeping * 1e9 / f64::from(VISITS))
	}
}

/// Edge visits during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pace {
	/// Nanoseconds per edge visit: median.
	pub(crate) visit_ns: f64,
	/// The same when the weights were measured.
	pub(crate) weights_ns: f64,
}

impl Pace {
	/// The pace of these samples, each in nanoseconds per edge visit; `None` of none.
	pub(crate) fn of(samples: &[f64]) -> Option<Self> {
		// Without the margin that the hook adds; weights are in picoseconds.
		type Weights = <Runtime as pallet_emission::Config>::WeightInfo;
		let time = |visits| Weights::sweep(visits).ref_time() as f64;
		let weights_ns = (time(VISITS) - time(0)) / f64::from(VISITS) / 1e3;
		Some(Self { visit_ns: median(samples.iter().copied())?, weights_ns })
	}

	/// Time of a visit ÷ its time when the weights were measured: 2 is half as fast.
	pub(crate) fn slowdown(&self) -> f64 {
		self.visit_ns / self.weights_ns
	}
}
