//! What blocks may hold, by the constants of the runtime in a state.

use bittensor_runtime::Runtime;
use frame_support::{dispatch::DispatchClass, traits::Get};
use serde::{Deserialize, Serialize};

use crate::{blocks::millis, state::State};

/// What blocks may hold, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
	/// Everything.
	pub block_ms: f64,
	/// Normal extrinsics.
	pub normal_ms: f64,
	/// The emission's hook.
	pub service_ms: f64,
}

impl Limits {
	/// Those of a chain in this state.
	pub fn of(state: &State) -> Self {
		state.read(|| {
			let weights = <Runtime as frame_system::Config>::BlockWeights::get();
			let normal = weights.get(DispatchClass::Normal).max_total.unwrap_or(weights.max_block);
			Self {
				block_ms: millis(weights.max_block),
				normal_ms: millis(normal),
				service_ms: millis(<Runtime as pallet_emission::Config>::MaxServiceWeight::get()),
			}
		})
	}
}
